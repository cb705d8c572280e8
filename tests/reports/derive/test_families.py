"""One table of families and colours, for every figure of every report."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from reports.derive.families import FAMILIES, RESERVED, families_of, lines_through, step_of
from restoration import names

GROUNDS = {"color": ("#ffffff", "#f7f8fa"), "dark": ("#14171c", "#1b1f26")}
"""The page's paper and cards."""

SEEN = (
    np.eye(3),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
)
"""What full sight, and sight without red or green, makes of linear light (Machado, Oliveira and Fernandes 2009)."""


def light(color: str) -> np.ndarray:
    """Linear red, green and blue."""
    value = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(linear: np.ndarray) -> np.ndarray:
    """Ottosson's Oklab, in which 0.02 is a difference that can just be seen."""
    cones = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
    mixed = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return np.asarray(mixed @ np.cbrt(np.clip(cones @ linear, 0, None)))


def contrast(first: str, second: str) -> float:
    high, low = sorted((float(light(color) @ (0.2126, 0.7152, 0.0722)) for color in (first, second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", GROUNDS)
def test_every_colour_can_be_read_on_every_ground(theme: str) -> None:
    for family in FAMILIES + RESERVED:
        for ground in GROUNDS[theme]:
            assert contrast(getattr(family, theme), ground) >= 4.5, (family.key, ground)


@pytest.mark.parametrize("theme", GROUNDS)
def test_families_are_told_apart_also_without_red_or_green(theme: str) -> None:
    methods = [family for family in FAMILIES if family.key != "input"]
    for first, second in combinations(methods, 2):
        for sight in SEEN:
            apart = lab(sight @ light(getattr(first, theme))) - lab(sight @ light(getattr(second, theme)))
            assert np.linalg.norm(apart) > 0.08, (first.key, second.key)


def test_every_method_that_comes_with_the_package_has_a_family() -> None:
    known = {method for family in FAMILIES for method in family.methods}
    assert set(names()) == known


def test_a_users_methods_have_colours_of_their_own_that_stay_the_same_in_the_next_report() -> None:
    found = families_of(["mine", "dct", "file.py:OTHER", "third"])
    assert len({family.color for family in found.values()}) == 4
    assert families_of(["mine"])["mine"] == families_of(["mine", "ffdnet"])["mine"]
    assert families_of(["mine"])["mine"] in RESERVED
    assert len(families_of(f"m{number}" for number in range(9))) == 9


def test_variants_that_differ_by_steps_of_one_option_are_a_line() -> None:
    labels = [
        "DCT 8×8",
        "DCT 8×8, stride 2",
        "DCT 8×8, spacing 2.0",
        "DCT 16×16, stride 2",
        "DCT 16×16, stride 4",
        "tv",
    ]
    assert step_of("DCT 8×8, stride 2, engine dense") == ("DCT 8×8, engine dense", "stride 2")
    assert lines_through(labels) == [
        ["DCT 8×8", "DCT 8×8, stride 2"],
        ["DCT 8×8", "DCT 8×8, spacing 2.0"],
        ["DCT 16×16, stride 2", "DCT 16×16, stride 4"],
    ]
