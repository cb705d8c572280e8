"""Finds methods by name, as `restoration.lookup` does, checkpoints and model files by path, and offered objects."""

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

MODEL_SUFFIXES = (".onnx", ".xml", ".param", ".mnn", ".ts", ".pt2")
"""What the path of a model file ends with, a TorchScript archive called `.pt` apart."""

_BESIDE = {".xml": ".bin", ".param": ".bin"}
"""The suffix of a model's second file, by that of its first."""

_from_model = later("restoration.model_files:method_of")
_from_checkpoint = later("restoration.community:method_of")


def _as_method(name: str, found: object) -> Method:
    return found if isinstance(found, Method) else method_from(name, found)


_METHODS = Lookup("method", GROUP, {method.name: method for method in METHODS}, _as_method, UnknownMethodError)


def names() -> tuple[str, ...]:
    """The names of all methods that are installed: built-in first, then those of other packages."""
    return _METHODS.names()


def get(name: str) -> Method:
    """The method called `name`, `package.module:OBJECT`, `path/to/file.py:OBJECT`, or a checkpoint or model file.

    What a model file does not say may follow it: `path/to/model.param:channels=3`. An object that
    is offered (see `restoration.objects`) comes before all of them.

    Raises `UnknownMethodError` with the nearest known names, `CheckpointError` for a file that holds no known network.
    """
    if objects.is_offered(name):
        return _as_method(name, objects.offered_object(name))
    if (place := _path_in(name)).endswith((*SUFFIXES, *MODEL_SUFFIXES)):
        method: Method = _from_model(name) if place.endswith(MODEL_SUFFIXES) else _from_checkpoint(name, get)
        return method
    return _METHODS.get(name)


def source_of(name: str) -> Path | None:
    """The file of code that a method from elsewhere lies in; None for built-in methods, checkpoints and unknown names.

    That of a module is known once `get` has imported it.
    """
    if objects.is_offered(name):
        return objects.source(name)
    return None if files_of(name) else _METHODS.source_of(name)


def files_of(name: str) -> tuple[Path, ...]:
    """The files of a method that is a checkpoint or a model file; none for all others."""
    path = Path(_path_in(name))
    if not path.name.endswith((*SUFFIXES, *MODEL_SUFFIXES)):
        return ()
    return (path, path.with_suffix(_BESIDE[path.suffix])) if path.suffix in _BESIDE else (path,)


def _path_in(name: str) -> str:
    """A name without what follows the path of a model file in it."""
    return name.partition(":channels=")[0]


def imported(reference: str) -> object:
    """The object that `package.module:OBJECT` or `path/to/file.py:OBJECT` names; raises `UnknownMethodError`."""
    return _METHODS.imported(reference)
