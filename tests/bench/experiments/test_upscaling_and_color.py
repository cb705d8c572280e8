"""The experiments on upscaling and colour: rows complete, figures right, failures said."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import NoReturn

import pytest
import torch

import restoration.rdn
import restoration.waifu2x
from bench.errors import SpecError
from bench.experiments.scene import FAILURE, Scene
from bench.experiments.sr_distribution import CONDITIONS, CROP, ENLARGED, SHAVE, Condition, upscaled
from bench.plan.case import Case, Reading
from bench.plan.experiments import module_of
from bench.record.attempt import SKIPPED
from restoration import Setup, bicubic_resize, get, luma, psnr
from restoration.degradation import crop_to_multiple
from restoration.errors import WeightsMissingError
from restoration.images import Picture, bundled_image, load_image
from restoration.method import Option
from restoration.waifu2x import UpConv7
from restoration.weights import find

Rows = list[tuple[Case, Reading]]

saved: dict[str, torch.Tensor] = {}


def keep(name: str, image: torch.Tensor) -> str:
    saved[name] = image
    return f"images/{name}.png"


def scene() -> Scene:
    """Two small colour crops."""
    saved.clear()
    pictures = [
        Picture(name, bundled_image(name).pixels[:, 100:173, 200:281]) for name in ("astronaut", "motorcycle_left")
    ]
    return Scene(gray=(), color=tuple(pictures), seed=0, threads=1, device="cpu", save_picture=keep)


def rows(name: str, **options: Option) -> Rows:
    return list(module_of(name).run(options, scene()))


def failures(found: Iterable[tuple[Case, Reading]], quantity: str = FAILURE) -> list[tuple[str, str]]:
    return [(case.variant, reading.note) for case, reading in found if reading.quantity == quantity]


def no_weights(*_: object) -> NoReturn:
    raise WeightsMissingError("weights are missing: get them there")


@pytest.mark.parametrize("name", ["sr-distribution", "kernel-estimation", "color"])
def test_an_option_that_an_experiment_does_not_have_is_a_spec_error(name: str) -> None:
    with pytest.raises(SpecError, match=rf"{name}: no option 'colour'; its options are: .*images"):
        rows(name, colour=1)


def test_every_method_is_scored_under_every_condition() -> None:
    found = rows("sr-distribution", upscaler="nearest", images=2)
    scored = {
        (case.variant, case.image, case.degradation, case.sigma_255)
        for case, reading in found
        if reading.quantity == "psnr_db"
    }
    assert len(scored) == 2 * 2 * len(CONDITIONS)
    assert {reading.quantity for _, reading in found} >= {"psnr_db", "ssim", "mean_offset_255", "residual_std_255"}
    assert all(case.kind == "experiment" and case.method == "sr-distribution" for case, _ in found)
    widths = {reading.value for _, reading in found if reading.quantity == "blur_std_pixels"}
    assert len(widths) == 6


def test_crops_of_one_image_are_all_shown_at_one_size() -> None:
    found = rows("sr-distribution", upscaler="nearest", images=2)
    pictures = [(case.image, reading.part) for case, reading in found if reading.quantity == "picture"]
    assert {image for image, _ in pictures} == {"astronaut"}
    assert {part for _, part in pictures} == {"clean", "degraded", "restored"}
    assert len(saved) == len(pictures)
    given = [(case.degradation, case.sigma_255) for case, reading in found if reading.part == "degraded"]
    assert sorted(given) == sorted((condition.degradation, condition.sigma_255) for condition in CONDITIONS)
    assert {image.shape for image in saved.values()} == {(3, CROP * ENLARGED, CROP * ENLARGED)}


def test_without_weights_bicubic_still_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoration.rdn, "build", no_weights)
    found = rows("sr-distribution", images=1)
    assert not failures(found)
    assert failures(found, SKIPPED) == [("rdn-psnr-small", "rdn-psnr-small: weights are missing: get them there")]
    assert {case.variant for case, reading in found if reading.quantity == "psnr_db"} == {"bicubic"}


SET5 = {
    "bicubic": (36.01, 33.68),
    "decimate": (27.76, 30.00),
    "decimate-registered": (31.15, 33.65),
    "blur-1.2-decimate-registered": (31.79, 30.73),
}
"""Mean luma PSNR of RDN `psnr-small` and of bicubic."""


def set5_mean(name: str, degradation: str, folder: Path) -> float:
    method = get(name)
    restore = method.build(method.checked(Setup(channels=3, scale=2)))

    def score(path: Path) -> float:
        clean = crop_to_multiple(load_image(path).pixels, 2)
        restored = upscaled(restore, clean, Condition(degradation), scale=2, seed=0)
        return psnr(luma(restored), luma(clean), shave=SHAVE)

    return fmean(map(score, folder.glob("*.png")))


@pytest.mark.parametrize("degradation", SET5)
def test_bicubic_on_set5_is_as_measured_before(degradation: str, shared: Path) -> None:
    assert set5_mean("bicubic", degradation, shared / "data/set5") == pytest.approx(SET5[degradation][1], abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("degradation", SET5)
def test_the_network_on_set5_is_as_measured_before(degradation: str, shared: Path) -> None:
    if find("psnr-small-x2") is None:
        pytest.skip("the weights psnr-small-x2 are not on this machine")
    measured = set5_mean("rdn-psnr-small", degradation, shared / "data/set5")
    assert measured == pytest.approx(SET5[degradation][0], abs=0.1)


def test_color_through_the_transform_beats_each_channel_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import restoration.ffdnet

    monkeypatch.setattr(restoration.ffdnet, "build", no_weights)
    found = rows("color", images=2)
    scores: dict[str, list[float]] = {}
    for case, reading in found:
        if reading.quantity == "psnr_db":
            scores.setdefault(case.variant, []).append(reading.value or 0)
    noisy, alone, together = (
        fmean(scores[name]) for name in ("noisy default", "dct color_transform=none", "dct color_transform=opp")
    )
    assert noisy == pytest.approx(20.17, abs=0.1)
    assert alone > noisy + 5
    assert together > alone + 0.4
    assert not failures(found)
    assert failures(found, SKIPPED) == [("ffdnet default", "ffdnet: weights are missing: get them there")]
    assert len(saved) == 3


def bicubic_upscaler(low: torch.Tensor) -> torch.Tensor:
    """A user's own upscaler, found by name."""
    return bicubic_resize(low, 2)


def test_the_kernel_of_a_users_own_upscaler_is_found_and_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    found = rows("kernel-estimation", upscaler=f"{Path(__file__).stem}:bicubic_upscaler", steps=20, images=2)
    assert {case.variant for case, _ in found} == {"free", "linear"}
    free = [(case, reading) for case, reading in found if case.variant == "free"]

    def values(quantity: str, part: str) -> list[float]:
        return [r.value or 0.0 for _, r in free if (r.quantity, r.part) == (quantity, part)]

    assert len(values("loss", "loss")) == len(values("step", "loss")) == 10
    assert len(values("kernel_weight", "found")) == len(values("kernel_weight", "true")) == 144
    assert sum(values("profile", "found")) == pytest.approx(1, abs=1e-4)
    assert values("offset_pixels", "true")[0] == -5.5
    assert len(values("psnr_db", "found")) == len(values("psnr_db", "box")) == 2
    assert fmean(values("psnr_db", "found")) > fmean(values("psnr_db", "box"))
    assert {reading.quantity for _, reading in free} >= {"correlation", "relative_error", "shift_pixels"}


def test_the_kernel_of_a_built_in_network_is_searched_through_its_own_module(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def untrained(checkpoint: str) -> UpConv7:
        loaded.append(checkpoint)
        torch.manual_seed(0)
        return UpConv7()

    monkeypatch.setattr(restoration.waifu2x, "load_waifu2x", untrained)
    found = rows("kernel-estimation", upscaler="waifu2x", generators="free", steps=2, images=1)
    assert loaded == ["waifu2x-photo-x2"]
    assert not failures(found)
    losses = [reading.value for _, reading in found if (reading.quantity, reading.part) == ("loss", "loss")]
    assert len(losses) == 2
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"upscaler": "no.such.module:thing"}, "cannot import method 'no.such.module:thing'"),
        ({"size": 90}, "90 x 90 kernel"),
        ({"upscaler": "absent.pth"}, "absent.pth"),
        ({"generators": "deep"}, "expected free or linear"),
    ],
)
def test_what_keeps_a_kernel_from_being_found_is_said(options: dict[str, Option], reason: str) -> None:
    found = failures(rows("kernel-estimation", **{"generators": "free", "steps": 1, **options}))
    assert len(found) == 1
    assert reason in found[0][1]
