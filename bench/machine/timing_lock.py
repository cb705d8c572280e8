"""One timing at a time on a machine: the process that takes times holds a lock that all users of the machine see."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.errors import BenchError
from bench.machine.lock import LockHeldError, locked
from bench.talk import Say


def lock_path() -> Path:
    """RESTOBENCH_LOCK, or a file in the machine's temporary folder; it says who holds it."""
    chosen = os.environ.get("RESTOBENCH_LOCK")
    return Path(chosen) if chosen else Path(tempfile.gettempdir()) / "restobench-takes-time.lock"


@contextmanager
def timing_lock(say: Say) -> Iterator[None]:
    """Holds this machine's timing lock inside the block; where it has to wait, says once for whom, and how not to."""
    path = lock_path()
    with ExitStack() as held:
        try:
            try:
                held.enter_context(locked(path))
            except LockHeldError as holder:
                say(
                    f"{holder} takes times on this machine; waiting for it (to go on at once, each disturbing the "
                    f"other's times, set RESTOBENCH_LOCK to another file than {path})"
                )
                held.enter_context(locked(path, wait=True))
        except OSError as error:
            raise BenchError(f"cannot lock {path}: {error}; name another file in RESTOBENCH_LOCK") from error
        yield
