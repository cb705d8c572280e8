"""Finds methods by name, as `restoration.lookup` does, a checkpoint by its path, or an object that is offered."""

from __future__ import annotations

from pathlib import Path

from restoration import objects
from restoration.builtin import METHODS
from restoration.callables import method_from
from restoration.errors import UnknownMethodError
from restoration.lookup import Lookup
from restoration.method import Method, later

GROUP = "restoration.methods"
"""The entry-point group through which an installed package offers its own methods."""

SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors")
"""What the path of a checkpoint ends with."""

_from_checkpoint = later("restoration.community:method_of")


def _as_method(name: str, found: object) -> Method:
    return found if isinstance(found, Method) else method_from(name, found)


_METHODS = Lookup("method", GROUP, {method.name: method for method in METHODS}, _as_method, UnknownMethodError)


def names() -> tuple[str, ...]:
    """The names of all methods that are installed: built-in first, then those of other packages."""
    return _METHODS.names()


def get(name: str) -> Method:
    """The method called `name`, `package.module:OBJECT`, `path/to/file.py:OBJECT`, or a checkpoint by its path.

    An object that is offered (see `restoration.objects`) comes before all of them.

    Raises `UnknownMethodError` with the nearest known names, `CheckpointError` for a file that holds no known network.
    """
    if objects.is_offered(name):
        return _as_method(name, objects.offered_object(name))
    if name.endswith(SUFFIXES):
        method: Method = _from_checkpoint(name, get)
        return method
    return _METHODS.get(name)


def source_of(name: str) -> Path | None:
    """The file of code that a method from elsewhere lies in; None for built-in methods, checkpoints and unknown names.

    That of a module is known once `get` has imported it.
    """
    if objects.is_offered(name):
        return objects.source(name)
    return None if name.endswith(SUFFIXES) else _METHODS.source_of(name)


def imported(reference: str) -> object:
    """The object that `package.module:OBJECT` or `path/to/file.py:OBJECT` names; raises `UnknownMethodError`."""
    return _METHODS.imported(reference)
