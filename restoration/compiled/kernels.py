"""Compiles kernels, and keeps them by what they are made of.

numba keeps what it compiled by the path of its source file, so that every working copy compiles everything again, which
takes 20 s for this package. Here a kernel's name on disk is a checksum of its source file and of the constants that it
was made with. Equal sources share it wherever they lie, others never meet, and no two kernels share an index, which two
processes at once could spoil.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import platformdirs
from numba import njit
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

FOLDER: Final = "kernels"
"""In the user's cache folder; it may be removed at any time. NUMBA_CACHE_DIR names another one in its place."""


def compiled(signature: object, **options: Any) -> Callable[[Callable[..., None]], Any]:
    """As `numba.njit` with this signature and a cache; Python's lock is let go."""

    def made(function: Callable[..., None]) -> Any:
        dispatcher = njit(nogil=True, **options)(function)
        dispatcher._cache = _Cache(function)  # noqa: SLF001 - numba has no other way to choose it for one function
        dispatcher.compile(signature)
        dispatcher.disable_compile()
        return dispatcher

    return made


def made_of(function: Callable[..., Any]) -> str:
    """A checksum of the source file of a function, of its name and of the constants that it encloses."""
    constants = [cell.cell_contents for cell in function.__closure__ or ()]
    if not all(isinstance(value, (int, float, str, tuple)) for value in constants):
        raise TypeError(f"{function.__qualname__}: encloses what has no checksum: {constants}")
    named = repr((function.__qualname__, constants))
    return hashlib.sha256(Path(inspect.getfile(function)).read_bytes() + named.encode()).hexdigest()


class _ByContent(_CacheLocator):
    """Where a kernel lies; where nothing can be written, numba looks for a place of its own."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._made_of = made_of(function)
        self._cache_path = str(
            Path(getattr(config, "CACHE_DIR", "") or platformdirs.user_cache_dir("restobench")) / FOLDER
        )

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _ByContent | None:
        found = cls(py_func, py_file)
        try:
            found.ensure_cache_path()
        except OSError:
            return None
        return found

    def get_cache_path(self) -> str:
        return self._cache_path

    def get_source_stamp(self) -> str:
        return self._made_of

    def get_disambiguator(self) -> str:
        return self._made_of[:16]


class _Implementation(CompileResultCacheImpl):
    _locator_classes: list[type[object]] = [_ByContent, *CompileResultCacheImpl._locator_classes]  # noqa: RUF012, SLF001 - its own way to extend it


class _Cache(FunctionCache):
    _impl_class = _Implementation
