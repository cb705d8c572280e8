"""Tables with one number per frequency, learnt once: what they are, and the JSON file that holds several of them.

`learnt.json` in this folder is made by `python -m restoration.dct.learn`, which says how and on which images.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restoration.dct.dense import check_thresholds
from restoration.dct.steps import Steps
from restoration.errors import CheckpointError, ShapeError

SHIPPED = Path(__file__).with_name("learnt.json")
"""The tables that come with this package."""

FORMAT = "restoration.dct.learnt 1"

_STEPS = ("weighted_thresholds", "kept_costs", "noise", "gain_costs")
"""The names of `Steps.tables()` in a file."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What was learnt at one noise level: tables (B, B), [v, u] for v half-waves down and u across; DC's entry is 0."""

    sigma_255: float
    thresholds: Tensor
    """Ratios T / sigma, for uniform aggregation."""
    steps: Steps | None = None
    """The numbers of the two-step denoiser, where they were learnt, too."""
    trained_on: tuple[str, ...] = ()

    @property
    def block_size(self) -> int:
        """B."""
        return self.thresholds.shape[0]


def save_learnt(path: Path | str, learnt: Iterable[Learnt]) -> None:
    """Writes the tables to a JSON file, rounded to four decimals."""
    entries = [_entry(one) for one in learnt]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    Path(path).write_text(f'{{"format": "{FORMAT}", "learnt": [\n{lines}\n]}}\n', encoding="utf-8")


def load_learnt(path: Path | str) -> tuple[Learnt, ...]:
    """The tables of a file that `save_learnt` wrote; raises CheckpointError for anything else."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return tuple(_learnt(entry) for entry in _entries(content))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot read learnt thresholds: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: not a file of learnt thresholds: {type(error).__name__}: {error}") from error


def learnt_for(path: Path | str, sigma: float, *, block_size: int) -> Learnt:
    """The tables of a file for blocks of `block_size` and noise of `sigma` (image units).

    Between two learnt noise levels they are interpolated, beyond them the nearest are taken. A file is read once, and
    again when it has changed. Raises ShapeError, naming both, where the file has no tables for such blocks.
    """
    found = _kept(Path(path), _version(Path(path)))
    fitting = sorted((one for one in found if one.block_size == block_size), key=lambda one: one.sigma_255)
    if not fitting:
        sizes = " and ".join(str(size) for size in sorted({one.block_size for one in found})) or "none"
        raise ShapeError(
            f"block_size is {block_size}, but {path} was learnt for blocks of {sizes}; use one or the other"
        )
    below = [one for one in fitting if one.sigma_255 <= 255 * sigma] or fitting[:1]
    above = [one for one in fitting if one.sigma_255 > 255 * sigma] or fitting[-1:]
    return _between(below[-1], above[0], 255 * sigma)


def _version(path: Path) -> tuple[int, ...]:
    """What changes with a file's content; the same for every file that is not there."""
    try:
        seen = path.stat()
    except OSError:  # reading it says what is wrong
        return ()
    return (seen.st_ino, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=8)
def _kept(path: Path, version: tuple[int, ...]) -> tuple[Learnt, ...]:
    """The tables of a file, read once for each `version`; nobody may write into them."""
    del version
    return load_learnt(path)


def _between(low: Learnt, high: Learnt, sigma_255: float) -> Learnt:
    """The tables of `low` and `high`, mixed in proportion to the nearness of their sigmas."""
    span = high.sigma_255 - low.sigma_255
    share = min(max((sigma_255 - low.sigma_255) / span, 0), 1) if span else 0.0
    steps = None
    if low.steps and high.steps:
        steps = Steps(*(torch.lerp(*pair, share) for pair in zip(low.steps.tables(), high.steps.tables(), strict=True)))
    return Learnt(sigma_255, torch.lerp(low.thresholds, high.thresholds, share), steps, low.trained_on)


def _entry(learnt: Learnt) -> dict[str, Any]:
    named = {"thresholds": learnt.thresholds}
    if learnt.steps:
        named |= dict(zip(_STEPS, learnt.steps.tables(), strict=True))
    rounded = {name: [[round(x, 4) for x in row] for row in table.tolist()] for name, table in named.items()}
    return {"sigma_255": learnt.sigma_255, "trained_on": list(learnt.trained_on), **rounded}


def _entries(content: dict[str, Any]) -> list[dict[str, Any]]:
    if content["format"] != FORMAT:
        raise CheckpointError(f"expected the format {FORMAT!r}, got {content['format']!r}")
    return list(content["learnt"])


def _learnt(entry: dict[str, Any]) -> Learnt:
    """The tables of one entry; raises where one is not square, negative, or of another size than the others."""
    thresholds = _table(entry["thresholds"])
    steps = Steps(*(_table(entry[name]) for name in _STEPS)) if _STEPS[0] in entry else None
    for table in steps.tables() if steps else ():
        if table.shape != thresholds.shape:
            raise ShapeError(f"tables of {len(table)} x {len(table)} beside thresholds of {len(thresholds)}")
    return Learnt(float(entry["sigma_255"]), thresholds, steps, tuple(entry["trained_on"]))


def _table(rows: list[list[float]]) -> Tensor:
    table = torch.tensor(rows, dtype=torch.float32)
    check_thresholds(table)
    return table
