"""What a run costs on top of its cases: `python -m bench.selftest.overhead --cases 100000`, with cases that do nothing.

A whole run, from the spec to its rows in order, of cases that return the degraded image. Counted in processor
seconds of this process and of its workers, less what the same cases take without any run around them; so a busy
machine hardly changes the figures. `--scheduler dask` starts a Dask cluster of processes here.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.machine.clock import clock_for
from bench.machine.threads import usable_cores
from bench.measure.image_set import ImageSet
from bench.measure.quality import Group, grouped, measure_group
from bench.plan.spec import Spec
from bench.run.execute import execute
from bench.run.plan import Plan
from bench.run.prepare import prepare
from bench.run.scheduler import Scheduler

if TYPE_CHECKING:
    from torch import Tensor

_CASES_PER_IMAGE = 50
"""As many as see the same degraded image in the shipped specs."""

_SIDE = 32
"""Of the one image, in pixels."""

_WITHOUT_A_RUN = 5_000
"""Cases that are measured without a run around them."""


def nothing(noisy: Tensor, *, number: int = 0) -> Tensor:
    """The degraded image as it came, whatever the number of the case."""
    del number
    return noisy


def spec_of(count: int) -> Spec:
    """About that many cases, `_CASES_PER_IMAGE` for each seed of the noise."""
    section = {
        "method": "bench.selftest.overhead:nothing",
        "options": {"number": list(range(_CASES_PER_IMAGE))},
        "seed": list(range(max(1, count // _CASES_PER_IMAGE))),
    }
    return Spec.model_validate({"name": "overhead", "threads": 1, "quality": [section]})


def without_a_run(planned: Plan) -> float:
    """Processor seconds per case in this process, which does nothing else meanwhile."""
    groups = grouped(planned.cases)
    _measure(planned, groups[:1])
    begin = _spent()["own"]
    _measure(planned, groups)
    return (_spent()["own"] - begin) / sum(map(len, groups))


def overhead(count: int, folder: Path, *, scheduler: Scheduler, jobs: int) -> dict[str, float]:
    """Milliseconds and bytes per case of a run of about `count` cases; `folder` takes the run."""
    images = ImageSet(_image(folder))
    first = _planned(_WITHOUT_A_RUN, images, folder)
    execute(first, progress=_quiet, jobs=jobs, scheduler=scheduler)  # workers start and import
    case = without_a_run(first)
    clock = clock_for("cpu")
    begin, before, held = clock(), _spent(), _bytes()
    planned = _planned(count, images, folder)
    execute(planned, progress=_quiet, jobs=jobs, scheduler=scheduler)
    spent = {who: (seconds - before[who]) / len(planned.cases) for who, seconds in _spent().items()}
    passed, taken = (clock() - begin) / len(planned.cases), (_bytes() - held) / len(planned.cases)
    return {
        "cases": float(len(planned.cases)),
        "case_ms": 1e3 * case,
        "own_ms": 1e3 * spent["own"],
        "workers_ms": 1e3 * (spent["workers"] - case),
        "overhead_ms": 1e3 * (spent["own"] + spent["workers"] - case),
        "wall_ms": 1e3 * passed,
        "own_bytes": taken,
    }


def _planned(count: int, images: ImageSet, folder: Path) -> Plan:
    return prepare(spec_of(count), images=images, out=folder, command="", say=lambda _: None)


def _measure(planned: Plan, groups: Sequence[Group]) -> None:
    for group in groups:
        deque(measure_group("r", group, planned.images, planned.directory, pictured=frozenset()), maxlen=0)


def _image(folder: Path) -> Path:
    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE), dtype=np.uint8)
    Image.fromarray(pixels).save(path := folder / "small.png")
    return path


def _quiet(*_: object) -> None:
    """No progress shown."""


def _spent() -> dict[str, float]:
    """Processor seconds of this process and of those it started."""
    import psutil

    own = psutil.Process()
    used = [sum(process.cpu_times()[:2]) for process in own.children(recursive=True)]
    ended = os.times()
    return {"own": sum(own.cpu_times()[:2]), "workers": sum(used) + ended.children_user + ended.children_system}


def _bytes() -> float:
    """The most memory this process has held so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


@contextmanager
def _scheduler(text: str, jobs: int) -> Iterator[Scheduler]:
    """A parsed `--scheduler`, or for `dask` a cluster of `jobs` processes on this machine."""
    if text != "dask":
        yield Scheduler.parse(text)
        return
    distributed: Any = importlib.import_module("distributed")
    with distributed.LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None) as cluster:
        yield Scheduler.parse(cluster.scheduler_address)


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--scheduler", default="local", help="local, dask, or tcp://HOST:PORT")
    parser.add_argument("--jobs", type=int, default=usable_cores())
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _scheduler(chosen.scheduler, chosen.jobs) as scheduler:
        found = overhead(chosen.cases, Path(folder), scheduler=scheduler, jobs=chosen.jobs)
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))  # noqa: T201 - a program of its own


if __name__ == "__main__":
    main()
