"""Degradations by name: their options, what they do, what denoisers are told, and a user's own."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import convolve

from restoration import Degradation, degradations
from restoration.degradations import degrade, get, written
from restoration.errors import OptionError, RangeError, ShapeError, UnknownDegradationError

MODULE = """\
from restoration import Degradation

def darker(image, gain: float = 0.5):
    '''Less light.'''
    return image * gain

def cropped(image):
    return image[..., 1:]

def faded(image, amount):
    return image * amount

def rows(image, scale, sigma):
    return image[..., ::scale, ::scale] + sigma

DARK = Degradation("dark", darker, options={"gain": 0.25}, told=lambda gain: gain / 10)
NUMBER = 3
"""


@pytest.fixture
def own(install: Callable[[dict[str, str], str], None]) -> str:
    """A user's module on the path, and an entry point to it."""
    entry_points = "[restoration.degradations]\ndusk = own_degradations_of_a_test:DARK\n"
    install({"own_degradations_of_a_test": MODULE}, entry_points)
    return "own_degradations_of_a_test"


def image(channels: int = 3, side: int = 64) -> torch.Tensor:
    return torch.rand(channels, side, side, generator=torch.Generator().manual_seed(0))


def test_an_own_function_and_a_record_are_degradations_with_options(own: str, tmp_path: Path) -> None:
    grey = image(1)
    assert torch.equal(degrade(grey, f"{own}:darker"), grey / 2)
    assert torch.equal(degrade(grey, f"{own}:darker gain=0.1"), grey * 0.1)
    assert torch.equal(degrade(grey, f"{own}:DARK"), grey / 4)
    assert torch.equal(degrade(grey, "dusk gain=1"), grey)
    assert torch.equal(degrade(grey, f"{tmp_path}/{own}.py:darker gain=0.1"), grey * 0.1)
    assert get(f"{own}:darker").summary == "Less light."
    assert get(f"{own}:darker").told_sigma() is None
    assert get("dusk").told_sigma() == 0.025
    assert "dusk" in degradations.names()
    assert degradations.source_of("dusk gain=1") == tmp_path / f"{own}.py"


def test_one_with_a_scale_reduces_a_cropped_image_and_one_with_a_sigma_gets_the_cases(own: str) -> None:
    reducing = get(f"{own}:rows")
    assert reducing.reduces and reducing.adds_sigma  # noqa: PT018 - both from the signature
    assert torch.equal(degrade(image(1, 65), f"{own}:rows", scale=2, sigma=0.5), image(1, 65)[:, :64:2, :64:2] + 0.5)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("{}:cropped", ShapeError, r"returned \(1, 64, 63\).*a degradation keeps the size"),
        ("{}:NUMBER", UnknownDegradationError, "is a int; expected a Degradation, or a function"),
        ("{}:faded", UnknownDegradationError, "parameter 'amount' has no default; .* or name it sigma, scale, seed"),
        ("{}:missing", UnknownDegradationError, "no attribute 'missing'"),
        ("{}:darker gian=1", OptionError, "no option 'gian'; its options are: gain"),
        ("{}:darker gain=much", OptionError, "option gain takes a float, got 'much'"),
        ("jpg", UnknownDegradationError, "did you mean jpeg"),
        ("jpeg quality=0", RangeError, "1 to 100"),
        ("salt-and-pepper density=2", RangeError, "a share from 0 to 1"),
        ("poisson-gaussian photons=0", RangeError, "photons above 0"),
    ],
)
def test_what_is_none_says_why_on_one_line(own: str, text: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        degrade(image(1), text.format(own))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("found", ["a", torch.zeros(1, 64, 64, dtype=torch.int64), torch.full((1, 64, 64), math.nan)])
def test_what_is_no_image_of_floats_is_refused(found: object) -> None:
    with pytest.raises((ShapeError, RangeError), match="degradation mine: returned"):
        Degradation("mine", lambda _: found)(image(1))  # type: ignore[arg-type,return-value]  # wrong on purpose


def test_the_image_that_is_shown_stays_as_it_is() -> None:
    shown = image(1)
    Degradation("mine", lambda picture: picture.zero_())(shown)
    assert torch.equal(shown, image(1))


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_what_pillow_reads_back(channels: int) -> None:
    pixels = (image(channels).movedim(0, -1).numpy() * 255).round().astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=10)
    expected = np.asarray(Image.open(file)).reshape(pixels.shape) / 255
    assert np.allclose(degrade(image(channels), "jpeg quality=10").movedim(0, -1).numpy(), expected, atol=1e-6)


def test_poisson_gaussian_noise_has_the_variance_that_it_states_and_tells_it_at_half_intensity() -> None:
    text = "poisson-gaussian photons=50 read_255=10"
    for level in (0.1, 0.5, 0.9):
        flat = torch.full((1, 400, 400), level)
        noisy = degrade(flat, text, seed=1)
        assert noisy.mean().item() == pytest.approx(level, abs=2e-3)
        assert noisy.std().item() == pytest.approx(math.hypot(math.sqrt(level / 50), 10 / 255), rel=0.01)
        assert torch.equal(noisy, degrade(flat, text, seed=1))
        assert not torch.equal(noisy, degrade(flat, text, seed=2))
    assert get(text).told_sigma() == pytest.approx(math.hypot(0.1, 10 / 255))


def test_salt_and_pepper_replaces_the_share_it_names_half_by_each() -> None:
    flat = torch.full((3, 300, 300), 0.5)
    noisy = degrade(flat, "salt-and-pepper density=0.1", seed=3)
    assert (noisy == 0).float().mean().item() == pytest.approx(0.05, abs=0.003)
    assert (noisy == 1).float().mean().item() == pytest.approx(0.05, abs=0.003)
    assert noisy.std().item() == pytest.approx(get("salt-and-pepper density=0.1").told_sigma(), rel=0.02)


def test_blur_takes_a_width_or_the_kernel_in_a_file(tmp_path: Path) -> None:
    kernel = np.arange(1.0, 16.0).reshape(3, 5)
    path = tmp_path / "a kernel.npy"
    np.save(path, kernel / kernel.sum())
    blurred = degrade(image(1), written("blur", {"kernel": str(path)}))
    assert np.allclose(blurred[0], convolve(image(1)[0].double().numpy(), kernel / kernel.sum(), mode="reflect"))
    assert torch.allclose(degrade(image(1), "blur std=1.2"), degrade(image(1), "blur-1.2-decimate", scale=1), atol=3e-3)
    for content, said in ((kernel, "sum to 120"), (np.ones(3) / 3, "rows, columns")):
        np.save(path, content)
        with pytest.raises((OptionError, RangeError), match=said):
            degrade(image(1), written("blur", {"kernel": str(path)}))
    with pytest.raises(OptionError, match="cannot read a kernel"):
        degrade(image(1), "blur kernel=nowhere.npy")
