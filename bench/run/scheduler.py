"""Where quality sweeps run: on this machine's cores, or on the workers of a Dask cluster, by joblib's API.

`local` and `local:N` start N processes here (`bench.run.crew`). `tcp://HOST:PORT` (or tls://) hands the work to a
running Dask scheduler. `slurm` and `slurm:N` ask Slurm for N workers, as the user's Dask configuration describes
them. Every worker computes with one thread, so that no result depends on where it was computed. Timing goes to one
worker at most (see `bench.run.timekeeper`).
"""

from __future__ import annotations

import importlib
import queue
import re
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.errors import BenchError, NoVerdictError, one_line

T = TypeVar("T")

Task = tuple[Callable[..., T], tuple[Any, ...], dict[str, Any]]
"""What joblib's `delayed` makes."""

_PATIENCE = 5.0
"""Seconds after which a scheduler that does not answer is taken for lost."""


class SchedulerError(BenchError):
    """A scheduler that cannot be used; the message says what to install or start."""


class WorkersLostError(NoVerdictError):
    """The workers or their scheduler went away; what had come back is kept."""


@dataclass(frozen=True)
class Scheduler:
    """A parsed `--scheduler`."""

    kind: str = "local"
    address: str = ""
    workers: int = 0
    """0: as many as there are cores, or as the cluster has."""

    @classmethod
    def parse(cls, text: str) -> Scheduler:
        """Reads `local`, `local:4`, `tcp://host:8786`, `slurm`, `slurm:16`; raises SchedulerError."""
        if re.fullmatch(r"(tcp|tls|ucx)://\S+:\d+", text):
            return cls("dask", text)
        if found := re.fullmatch(r"(local|slurm)(?::(\d{1,6}))?", text):
            return cls(found[1], workers=int(found[2] or 0))
        raise SchedulerError(f"--scheduler {text!r}: expected local, local:N, slurm, slurm:N or tcp://HOST:PORT")

    def run(self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        """The results of all tasks on a cluster, each once, as they are finished; raises WorkersLostError."""
        with self.connected() as client:
            yield from _distributed(tasks, client)

    def connected(self) -> AbstractContextManager[Any]:
        """Dask's client of a cluster; raises SchedulerError where there is none."""
        distributed = _imported("distributed")
        if self.kind == "slurm":
            return _slurm(distributed, self.workers or 1)
        try:
            return distributed.Client(self.address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-any-return]
        except (OSError, ValueError) as error:
            raise SchedulerError(f"no Dask scheduler answers at {self.address}: {one_line(error)}") from error


def _distributed(tasks: Iterable[Task[T]], client: Any) -> Iterator[T]:
    """The results that joblib gives come through a thread of their own, so that a scheduler that is gone is noticed."""
    results: queue.Queue[tuple[str, Any]] = queue.Queue()
    threading.Thread(target=_fill, args=(results, tasks, client), daemon=True).start()
    while True:
        try:
            kind, result = results.get(timeout=1.0)
        except queue.Empty:
            check_alive(client)
            continue
        if kind == "end":
            return
        if kind == "error" and isinstance(result, BenchError):
            raise result
        if kind == "error":
            raise WorkersLostError(f"the cluster gave up: {one_line(result)}; what had come back is kept") from result
        yield result


def _fill(results: queue.Queue[tuple[str, Any]], tasks: Iterable[Task[T]], client: Any) -> None:
    from joblib import Parallel, parallel_config

    try:
        with parallel_config(backend="dask", client=client, n_jobs=-1):
            for result in Parallel(return_as="generator_unordered")(tasks):
                results.put(("result", result))
        results.put(("end", None))
    except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
        results.put(("error", error))


def check_alive(client: Any) -> None:
    """Raises WorkersLostError where the client's scheduler is gone."""
    if client.status != "running":
        raise WorkersLostError("the Dask scheduler went away; what had come back is kept")


@contextmanager
def _slurm(distributed: Any, workers: int) -> Iterator[Any]:
    """Workers that Slurm starts; cores, memory, queue and account come from Dask's configuration `jobqueue.slurm`."""
    jobqueue = _imported("dask_jobqueue")
    if shutil.which("sbatch") is None:
        raise SchedulerError("--scheduler slurm: there is no sbatch on PATH; run this where jobs are submitted")
    try:
        cluster = jobqueue.SLURMCluster(n_workers=workers)
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise SchedulerError(f"Slurm cannot be asked for workers: {one_line(error)}") from error
    with cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client


def _imported(name: str) -> Any:
    """The module; Ctrl-C means what it meant before, though dask_jobqueue makes it an exit with status 0."""
    before = signal.getsignal(signal.SIGINT)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SchedulerError(f"{name} is not installed; pip install 'restobench[cluster]'") from error
    finally:
        if signal.getsignal(signal.SIGINT) is not before:
            signal.signal(signal.SIGINT, before)
