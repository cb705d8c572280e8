"""Kernels kept on disk are those of today's code."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from restoration.compiled import lanes, pointwise, products, strips, winograd
from restoration.compiled.lanes import CHECKSUM
from restoration.compiled.products import SOURCES


@pytest.mark.parametrize(
    "kernel", [strips.uniform_strip, strips.ratios_strip, strips.weighted_strip, strips.chosen_strip]
)
def test_strips_mention_the_checksum_of_the_code_that_numba_does_not_watch(kernel: Callable[[int, str], Any]) -> None:
    assert CHECKSUM in _mentioned(kernel(2, "hard"))


def test_the_guided_strip_mentions_it_too() -> None:
    assert CHECKSUM in _mentioned(strips.guided_strip(2))


@pytest.mark.parametrize("kernel", [winograd.strip(3), winograd.strip(5), pointwise.strip(), pointwise.sums()])
def test_convolutions_mention_that_of_their_products_too(kernel: Any) -> None:
    assert SOURCES in _mentioned(kernel)


def test_the_checksum_of_the_products_holds_that_of_the_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "CHECKSUM", CHECKSUM + 1)
    assert importlib.reload(products).SOURCES != SOURCES
    monkeypatch.undo()
    assert importlib.reload(products).SOURCES == SOURCES


def _mentioned(kernel: Any) -> list[object]:
    return [cell.cell_contents for cell in kernel.py_func.__closure__]
