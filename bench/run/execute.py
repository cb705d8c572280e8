"""Plan -> rows: measures every case in order and survives those that fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Literal

from bench import interrupts
from bench.errors import RowsError
from bench.machine.clock import clock_for
from bench.machine.timing_lock import timing_lock
from bench.measure.image_set import ImageSet
from bench.plan.case import Case, Reading
from bench.plan.spec import Spec
from bench.record.attempt import left_out
from bench.record.manifest import Manifest
from bench.record.rows import Row, RowFile
from bench.run.crew import Crew
from bench.run.ledger import Ledger
from bench.run.plan import Plan, takes_time
from bench.run.resume import settle, telling_how_to_go_on
from bench.run.run_lock import run_lock
from bench.run.scheduler import Scheduler
from bench.run.sweep import sweep
from bench.run.timekeeper import RESOURCE, Timekeeper, TimingLostError, timekeeper
from bench.talk import Progress, Say

MOMENT = 0.25
"""Seconds for which finished cases may wait to be written together; what a crash can lose at most."""

_HERE = "the machine that started the run took the times itself"


def execute(
    plan: Plan, *, progress: Progress, jobs: int, scheduler: Scheduler | None = None, say: Say = lambda _: None
) -> Manifest:
    """Measures what the plan holds and returns the manifest as it ended; Ctrl-C ends it early, nothing is lost.

    No method is called in this process: a `Crew` does that. Quality sweeps go to `scheduler`, with `jobs` processes
    where it is this machine. Timed cases come first: on the worker of a cluster that offers to take times, otherwise
    here. Either way nothing else of a run is measured at the same time, under that machine's timing lock; `say` gets a
    line when the run has to wait for it.
    """
    clock = clock_for("cpu")
    begin = clock()
    scheduler = scheduler or Scheduler()
    status: Literal["complete", "interrupted"] = "interrupted"
    plan = replace(plan, pictured=frozenset(_shown(plan.spec, plan.images)))
    with (
        telling_how_to_go_on(plan.directory),
        interrupts.raising() as interrupted,
        run_lock(plan.directory),
        RowFile(plan.directory) as file,
        Crew() as crew,
    ):
        whole = plan.known + len(plan.cases)
        ledger = Ledger(file, progress, plan.images, plan.known, whole, interrupted, forecast=plan.forecast)
        try:
            ledger.keep([left_out(plan.manifest.run, case, reason) for case, reason in plan.skipped])
            counting = plan.only(lambda case: case.kind == "cost").each()
            _keep_all(crew.measure(counting, jobs=jobs), ledger, at_once=jobs)
            with timekeeper(scheduler, say) as keeper:
                plan = _placed(plan, keeper, scheduler)
                _take_times(plan, keeper, crew, ledger, say)
                if keeper and keeper.machine:  # another worker than at first, perhaps
                    plan = replace(plan, manifest=plan.manifest.timed(keeper.machine))
            untimed = plan.only(lambda case: case.kind == "experiment" and not takes_time(case))
            _keep_all(crew.measure(untimed.each()), ledger)
            _quality(plan, crew, ledger, jobs, scheduler)
            settle(plan.directory, plan.spec.cases(plan.images.names()))
            status = "complete"
        finally:
            seconds = {"total": clock() - begin, "measured": ledger.measured}
            manifest = plan.manifest.ended(status, seconds)
            with suppress(RowsError) if status == "interrupted" else nullcontext():  # what interrupted says more
                manifest.write(plan.directory)
    return manifest


def _keep_all(measured: Iterable[Sequence[Row]], ledger: Ledger, *, at_once: int = 1) -> None:
    ledger.shared_by = at_once
    for rows in measured:
        ledger.keep(rows)
    ledger.shared_by = 1


def _placed(plan: Plan, keeper: Timekeeper | None, scheduler: Scheduler) -> Plan:
    """The plan with the manifest that names the machine which takes the times: one for all times of a run."""
    if not any(map(takes_time, plan.cases)):
        return plan
    bound = plan.manifest.fingerprint if plan.timed_before else ""
    if keeper and (machine := keeper.choose(plan.spec.thread_count(), bound)):
        manifest = plan.manifest.timed(machine)
    elif plan.timed_before:
        return plan
    elif keeper and keeper.gone:
        gone = f"{', '.join(keeper.gone)} offered {RESOURCE} and went away while asked about its machine"
        manifest = plan.manifest.timed_here(f"{gone}: {_HERE}")
    else:
        nobody = f"no worker of the cluster offered {RESOURCE}: {_HERE}"
        manifest = plan.manifest.timed_here("" if scheduler.kind == "local" else nobody)
    manifest.write(plan.directory)
    return replace(plan, manifest=manifest)


def _take_times(plan: Plan, keeper: Timekeeper | None, crew: Crew, ledger: Ledger, say: Say) -> None:
    """Measures the timed cases on the machine that `_placed` has chosen."""
    timed = plan.only(takes_time)
    if keeper and keeper.machine:
        _take_times_there(timed, keeper, ledger)
    elif plan.timed_before and plan.manifest.started_on:
        reason = f"times of this run are of another machine, {plan.manifest.timed_on} ({plan.manifest.fingerprint})"
        _give_up(timed.parts(), ledger, f"{reason}; resume where a worker of it offers {RESOURCE}")
    elif timed.cases:
        suite, rest = timed.only(lambda case: case.kind == "time"), timed.only(lambda case: case.kind != "time")
        with timing_lock(say):
            _keep_all(crew.measure((suite, *rest.parts())), ledger)


def _take_times_there(timed: Plan, keeper: Timekeeper, ledger: Ledger) -> None:
    """Case by case on the worker of a cluster; where it is lost for good, the cases that are left say so."""
    parts = list(timed.parts())
    done = 0
    try:
        for part in parts:
            ledger.keep(keeper.measure(part))
            done += 1
    except TimingLostError as error:
        _give_up(parts[done:], ledger, str(error))


def _give_up(parts: Iterable[Plan], ledger: Ledger, reason: str) -> None:
    """Rows with the reason, and none that ends their case: a resumed run tries again."""
    failure = Reading("failure", None)
    ledger.keep([Row(part.manifest.run, case, failure, error=reason) for part in parts for case in part.cases])


def _quality(plan: Plan, crew: Crew, ledger: Ledger, jobs: int, scheduler: Scheduler) -> None:
    """What comes back within a moment is written together: a disk answers slower than a small image is restored."""
    ledger.shared_by = jobs
    clock = clock_for("cpu")
    waiting: list[Row] = []
    written = clock()
    try:
        for rows in sweep(plan, crew, scheduler, jobs=jobs):
            waiting += rows
            if clock() - written > MOMENT:
                ready, waiting, written = waiting, [], clock()
                ledger.keep(ready)
    finally:
        ledger.keep(waiting)


def _shown(spec: Spec, images: ImageSet) -> Iterator[Case]:
    """The cases whose pictures the report shows: those of sections that ask for it."""
    known = images.names()
    for section in spec.quality:
        if section.pictures:
            yield from section.cases(spec.device, 1, known)
