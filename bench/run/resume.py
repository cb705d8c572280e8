"""Going on with a run that was interrupted: which cases are finished, which rows stay, and in which order they end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.errors import BenchError, NoVerdictError
from bench.machine.environment import environment
from bench.measure.image_set import ImageSet
from bench.measure.quality import seen
from bench.plan.case import Case
from bench.plan.spec import Spec
from bench.record.attempt import END
from bench.record.case_hash import case_hash
from bench.record.files import remove_drafts
from bench.record.manifest import FILE_NAME as MANIFEST, how_to_go_on, read_manifest
from bench.record.rows import FILE_NAME, Row, keep_rows, read_rows
from bench.run.plan import Plan, takes_time
from bench.run.run_lock import lock_run


def resumed(
    spec: Spec, images: ImageSet, directory: Path, cases: Sequence[Case], skipped: Sequence[tuple[Case, str]] = ()
) -> Plan:
    """The rest of a run that was interrupted; rows of cases it did not finish are dropped first."""
    if directory.is_dir() and not (directory / MANIFEST).exists():
        raise BenchError(f"{directory} holds no {MANIFEST}: nothing was measured there; start anew, without --resume")
    manifest = read_manifest(directory)
    if manifest.spec != spec.model_dump(mode="json"):
        raise BenchError(f"{directory} was made from another spec ({manifest.name}); resume with the same options")
    now, before = environment(spec.thread_count()).fingerprint, manifest.started_on.get("fingerprint")
    if now != (before := before or manifest.fingerprint):
        raise NoVerdictError(f"{directory} was measured in environment {before}, this is {now}: start anew")
    lock_run(directory)
    remove_drafts(directory)
    rows = list(read_rows(directory)) if (directory / FILE_NAME).exists() else []
    finished = _finished(spec, images, rows, {case for case, _ in skipped})
    left = tuple(case for case in cases if case not in finished)
    skipped = tuple((case, reason) for case, reason in skipped if case not in finished)
    keep_rows(directory, _kept(rows, finished))
    timed_before = any(map(takes_time, finished))
    known = len(cases) - len(left)
    return Plan(spec, manifest, directory, images, left, skipped, known=known, timed_before=timed_before)


@contextmanager
def telling_how_to_go_on(directory: Path) -> Iterator[None]:
    """Raises `BenchError` where memory is used up inside."""
    try:
        yield
    except MemoryError:
        raise BenchError(f"out of memory; every finished case is kept; {how_to_go_on(directory)}") from None


def _finished(spec: Spec, images: ImageSet, rows: Iterable[Row], skipped: set[Case]) -> set[Case]:
    """The cases whose last row is there and whose hash is still the one they would be measured under."""
    ended = {row.case: row.reading.note for row in rows if row.reading.quantity == END}
    finished = {case for case, known in ended.items() if known == case_hash(case, images.paths(case.image))}
    for section in spec.paired:  # a group is timed together or not at all
        group = set(section.cases(spec.device, spec.thread_count())) - skipped
        if not group <= finished:
            finished -= group
    return finished


def _kept(rows: Sequence[Row], finished: set[Case]) -> Iterator[Row]:
    """The rows that stay: those of finished cases, and what came with them.

    An experiment's readings lie before the row that ends it, under cases of their own; a group's clean and degraded
    pictures were written before its first case ended.
    """
    waiting: list[Row] = []
    for row in rows:
        if row.case.kind == "experiment":
            waiting.append(row)
            if row.reading.quantity == END:
                yield from waiting if row.case in finished else ()
                waiting = []
        elif row.case in finished or not row.case.method:
            yield row


def settle(directory: Path, cases: Sequence[Case]) -> None:
    """Sorts a finished run's rows into the order of its cases; pictures that came twice stay once."""
    order = {case: number for number, case in enumerate(cases)}
    scenes: dict[tuple[object, ...], int] = {}
    for case, number in order.items():
        scenes.setdefault(seen(case), number)
    rows = list(_once(read_rows(directory)))
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


def _once(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows without repeated pictures of a scene, which a group sends again that was begun again."""
    known: set[Row] = set()
    for row in rows:
        if row.case.method or row not in known:
            yield row
        if not row.case.method:
            known.add(row)
