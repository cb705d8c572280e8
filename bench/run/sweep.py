"""Quality over images, sigma, ratio, stride, block size and degradation: hands groups of cases out to processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from bench.measure.quality import grouped, in_order
from bench.record.rows import Row
from bench.run.crew import Crew
from bench.run.plan import Plan
from bench.run.scheduler import Scheduler

_HERE = threading.local()
"""The crew of each thread of a cluster's worker; its process stays from group to group."""


def sweep(plan: Plan, crew: Crew, scheduler: Scheduler, *, jobs: int) -> Iterator[Sequence[Row]]:
    """The rows of all quality cases as they are finished, by `jobs` processes of `crew` or by a cluster.

    Raises `WorkersLostError` where a cluster went away.
    """
    parts = (plan.holding(in_order(group)) for group in grouped(plan.of("quality")))
    if scheduler.kind == "local":
        yield from crew.measure(parts, jobs=scheduler.workers or jobs)
        return
    from joblib import delayed

    yield from scheduler.run(delayed(swept_there)(part) for part in parts)


def swept_there(part: Plan) -> list[Row]:
    """Runs in a cluster's worker: the rows of one group, measured by a process of its own."""
    crew: Crew = _HERE.__dict__.setdefault("crew", Crew())
    return [row for rows in crew.measure([part]) for row in rows]
