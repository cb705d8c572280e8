"""What is said of a user's images before a run, and which cases their degraded ones can serve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.measure.image_set import ImageSet, image_facts, served
from bench.plan.case import Case
from restoration.errors import ImageError


@pytest.fixture
def pairs(tmp_path: Path) -> ImageSet:
    """Two references and, in a folder of their own, the same 16 grey levels brighter in every other column."""
    for folder in ("clean", "noisy"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b"):
        pixels = np.full((8, 12), 100, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "clean" / f"{name}.png")
        pixels[:, ::2] += 16
        Image.fromarray(pixels).save(tmp_path / "noisy" / f"{name}.png")
    return ImageSet(tmp_path / "clean", tmp_path / "noisy")


def case(image: str, scale: int = 1) -> Case:
    task = "denoise" if scale == 1 else "upscale"
    sigma = 25.0 if scale == 1 else 0.0
    return Case("quality", "any", task=task, image=image, scale=scale, sigma_255=sigma, degradation="given")


def test_a_scale_that_no_pair_has_is_left_out_and_the_noise_of_the_pairs_is_said(pairs: ImageSet) -> None:
    cases = [case("a.png"), case("b.png"), case("a.png", 2), Case("cost", "any", scale=2)]
    kept, notices = served(pairs, cases)
    assert kept == [cases[0], cases[1], cases[3]]
    assert notices[0] == "given pairs: the degraded images are not 1/2 of their references: scale 2 is left out"
    assert notices[1].startswith("given pairs: denoisers are told sigma 25; the degraded images differ from their")
    assert notices[1].endswith(" references by 8.0 / 255 (standard deviation, first 2 pairs)")


def test_where_no_pair_fits_at_all_each_case_says_why(pairs: ImageSet) -> None:
    cases = [case("a.png", 2), case("b.png", 3)]
    assert served(pairs, cases) == (cases, [])


def test_an_image_too_small_for_ssim_is_named(pairs: ImageSet) -> None:
    facts, notices = image_facts(pairs)
    assert len(facts) == 2
    assert notices == [f"image {name}.png: 8 x 12 pixels, too small for SSIM: it has none" for name in ("a", "b")]


def test_an_ambiguous_pair_is_refused_before_anything_is_measured(pairs: ImageSet) -> None:
    assert pairs.degraded
    (pairs.degraded / "a-noisy.png").write_bytes((pairs.degraded / "a.png").read_bytes())
    with pytest.raises(ImageError, match=r"a-noisy\.png and a\.png both look like a\.png degraded"):
        served(pairs, [case("a.png")])
