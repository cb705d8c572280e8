"""The named experiments as a plan knows them: their names, how long each takes, its images, and if it is timed.

An experiment is a module of `bench/experiments/`, named after it. The module itself says the rest, and is imported when
that is asked for. One with an option `methods`, names by commas, says in `TASK` which methods it takes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

from bench.errors import SpecError
from restoration.catalog import get
from restoration.method import Option


@cache
def names() -> tuple[str, ...]:
    """Every experiment's name, sorted; imports none of them."""
    modules = pkgutil.iter_modules([str(Path(__file__).parents[1] / "experiments")])
    return tuple(sorted(module.name.replace("_", "-") for module in modules if module.name != "scene"))


def check_known(name: str) -> None:
    """Raises `SpecError`, with the known names, where there is no experiment called `name`."""
    if name not in names():
        raise SpecError(f"unknown experiment {name!r}; expected one of {', '.join(names())}")


def module_of(name: str) -> ModuleType:
    """The module of the experiment called `name`; raises `SpecError` with the known names."""
    check_known(name)
    return importlib.import_module(f"bench.experiments.{name.replace('-', '_')}")


def seconds_of(name: str) -> float:
    """About how long the experiment takes with its own options on two cores, as it was measured."""
    return float(module_of(name).SECONDS)


def channels_of(name: str) -> tuple[int, ...]:
    """In which channels the experiment uses the images of a run; none where it uses none of them."""
    return tuple(getattr(module_of(name), "CHANNELS", ()))


def is_timed(name: str) -> bool:
    """Whether it is timed: then nothing else may run on its machine, the one that takes the run's times."""
    return bool(getattr(module_of(name), "TIMED", False))


def of_methods(name: str, options: Mapping[str, Option], methods: Iterable[str]) -> Mapping[str, Option] | None:
    """The options with which the experiment called `name` is of those of these methods that it can take.

    None where it takes none of them, or has no option `methods`.
    """
    module = module_of(name)
    if "methods" not in module.DEFAULTS:
        return None
    taken = [method for method in methods if get(method).task == module.TASK]
    return {**options, "methods": ",".join(taken)} if taken else None


def check_options(name: str, options: Mapping[str, Option]) -> None:
    """Raises `SpecError` for an option that the experiment called `name` does not have."""
    chosen(name, options, module_of(name).DEFAULTS)


def chosen(name: str, options: Mapping[str, Option], defaults: Mapping[str, Option]) -> Mapping[str, Option]:
    """`defaults` overridden by `options`; raises `SpecError` for an option that the experiment `name` does not have."""
    if unknown := sorted(set(options) - set(defaults)):
        raise SpecError(f"experiment {name}: no option {unknown[0]!r}; its options are: {', '.join(defaults)}")
    return {**defaults, **options}
