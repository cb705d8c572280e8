"""Imports a Python file by its path, whatever packages are called like its folders.

What the file imports is found beside it first, as where it is run as a script. Two files may each have a neighbour of
the same name: each gets its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

_NEIGHBOURS: dict[Path, dict[str, ModuleType]] = {}
"""What was imported from beside such files, by folder and name: to `sys.modules`, one name is one module."""


def is_path(place: str) -> bool:
    """Whether `place` names a file of Python and not a module."""
    return place.endswith(".py")


def found(place: str) -> Path | None:
    """The file at a path from the current folder, or else from a folder that modules are imported from."""
    return next((path.resolve() for folder in ("", *sys.path) if (path := Path(folder, place)).is_file()), None)


def search_current_folder() -> None:
    """Lets imports find what lies in the current folder, behind all else."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))


def imported(place: str) -> ModuleType:
    """The module in a file, run once; raises FileNotFoundError where there is none, and whatever the file raises."""
    path = found(place)
    if path is None:
        raise FileNotFoundError(f"no file {place}")
    name = f"{path.stem}_{hashlib.sha256(bytes(path)).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no file of Python")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(sys.modules.pop, name, None)
        with _neighbours_first(path.parent):
            spec.loader.exec_module(module)
        on_failure.pop_all()
    return module


@contextlib.contextmanager
def _neighbours_first(folder: Path) -> Iterator[None]:
    """Imports find what lies in `folder` before all else, and afterwards behind all else."""
    strange = {name for place, modules in _NEIGHBOURS.items() if place != folder for name in modules}
    hidden = {name: sys.modules.pop(name) for name in strange if name in sys.modules}
    before = set(sys.modules)
    sys.modules.update(_NEIGHBOURS.get(folder, {}))
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the file may have changed the path itself
            sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        new = {name: module for name, module in sys.modules.items() if name not in before and _lies_in(module, folder)}
        _NEIGHBOURS.setdefault(folder, {}).update(new)
        sys.modules.update(hidden)


def _lies_in(module: ModuleType, folder: Path) -> bool:
    searched = getattr(module.__spec__, "submodule_search_locations", None) or ()
    places = (getattr(module, "__file__", None), *map(str, searched))
    return any(Path(place).is_relative_to(folder) for place in places if place)
