"""Which image files are meant: a folder, a pattern, a list file, one file, a set file, or a standard set by its name.

A set file (TOML) names its images with the SHA-256 of each, so that a result names the very pixels.

Standard sets (Set5, Set12, BSD68, ...) are folders below the data root, the environment's RESTOBENCH_DATA or `data`
in the current folder; upper and lower case are the same there, and originals may lie in a folder `HR` or the like.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from restoration.errors import ImageError
from restoration.images import SUFFIXES, image_paths, is_image

SETS = ("Set5", "Set12", "Set14", "BSD68", "CBSD68", "BSD100", "Urban100", "Manga109", "Kodak24", "McMaster", "DIV2K")
"""Names that people know; any other folder below the data root is a set too."""

_LISTS = (".txt", ".lst")
_SET_FILE = ".toml"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ORIGINALS = ("hr", "gt", "original", "originals", "gtmod12", "images", "clean")
_MARK = re.compile(r"([-_.]?(x\d|lr|lrbi|noisy|degraded|input))*", re.IGNORECASE)
"""What degraded files carry after the name of their reference: babyx2, baby_LR, baby-noisy."""


def data_root() -> Path:
    """Where standard sets lie."""
    return Path(os.environ.get("RESTOBENCH_DATA") or "data").expanduser()


def find_images(source: str | Path) -> Mapping[str, Path]:
    """The image files that `source` means, by a name that is unique among them, in a fixed order.

    A file of a list that is not there is kept: it is an error of its own cases, not of the others. Raises `ImageError`
    where nothing is found, and for a file of a set that is not there or has changed.
    """
    text, path = str(source), Path(source)
    if path.is_dir():
        return _named(image_paths(path))
    if is_set(path):
        return read_set(path).files
    if path.is_file():
        return _named(_listed(path) if path.suffix.lower() in _LISTS else (path,))
    if any(mark in text for mark in "*?["):
        return _named(_matching(text))
    if re.fullmatch(r"[\w-]+", text) and (folder := _set_folder(text)):
        return _named(image_paths(folder))
    sets = sorted(path.name for path in data_root().glob("*/"))
    known = ", ".join(sets) or f"none below {data_root()}; say where with RESTOBENCH_DATA"
    raise ImageError(f"{text}: no such image folder, file, pattern or set; sets here: {known}")


@dataclass(frozen=True)
class SetFile:
    """A set of images as a file names it, each of them checked."""

    name: str
    files: Mapping[str, Path]
    sha256: str
    """Of the lines `SHA-256  name` of all images, sorted by name: two sets share it only if all pixels are the same."""


def is_set(source: str | Path) -> bool:
    """Whether `source` is a set file."""
    path = Path(source)
    return path.suffix.lower() == _SET_FILE and path.is_file()


def read_set(path: Path) -> SetFile:
    """The set that a file written by `set_text` names.

    Raises `ImageError` where it is no such file, and where an image of it is missing or is not the one that was meant.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        name = str(found["name"])
        entries = [(str(entry["file"]), str(entry["sha256"]).lower()) for entry in found["image"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ImageError(
            f"{path}: not a set of images ({said}); expected name, and [[image]] with file and sha256, as `restobench "
            "images --describe` writes them"
        ) from error
    if not entries:
        raise ImageError(f"{path}: a set without an image; `restobench images --describe` writes one")
    for file, meant in entries:
        _check(path, file, meant)
    meant_of = {path.parent / file: meant for file, meant in entries}  # an image may be listed twice
    files = _named(tuple(meant_of))
    return SetFile(name, files, _hash_of(dict(zip(files, meant_of.values(), strict=True))))


def set_text(name: str, files: Collection[Path], folder: Path) -> str:
    """The text of a set file in `folder` that names these images; raises `ImageError` for one that cannot be named."""
    lines = [f"name = {_quoted(name)}"]
    for file in files:
        relative = Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
        lines += ["", "[[image]]", f"file = {_quoted(relative)}", f'sha256 = "{_sha256(file)}"']
    return "\n".join(lines) + "\n"


def _check(path: Path, file: str, meant: str) -> None:
    """Raises `ImageError` where the image `file` of the set in `path` is not the one whose SHA-256 is `meant`."""
    image = path.parent / file
    if not _SHA256.fullmatch(meant):
        raise ImageError(f"{path}: {file}: sha256 = {meant[:70]!r}, expected 64 hexadecimal digits")
    if not image.is_file():
        raise ImageError(f"{path}: {file} is missing: the set cannot be used without it")
    if (found := _sha256(image)) != meant:
        raise ImageError(
            f"{path}: {file} is another file now: SHA-256 {found[:12]}..., the set names {meant[:12]}...; restore it, "
            "or describe the set anew"
        )


def _hash_of(images: Mapping[str, str]) -> str:
    lines = (f"{digest}  {name}\n" for name, digest in sorted(images.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(file: Path) -> str:
    """Of a file's content; raises `ImageError` where it cannot be read."""
    try:
        known = file.stat()
        return _digest(file, known.st_size, known.st_mtime_ns)
    except OSError as error:
        raise ImageError(f"{file}: cannot read it: {error.strerror or error}") from error


@lru_cache(maxsize=65536)
def _digest(file: Path, _size: int, _changed: int) -> str:
    """Read again only where size or time of change are others."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _quoted(text: str) -> str:
    """`text` as TOML writes it; raises `ImageError` for what is no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ImageError(f"{text!r} is no UTF-8, so a set file cannot name it; rename it") from error
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


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
    paths = tuple(filter(is_image, found))
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
