"""One side of a comparison: a fresh process that runs one revision's code and answers with `bench.regress.session`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import Pipe
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import bench
from bench.errors import NoVerdictError
from bench.plan.case import Case
from bench.regress.checkouts import Checkout, Repository
from bench.regress.turns import Pace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PATIENCE = 600.0
"""Seconds after which a request counts as lost."""

_START = "from bench.regress.session import main; main({descriptor})"

_QUIET = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0", "PYTHONHASHSEED": "0"}
"""Threads that wait must not spin: on their core another process is being timed."""

STEADY_HEAP = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
"""For processes that are timed: the C library keeps the memory that was freed. Left to itself it learns from the order
of calls what to give back, and two processes of one code were seen to differ by 25 % for as long as they lived."""


class ProcessDiedError(NoVerdictError):
    """A process of one side ended, or never came up."""


class Side:
    """One side of a comparison: a fresh process with the code of its checkout; use it as a context."""

    def __init__(self, checkout: Checkout, paths: tuple[str, ...], variables: Mapping[str, str] | None = None) -> None:
        self.checkout = checkout
        self._connection, theirs = Pipe()
        found = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
        variables = {**_QUIET, **(variables or {}), **os.environ, **found}
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        code = _START.format(descriptor=theirs.fileno())
        self._child = subprocess.Popen(  # noqa: S603 - this interpreter, our own code
            [sys.executable, "-c", code], cwd=checkout.folder, env=variables, pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said,
        )  # fmt: skip
        theirs.close()

    def ask(self, request: str, *arguments: object) -> Any:
        """The answer to a request, a `Failure` among them; raises `ProcessDiedError` where none comes."""
        self.send(request, *arguments)
        return self.receive()

    def send(self, request: str, *arguments: object) -> None:
        """Sends a request whose answer `receive` will fetch."""
        try:
            self._connection.send((request, arguments))
        except OSError as error:
            raise self._died() from error

    def receive(self) -> Any:
        """The answer to the oldest request."""
        try:
            if self._connection.poll(PATIENCE):
                return self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        raise ProcessDiedError(f"{self.checkout.label}: no answer within {PATIENCE:.0f} s")

    def make_ready(self, case: Case, image: NDArray[np.float32]) -> None:
        """Has the process build the case and warm it on `image`; `wait_ready` waits for that."""
        self.send("ready", case, image)

    def wait_ready(self, case: Case) -> None:
        """Raises `ProcessDiedError` where the case did not become ready."""
        self._number(case, self.receive())

    def seconds(self, case: Case, pace: Pace, core: int = 0) -> float:
        """Seconds per call; see `bench.regress.turns.TimedSide`."""
        return self._number(case, self.ask("seconds", case, pace, core))

    def move(self, case: Case) -> None:
        """Moves the input; see `bench.regress.turns.TimedSide`."""
        self.ask("move", case)

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._connection.close()
        self._child.kill()
        self._child.wait()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _number(self, case: Case, answer: object) -> float:
        if not isinstance(answer, float):
            raise ProcessDiedError(f"{self.checkout.label}: {case.method} {case.variant} failed while timed: {answer}")
        return answer

    def _died(self) -> ProcessDiedError:
        self._child.kill()
        self._child.wait()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip().splitlines()
        why = said[-1] if said else f"ended with status {self._child.returncode}"
        return ProcessDiedError(f"{self.checkout.label} does not run with this suite: {why}")


def import_paths(found: Repository, folder: Path) -> tuple[str, ...]:
    """Where a side's processes import from: this package first, whichever revision is measured; then the side's code.

    That is its root, its `src`, and every place in `folder` that is on this process's own path in the repository.
    """
    measuring = found.git / "restobench" / "measuring"
    measuring.mkdir(parents=True, exist_ok=True)
    link = measuring / "bench"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(str(bench.__file__)).parent)
    mapped = [measuring, folder, folder / "src"]
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        if path.is_relative_to(found.root) and not path.is_relative_to(found.git) and "site-packages" not in path.parts:
            mapped.append(folder / path.relative_to(found.root))
    return tuple(dict.fromkeys(str(path) for path in mapped if path.is_dir()))


def import_from(found: Repository) -> None:
    """Lets this process, too, import the repository's own packages, so that it can read what a spec names."""
    for place in (found.root, found.root / "src"):
        if place.is_dir() and str(place) not in sys.path:
            sys.path.append(str(place))
