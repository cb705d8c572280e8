"""The denoiser dfttest2: its strength, the shapes it takes, and what is said where it is not installed."""

from __future__ import annotations

import sys

import pytest
import torch

from restoration import Setup, add_gaussian_noise, get, psnr
from restoration.errors import OptionError, PackageMissingError, RangeError
from restoration.images import bundled_image
from restoration.method import Option, Restore

SIGMA = 25 / 255


def built(channels: int = 1, sigma: float = SIGMA, **options: Option) -> Restore:
    method = get("dfttest2")
    return method.build(method.checked(Setup(channels=channels, sigma=sigma, options=options)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("options", [{}, {"rule": "hard", "ratio": 2.3}])
def test_it_gains_decibels_on_a_batch_and_on_another_size(channels: int, options: dict[str, Option]) -> None:
    pytest.importorskip("vapoursynth", reason="VapourSynth needs Python 3.12 or later")
    clean = bundled_image("astronaut", channels=channels).pixels[:, 60:109, 200:253]
    restore = built(channels, **options)
    for batch in (torch.stack([clean, clean.flip(-1)]), clean[None, :, :40, :37]):
        noisy = add_gaussian_noise(batch, SIGMA, seed=0)
        before = noisy.clone()
        restored = restore(noisy)
        assert restored.shape == noisy.shape
        assert psnr(restored, batch) > psnr(noisy, batch) + 4
        assert torch.equal(noisy, before)
        torch.testing.assert_close(restore(noisy[:1]), restored[:1])


def test_the_ratio_is_one_of_amplitudes() -> None:
    pytest.importorskip("vapoursynth", reason="VapourSynth needs Python 3.12 or later")
    noise = add_gaussian_noise(torch.full((1, 1, 96, 96), 0.5), SIGMA, seed=0)
    left = {ratio: float(built(rule="hard", ratio=ratio)(noise).std()) for ratio in (1e-3, 4.5)}
    assert left[1e-3] == pytest.approx(float(noise.std()), rel=0.01)
    assert left[4.5] < float(noise.std()) / 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"overlap": 16}, "overlap must be 0 to 8, 12, 14 or 15, got 16"),
        ({"overlap": 13}, "overlap must be 0 to 8, 12, 14 or 15, got 13"),
        ({"rule": "soft"}, "rule must be wiener or hard, got 'soft'"),
    ],
)
def test_what_it_does_not_have_is_refused(options: dict[str, Option], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        built(**options)


def test_sigma_has_to_be_positive() -> None:
    with pytest.raises(RangeError, match="sigma must be positive"):
        built(sigma=0.0)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vapoursynth", None)
    with pytest.raises(PackageMissingError, match=r"vapoursynth is not installed: pip install 'restobench\[vapours"):
        built()
    assert get("dfttest2").requires == ("vapoursynth", "dfttest2")
    assert "Python 3.12" in get("dfttest2").summary
