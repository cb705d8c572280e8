"""Finds methods by name: built-in, installed by other packages, `package.module:OBJECT`, or a checkpoint's path.

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
    """The method called `name`, `package.module:OBJECT`, or a network's checkpoint by its path.

    Raises `UnknownMethodError` with the nearest known names, `CheckpointError` for a file that holds no known network.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if name.endswith(SUFFIXES):
        method: Method = _from_checkpoint(name, get)
        return method
    if ":" in name:
        return _as_method(name, _imported(name))
    if name in (installed := _installed()):
        return _as_method(name, _loaded(installed[name]))
    near = get_close_matches(name, names(), n=3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownMethodError(f"unknown method {name!r}; {meant}`restobench methods` lists all")


def module_of(name: str) -> str:
    """The module that a method from elsewhere lies in; empty for built-in methods and checkpoints."""
    if name in _BUILT_IN or name.endswith(SUFFIXES):
        return ""
    if ":" in name:
        return name.partition(":")[0]
    return _installed()[name].module if name in _installed() else ""


def _installed() -> dict[str, EntryPoint]:
    return _installed_on(tuple(sys.path))


@cache
def _installed_on(_path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Reading every distribution's metadata takes longer than restoring a small image: once per search path."""
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:  # a stranger's module may fail in any way while it is imported
        raise UnknownMethodError(
            f"method {point.name!r} is installed as {point.value}, which cannot be imported: "
            f"{type(error).__name__}: {error}"
        ) from error


def _imported(reference: str) -> object:
    """The object that `package.module:OBJECT` names; the current folder is searched like any installed package."""
    module, _, attribute = reference.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        return attrgetter(attribute)(importlib.import_module(module))
    except Exception as error:  # a stranger's module may fail in any way while it is imported
        raise UnknownMethodError(
            f"cannot import method {reference!r}: {type(error).__name__}: {error}; expected package.module:OBJECT, "
            "installed or importable from the current folder"
        ) from error


def _as_method(name: str, found: object) -> Method:
    return found if isinstance(found, Method) else method_from(name, found)
