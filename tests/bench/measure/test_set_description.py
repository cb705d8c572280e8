"""What is said of a set of images is what they are: depth, colour, noise, and pixels that are there twice."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.restoration import estimate_sigma

from bench.measure.set_description import NO_NOISE, Described, describe, in_words
from restoration.image_sets import find_images

RAMP = np.tile(np.linspace(60, 190, 96), (64, 1))
NOISY = RAMP + np.random.default_rng(0).normal(0, 12, RAMP.shape)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Grey and colour of several depths; one image stored twice, and one that is broken."""
    gray = NOISY.round().astype(np.uint8)
    Image.fromarray(gray).save(tmp_path / "gray.png")
    Image.fromarray(gray).save(tmp_path / "same.bmp")
    Image.fromarray(np.stack([gray] * 3, axis=-1)).save(tmp_path / "as-color.png")
    Image.fromarray(np.stack([gray, gray, 255 - gray], axis=-1)).save(tmp_path / "color.png")
    Image.fromarray((NOISY * 256).astype(np.uint16)).save(tmp_path / "deep.png")
    np.save(tmp_path / "floats.npy", (RAMP / 255).astype(np.float32))
    Image.fromarray(np.full((2, 3), 7, np.uint8)).save(tmp_path / "tiny.png")
    (tmp_path / "broken.png").write_text("no picture")
    return tmp_path


def by_name(folder: Path) -> dict[str, Described]:
    return {each.image: each for each in describe(find_images(folder))[0]}


def test_depth_color_and_pixels_that_are_there_twice(folder: Path) -> None:
    found = by_name(folder)
    assert {name: each.bits for name, each in found.items() if each.bits != 8} == {"deep.png": 16, "floats.npy": 32}
    assert (found["color.png"].color, found["as-color.png"].color) == ("colour", "grey in three channels")
    assert {name: each.same_as for name, each in found.items() if each.same_as} == {"same.bmp": "gray.png"}
    assert (found["tiny.png"].width, found["tiny.png"].height) == (3, 2)


def test_noise_is_scikit_image_s_estimate_on_the_8_bit_scale(folder: Path) -> None:
    found = by_name(folder)
    expected = estimate_sigma(NOISY.round())
    assert found["gray.png"].noise_255 == pytest.approx(expected, abs=1e-3)
    assert found["gray.png"].noise_255 == pytest.approx(12, rel=0.1)
    assert found["tiny.png"].noise_255 == 0.0  # nothing varies in it


def test_what_cannot_be_read_is_said_and_the_whole_is_summed_up(folder: Path) -> None:
    described, broken = describe(find_images(folder))
    assert ["broken.png" in line for line in broken] == [True]
    whole, noise, twice = in_words(described)
    assert whole.startswith(
        "7 images (1 colour, 5 grey, 1 grey in three channels; 5 of 8 bits, 1 of 16 bits, 1 of 32 bits)"
    )
    assert whole.endswith("3 x 2 to 96 x 64 pixels (width x height)")
    assert "median absolute deviation" in noise
    assert twice == "1 with the same pixels as another: same.bmp and gray.png"


def test_without_the_estimator_there_is_no_noise_and_no_zero(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywt", None)
    described, _ = describe(find_images(folder))
    assert {each.noise_255 for each in described} == {None}
    assert NO_NOISE in in_words(described)


def test_a_set_of_one_image_is_told_in_the_singular(folder: Path) -> None:
    described, _ = describe({"gray.png": folder / "gray.png"})
    whole, noise = in_words(described)
    assert whole == "1 image (1 grey; 1 of 8 bits), 96 x 64 pixels (width x height)"
    assert re.match(r"noise \d+\.\d\d / 255; noise as", noise)
