"""The files of a report: each written whole, and none outside its folder.

A run directory may come from a stranger: links in it are neither followed nor written through.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from reports.errors import ReportWriteError


@contextlib.contextmanager
def whole_file(directory: Path, name: str) -> Iterator[BinaryIO]:
    """A new file `name`, `tables/x.csv` perhaps, below `directory`, open for bytes; it bears its name once it is whole.

    Raises `ReportWriteError` where it cannot be written, and where the folder that `name` begins with is a link.
    """
    path = directory / name
    if path.parent != directory and path.parent.is_symlink():
        raise ReportWriteError(f"{path.parent} is a link to elsewhere: nothing is written through it; remove it")
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with draft.open("xb") as file:  # fails where a link has taken the name
            yield file
        draft.replace(path)
    except OSError as error:
        raise ReportWriteError(
            f"cannot write {path}: {error.strerror or error}; choose a folder you may write to"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def write_figures(svg: Mapping[str, str], directory: Path) -> None:
    """Each figure as `figures/NAME.svg`."""
    for name, text in svg.items():
        write_text(directory, f"figures/{name}.svg", text)


def write_text(directory: Path, name: str, text: str) -> Path:
    """Writes a text file below `directory`; what is no UTF-8 stands as its escape. Returns its path."""
    with whole_file(directory, name) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
    return directory / name
