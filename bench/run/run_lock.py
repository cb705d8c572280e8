"""One process at a time writes into a run directory: two that resume the same run would measure its cases twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.errors import BenchError
from bench.machine.lock import LockHeldError, locked

NAME = "run.lock"

_HELD: dict[Path, ExitStack] = {}


def lock_run(directory: Path) -> None:
    """Locks a run directory for this process until a `run_lock` on it is left, or the process ends.

    Raises `BenchError` where another process holds it, or where the directory cannot be written.
    """
    place = directory.resolve()
    if place in _HELD:
        return
    held = ExitStack()
    try:
        held.enter_context(locked(place / NAME))
    except LockHeldError as holder:
        raise BenchError(f"{directory} is being measured by {holder}; wait for it, or end it and resume") from None
    except OSError as error:
        raise BenchError(f"cannot lock {directory}: {error.strerror or error}; make it writable to resume") from error
    _HELD[place] = held


@contextmanager
def run_lock(directory: Path) -> Iterator[None]:
    """Holds the lock on a run directory inside the block, from before perhaps, and gives it back."""
    lock_run(directory)
    try:
        yield
    finally:
        _HELD.pop(directory.resolve()).close()
