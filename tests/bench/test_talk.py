"""What is said to the person at the terminal."""

from __future__ import annotations

import pytest

from bench.talk import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (24_933, "24,933 images")]
)
def test_one_is_singular(number: int, words: str) -> None:
    assert counted(number, "image") == words
