"""The lock that keeps two comparisons apart: each would disturb what the other times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.errors import BenchError
from bench.machine.lock import LockHeldError, locked


@contextmanager
def comparison_lock(folder: Path) -> Iterator[None]:
    """Holds the lock in `folder`; raises `BenchError`, naming who holds it, where another process does."""
    path = folder / "compare.lock"
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(path))
        except LockHeldError as holder:
            raise BenchError(f"another comparison is running: {holder}; two would disturb each other") from None
        except OSError as error:
            raise BenchError(f"cannot lock {path}: {error.strerror or error}") from error
        yield
