"""A named experiment: a small study whose readings are rows like any others.

An experiment is a function `(options, scene) -> iterator of (Case, Reading)`. Its cases have kind `experiment` and its
own name as their method; a curve is readings of the same part numbered by `repeat`, its abscissa a quantity of its own.
A part that cannot be measured is a reading of the quantity `FAILURE`, its reason in the note; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.errors import SpecError
from bench.plan.case import Case, Reading
from restoration.method import Option, later

if TYPE_CHECKING:
    import torch

    from restoration.images import Picture


@dataclass(frozen=True)
class Scene:
    """What an experiment may use: images, a seed, threads, and a place for its pictures."""

    gray: tuple[Picture, ...]
    color: tuple[Picture, ...]
    seed: int
    threads: int
    save_picture: Callable[[str, torch.Tensor], str]
    """(name without suffix, image (C, H, W) in [0, 1]) -> the path to put in a reading's `note`."""
    progress: Callable[[float], None] = field(default=lambda _: None)
    """Told the fraction done, 0 to 1."""


Experiment = Callable[[Mapping[str, Option], Scene], Iterator[tuple[Case, Reading]]]


@dataclass(frozen=True)
class Named:
    """An experiment in the table of all."""

    run: Experiment
    seconds: float
    """About how long it takes with its own options on two cores, measured."""
    timed: bool = False
    """Whether it takes time: nothing else may run on its machine, and it belongs where the run's times are taken."""


EXPERIMENTS: Mapping[str, Named] = {
    "thresholds": Named(later("bench.experiments.thresholds:run"), seconds=4),
    "learn-threshold": Named(later("bench.experiments.learn_threshold:run"), seconds=6),
    "learn-dct": Named(later("bench.experiments.learn_dct:run"), seconds=55),
    "color": Named(later("bench.experiments.color:run"), seconds=13),
    "sr-distribution": Named(later("bench.experiments.sr_distribution:run"), seconds=91),
    "ratio-sweep": Named(later("bench.experiments.ratio_sweep:run"), seconds=43, timed=True),
    "kernel-estimation": Named(later("bench.experiments.kernel_estimation:run"), seconds=69),
    "roofline": Named(later("bench.measure.roofline:run"), seconds=12, timed=True),
}
"""Every experiment by name; importing this table imports none of them."""

FAILURE = "failure"
"""The quantity of a reading that says, in its note, why there is none."""


def chosen(name: str, options: Mapping[str, Option], defaults: Mapping[str, Option]) -> Mapping[str, Option]:
    """`defaults` overridden by `options`; raises `SpecError` for an option that the experiment `name` does not have."""
    if unknown := sorted(set(options) - set(defaults)):
        raise SpecError(f"experiment {name}: no option {unknown[0]!r}; its options are: {', '.join(defaults)}")
    return {**defaults, **options}


def get_experiment(name: str) -> Experiment:
    """The experiment called `name`; raises `SpecError` with the known names."""
    if name not in EXPERIMENTS:
        raise SpecError(f"unknown experiment {name!r}; expected one of {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name].run
