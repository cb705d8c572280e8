"""Methods that are objects: a torch module or a function of a notebook, known by a name while they are offered.

Each is written by cloudpickle to a file of its own, which bears its SHA-256. An environment variable says which name
means which file, so that the processes that this one starts, and theirs, find the same objects; no other file is ever
loaded. What is defined in a module is loaded from that module, as pickle does it; the rest is in the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from restoration import source_files
from restoration.errors import UnknownMethodError

VARIABLE = "RESTOBENCH_OBJECTS"
"""The environment variable: JSON, the path of the file of each name."""


@contextmanager
def offered(objects: Mapping[str, object]) -> Iterator[None]:
    """Inside, `get` finds each of `objects` by its name, here and in every process started here.

    Raises `UnknownMethodError` for an object that cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="restobench-") as folder:
        files = {name: str(_written(name, found, Path(folder))) for name, found in objects.items()}
        _announce({**_files(), **files})
        try:
            yield
        finally:
            _announce({name: file for name, file in _files().items() if name not in files})
            _loaded.cache_clear()


def is_offered(name: str) -> bool:
    """Whether an object is offered under `name`."""
    return name in _files()


def offered_object(name: str) -> object:
    """The object offered as `name`, a copy of it; raises `UnknownMethodError` where it cannot be loaded."""
    return _loaded(name, Path(_files()[name]))


def digest(name: str) -> str:
    """The SHA-256 of the object offered as `name`; empty where there is none."""
    return Path(_files().get(name, "")).stem


def source(name: str) -> Path | None:
    """The file of the module that the object offered as `name` is defined in; None where it is all in the object."""
    found = offered_object(name)
    module = getattr(found, "__module__", None) or type(found).__module__
    file = None if module == "__main__" else getattr(sys.modules.get(module), "__file__", None)
    return Path(file) if file else None


def _written(name: str, found: object, folder: Path) -> Path:
    import cloudpickle

    try:
        content = cloudpickle.dumps(found)
    except Exception as error:  # what an object does when it is pickled is its own affair
        raise UnknownMethodError(
            f"method {name!r} cannot be handed to the processes that measure: {type(error).__name__}: {error}; define "
            "it in a file and name it, path/to/file.py:OBJECT"
        ) from error
    file = folder / f"{hashlib.sha256(content).hexdigest()}.pickle"
    file.write_bytes(content)
    return file


@cache
def _loaded(name: str, file: Path) -> object:
    import cloudpickle

    source_files.search_current_folder()
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != file.stem:
        raise UnknownMethodError(f"method {name!r}: {file} has changed since it was written: begin anew")
    try:
        return cloudpickle.loads(content)
    except Exception as error:  # a stranger's module may fail in any way while it is imported
        raise UnknownMethodError(
            f"method {name!r} cannot be loaded again: {type(error).__name__}: {' '.join(str(error).split())}; define "
            "it in a file and name it, path/to/file.py:OBJECT"
        ) from error


def _files() -> dict[str, str]:
    found: dict[str, str] = json.loads(os.environ.get(VARIABLE) or "{}")
    return found


def _announce(files: Mapping[str, str]) -> None:
    if files:
        os.environ[VARIABLE] = json.dumps(files)
    else:
        os.environ.pop(VARIABLE, None)
