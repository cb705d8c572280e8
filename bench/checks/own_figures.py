"""A user's own table of published figures: TOML -> `Figure`s, each measured as a run would measure it.

An entry is a section of a spec for one method on one kind of input, with the figure that is expected: see `Entry`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from bench.checks.published import Figure, find_set
from bench.errors import SpecError
from bench.measure.image_set import ImageSet
from bench.measure.quality import Group, grouped, measure_group
from bench.plan.mistakes import fault_with_line, first_fault
from bench.plan.sections import QualitySection, Strict
from bench.plan.toml_lines import line_of
from bench.talk import counted
from restoration.errors import RestorationError
from restoration.method import Option
from restoration.metrics import get as metric

_DEGRADED = {"awgn": "awgn; noise seeded and not clipped", "bicubic": "bicubic; low resolution stored as 8 bits"}
"""The usual degradations in words; others are written as they are named."""

_SCORED = {
    "denoise": "sigma told; output neither clipped nor rounded; all pixels and channels; mean over images",
    "upscale": (
        "output rounded to 8 bits; luma as MATLAB's rgb2ycbcr (studio range); {scale} pixels removed at each border; "
        "mean over images"
    ),
}
"""How a run scores each task, in words."""


class Entry(Strict):
    """One `[[figure]]`: what was published, how far off still passes, and what it is of."""

    method: str
    """Whatever names a method, with its `options`."""
    images: str
    """A standard set, or a folder, pattern, list file or set file; all below the data folder."""
    published: Annotated[float, Field(allow_inf_nan=False)]
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    metric: str = "psnr_db"
    options: Annotated[dict[str, Option], Field(default_factory=dict)]
    channels: Literal[1, 3] = 1
    scale: Annotated[int, Field(ge=1, le=16)] = 1
    sigma_255: Annotated[float, Field(ge=0, le=255)] = 25.0
    degradation: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    what: str = ""
    source: str = ""

    def section(self) -> QualitySection:
        """The same as a section of a spec; raises pydantic's ValidationError."""
        as_they_are = {"method", "options", "channels", "scale", "sigma_255", "degradation", "seed"}
        chosen = {name: getattr(self, name) for name in as_they_are & self.model_fields_set}
        return QualitySection.model_validate(chosen | {"metrics": [self.metric]})

    def figure(self) -> Figure:
        """What `verify` measures; raises `RestorationError` or `SpecError` for a method that cannot be asked for."""
        section, judge = self.section(), metric(self.metric)
        case = next(section.cases("cpu", 1, {1: ["any"], 3: ["any"]}))
        given = f"sigma {case.sigma_255:g}" if case.task == "denoise" else f"x{case.scale}"
        scored = _SCORED[case.task].format(scale=case.scale)
        return Figure(
            self.what or f"{judge.name} of {self.method}, {given}", self.images, self.published, self.tolerance,
            f"{_DEGRADED.get(case.degradation, case.degradation)}; {scored}", self.source,
            AsRun(section, judge.name), unit=judge.unit, load=own_images,
        )  # fmt: skip


class Table(Strict):
    """The whole file."""

    figure: Annotated[tuple[Entry, ...], Field(min_length=1)]


@dataclass(frozen=True)
class AsRun:
    """Measures the mean of one metric over a set as a run does."""

    section: QualitySection
    metric: str

    def __call__(self, images: ImageSet, threads: int) -> float:
        """Raises `RestorationError` where any of the images has no such score, and says why."""
        cases = tuple(self.section.cases("cpu", threads, images.names()))
        if not cases:
            raise RestorationError(f"{images.source}: no image of {counted(self.section.channels[0], 'channel')}")
        return fmean(value for group in grouped(cases) for value in self._values(group, images))

    def _values(self, group: Group, images: ImageSet) -> Iterator[float]:
        for rows in measure_group("", group, images, Path(), pictured=frozenset()):
            if error := next((row.error for row in rows if row.error), ""):
                raise RestorationError(error)
            for reading in (row.reading for row in rows if row.reading.quantity == self.metric):
                if reading.value is None:
                    raise RestorationError(f"{self.metric}: {reading.note}")
                yield reading.value


def own_images(data: Path, name: str) -> ImageSet:
    """The set called `name`, wherever it lies below `data`."""
    return ImageSet(find_set(data, name) or data / name)


def read_figures(path: Path) -> tuple[Figure, ...]:
    """The figures of a user's table; raises `SpecError`, naming the line, for what cannot be asked for."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError(f"{path}: cannot read the published figures: {error}") from error
    try:
        entries = Table.model_validate(raw).figure
    except ValidationError as error:
        raise SpecError(f"{path}:{fault_with_line(error, text)}") from error
    return tuple(_figure(entry, f"{path}:{line_of(text, ('figure', at))}") for at, entry in enumerate(entries))


def _figure(entry: Entry, place: str) -> Figure:
    try:
        return entry.figure()
    except ValidationError as error:
        raise SpecError(f"{place}: {first_fault(error)}") from error
    except (SpecError, RestorationError) as error:
        raise SpecError(f"{place}: {error}") from error
