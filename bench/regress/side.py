"""One side of a comparison: a fresh process that runs one revision's code and answers with `bench.regress.session`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bench
from bench.errors import NoVerdictError
from bench.machine.fresh_process import Failure, FreshProcess, ProcessDiedError
from bench.plan.case import Case
from bench.regress.checkouts import Checkout, Repository
from bench.regress.turns import Pace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PATIENCE = 600.0
"""Seconds after which a question counts as lost, unless the user says otherwise (0: never)."""

SESSION = "bench.regress.session:Session"
REHEARSAL = "bench.regress.rehearsal:Rehearsal"

_QUIET = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0", "PYTHONHASHSEED": "0"}
"""Threads that wait must not spin: on their core another process is being timed."""

STEADY_HEAP = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
"""For processes that are timed: the C library keeps freed memory. By default it learns from the order of calls what to
give back, and two processes with the same code differed by 25 % for as long as they lived."""


class Side(FreshProcess):
    """One side of a comparison: a fresh process with the code of its checkout; use it as a context.

    Raises `NoVerdictError` where the process ends or does not answer in time.
    """

    def __init__(
        self,
        checkout: Checkout,
        paths: tuple[str, ...],
        variables: Mapping[str, str] | None = None,
        *,
        target: str,
        patience: float = PATIENCE,
    ) -> None:
        self.checkout = checkout
        self._patience = patience
        environment = {**_QUIET, **(variables or {}), **os.environ, "PYTHONSAFEPATH": "1"}
        super().__init__(target, paths=paths, environment=environment, folder=checkout.folder)

    def send(self, question: str, *arguments: object, in_parts: bool = False) -> None:
        """Sends a question whose answer `receive` will fetch."""
        with self._said_by_side():
            super().send(question, *arguments, in_parts=in_parts)

    def receive(self, patience: float | None = None) -> Any:
        """The answer to the oldest question, which may be a `Failure`."""
        with self._said_by_side():
            return super().receive(patience or self._patience or None)

    def make_ready(self, case: Case, image: NDArray[np.float32]) -> None:
        """Asks the process to build the case and to warm it up on `image`; `wait_ready` waits for that."""
        self.send("ready", case, image)

    def wait_ready(self, case: Case) -> None:
        """Raises `NoVerdictError` where the case did not become ready."""
        self._timed(case, self.receive())

    def seconds(self, case: Case, pace: Pace, core: int = 0) -> tuple[float, float]:
        """Seconds per call by two clocks; see `bench.regress.turns.TimedSide`."""
        wall, processor = self._timed(case, self.ask("seconds", case, pace, core))
        return wall, processor

    def move(self, case: Case) -> None:
        """Moves the input; see `bench.regress.turns.TimedSide`."""
        self.ask("move", case)

    def _timed(self, case: Case, answer: Any) -> Any:
        """The answer, where it is no failure."""
        if isinstance(answer, Failure):
            raise NoVerdictError(
                f"{self.checkout.label}: {case.method} {case.variant} failed while timed: {answer.error}"
            )
        return answer

    @contextmanager
    def _said_by_side(self) -> Iterator[None]:
        try:
            yield
        except ProcessDiedError as error:
            why = ":" if error.ended is None else " does not run with this suite:"
            raise NoVerdictError(f"{self.checkout.label}{why} {error}") from error


def import_paths(repository: Repository, folder: Path) -> tuple[str, ...]:
    """Where a side imports from: first this package, for both revisions; then the code in its own `folder`.

    That is the folder itself, its `src`, and the counterpart of every place in the repository that this process imports
    from.
    """
    measuring = repository.git / "restobench" / "measuring"
    measuring.mkdir(parents=True, exist_ok=True)
    link = measuring / "bench"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(str(bench.__file__)).parent)
    mapped = [measuring, folder, folder / "src"]
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        if (
            path.is_relative_to(repository.root)
            and not path.is_relative_to(repository.git)
            and "site-packages" not in path.parts
        ):
            mapped.append(folder / path.relative_to(repository.root))
    return tuple(dict.fromkeys(str(path) for path in mapped if path.is_dir()))


def import_from(repository: Repository) -> None:
    """Lets this process import the repository's own packages, because a spec may name methods of theirs."""
    for place in (repository.root, repository.root / "src"):
        if place.is_dir() and str(place) not in sys.path:
            sys.path.append(str(place))
