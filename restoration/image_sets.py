"""Which image files are meant: a folder, a pattern, a list file, one file, or a standard set by its name.

Standard sets (Set5, Set12, BSD68, ...) are folders below the data root, the environment's RESTOBENCH_DATA or `data`
in the current folder; upper and lower case are the same there, and originals may lie in a folder `HR` or the like.
"""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from restoration.errors import ImageError
from restoration.images import SUFFIXES, image_paths

SETS = ("Set5", "Set12", "Set14", "BSD68", "CBSD68", "BSD100", "Urban100", "Manga109", "Kodak24", "McMaster", "DIV2K")
"""Names that people know; any other folder below the data root is a set too."""

_LISTS = (".txt", ".lst")
_ORIGINALS = ("hr", "gt", "original", "originals", "gtmod12", "images", "clean")
_MARK = re.compile(r"([-_.]?(x\d|lr|lrbi|noisy|degraded|input))*", re.IGNORECASE)
"""What degraded files carry after the name of their reference: babyx2, baby_LR, baby-noisy."""


def data_root() -> Path:
    """Where standard sets lie."""
    return Path(os.environ.get("RESTOBENCH_DATA") or "data").expanduser()


def find_images(source: str | Path) -> Mapping[str, Path]:
    """The image files that `source` means, by a name that is unique among them, in a fixed order.

    A file of a list that is not there is kept: it is an error of its own cases, not of the others. Raises `ImageError`
    where nothing is found.
    """
    text, path = str(source), Path(source)
    if path.is_dir():
        return _named(image_paths(path))
    if path.is_file():
        return _named(_listed(path) if path.suffix.lower() in _LISTS else (path,))
    if any(mark in text for mark in "*?["):
        return _named(_matching(text))
    if re.fullmatch(r"[\w-]+", text) and (folder := _set_folder(text)):
        return _named(image_paths(folder))
    sets = sorted(path.name for path in data_root().glob("*/"))
    known = ", ".join(sets) or f"none below {data_root()}; say where with RESTOBENCH_DATA"
    raise ImageError(f"{text}: no such image folder, file, pattern or set; sets here: {known}")


def find_degraded(folder: Path, references: Sequence[str]) -> Mapping[str, Path]:
    """The degraded file of each reference that has one, by the reference's name; stems are what they share."""
    files = image_paths(folder)
    found: dict[str, Path] = {}
    for name in references:
        stem = Path(name).stem
        fitting = [
            file for file in files if file.stem.startswith(stem) and _MARK.fullmatch(file.stem.removeprefix(stem))
        ]
        if len(fitting) > 1:
            exact = [file for file in fitting if file.stem == stem]
            if len(exact) != 1:
                raise ImageError(f"{folder}: {fitting[0].name} and {fitting[1].name} both look like {name} degraded")
            fitting = exact
        if fitting:
            found[name] = fitting[0]
    if not found:
        raise ImageError(f"{folder}: no file is named like any reference, as {references[0]} is; stems must agree")
    return found


def _matching(pattern: str) -> tuple[Path, ...]:
    found = (Path(file) for file in sorted(glob.glob(pattern, recursive=True)))  # noqa: PTH207 - absolute patterns too
    paths = tuple(path for path in found if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise ImageError(f"{pattern}: no image file matches")
    return paths


def _listed(path: Path) -> tuple[Path, ...]:
    """One path a line, from the list's own folder; empty lines and those that begin with # say nothing."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(f"{path}: cannot read the list: {error}") from error
    paths = tuple(path.parent / line for line in lines if line and not line.startswith("#"))
    if not paths:
        raise ImageError(f"{path}: an empty list; expected one image file a line")
    return paths


def _named(paths: Sequence[Path]) -> Mapping[str, Path]:
    """By file name, or by the path from the folder they share where two files have one name."""
    absolute = [path.absolute() for path in dict.fromkeys(paths)]
    if max(Counter(path.name for path in absolute).values()) == 1:
        return {path.name: path for path in absolute}
    shared = os.path.commonpath([path.parent for path in absolute])
    return {path.relative_to(shared).as_posix(): path for path in absolute}


def _set_folder(name: str) -> Path | None:
    folder = _child(data_root(), (name.lower(),))
    if folder is None or any(file.suffix.lower() in SUFFIXES for file in folder.iterdir()):
        return folder
    return _child(folder, _ORIGINALS) or folder


def _child(folder: Path, names: Sequence[str]) -> Path | None:
    """The first folder below `folder` that has one of these names, whatever its case."""
    if not folder.is_dir():
        return None
    found = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    return next((found[name] for name in names if name in found), None)
