"""What lacks weights or a package is skipped and named, unless the user asked for it; the rest of the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.measure.image_set import ImageSet
from bench.plan.sections import QualitySection
from bench.plan.spec import Spec
from bench.record.attempt import END, SKIPPED
from bench.record.manifest import read_manifest
from bench.record.rows import Row, read_rows
from bench.run.execute import execute
from bench.run.needs import notices
from bench.run.plan import Plan
from bench.run.prepare import prepare
from restoration import weights

SPEC = Spec.model_validate(
    {
        "name": "tiny",
        "threads": 1,
        "round_seconds": 0.001,
        "time": [{"method": ["noisy", "wavelet"], "size": 32}],
        "paired": [{"group": "g", "blocks": 2, "entry": [{"method": ["wavelet", "noisy", "dct"], "size": 32}]}],
        "quality": [{"method": ["wavelet", "noisy"]}],
    }
)
REASON = "the package pywt is not installed: pip install 'restobench[peers]'"


@pytest.fixture(autouse=True)
def _without_pywt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywt", None)


def planned(folder: Path, out: Path, *, spec: Spec = SPEC, named: Collection[str] = (), resume: bool = False) -> Plan:
    return prepare(spec, images=ImageSet(folder), out=out, command="", named=named, resume=resume, say=lambda _: None)


def of(rows: list[Row], quantity: str) -> set[tuple[str, str, str]]:
    """Kind, method and reason of the rows of one quantity."""
    return {(row.case.kind, row.case.method, row.reading.note) for row in rows if row.reading.quantity == quantity}


def test_a_method_without_its_package_is_skipped_once_named_and_spoils_no_group(folder: Path, tmp_path: Path) -> None:
    shown: list[tuple[int, int]] = []
    made = planned(folder, tmp_path)
    execute(made, progress=lambda _, done, total, *__: shown.append((done, total)), jobs=1)
    rows = list(read_rows(made.directory))
    assert of(rows, SKIPPED) == {(kind, "wavelet", REASON) for kind in ("time", "paired", "quality")}
    assert not [row.error for row in rows if row.error]
    assert {row.case.method for row in rows if row.case.kind == "paired" and row.reading.quantity == "seconds"} == {
        "noisy", "dct"
    }  # fmt: skip
    assert not {row.case for row in rows if row.reading.quantity == END and row.case.method == "wavelet"}
    assert [note for note in read_manifest(made.directory).notices if "wavelet" in note] == [
        f"wavelet is skipped: {REASON}"
    ]
    assert shown[-1][0] == shown[-1][1]


def test_a_resumed_run_tries_what_was_skipped_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = planned(folder, tmp_path).directory
    execute(planned(folder, directory, resume=True), progress=lambda *_: None, jobs=1)
    again = planned(folder, directory, resume=True)
    assert again.cases == ()
    assert {case.method for case, _ in again.skipped} == {"wavelet"}
    monkeypatch.delitem(sys.modules, "pywt")
    again = planned(folder, directory, resume=True)
    assert {(case.kind, case.method) for case in again.cases} == {
        *((kind, "wavelet") for kind in ("time", "paired", "quality")), ("paired", "noisy"), ("paired", "dct")
    }  # fmt: skip
    execute(again, progress=lambda *_: None, jobs=1)
    rows = list(read_rows(directory))
    assert not of(rows, SKIPPED)
    assert {row.case for row in rows if row.reading.quantity == END} == set(SPEC.cases(ImageSet(folder).names()))


def test_a_method_that_the_user_named_fails_with_the_reason(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (absent := tmp_path / "absent").mkdir()
    (absent / "pywt.py").write_text("raise ModuleNotFoundError('No module named pywt', name='pywt')\n")
    monkeypatch.syspath_prepend(str(absent))  # for the process that measures
    spec = SPEC.model_copy(update={"quality": (QualitySection(method=("wavelet",), sigma_255=(20.0,)),)})
    made = planned(folder, tmp_path, spec=spec, named=["wavelet"])
    assert made.skipped == ()
    execute(made, progress=lambda *_: None, jobs=1)
    failed = [row for row in read_rows(made.directory) if row.error]
    assert {row.case.kind for row in failed if row.case.method == "wavelet"} == {"time", "paired", "quality"}
    assert all("pywt is not installed" in row.error for row in failed)


def test_a_variant_that_lacks_a_program_is_named_beside_those_that_run(folder: Path, tmp_path: Path) -> None:
    for name in ("onnxruntime", "onnxscript"):
        sys.modules[name] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        section = {
            "method": "rdn",
            "channels": 3,
            "scale": 2,
            "size": 32,
            "options": {"runtime": ["plain", "onnxruntime"]},
        }
        made = planned(folder, tmp_path, spec=Spec.model_validate({"name": "x", "cost": [section]}))
    finally:
        del sys.modules["onnxruntime"], sys.modules["onnxscript"]
    assert [case.variant for case in made.cases] == ["runtime=plain"]
    (notice,) = [note for note in made.manifest.notices if "skipped" in note]
    assert notice.startswith("rdn (runtime=onnxruntime) is skipped: runtime onnxruntime: the package onnxscript is not")


def test_weights_that_cannot_be_had_are_asked_for_once_and_skip_their_methods(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def offline(entry: weights.Weights) -> list[bytes]:
        asked.append(entry.name)
        raise OSError("no route to host")

    monkeypatch.setenv("RESTOBENCH_CACHE", str(tmp_path / "empty"))
    monkeypatch.setattr(weights, "_ROUTES", dict.fromkeys(weights._ROUTES, offline))
    section = {"method": ["ffdnet", "noisy"], "size": [16, 32]}
    spec = Spec.model_validate({"name": "x", "cost": [section], "quality": [{"method": "ffdnet"}]})
    made = planned(folder, tmp_path, spec=spec)
    assert {case.method for case in made.cases} == {"noisy"}
    assert set(asked) == {"ipol-gray"}
    assert len(asked) == 2  # its two routes
    (notice,) = [note for note in made.manifest.notices if "ffdnet" in note]
    assert notice.startswith("ffdnet is skipped: ipol-gray: the weights are not on this machine")
    assert made.manifest.weights[0]["present"] is False


def test_a_notice_says_what_a_named_method_cannot_do() -> None:
    case = SPEC.cases({1: ["a"], 3: []})[1]
    assert list(notices([case], {case: "why"}, ["wavelet"])) == ["wavelet cannot run: why"]


def test_given_images_need_their_folder(folder: Path, tmp_path: Path) -> None:
    spec = Spec.model_validate({"name": "x", "quality": [{"method": "noisy", "degradation": "given"}]})
    with pytest.raises(BenchError, match=r"psnr_db, .* need a reference, and .*images comes without: name"):
        planned(folder, tmp_path, spec=spec)
    assert not list(tmp_path.glob("x-*"))
