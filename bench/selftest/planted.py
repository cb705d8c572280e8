"""Changes of known size in the methods, to see whether a comparison finds them.

The self-test of the gate copies this file into the package `restoration` of a commit that no branch holds, with the
list of changes next to it. There `catalog.get` becomes what `planting` makes of it: every method, once built, does what
it did before and then what was planted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from bench.machine.clock import clock_for
from restoration.method import Method, Option, Restore, Setup

if TYPE_CHECKING:
    from torch import Tensor

LIST = Path(__file__).with_suffix(".json")


class Change(TypedDict):
    """One change in one method with these options; the others keep their defaults."""

    method: str
    options: Mapping[str, Option]
    kind: str
    """One of `KINDS`."""
    size: float
    """Relative for `time`, an amplitude in image units for `quality`, operations per pixel, or bytes."""


def planted() -> list[Change]:
    """The changes in the list next to this file."""
    changes: list[Change] = json.loads(LIST.read_text(encoding="utf-8"))
    return changes


def planting(get: Callable[[str], Method], changes: Sequence[Change]) -> Callable[[str], Method]:
    """`get` of the catalog, with the changes planted into the methods that it returns."""

    def get_planted(name: str) -> Method:
        method = get(name)
        mine = [change for change in changes if change["method"] == method.name]
        return replace(method, build=lambda setup: _built(method, setup, mine)) if mine else method

    return get_planted


def pattern(height: int, width: int) -> Tensor:
    """A chequerboard of 1 and -1 (height, width)."""
    import torch

    return 1 - 2.0 * ((torch.arange(height)[:, None] + torch.arange(width)) % 2)


def _built(method: Method, setup: Setup, changes: Sequence[Change]) -> Restore:
    restore = method.build(setup)
    for change in changes:
        if {**method.options, **change["options"]} == dict(setup.options):
            restore = KINDS[change["kind"]](restore, change["size"])
    return restore


def _slower(restore: Restore, share: float) -> Restore:
    clock = clock_for("cpu")

    def slow(image: Tensor) -> Tensor:
        begin = clock()
        restored = restore(image)
        until = begin + (1 + share) * (clock() - begin)
        while clock() < until:
            pass
        return restored

    return slow


def _worse(restore: Restore, amplitude: float) -> Restore:
    def lossy(image: Tensor) -> Tensor:
        restored = restore(image)
        return restored + amplitude * pattern(*restored.shape[-2:])

    return lossy


def _costlier(restore: Restore, operations: float) -> Restore:
    import torch

    def costly(image: Tensor) -> Tensor:
        restored = restore(image)
        torch.nn.functional.conv2d(restored, torch.zeros(round(operations), restored.shape[1], 1, 1))
        return restored

    return costly


def _larger(restore: Restore, size: float) -> Restore:
    import torch

    def large(image: Tensor) -> Tensor:
        held = torch.ones(round(size), dtype=torch.uint8)
        return restore(image) + 0 * held[0]

    return large


KINDS: Mapping[str, Callable[[Restore, float], Restore]] = {
    "time": _slower,
    "quality": _worse,
    "operations": _costlier,
    "memory": _larger,
}
