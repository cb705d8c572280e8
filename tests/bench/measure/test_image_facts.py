"""What a run says of its images: of those that its cases restore, and of no others."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.measure.image_set import ImageSet, image_facts
from bench.plan.case import Case
from bench.plan.experiments import channels_of, module_of, names

CONVERTED = "converted to grey"


@pytest.fixture
def colored(tmp_path: Path) -> ImageSet:
    """Three colour images and a file that is none."""
    for name in ("a", "b", "c"):
        Image.fromarray(np.full((24, 24, 3), (200, 100, 50), dtype=np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot")
    return ImageSet(tmp_path)


def used(image: str, *, channels: int) -> Case:
    """A quality case of that image in so many channels."""
    return Case("quality", "bicubic", image=image, channels=channels)


def test_an_upscaler_of_colour_images_speaks_of_no_grey_and_of_no_other_image(colored: ImageSet) -> None:
    facts, notices = image_facts(colored, [used("a.png", channels=3), used("b.png", channels=3)])
    assert [(fact["name"], fact["channels"]) for fact in facts] == [("a.png", 3), ("b.png", 3)]
    assert notices == []


def test_what_a_denoiser_gets_in_grey_is_said_to_be_converted(colored: ImageSet) -> None:
    facts, notices = image_facts(colored, [used("b.png", channels=1)])
    assert [(fact["name"], fact["channels"]) for fact in facts] == [("b.png", 1)]
    assert len(notices) == 1
    assert CONVERTED in notices[0]


def test_an_image_that_cannot_be_read_is_named_where_a_case_needs_it(colored: ImageSet) -> None:
    assert "broken" in image_facts(colored, [used("broken.png", channels=3)])[1][0]
    assert image_facts(colored, [used("a.png", channels=3)])[1] == []


def test_an_experiment_uses_the_images_in_the_channels_it_asks_for(colored: ImageSet) -> None:
    facts, notices = image_facts(colored, [Case("experiment", "color")])
    assert [fact["name"] for fact in facts] == ["a.png", "b.png", "c.png"]
    assert not any(CONVERTED in notice for notice in notices)
    assert image_facts(colored, [Case("experiment", "thresholds")]) == ([], [])


def test_without_cases_each_image_is_listed_in_all_its_channels(colored: ImageSet) -> None:
    assert {fact["channels"] for fact in image_facts(colored)[0]} == {1, 3}


@pytest.mark.parametrize("name", names())
def test_an_experiment_says_which_images_of_its_scene_it_uses(name: str) -> None:
    source = inspect.getsource(module_of(name))
    asked = {channels for channels, word in ((1, "scene.gray"), (3, "scene.color")) if word in source}
    assert set(channels_of(name)) == asked
