"""A forecast follows the sizes that are measured and the images that there are, read from their headers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.measure.image_set import ImageSet
from bench.plan.forecast import forecast, in_words
from bench.plan.spec import Spec
from restoration.errors import ImageError
from restoration.images import image_size


def seconds(images: ImageSet, method: str) -> float:
    """The forecast of judging one method on all images."""
    spec = Spec.model_validate({"name": "x", "quality": [{"method": method}]})
    cases = spec.cases({1: list(images.names()[1]), 3: []})
    return sum(found.seconds for found in forecast(spec, cases, images.pixels, jobs=1))


@pytest.mark.parametrize("method", ["noisy", "dct", "nlm"])
def test_quality_takes_longer_on_larger_images(tmp_path: Path, method: str) -> None:
    for name, side in (("small", 5), ("large", 2000)):
        (tmp_path / name).mkdir()
        Image.new("L", (2 * side, side)).save(tmp_path / name / "a.png")
    small, large = (seconds(ImageSet(tmp_path / name), method) for name in ("small", "large"))
    assert 0 < small < 0.1
    assert large > 10 * small


def test_one_image_more_adds_its_own_time_and_a_broken_one_nearly_none(folder: Path) -> None:
    before = seconds(ImageSet(folder), "nlm")
    (folder / "zz.png").write_bytes(b"no image")
    assert seconds(ImageSet(folder / "*.png"), "nlm") == pytest.approx(1.5 * before, rel=0.2)
    assert ImageSet(folder).pixels("zz.png") == 0


def test_a_dense_engine_is_forecast_slower_and_more_blocks_longer() -> None:
    def forecast_of(**section: object) -> float:
        group = {"group": "g", "blocks": 20, "entry": [{"method": "dct", "size": 512}]} | section
        spec = Spec.model_validate({"name": "x", "threads": 1, "paired": [group]})
        return sum(found.seconds for found in forecast(spec, spec.cases({1: [], 3: []}), lambda _: 0))

    assert forecast_of(blocks=200) > forecast_of()
    assert forecast_of(entry=[{"method": "dct", "size": 512, "options": {"engine": "dense"}}]) > 2 * forecast_of()


def test_bundled_images_have_their_own_sizes() -> None:
    assert ImageSet().pixels("camera") == 512 * 512
    assert ImageSet().pixels("rocket") == 427 * 640


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 3), (3, 6, 8), (1, 6, 8)])
def test_the_size_of_an_array_is_read_from_its_header(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape, np.float32))
    assert image_size(tmp_path / "a.npy") == (6, 8)


def test_a_file_without_a_size_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(ImageError, match="its header tells no size"):
        image_size(tmp_path / "a.npy")


def test_a_forecast_in_words_counts_kinds() -> None:
    spec = Spec.model_validate({"name": "x", "cost": [{"method": ["noisy", "dct"]}]})
    assert in_words(forecast(spec, spec.cases({1: [], 3: []}), lambda _: 0)) == "2 cases (2 cost), about 2 seconds"
