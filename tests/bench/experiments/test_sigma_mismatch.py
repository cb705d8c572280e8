"""The experiment on wrong sigmas: its figures are those of the package's own functions."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest
import torch
from skimage.restoration import estimate_sigma

from bench.experiments.scene import FAILURE, Scene
from bench.experiments.sigma_mismatch import CLIPPED, run
from bench.plan.case import Case, Reading
from bench.plan.spec_files import read_spec
from bench.record.attempt import SKIPPED
from restoration import Setup, add_gaussian_noise, dct_denoise, get, load_ffdnet, psnr, quantize
from restoration.errors import OptionError
from restoration.images import Picture, bundled_image
from restoration.method import Option
from restoration.weights import find

Rows = list[tuple[Case, Reading]]

CLEAN = bundled_image("camera").pixels[:, 200:264, 180:260]
SIGMA = 30.0
NOISY = add_gaussian_noise(CLEAN, SIGMA / 255, seed=3)


def rows(methods: str = "dct", **options: Option) -> Rows:
    """The experiment on one small crop at one sigma."""
    gray = (Picture("crop", CLEAN), Picture("other", CLEAN.flip(-1)))
    scene = Scene(gray=gray, color=(), seed=3, threads=1, device="cpu", save_picture=lambda *_: "")
    given: dict[str, Option] = {"methods": methods, "sigmas_255": "30", "told": "0.8,1.2", "images": 1}
    return list(run({**given, **options}, scene))


def value(found: Rows, variant: str, part: str, degradation: str = "awgn", quantity: str = "psnr_db") -> list[float]:
    return [
        float(reading.value or 0)
        for case, reading in found
        if (case.variant, reading.part, case.degradation, reading.quantity)
        == (f"{variant} default", part, degradation, quantity)
    ]


def test_the_curve_of_the_dct_is_what_its_own_function_gives_at_each_sigma() -> None:
    found = rows()
    assert value(found, "dct", "told", quantity="told_over_true") == [0.8, 1.0, 1.2]
    direct = [psnr(dct_denoise(NOISY[None], ratio * SIGMA / 255)[0], CLEAN) for ratio in (0.8, 1.0, 1.2)]
    assert value(found, "dct", "told") == pytest.approx(direct, abs=1e-3)


@pytest.mark.skipif(not find("ipol-gray"), reason="FFDNet's weights are not here")
def test_the_curve_of_ffdnet_is_what_its_own_module_gives_at_each_sigma() -> None:
    module = load_ffdnet()
    with torch.inference_mode():
        direct = [psnr(module(NOISY[None], ratio * SIGMA / 255)[0], CLEAN) for ratio in (0.8, 1.0, 1.2)]
    assert value(rows("ffdnet"), "ffdnet", "told") == pytest.approx(direct, abs=1e-3)


def test_the_estimate_is_that_of_scikit_image_and_is_what_the_method_is_told() -> None:
    found, estimate = rows(), float(estimate_sigma(NOISY[0].numpy()))
    assert value(found, "noisy", "estimated", quantity="estimated_sigma_255") == [pytest.approx(255 * estimate, 1e-4)]
    direct = psnr(dct_denoise(NOISY[None], estimate)[0], CLEAN)
    assert value(found, "dct", "estimated") == [pytest.approx(direct, abs=1e-3)]


def test_noise_of_8_bits_is_clipped_and_rounded_before_the_method_and_the_estimator_see_it() -> None:
    found, clipped = rows(), quantize(NOISY)
    assert value(found, "noisy", "input", CLIPPED) == [pytest.approx(psnr(clipped, CLEAN))]
    direct = psnr(dct_denoise(clipped[None], SIGMA / 255)[0], CLEAN)
    assert value(found, "dct", "told", CLIPPED) == [pytest.approx(direct, abs=1e-3)]
    estimate = value(found, "noisy", "estimated", CLIPPED, "estimated_sigma_255")
    assert estimate == [pytest.approx(255 * float(estimate_sigma(clipped[0].double().numpy())))]


def test_every_image_and_sigma_is_measured() -> None:
    found = rows("noisy", images=2, sigmas_255="15, 50")
    assert {(case.image, case.sigma_255) for case, _ in found} == {
        (image, sigma) for image in ("crop", "other") for sigma in (15.0, 50.0)
    }


def failures(found: Iterable[tuple[Case, Reading]], quantity: str = FAILURE) -> list[str]:
    return [reading.note for _, reading in found if reading.quantity == quantity]


def test_a_method_that_is_told_no_sigma_fails_once_and_the_others_go_on() -> None:
    found = rows("bicubic,dct")
    assert failures(found) == [
        "bicubic: is told no sigma, since it does not denoise; name denoisers in the option methods"
    ]
    assert len(value(found, "dct", "told")) == 3


def test_noise_that_rounds_to_nothing_is_not_estimated_and_costs_no_other_reading() -> None:
    flat = Picture("flat", torch.full((1, 16, 16), 128 / 255))
    scene = Scene(gray=(flat,), color=(), seed=0, threads=1, device="cpu", save_picture=lambda *_: "")
    found = list(run({"methods": "dct", "sigmas_255": "1e-3", "told": "1"}, scene))
    assert len(failures(found)) == 1
    assert "the image is flat" in failures(found)[0]
    assert len(value(found, "dct", "told", CLIPPED)) == 1


def test_one_line_of_pixels_is_not_estimated_and_the_method_is_told_nothing_of_it() -> None:
    line = Picture("line", torch.tensor([[[0.2, 0.4, 0.6]]]))
    scene = Scene(gray=(line,), color=(), seed=0, threads=1, device="cpu", save_picture=lambda *_: "")
    found = list(run({"methods": "noisy", "sigmas_255": "30", "told": "1"}, scene))
    assert {"one line of pixels" in note for note in failures(found)} == {True}
    assert not value(found, "noisy", "estimated")


def test_without_pywavelets_the_estimates_are_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywt", None)
    found = rows()
    assert {"PyWavelets" in note for note in failures(found, SKIPPED)} == {True}
    assert not value(found, "dct", "estimated")
    assert len(value(found, "dct", "told")) == 3


@pytest.mark.parametrize(
    ("option", "text"), [("told", "0,1"), ("told", "a"), ("sigmas_255", ""), ("sigmas_255", "nan"), ("images", 0)]
)
def test_what_is_no_list_of_numbers_is_refused_by_name(option: str, text: Option) -> None:
    with pytest.raises(OptionError, match=f"sigma-mismatch: {option} takes"):
        rows(**{option: text})


def test_methods_of_the_command_line_are_those_of_the_experiment_alone() -> None:
    spec = read_spec("sigma-mismatch", methods=["dct", "noisy"])
    (section,) = spec.experiment
    assert section.options["methods"] == "dct,noisy"
    assert spec.methods() == ()


def test_a_method_that_no_experiment_takes_is_measured_in_the_usual_ways() -> None:
    spec = read_spec("sigma-mismatch", methods=["dct", "bicubic"])
    assert [section.options["methods"] for section in spec.experiment] == ["dct"]
    assert set(spec.methods()) == {"bicubic"}


def test_other_specs_still_measure_a_new_method_in_the_usual_ways() -> None:
    assert "noisy" in read_spec("scaling", methods=["noisy"]).methods()


def test_an_option_of_an_experiment_is_set_by_its_kind() -> None:
    (section,) = read_spec("sigma-mismatch", ["experiment.images=1"]).experiment
    assert section.options == {"images": 1}


def test_the_method_is_told_what_it_would_be_told_in_a_quality_section() -> None:
    method = get("wavelet")
    restore = method.build(method.checked(Setup(sigma=1.2 * SIGMA / 255)))
    assert value(rows("wavelet"), "wavelet", "told")[2] == pytest.approx(psnr(restore(NOISY[None])[0], CLEAN))
