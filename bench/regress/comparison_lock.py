"""The lock that keeps two comparisons apart: each would disturb what the other times."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError


@contextlib.contextmanager
def comparison_lock(folder: Path, command: str) -> Iterator[None]:
    """Holds the lock in `folder`; raises `BenchError`, naming who holds it, where another process does."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / "compare.json"
    lock = FileLock(folder / "compare.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BenchError(f"another comparison is running: {_held_by(holder)}; two would disturb each other") from None
    try:
        holder.write_text(json.dumps({"process": os.getpid(), "command": command, "folder": os.getcwd()}))  # noqa: PTH109 - as the person sees it
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _held_by(holder: Path) -> str:
    try:
        said = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {said['process']}, `{said['command']}`, in {said['folder']}"
    except (OSError, ValueError, KeyError):
        return f"see {holder}"
