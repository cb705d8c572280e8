"""The two-step, multi-scale DCT denoiser: against the authors' program, between engines, and its errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.fft import dctn, idctn

from restoration import Setup, get
from restoration.dct.learnt import SHIPPED
from restoration.dct.steps import Steps
from restoration.dct.wiener import dct_wiener, mirrored, multiscale, trimmed
from restoration.errors import OptionError, RangeError, ShapeError

NOISY = 0.5 + 0.1 * torch.randn(1, 1, 32, 35, generator=torch.Generator().manual_seed(0))
STEPS = Steps.of_ratio(8, 3)


@pytest.mark.parametrize(
    ("stored", "options"),
    [
        ("adaptive", {"passes": 1}),
        ("adaptive_wiener", {}),
        ("multiscale_adaptive_wiener", {"scales": 4, "keep": 0.5}),
    ],
)
@pytest.mark.parametrize("engine", ["dense", "separable", "fused"])
def test_equals_the_authors_program_to_the_last_row(
    shared: Path, stored: str, options: dict[str, Any], engine: Any
) -> None:
    arrays = np.load(shared / "golden" / "dct_ipol_2017.npz")
    noisy = torch.from_numpy(arrays["noisy"])[None]
    restored = dct_wiener(noisy, 25, steps=STEPS, engine=engine, **options)
    np.testing.assert_allclose(restored[0].numpy(), arrays[stored], rtol=0, atol=1e-3)


def test_nothing_to_remove_is_the_identity() -> None:
    zeros = Steps(*(torch.zeros(8, 8) for _ in range(4)))
    for options in ({"passes": 1}, {"passes": 2}, {"scales": 3}):
        torch.testing.assert_close(dct_wiener(NOISY, 0.1, steps=zeros, **options), NOISY, rtol=0, atol=1e-5)


def test_a_constant_image_is_left_alone() -> None:
    constant = torch.full((3, 24, 31), 0.25)
    torch.testing.assert_close(dct_wiener(constant, 0.1, steps=STEPS, scales=2), constant, rtol=0, atol=1e-5)


def test_turning_the_image_turns_the_result() -> None:
    noisy = NOISY.double()
    torch.testing.assert_close(dct_wiener(noisy.mT, 0.1, steps=STEPS).mT, dct_wiener(noisy, 0.1, steps=STEPS))


def test_a_pyramid_of_untouched_levels_is_the_image() -> None:
    same = multiscale(NOISY, denoise=lambda level: level, scales=3, keep=0.7)
    torch.testing.assert_close(same, NOISY, rtol=0, atol=1e-5)


def test_white_noise_keeps_its_deviation_at_every_level() -> None:
    noise = torch.randn(1, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    seen: list[float] = []

    def look(level: torch.Tensor) -> torch.Tensor:
        seen.append(level.std().item())
        return level

    multiscale(noise, denoise=look, scales=3, keep=0.5)
    assert seen == pytest.approx([1, 1, 1], abs=0.1)


def test_what_is_mirrored_is_trimmed_again() -> None:
    for size in (4, 7):
        around = mirrored(NOISY, size)
        assert around.shape[-2:] == (32 + size, 35 + size)
        torch.testing.assert_close(trimmed(around, size), NOISY)
        torch.testing.assert_close(around[..., size // 2 - 1, :], around[..., size // 2, :])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"scales": 4}, RangeError, r"scales must be in 1\.\.3 for 32 pixels and blocks of 8, got 4"),
        ({"scales": 0}, RangeError, "got 0"),
        ({"keep": 0}, RangeError, "keep must be above 0 .* got 0"),
        ({"passes": 3}, RangeError, "passes must be 1 or 2, got 3"),
        ({"engine": "folded"}, OptionError, "engine must be auto, fused, dense or separable, got 'folded'"),
        ({"stride": 9}, RangeError, r"stride must be in 1\.\.8 for blocks of 8, got 9"),
        ({"sigma": 0}, RangeError, "sigma must be positive"),
        ({"steps": Steps.of_ratio(32, 3), "noisy": NOISY[..., :20]}, ShapeError, "smaller than a block of 32"),
    ],
)
def test_bad_input_is_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    named: dict[str, Any] = {"noisy": NOISY, "sigma": 0.1, "steps": STEPS, **options}
    with pytest.raises(error, match=message):
        dct_wiener(**named)


@pytest.mark.parametrize("name", ["dct-wiener", "dct-learnt-weighted", "dct-learnt-wiener", "dct-learnt-multiscale"])
def test_each_variant_equals_its_reference(name: str) -> None:
    method = get(name)
    assert method.same_as is not None
    built = method.build(method.checked(Setup(sigma=0.1)))
    other = get(method.same_as.method)
    reference = other.build(other.checked(Setup(sigma=0.1, options=method.same_as.options)))
    torch.testing.assert_close(built(NOISY), reference(NOISY), rtol=0, atol=method.same_as.tolerance)


def test_auto_is_fused_for_single_precision_alone() -> None:
    for noisy, engine in ((NOISY, "fused"), (NOISY.double(), "separable")):
        taken, named = (dct_wiener(noisy, 0.1, steps=STEPS, engine=each) for each in ("auto", engine))
        assert torch.equal(taken, named)


def test_what_a_pyramid_leaves_out_is_what_coarser_levels_do_not_give() -> None:
    dark = multiscale(NOISY, denoise=lambda level: level * (level.shape[-1] > 20), scales=2, keep=0.5)
    spectrum = dctn(NOISY.numpy(), axes=(-2, -1), norm="ortho")
    spectrum[..., :8, :9] = 0  # half of the lower half's 16 and 17, rounded up
    expected = idctn(spectrum, axes=(-2, -1), norm="ortho")
    np.testing.assert_allclose(dark.numpy(), expected, rtol=0, atol=1e-6)


def test_operations_per_pixel() -> None:
    counts = {"dct-wiener": 5 * (512 + 64) + 2 * 80, "dct-learnt-weighted": 2 * (512 + 64) + 80}
    for name, expected in counts.items():
        method = get(name)
        assert method.macs_per_pixel is not None
        assert method.macs_per_pixel(method.checked(Setup())) == expected
    wiener = get("dct-wiener")
    assert wiener.macs_per_pixel is not None
    assert wiener.macs_per_pixel(wiener.checked(Setup(options={"scales": 2}))) == 1.25 * counts["dct-wiener"]
    sparse = wiener.macs_per_pixel(wiener.checked(Setup(options={"stride": 2})))
    assert sparse == 5 * (512 / 4 + 64 / 2) + 2 * (64 / 4 + 8 / 4 + 8 / 2)
    dense = wiener.macs_per_pixel(wiener.checked(Setup(options={"stride": 2, "engine": "dense"})))
    assert dense == 5 * 4096 / 4 + 2 * (64 / 4 + 8 / 4 + 8 / 2)


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("dct", ()),
        ("dct-wiener", ()),
        ("dct-learnt", ("thresholds",)),
        ("dct-learnt-weighted", ("weighted_thresholds", "kept_costs")),
        ("dct-learnt-wiener", ("weighted_thresholds", "kept_costs", "noise", "gain_costs")),
    ],
)
def test_the_learnt_numbers_are_those_of_the_file_for_one_noise_level_without_dc(name: str, tables: Any) -> None:
    entry = json.loads(SHIPPED.read_text(encoding="utf-8"))["learnt"][0]
    numbers = sum(len(np.ravel(entry[table])) - 1 for table in tables)
    assert all(entry[table][0][0] == 0 for table in tables)
    method = get(name)
    assert method.parameters is not None
    assert method.parameters(method.checked(Setup())) == numbers


def test_the_fused_engine_executes_fewer_operations_than_its_closed_form() -> None:
    wiener = get("dct-wiener")
    assert wiener.algorithms is not None
    runs, *others = wiener.algorithms(wiener.checked(Setup())).items()
    assert runs[0] == "butterflies"
    assert runs[1] == min(macs for _, macs in [runs, *others]) > 0
