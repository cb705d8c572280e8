"""How each kind of case is measured, in the process where this is called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from bench.experiments.scene import FAILURE, Scene
from bench.machine.clock import clock_for
from bench.machine.threads import fixed_threads
from bench.measure.counts import count_case
from bench.measure.layers import layer_readings
from bench.measure.memory import peak_memory
from bench.measure.paired import paired
from bench.measure.quality import grouped, measure_group
from bench.measure.timing import Recorder, Terms, run_suite
from bench.plan.case import Case, Reading
from bench.plan.experiments import module_of
from bench.record.attempt import END, MEASURED, attempt
from bench.record.pictures import save_picture
from bench.record.rows import Row
from bench.run.plan import Plan
from restoration.errors import RestorationError

Keep = Callable[[Sequence[Row]], None]
"""Takes the rows of whatever was measured at once; a case is done with its last row."""


def measure(plan: Plan, keep: Keep) -> None:
    """Measures a plan whose cases are all of one kind; keeps no rows first, to say that it begins."""
    keep(())
    if plan.cases:
        _STEPS[plan.cases[0].kind](plan, keep)


def costs(plan: Plan, keep: Keep) -> None:
    """Operations per pixel."""
    _one_by_one(plan, keep, "cost", count_case)


def times(plan: Plan, keep: Keep) -> None:
    """Seconds, by the suite of pytest-benchmark."""
    if cases := plan.of("time"):
        run_suite(Recorder(plan.manifest.run, cases, keep, Terms.of(plan.spec)), plan.directory)


def pairs(plan: Plan, keep: Keep) -> None:
    """Seconds in turn, group by group."""
    for section, cases in plan.groups():
        clock = clock_for("cpu")
        begin = clock()
        for rows in paired(plan.manifest.run, section, cases, seed=plan.spec.seed, clock=clock_for(plan.spec.device)):
            keep(rows)
        whole = Reading(MEASURED, clock() - begin, "s", part=section.group)
        ends = (Row(plan.manifest.run, case, Reading(END, None, "s", part=section.group)) for case in cases)
        keep([Row(plan.manifest.run, cases[0], whole), *ends])


def memory(plan: Plan, keep: Keep) -> None:
    """Peaks of memory."""
    _one_by_one(plan, keep, "memory", peak_memory)


def layers(plan: Plan, keep: Keep) -> None:
    """Seconds and operations by layer; their traces go into the run directory."""
    _one_by_one(plan, keep, "layers", functools.partial(layer_readings, traces=plan.directory / "traces"))


def experiments(plan: Plan, keep: Keep) -> None:
    """Each experiment's readings carry cases of their own; its own case ends them."""
    for case in plan.of("experiment"):
        found: list[Row] = []

        def read(case: Case = case, found: list[Row] = found) -> Iterator[Reading]:
            scene = _scene(plan, case)
            begin = clock_for("cpu")()
            with fixed_threads(case.threads):
                for part, reading in module_of(case.method).run(case.option_values(), scene):
                    error = reading.note if reading.quantity == FAILURE else ""
                    found.append(Row(plan.manifest.run, part, reading, error))
            yield Reading(MEASURED, clock_for("cpu")() - begin, "s")

        ended = attempt(plan.manifest.run, case, read)
        keep([*found, *ended])


def quality(plan: Plan, keep: Keep) -> None:
    """Decibels, group by group."""
    for group in grouped(plan.cases):
        pictured = plan.pictured.intersection(group)
        for rows in measure_group(plan.manifest.run, group, plan.images, plan.directory.absolute(), pictured=pictured):
            keep(rows)


_STEPS: Mapping[str, Callable[[Plan, Keep], None]] = {
    "cost": costs,
    "time": times,
    "paired": pairs,
    "memory": memory,
    "layers": layers,
    "experiment": experiments,
    "quality": quality,
}


def _scene(plan: Plan, case: Case) -> Scene:
    def save(name: str, image: Tensor) -> str:
        return save_picture(plan.directory, replace(case, image=name), "experiment", image).note

    pictures = {
        channels: tuple(found for found in plan.images.pictures(channels) if not isinstance(found, RestorationError))
        for channels in (1, 3)
    }
    return Scene(pictures[1], pictures[3], case.seed, case.threads, case.device, save_picture=save)


def _one_by_one(plan: Plan, keep: Keep, kind: str, read: Callable[[Case], Iterable[Reading]]) -> None:
    """Measures the cases of a kind whose readings do not depend on one another."""
    for case in plan.of(kind):
        keep(attempt(plan.manifest.run, case, functools.partial(_whole, read, case)))


def _whole(read: Callable[[Case], Iterable[Reading]], case: Case) -> Iterator[Reading]:
    clock = clock_for("cpu")
    begin = clock()
    yield from read(case)
    yield Reading(MEASURED, clock() - begin, "s")
