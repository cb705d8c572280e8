"""What is measured (`Case`) and what was read (`Reading`): flat, frozen, comparable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from restoration.method import Setup

Kind = Literal["cost", "time", "paired", "quality", "memory", "layers", "experiment"]
"""Which question a case answers: operations, seconds, seconds beside a peer, decibels, bytes, seconds per layer, or
one of the named experiments (whose name is then the case's `method`)."""

Phase = Literal["", "cold", "build", "first", "warmup", "measure"]
"""When a sample was taken: `cold` (a fresh process from its start to the first restored image), `build` (weights,
compilation), `first` call, `warmup` calls, and the `measure`d ones."""

GIVEN = "given"
"""The degradation of images that come degraded, in a folder of their own."""


@dataclass(frozen=True, order=True)
class Case:
    """Everything that decides what is measured; two equal cases measure the same thing."""

    kind: Kind
    method: str
    variant: str = "default"
    """Short name for the options, unique within the method (see `restoration.method.variant_of`)."""
    options: str = "{}"
    """The method's chosen options as JSON with sorted keys."""
    task: str = ""
    channels: int = 1
    height: int = 0
    """Of the output image, in pixels; 0 where the image decides."""
    width: int = 0
    scale: int = 1
    device: str = "cpu"
    dtype: str = "float32"
    threads: int = 1
    image: str = ""
    sigma_255: float = 0.0
    degradation: str = ""
    """`awgn`, `bicubic`, `jpeg quality=10`, ...: as `restoration.degradations` reads it."""
    seed: int = 0
    batch: int = 1
    """Images in one call; `width` and `height` are those of each."""
    metrics: str = ""
    """The names of the metrics that judge the restored image, as a JSON list; empty for the usual ones."""

    @property
    def name(self) -> str:
        """The method and the options that are not its own, for people."""
        return self.method if self.variant == Case.variant else f"{self.method} {self.variant}"

    @property
    def size(self) -> str:
        """Of one that has a size, for people: `256x256`, or `256x256 batch 4`."""
        several = f" batch {self.batch}" if self.batch > 1 else ""
        return f"{self.height}x{self.width}{several}" if self.height else ""

    @property
    def timed_name(self) -> str:
        """The name under which pytest-benchmark lists the case."""
        size = f"{self.height}x{self.width}"
        several = [f"batch{self.batch}"] if self.batch > 1 else []
        return "-".join([self.method, self.variant.replace(" ", ","), size, *several, self.device, self.dtype])

    def option_values(self) -> Mapping[str, bool | int | float | str]:
        """The chosen options, read back from `options`."""
        return json.loads(self.options)  # type: ignore[no-any-return]

    def metric_names(self) -> tuple[str, ...]:
        """The names of the metrics, as `restoration.metrics` finds them."""
        from restoration.metrics import USUAL

        return tuple(json.loads(self.metrics)) if self.metrics else USUAL

    def setup(self) -> Setup:
        """What `Method.build` gets for this case."""
        return Setup(
            channels=self.channels,
            sigma=self.sigma_255 / 255,
            scale=self.scale,
            device=self.device,
            dtype=self.dtype,
            threads=self.threads,
            options=self.option_values(),
        )


def options_text(options: Mapping[str, bool | int | float | str]) -> str:
    """`options` as the canonical JSON that `Case.options` holds."""
    return json.dumps(dict(options), sort_keys=True, separators=(",", ":"))


def metric_names(cases: Iterable[Case]) -> tuple[str, ...]:
    """The names of all metrics that judge the quality cases among `cases`, each once."""
    texts = {case.metrics: case for case in cases if case.kind == "quality"}
    return tuple(dict.fromkeys(name for case in texts.values() for name in case.metric_names()))


def metrics_text(names: Sequence[str]) -> str:
    """`names` as `Case.metrics` holds them."""
    return json.dumps(list(dict.fromkeys(names)), ensure_ascii=False) if names else ""


@dataclass(frozen=True)
class Reading:
    """One number that was read for a case: what it is, its SI unit, and which of several it is."""

    quantity: str
    """`seconds`, `macs_per_pixel`, `psnr_db`, `peak_bytes`, ...: the unit is in the name."""
    value: float | None
    """None where the reading has no number: a picture, a failure, an infinite PSNR is written as `inf`."""
    unit: str = ""
    phase: Phase = ""
    part: str = ""
    """Which part of the case: the counter, the layer, the curve."""
    repeat: int = 0
    """Which of several samples; the position along a curve."""
    note: str = ""
    """In words: a residue, a picture's file name, a reason."""


@dataclass(frozen=True)
class FailedReading:
    """A reading that could not be had, though the others of its case could."""

    quantity: str
    error: str
    unit: str = ""
