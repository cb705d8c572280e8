"""Finds methods by name: built-in, of other packages, in a module or a file, a checkpoint's path, or an object.

Listing reads entry points without importing what they name; only `get` imports, and only what was asked for.
"""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path

from restoration import objects, source_files
from restoration.builtin import METHODS
from restoration.callables import method_from
from restoration.errors import UnknownMethodError
from restoration.method import Method, later

GROUP = "restoration.methods"
"""The entry-point group through which an installed package offers its own methods."""

SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors")
"""What the path of a checkpoint ends with."""

_from_checkpoint = later("restoration.community:method_of")

_BUILT_IN = {method.name: method for method in METHODS}


def names() -> tuple[str, ...]:
    """The names of all methods that are installed: built-in first, then those of other packages."""
    return (*_BUILT_IN, *(name for name in sorted(_installed()) if name not in _BUILT_IN))


def get(name: str) -> Method:
    """The method called `name`, `package.module:OBJECT`, `path/to/file.py:OBJECT`, or a checkpoint by its path.

    An object that is offered (see `restoration.objects`) comes before all of them.

    Raises `UnknownMethodError` with the nearest known names, `CheckpointError` for a file that holds no known network.
    """
    if objects.is_offered(name):
        return _as_method(name, objects.offered_object(name))
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if name.endswith(SUFFIXES):
        method: Method = _from_checkpoint(name, get)
        return method
    if ":" in name:
        return _as_method(name, imported(name))
    if name in (installed := _installed()):
        return _as_method(name, _loaded(installed[name]))
    near = get_close_matches(name, names(), n=3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownMethodError(f"unknown method {name!r}; {meant}`restobench methods` lists all")


def source_of(name: str) -> Path | None:
    """The file of code that a method from elsewhere lies in; None for built-in methods, checkpoints and unknown names.

    That of a module is known once `get` has imported it.
    """
    if objects.is_offered(name):
        return objects.source(name)
    if name in _BUILT_IN or name.endswith(SUFFIXES):
        return None
    place = name.rpartition(":")[0] or (_installed()[name].module if name in _installed() else "")
    if source_files.is_path(place):
        return source_files.found(place)
    file = getattr(sys.modules.get(place), "__file__", None)
    return Path(file) if file else None


def imported(reference: str) -> object:
    """The object that `package.module:OBJECT` or `path/to/file.py:OBJECT` names; raises `UnknownMethodError`.

    The current folder is searched like any installed package.
    """
    place, _, attribute = reference.rpartition(":")
    source_files.search_current_folder()
    try:
        module = source_files.imported(place) if source_files.is_path(place) else importlib.import_module(place)
        return attrgetter(attribute)(module)
    except (Exception, SystemExit) as error:  # a stranger's module may fail in any way while it is imported
        raise UnknownMethodError(
            f"cannot import method {reference!r}: {type(error).__name__}: {' '.join(str(error).split())}; "
            f"{_advice(place, attribute, error.name if isinstance(error, ImportError) else None)}"
        ) from error


def _installed() -> dict[str, EntryPoint]:
    return _installed_on(tuple(sys.path))


@cache
def _installed_on(_path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Reading every distribution's metadata takes longer than restoring a small image: once per search path."""
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except (Exception, SystemExit) as error:  # a stranger's module may fail in any way while it is imported
        raise UnknownMethodError(
            f"method {point.name!r} is installed as {point.value}, which cannot be imported: "
            f"{type(error).__name__}: {error}"
        ) from error


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


def _as_method(name: str, found: object) -> Method:
    return found if isinstance(found, Method) else method_from(name, found)
