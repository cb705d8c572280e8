"""Processes that measure, so that a method can end, hang or spoil nothing but its own case.

A part of a plan is handed to one process, which sends the rows of each case as soon as it is done. A process that ends
or exceeds the time limit costs the case that it was at; the rest of the part goes to a new process.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Self, cast

from bench.errors import BenchError, RowsError
from bench.machine.clock import clock_for
from bench.machine.fresh_process import Failure, FreshProcess, Part, ProcessDiedError
from bench.plan.case import Case
from bench.plan.experiments import seconds_of
from bench.record.attempt import END, failed
from bench.record.rows import Row
from bench.run.plan import Plan

MOST_LATE = 3
"""Cases of one method that may exceed the time limit in one run; the rest of its cases is not tried."""

_SLOWEST = 10
"""How many times its forecast an experiment may take, where that is more than the limit."""

_clock = clock_for("cpu")


class TimeLimitError(BenchError):
    """A case took longer than it may."""


class CaseError(BenchError):
    """What ended a case that did not end by itself."""


class Work:
    """One part of a plan on its way through a process."""

    def __init__(self, part: Plan) -> None:
        self.part = part
        """What is left of it."""
        self._came = 0
        self._together: list[Row] = []

    @property
    def current(self) -> Case | None:
        """The case that is being measured; None where all are done."""
        return next(iter(self.part.cases), None)

    def take(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows that may be written now, of those which the process sent; a group timed in turn comes together."""
        if self._in_turn:
            self._came += bool(rows)
            self._together += rows
            return ()
        ended = {row.case for row in rows if row.reading.quantity == END}
        self.part = self.part.only(lambda case: case not in ended)
        return rows

    def complete(self) -> Sequence[Row]:
        """The rows that were held back until the process had answered in full."""
        rows, self._together = self._together, []
        if rows:
            self.part = self.part.holding(())
        return rows

    def lose(self, error: Exception) -> list[Row]:
        """The failures of the cases that `error` ended: the one being measured, or a whole group timed in turn.

        Members of such a group are built one after the other, and the process sends rows after each.
        """
        cases = self.part.cases
        lost = cases[self._came : self._came + 1]
        if self._in_turn and not lost:  # all are built: any of them may have been at it
            lost = cases
        self.part = self.part.only(lambda case: case not in lost)
        self._came, self._together = 0, []
        return failed(self.part.manifest.run, lost, error)

    def limit(self) -> float:
        """Seconds in which the process has to send something; 0: none."""
        timeout, case = self.part.timeout, self.current
        if case is None or not timeout:
            return timeout
        if case.kind == "experiment":
            return max(timeout, _SLOWEST * seconds_of(case.method))
        return timeout * len(self.part.cases) if self._in_turn else timeout

    @property
    def _in_turn(self) -> bool:
        return bool(self.part.cases) and self.part.cases[0].kind == "paired"


@dataclass
class Post:
    """A process and what it is working at."""

    process: FreshProcess
    work: Work
    deadline: float = float("inf")

    def begin(self) -> None:
        """Hands the work over; its time begins when the process says that it is there."""
        self.process.send("measure", self.work.part, in_parts=True)

    def wind(self) -> None:
        """Gives the case that is next its whole time."""
        limit = self.work.limit()
        self.deadline = _clock() + limit if limit else float("inf")


class Crew:
    """Up to a number of processes that stay for the whole run; a context, at whose end all of them are ended."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Processes with the variables of `environment`; with this process's own where it is left out."""
        self._environment = environment
        self._idle: list[FreshProcess] = []
        self._busy: list[Post] = []
        self._late: Counter[str] = Counter()

    def measure(self, parts: Iterable[Plan], *, jobs: int = 1) -> Iterator[Sequence[Row]]:
        """The rows of all parts as they come, measured by `jobs` processes at once."""
        waiting = deque[Work]()
        source = iter(parts)
        while True:
            while len(self._busy) < jobs and (work := self._next(waiting, source)):
                yield from self._start(work, waiting)
            if not self._busy:
                return
            for post in self._ready():
                yield from self._receive(post, waiting)

    def close(self) -> None:
        """Ends all processes, whatever they are doing."""
        for process in (*self._idle, *(post.process for post in self._busy)):
            process.close()
        self._idle, self._busy = [], []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _process(self) -> FreshProcess:
        return FreshProcess("bench.run.kinds", environment=self._environment)

    def _next(self, waiting: deque[Work], source: Iterator[Plan]) -> Work | None:
        if waiting:
            return waiting.popleft()
        return next((Work(part) for part in source if part.cases), None)

    def _start(self, work: Work, waiting: deque[Work]) -> Iterator[Sequence[Row]]:
        """Hands `work` to a process, unless its method was too slow too often."""
        while (case := work.current) and self._late[case.method] >= MOST_LATE:
            reason = f"not tried: {MOST_LATE} cases of {case.method} exceeded the time limit (--timeout)"
            yield work.lose(TimeLimitError(reason))
        if work.current is None:
            return
        post = Post(self._idle.pop() if self._idle else self._process(), work)
        self._busy.append(post)
        try:
            post.begin()
        except ProcessDiedError as error:
            yield self._lose(post, error, waiting)

    def _ready(self) -> list[Post]:
        """The processes that sent something or are too late, after waiting for the first of them."""
        first = min(post.deadline for post in self._busy)
        timeout = None if first == float("inf") else max(0.0, first - _clock())
        heard = wait([post.process.connection for post in self._busy], timeout)
        now = _clock()
        return [post for post in self._busy if post.process.connection in heard or post.deadline <= now]

    def _receive(self, post: Post, waiting: deque[Work]) -> Iterator[Sequence[Row]]:
        if not post.process.connection.poll():
            limit = post.work.limit()
            if case := post.work.current:
                self._late[case.method] += 1
            yield self._lose(post, TimeLimitError(f"stopped after {limit:g} s; --timeout allows more"), waiting)
            return
        try:
            answer: Any = post.process.receive()
        except ProcessDiedError as error:
            yield self._lose(post, error, waiting)
            return
        if isinstance(answer, Part):
            yield post.work.take(cast("Sequence[Row]", answer.value))
            post.wind()
            return
        self._busy.remove(post)
        self._idle.append(post.process)
        if isinstance(answer, Failure):
            if "RowsError" in answer.kinds:
                raise RowsError(answer.message)
            yield post.work.lose(CaseError(answer.error))
        else:
            yield post.work.complete()
        if post.work.current:
            waiting.appendleft(post.work)

    def _lose(self, post: Post, error: Exception, waiting: deque[Work]) -> Sequence[Row]:
        """Ends a process that did not keep to its work; what is left of that comes next."""
        self._busy.remove(post)
        post.process.close()
        rows = post.work.lose(error)
        if post.work.current:
            waiting.appendleft(post.work)
        return rows
