"""Quality over images, sigma, ratio, stride, block size and degradation: hands groups of cases out to processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.measure.image_set import ImageSet
from bench.measure.quality import Group, grouped, measure_group
from bench.plan.case import Case
from bench.record.attempt import failed
from bench.record.rows import Row
from bench.run.scheduler import Scheduler, Task, WorkersLostError

Pictured = tuple[Group, frozenset[Case]]
"""A group, and those of its cases whose images the report shows."""

Shared = tuple[str, ImageSet, Path]
"""What all groups of a sweep have in common: the run, the images, the run directory."""


def sweep(
    run: str,
    cases: Sequence[Case],
    images: ImageSet,
    directory: Path,
    *,
    pictured: frozenset[Case],
    jobs: int,
    scheduler: Scheduler | None = None,
) -> Iterator[list[Row]]:
    """The rows of all cases, a list for each group as it is finished; `pictured` cases leave their images too.

    A group whose worker was ended from outside is tried again alone; if that ends its worker too, its cases fail.
    Raises `WorkersLostError` where a cluster went away.
    """
    scheduler = scheduler or Scheduler()
    left = {number: (group, pictured.intersection(group)) for number, group in enumerate(grouped(cases))}
    shared = (run, images, directory)
    while left:
        try:
            for number, rows in scheduler.run(_tasks(left, shared), jobs=jobs):
                del left[number]
                yield rows
        except WorkersLostError:
            if scheduler.kind != "local":
                raise
            for number in list(left)[: 2 * jobs]:  # work is handed out in order: what ended the worker is among these
                yield _by_itself(number, left.pop(number), shared)


def _tasks(groups: Mapping[int, Pictured], shared: Shared) -> list[Task[tuple[int, list[Row]]]]:
    from joblib import delayed

    return [delayed(_numbered)(number, group, shared) for number, group in groups.items()]


def _numbered(number: int, asked: Pictured, shared: Shared) -> tuple[int, list[Row]]:
    (group, pictured), (run, images, directory) = asked, shared
    return number, measure_group(run, group, images, directory, pictured=pictured)


def _by_itself(number: int, asked: Pictured, shared: Shared) -> list[Row]:
    """A group in a process that may end without taking others along."""
    try:
        return next(Scheduler(workers=2).run(_tasks({number: asked}, shared), jobs=2))[1]
    except WorkersLostError as error:
        return failed(shared[0], asked[0], error)
