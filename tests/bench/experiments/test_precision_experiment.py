"""The experiment on precisions: every runtime and precision is read or says why not; what is emulated is said."""

from __future__ import annotations

import pytest

from bench.experiments import precision
from bench.experiments.precision import run
from bench.experiments.scene import FAILURE, Scene
from bench.plan.case import Case, Reading
from bench.record.attempt import SKIPPED
from restoration.images import Picture, bundled_image
from restoration.method import Option
from restoration.weights import find

Rows = list[tuple[Case, Reading]]

CLEAN = bundled_image("coins").pixels[:, 100:164, 60:124]


def rows(**options: Option) -> Rows:
    scene = Scene(gray=(Picture("crop", CLEAN),), color=(), seed=3, threads=1, device="cpu", save_picture=lambda *_: "")
    return list(run({"networks": "ffdnet", "side": 64, "rounds": 2, **options}, scene))


@pytest.mark.skipif(not find("ipol-gray"), reason="FFDNet's weights are not here")
def test_each_way_is_scored_and_timed_in_turn_and_what_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(precision, "instruction_sets", lambda: ("avx2", "f16c"))
    found = rows(runtimes="torch,onnxruntime", precisions="float32,bfloat16,int8")
    scores = {reading.part: float(reading.value or 0) for _, reading in found if reading.quantity == "psnr_db"}
    assert list(scores) == ["published", "torch float32", "torch bfloat16", "onnxruntime float32", "onnxruntime int8"]
    assert scores["torch float32"] == pytest.approx(scores["published"], abs=1e-3)
    assert scores["published"] - 6 < scores["onnxruntime int8"] < scores["published"] - 0.005
    timed = [reading.part for _, reading in found if reading.quantity == "seconds"]
    assert {part: timed.count(part) for part in scores} == dict.fromkeys(scores, 2)
    assert timed[:2] == list(scores)[:2]
    notes = {reading.part: reading.note for _, reading in found if reading.quantity in {SKIPPED, "emulated"}}
    assert FAILURE not in {reading.quantity for _, reading in found}  # what no runtime offers has not failed
    assert notes["torch bfloat16"] == "no instructions for bfloat16"
    assert notes["torch int8"].startswith("runtime torch: does not compute in int8")
    assert notes["onnxruntime bfloat16"].startswith("runtime onnxruntime: runs on the cpu in float32, float16 or int8")
    (said,) = [reading.note for _, reading in found if reading.quantity == "calibrated_on"]
    assert "grace_hopper.jpg" in said


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("dct", "dct: expected a network with the options runtime and precision"),
        ("rdn", "rdn: its weights are random"),
        ("unheard-of", "unheard-of: "),
    ],
)
def test_what_is_no_network_is_said_and_the_others_go_on(network: str, reason: str) -> None:
    found = rows(networks=f"{network},noisy")
    said = [reading.note for _, reading in found if reading.quantity in {FAILURE, SKIPPED}]
    assert len(said) == 2
    assert said[0].startswith(reason)
