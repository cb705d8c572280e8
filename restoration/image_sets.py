"""Which image files are meant: a folder, a pattern, a list file, one file, or a standard set by its name.

Standard sets (Set5, Set12, BSD68, ...) are folders below the data root, the environment's RESTOBENCH_DATA or `data`
in the current folder; upper and lower case are the same there, and originals may lie in a folder `HR` or the like.
"""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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


def find_degraded(folder: Path, references: Mapping[str, Path]) -> Mapping[str, Path]:
    """The degraded file of each reference that has one, by the reference's name; stems are what they share.

    The references themselves are none, should they lie in `folder`, too. Raises `ImageError` where two files fit one
    reference, or one file fits two, and where none fits any.
    """
    own = {path.resolve() for path in references.values()}
    files = [file for file in image_paths(folder) if file.resolve() not in own]
    stems = {Path(name).stem for name in references}
    found: dict[str, Path] = {}
    for name in references:
        fitting = [file for file in files if _is_degraded(file.stem, Path(name).stem, stems)]
        if len(fitting) > 1:
            raise ImageError(
                f"{folder}: {fitting[0].name} and {fitting[1].name} both look like {name} degraded; take one away"
            )
        if other := next((known for known, file in found.items() if [file] == fitting), None):
            raise ImageError(f"{folder}: {fitting[0].name} looks like {other} degraded, and like {name}; rename one")
        if fitting:
            found[name] = fitting[0]
    if not found:
        raise ImageError(f"{folder}: no file is named like any reference, as {next(iter(references))} is")
    return found


def _is_degraded(stem: str, reference: str, references: Collection[str]) -> bool:
    """Whether a file's stem is its reference's, or that and a mark, and not that of another reference."""
    if stem == reference:
        return True
    return stem.startswith(reference) and stem not in references and bool(_MARK.fullmatch(stem.removeprefix(reference)))


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
