"""What stands behind `--set` is read as TOML would read it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bench.errors import SpecError
from bench.plan.overrides import assignment, options_from, size_in_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sigma_255=[15,25]", ("sigma_255", [15, 25])),
        ("ratio = 2.7", ("ratio", 2.7)),
        ("rule=soft", ("rule", "soft")),
        ('rule="hard"', ("rule", "hard")),
        ("keep_dc=false", ("keep_dc", False)),
        ("size=480x640", ("size", "480x640")),
        ("checkpoint=a=b.pth", ("checkpoint", "a=b.pth")),
    ],
)
def test_an_assignment_is_read(text: str, expected: tuple[str, Any]) -> None:
    assert assignment(text) == expected


@pytest.mark.parametrize("text", ["", "=", "x", "x=", "=1", "x=[1,", "x={", "x=1\ny=2"])
def test_what_is_no_assignment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SpecError, match=r"--set .*expected"):
        assignment(text)


@given(st.text(max_size=40))
def test_no_text_fails_in_another_way(text: str) -> None:
    with suppress(SpecError):
        assert assignment(text)[0]


def test_an_option_is_one_value() -> None:
    assert options_from(["radius=3", "rule=soft"]) == {"radius": 3, "rule": "soft"}
    with pytest.raises(SpecError, match="an option is a number"):
        options_from(["radius=[1,2]"])


def test_sizes_are_read_with_their_units() -> None:
    assert size_in_bytes("2GiB") == 2 * 2**30
    assert size_in_bytes("1.5 MB") == 1_500_000
    with pytest.raises(SpecError, match="such as 2GiB or 500MB, got 'much'"):
        size_in_bytes("much")
