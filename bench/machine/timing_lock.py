"""One timing at a time on a machine: the process that takes times holds a lock that all users of the machine see."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import BenchError
from bench.talk import Say

_ANYONE = 0o666


def lock_path() -> Path:
    """RESTOBENCH_LOCK, or a file in the machine's temporary folder; it holds nothing."""
    chosen = os.environ.get("RESTOBENCH_LOCK")
    return Path(chosen) if chosen else Path(tempfile.gettempdir()) / "restobench-takes-time.lock"


@contextmanager
def timing_lock(say: Say) -> Iterator[None]:
    """Holds this machine's timing lock inside the block; says so once if it has to wait for another process."""
    from filelock import FileLock, Timeout

    path = lock_path()
    lock = FileLock(path, mode=_ANYONE)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"another process is taking time on this machine (it holds {path}); waiting for it")
            lock.acquire()
    except OSError as error:
        raise BenchError(f"cannot lock {path}: {error}; name another file in RESTOBENCH_LOCK") from error
    try:
        yield
    finally:
        lock.release()
