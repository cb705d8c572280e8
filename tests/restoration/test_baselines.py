"""Classical methods, and what they say when their package is absent."""

from __future__ import annotations

import sys

import pytest
import torch
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle, denoise_wavelet

from restoration import Setup, add_gaussian_noise, bicubic_resize, get, psnr
from restoration.errors import OptionError, PackageMissingError, RangeError
from restoration.images import bundled_image

DENOISERS = {"wavelet": "pywt", "nlm": "", "tv": "", "bm3d": "bm3d", "xphoto-dct": "cv2"}
"""Every denoiser with the optional package it needs."""

SIGMA = 25 / 255


def restored(name: str, image: torch.Tensor, **named: object) -> torch.Tensor:
    method = get(name)
    setup = Setup(channels=image.shape[1], **named)  # type: ignore[arg-type]  # a test's shorthand
    return method.build(method.checked(setup))(image)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", DENOISERS)
def test_every_denoiser_gains_decibels_on_a_batch(name: str, channels: int) -> None:
    if DENOISERS[name]:
        pytest.importorskip(DENOISERS[name])
    crop = bundled_image("astronaut", channels=channels).pixels[:, 60:93, 200:237]
    clean = torch.stack([crop, crop.flip(-1)])
    noisy = add_gaussian_noise(clean, SIGMA, seed=0)
    before = noisy.clone()
    result = restored(name, noisy, sigma=SIGMA)
    assert result.shape == noisy.shape
    assert result.dtype == torch.float32
    assert psnr(result, clean) > psnr(noisy, clean) + 3
    assert torch.equal(noisy, before), "the input was written to"


def test_denoisers_are_scikit_images_with_the_stated_settings() -> None:
    noisy = add_gaussian_noise(bundled_image("camera").pixels[:, :40, :50], SIGMA, seed=1)
    plane = noisy[0].numpy()
    expected = {
        "wavelet": denoise_wavelet(plane, sigma=SIGMA, wavelet="db2", rescale_sigma=False),
        "nlm": denoise_nl_means(plane, patch_size=7, patch_distance=8, h=0.6 * SIGMA, sigma=SIGMA, fast_mode=True),
        "tv": denoise_tv_chambolle(plane, weight=0.9 * SIGMA),
    }
    for name, wanted in expected.items():
        torch.testing.assert_close(restored(name, noisy[None], sigma=SIGMA)[0, 0], torch.from_numpy(wanted))


def test_xphoto_leaves_the_last_row_and_column_as_they_came() -> None:
    pytest.importorskip("cv2")
    noisy = add_gaussian_noise(torch.full((1, 1, 33, 41), 0.5), SIGMA, seed=0)
    result = restored("xphoto-dct", noisy, sigma=SIGMA)
    assert result.isfinite().all()
    assert torch.equal(result[..., -1, :], noisy[..., -1, :])
    assert torch.equal(result[..., :, -1], noisy[..., :, -1])
    assert result[..., :-1, :-1].std() < noisy.std() / 3


@pytest.mark.parametrize("name", DENOISERS)
@pytest.mark.parametrize("sigma", [0.0, -0.1])
def test_denoisers_refuse_a_sigma_that_is_not_positive(name: str, sigma: float) -> None:
    with pytest.raises(RangeError, match="sigma must be positive"):
        restored(name, torch.zeros(1, 1, 16, 16), sigma=sigma)


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("wavelet", "pywt", "peers"), ("bm3d", "bm3d", "bm3d"), ("xphoto-dct", "cv2", "peers")],
)
def test_a_missing_package_names_the_extra_that_brings_it(
    name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PackageMissingError, match=rf"{package} is not installed: pip install 'restobench\[{extra}\]'"):
        restored(name, torch.zeros(1, 1, 16, 16), sigma=SIGMA)
    assert get(name).requires == (package,)
    assert get(name).extra == extra


def test_wavelet_takes_orthogonal_wavelets_only() -> None:
    with pytest.raises(OptionError, match="bior"):
        restored("wavelet", torch.zeros(1, 1, 16, 16), sigma=SIGMA, options={"wavelet": "bior4.4"})


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["bicubic", "lanczos", "nearest"])
def test_upscalers_multiply_both_sides_and_keep_constants(name: str, scale: int) -> None:
    image = torch.full((2, 3, 7, 9), 0.3)
    torch.testing.assert_close(restored(name, image, scale=scale), torch.full((2, 3, 7 * scale, 9 * scale), 0.3))


def test_upscalers_are_what_they_are_called() -> None:
    image = torch.rand(1, 1, 8, 9)
    assert torch.equal(restored("bicubic", image, scale=2), bicubic_resize(image, 2))
    assert torch.equal(restored("nearest", image, scale=2)[..., ::2, 1::2], image)
    smooth = bundled_image("camera").pixels[None, :, ::8, ::8]
    lanczos = restored("lanczos", smooth, scale=2)
    assert psnr(lanczos, restored("bicubic", smooth, scale=2)) > psnr(lanczos, restored("nearest", smooth, scale=2))


def test_separable_enlargement_counts_its_taps() -> None:
    assert get("bicubic").macs_per_pixel(Setup(scale=2)) == 6  # type: ignore[misc]  # it has one
    assert get("lanczos").macs_per_pixel(Setup(scale=3)) == 8  # type: ignore[misc]  # it has one


@pytest.mark.parametrize(("name", "option"), [("wavelet", "strength"), ("bm3d", "strength"), ("xphoto-dct", "ratio")])
def test_half_the_strength_is_half_the_sigma(name: str, option: str) -> None:
    pytest.importorskip(DENOISERS[name])
    noisy = add_gaussian_noise(bundled_image("camera").pixels[None, :, 80:120, 200:250], SIGMA, seed=1)
    usual = float(get(name).options[option])
    weaker = restored(name, noisy, sigma=SIGMA, options={option: usual / 2})
    torch.testing.assert_close(weaker, restored(name, noisy, sigma=SIGMA / 2))
    assert not torch.allclose(weaker, restored(name, noisy, sigma=SIGMA))


@pytest.mark.parametrize("name", ["dct", *DENOISERS])
def test_every_tunable_denoiser_has_one_option_that_says_how_strongly_it_smooths(name: str) -> None:
    assert len({"strength", "ratio"}.intersection(get(name).options)) == 1
