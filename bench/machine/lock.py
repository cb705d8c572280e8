"""A lock that one process at a time holds on a file, in which it says who it is.

The system gives it back however its holder ends. The file is removed with the lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.errors import BenchError
from bench.talk import command_line

_ANYONE = 0o666


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    process: int
    command: str
    folder: str
    since: str

    @classmethod
    def this(cls) -> Holder:
        """This process, as of now."""
        return cls(os.getpid(), command_line(), os.getcwd(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))  # noqa: PTH109 - as the person sees it

    def __str__(self) -> str:
        return f"process {self.process}, `{self.command}`, in {self.folder}, since {self.since}"


class LockHeldError(BenchError):
    """Another process holds the lock; the message is who."""


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Holds the lock on `path` inside the block.

    Where another process holds it, waits for that with `wait`, and else raises `LockHeldError`. Raises OSError where
    the file cannot be made or locked.
    """
    file = _acquired(path, wait=wait)
    try:
        with suppress(OSError):  # no room: whoever finds it locked is told less
            os.ftruncate(file, 0)
            os.write(file, json.dumps(asdict(Holder.this())).encode())
        yield
    finally:
        with suppress(OSError):  # another user's file in a folder that all may write to
            path.unlink()
        os.close(file)


def holder_of(path: Path) -> str:
    """Who holds the lock on `path`, for people."""
    with suppress(OSError, ValueError, TypeError):
        return str(Holder(**json.loads(path.read_text(encoding="utf-8"))))
    return f"a process that holds {path}"


def _acquired(path: Path, *, wait: bool) -> int:
    """The descriptor of the locked file, which is the one that `path` names: its last holder removes it."""
    while True:
        file = _opened(path)
        ours = False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            ours = _named(path, file)
        except BlockingIOError:
            raise LockHeldError(holder_of(path)) from None
        finally:
            if not ours:
                os.close(file)
        if ours:
            return file


def _named(path: Path, file: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file))
    return False


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)  # without O_CREAT, which /tmp refuses for another user's file
    except FileNotFoundError:
        file = os.open(path, flags | os.O_CREAT, _ANYONE)
    with suppress(OSError):
        os.fchmod(file, _ANYONE)
    return file
