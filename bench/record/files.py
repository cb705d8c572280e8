"""Files that survive a crash or a full disk: written whole or not at all, or appended line by line."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

from bench.interrupts import held_back

_DRAFT = ".new"
"""The end of a draft's name."""


def utf8(text: str) -> bytes:
    """`text` as it is stored; what a file's name holds that is no UTF-8 stands as JSON's own escape."""
    return text.encode("utf-8", "backslashreplace")


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Makes `parts` the whole content of `path`: a crash leaves the old file or the new one. Raises OSError."""
    draft = path.with_name(f"{path.name}{_DRAFT}")
    with held_back():
        try:
            with draft.open("wb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def remove_drafts(folder: Path) -> None:
    """Removes what a process that was killed had begun to write below `folder`."""
    for draft in folder.rglob(f"*{_DRAFT}"):
        draft.unlink(missing_ok=True)


def append_whole(file: FileIO, content: bytes) -> None:
    """Adds `content` to an unbuffered file and waits until it is on disk.

    Raises OSError where it cannot; then none of `content` is in the file.
    """
    begin = os.fstat(file.fileno()).st_size
    left = memoryview(content)
    with held_back():
        try:
            while left:
                left = left[file.write(left) or 0 :]
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(begin)
            raise


def drop_torn_line(path: Path) -> None:
    """Cuts off what follows the last newline of a file, if there is one: a write that a crash interrupted."""
    if path.exists():
        with path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
