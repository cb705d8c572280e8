"""Takes a run's times on one machine of a cluster: that of a worker which offers the resource TIMING.

`dask worker tcp://HOST:8786 --nworkers 1 --nthreads 1 --resources TIMING=1` offers it. Every case is a task for that
worker alone; the next is handed out when the one before is done. The worker has a fresh process measure it, so that
Dask's own threads and settings have no part in it, under its machine's timing lock.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.errors import BenchError, NoVerdictError, one_line
from bench.machine.environment import Machine, environment
from bench.machine.fresh_process import FreshProcess, known
from bench.machine.threads import usable_cores
from bench.machine.timing_lock import timing_lock
from bench.measure.timing import record_benchmarks, recorded
from bench.record.attempt import failed
from bench.record.case_hash import code
from bench.record.rows import Row
from bench.run.crew import Crew
from bench.run.plan import Plan
from bench.run.scheduler import Scheduler, SchedulerError, check_alive
from bench.talk import counted

RESOURCE = "TIMING"

_TRIES = 2
"""How often a case is tried whose worker goes away."""

_RETURN = 30
"""Seconds in which a worker that went away may come back, or another on an equal machine."""


class TimingLostError(NoVerdictError):
    """The worker that took the times is gone, and there is no other whose machine is equal."""


class _WorkerGoneError(Exception):
    """The worker went away with its task."""


@dataclass(frozen=True)
class Timed:
    """What a worker measured."""

    rows: tuple[Row, ...]
    said: tuple[str, ...]
    """For the person at the terminal: what it had to wait for."""
    benchmark: Mapping[str, Any]
    """pytest-benchmark's own record; empty where the suite did not run."""


@contextmanager
def timekeeper(scheduler: Scheduler, say: Callable[[str], None]) -> Iterator[Timekeeper | None]:
    """The timekeeper of a running cluster; None where no cluster was started beforehand."""
    if scheduler.kind != "dask":
        yield None
        return
    with scheduler.connected() as client:
        yield Timekeeper(client, say)


class Timekeeper:
    """Hands cases to the one worker that takes the times of a run."""

    def __init__(self, client: Any, say: Callable[[str], None]) -> None:
        self._client = client
        self._say = say
        self._threads = 1
        self.machine: Machine | None = None
        """What `choose` has chosen."""
        self.gone: list[str] = []
        """The workers that offered to take times and went away while `choose` asked them."""

    def choose(self, threads: int, fingerprint: str = "") -> Machine | None:
        """The machine on which times will be taken with `threads`: the first that offers it and has `fingerprint`.

        None where there is none. Raises SchedulerError for a worker that cannot keep what it offers.
        """
        self._threads = threads
        for worker, others in self._offering().items():
            try:
                machine: Machine = self._asked(worker, machine_there, worker, threads, others)
            except _WorkerGoneError:
                self.gone.append(worker)
                continue
            if machine.code != code():
                why = f"{worker} offers {RESOURCE}, but runs other code or other versions of libraries"
                raise SchedulerError(f"{why}; install the same there as here")
            if fingerprint in {"", machine.environment.fingerprint}:
                self.machine = machine
                self._say(f"taking times on {worker}, machine {machine.environment.fingerprint}")
                return machine
        return None

    def measure(self, part: Plan) -> Sequence[Row]:
        """The rows of one case or group; raises TimingLostError where nobody is left to measure it."""
        assert self.machine is not None  # noqa: S101 - chosen before
        for _ in range(_TRIES):
            try:
                asked = replace(part, directory=part.directory.absolute())
                timed: Timed = self._asked(self.machine.worker, timed_there, asked)
            except _WorkerGoneError:
                self._move()
            else:
                for word in timed.said:
                    self._say(word)
                if timed.benchmark:
                    record_benchmarks(part.directory, timed.benchmark, after=recorded(part.directory))
                return timed.rows
        reason = BenchError(f"{_TRIES} workers went away while they measured this")
        return failed(part.manifest.run, part.cases, reason)

    def _move(self) -> None:
        """Goes on with a worker whose machine is equal, perhaps the same one that came back."""
        assert self.machine is not None  # noqa: S101 - as above
        worker, fingerprint = self.machine.worker, self.machine.environment.fingerprint
        for _ in range(_RETURN):
            if self.choose(self._threads, fingerprint):
                return
            time.sleep(1)
        raise TimingLostError(
            f"{worker}, which took the times, went away, and no worker of an equal machine ({fingerprint}) offers "
            f"{RESOURCE}; start one and resume"
        )

    def _asked(self, worker: str, question: Callable[..., Any], *arguments: object) -> Any:
        """What `question` answers on `worker`; raises _WorkerGoneError."""
        future = self._client.submit(question, *arguments, workers=[worker], resources={RESOURCE: 1}, pure=False)
        try:
            while True:
                try:
                    return future.result(timeout=1)
                except TimeoutError:
                    check_alive(self._client)
                    if worker not in self._workers():
                        raise _WorkerGoneError from None
        except (BenchError, _WorkerGoneError):
            raise
        except Exception as error:
            if worker not in self._workers():
                raise _WorkerGoneError from error
            raise SchedulerError(f"{worker} offers {RESOURCE}, but cannot measure: {one_line(error)}") from error
        finally:
            future.cancel()

    def _offering(self) -> dict[str, int]:
        """The workers that offer to take times, in order, and how many other workers run on the same machine."""
        known = self._workers()
        found = sorted(address for address in known if known[address]["resources"].get(RESOURCE))
        for address in found:
            if (threads := known[address]["nthreads"]) != 1:
                raise SchedulerError(
                    f"{address} offers {RESOURCE}, but would run {threads} tasks at once; start it with --nworkers 1 "
                    "--nthreads 1"
                )
        hosts = [worker["host"] for worker in known.values()]
        return {address: hosts.count(known[address]["host"]) - 1 for address in found}

    def _workers(self) -> dict[str, Any]:
        check_alive(self._client)
        try:
            known = self._client.scheduler_info(n_workers=-1)
        except TypeError:  # before 2025.4 there was no limit to lift
            known = self._client.scheduler_info()
        return dict(known["workers"])


def machine_there(worker: str, threads: int, others: int) -> Machine:
    """Runs in the worker: what a fresh process says of the machine that `worker` shares with `others` other workers."""
    with FreshProcess("bench.run.timekeeper", environment=_undisturbed()) as process:
        found: Machine = known(process.ask("machine_here", worker, threads, others))
    return found


def timed_there(part: Plan) -> Timed:
    """Runs in the worker: has one part measured, alone on this machine."""
    rows: list[Row] = []
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder, timing_lock(said.append):
        kind = part.cases[0].kind
        into = replace(part, directory=Path(folder)) if kind == "time" else part
        with Crew(_undisturbed()) as crew:
            for some in crew.measure([into]):
                rows.extend(some)
        benchmark = recorded(Path(folder))
    return Timed(tuple(rows), tuple(said), benchmark)


def _undisturbed() -> dict[str, str]:
    """The worker's environment without what Dask set in it: threads of libraries, the C library's memory."""
    import dask

    places = ("distributed.nanny.pre-spawn-environ", "distributed.nanny.environ")
    given = {name: value for place in places for name, value in dask.config.get(place, {}).items()}
    return {name: value for name, value in os.environ.items() if value != str(given.get(name))}


def machine_here(worker: str, threads: int, others: int) -> Machine:
    """Runs in the fresh process: describes the machine that `worker` shares with `others` other workers."""
    from bench.machine.doctor import glance

    notices = [f"the times were taken by {worker}, a worker of the cluster"]
    if others:
        shared = f"the machine of {worker} is shared by {counted(others, 'other worker')}"
        notices.append(f"{shared}: tasks of other runs may have disturbed the times")
    if threads != (cores := usable_cores()):
        said = "as the spec or the starting machine says"
        notices.append(f"times were taken with {counted(threads, 'thread')}, {said}, on {counted(cores, 'core')}")
    with timing_lock(lambda _: None):
        doctor = glance(threads)
    return Machine(worker, environment(threads), doctor, code(), tuple(notices))
