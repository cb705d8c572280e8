"""Kernels kept on disk are those of today's code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from restoration.compiled import strips, winograd
from restoration.compiled.lanes import CHECKSUM


@pytest.mark.parametrize(
    "kernel", [strips.uniform_strip, strips.ratios_strip, strips.weighted_strip, strips.chosen_strip]
)
def test_strips_mention_the_checksum_of_the_code_that_numba_does_not_watch(kernel: Callable[[int, str], Any]) -> None:
    assert CHECKSUM in _mentioned(kernel(2, "hard"))


def test_the_guided_strip_mentions_it_too() -> None:
    assert CHECKSUM in _mentioned(strips.guided_strip(2))


def test_winograd_mentions_it_too() -> None:
    assert CHECKSUM in _mentioned(winograd._strip())


def _mentioned(kernel: Any) -> list[object]:
    return [cell.cell_contents for cell in kernel.py_func.__closure__]
