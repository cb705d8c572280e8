"""Finds what a user may name: built-in, installed by other packages, in a module, or in a file of Python.

Methods, metrics and degradations are each a `Lookup`. Listing reads entry points without importing what they name; only
`get` imports, and only what was asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from typing import Generic, TypeVar

from restoration import source_files
from restoration.errors import UnknownNameError

_T = TypeVar("_T")


@dataclass(frozen=True)
class Lookup(Generic[_T]):
    """Everything of one kind, by name."""

    noun: str
    """What one of them is called in messages."""
    group: str
    """The entry-point group through which an installed package offers its own."""
    built_in: Mapping[str, _T]
    made: Callable[[str, object], _T]
    """Makes one of whatever a name stands for, or raises `error`."""
    error: type[UnknownNameError]

    def names(self) -> tuple[str, ...]:
        """The names of all that are installed: built-in first, then those of other packages."""
        return (*self.built_in, *(name for name in sorted(_installed(self.group)) if name not in self.built_in))

    def get(self, name: str) -> _T:
        """The one called `name`, `package.module:OBJECT` or `path/to/file.py:OBJECT`.

        Raises `error` with the nearest known names.
        """
        if name in self.built_in:
            return self.built_in[name]
        if ":" in name:
            return self.made(name, self.imported(name))
        if name in (installed := _installed(self.group)):
            return self.made(name, self._loaded(installed[name]))
        near = get_close_matches(name, self.names(), n=3)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise self.error(f"unknown {self.noun} {name!r}; {meant}`restobench {self.noun}s` lists all")

    def source_of(self, name: str) -> Path | None:
        """The file of code that one from elsewhere lies in; None for what is built in and for unknown names.

        That of a module is known once `get` has imported it.
        """
        if name in self.built_in:
            return None
        installed = _installed(self.group)
        place = name.rpartition(":")[0] or (installed[name].module if name in installed else "")
        if source_files.is_path(place):
            return source_files.found(place)
        file = getattr(sys.modules.get(place), "__file__", None)
        return Path(file) if file else None

    def imported(self, reference: str) -> object:
        """The object that `package.module:OBJECT` or `path/to/file.py:OBJECT` names; raises `error`.

        The current folder is searched like any installed package.
        """
        place, _, attribute = reference.rpartition(":")
        source_files.search_current_folder()
        try:
            with chdir(Path.cwd()):  # wherever the module goes, what else is named by a relative path is found
                module = source_files.imported(place) if source_files.is_path(place) else importlib.import_module(place)
            return attrgetter(attribute)(module)
        except (Exception, SystemExit) as error:  # a stranger's module may fail in any way while it is imported
            raise self.error(
                f"cannot import {self.noun} {reference!r}: {type(error).__name__}: {' '.join(str(error).split())}; "
                f"{_advice(place, attribute, error.name if isinstance(error, ImportError) else None)}"
            ) from error

    def _loaded(self, point: EntryPoint) -> object:
        try:
            return point.load()
        except (Exception, SystemExit) as error:  # a stranger's module may fail in any way while it is imported
            raise self.error(
                f"{self.noun} {point.name!r} is installed as {point.value}, which cannot be imported: "
                f"{type(error).__name__}: {error}"
            ) from error


def _installed(group: str) -> Mapping[str, EntryPoint]:
    return _installed_on(group, tuple(sys.path))


@cache
def _installed_on(group: str, _path: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """Reading every distribution's metadata takes longer than restoring a small image: once per search path."""
    return {point.name: point for point in entry_points(group=group)}


def _advice(place: str, attribute: str, missing: str | None) -> str:
    """What to write instead; where another package has taken the name of one in the current folder, that it has."""
    if source_files.is_path(place) and missing is None:
        return "expected path/to/file.py:OBJECT, from the current folder"
    package = (missing or place).partition(".")[0]
    own = next((path for path in (Path(package), Path(f"{package}.py")) if package and path.exists()), None)
    other = getattr(sys.modules.get(package), "__file__", None)
    if own is None or other is None or Path(other).is_relative_to(own.absolute()):
        return (
            "expected package.module:OBJECT, installed or importable from the current folder, or path/to/file.py:OBJECT"
        )
    file = Path(f"{package}.py") if own.suffix else Path(*place.split(".")).with_suffix(".py")
    instead = f"name the file instead: {file}:{attribute}" if file.is_file() else "call yours otherwise"
    return f"another package {package!r} was found first, in {Path(other).parent}, not ./{own}; {instead}"
