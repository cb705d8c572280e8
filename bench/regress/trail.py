"""What a process touches of its worktree: code it imports, files it reads or looks for, folders it lists.

Python announces opened files, listed folders and started programs (`sys.addaudithook`); questions whether a file exists
it does not, so the functions that ask them are wrapped. What cannot be followed is kept in words, as an obstacle.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import source_from_cache
from pathlib import Path
from types import FrameType
from typing import Any

CACHE = "__pycache__"
"""The folders in which Python and numba keep what they have compiled; both check it against the source."""

_OBSTACLES = {
    "subprocess.Popen": "it starts another program",
    "os.system": "it starts another program",
    "os.exec": "it starts another program",
    "os.posix_spawn": "it starts another program",
    "os.spawn": "it starts another program",
    "os.fork": "it starts another process",
    "os.forkpty": "it starts another process",
    "pty.spawn": "it starts another program",
    "socket.connect": "it uses the network",
}
_LIST_LIBRARIES = ["/sbin/ldconfig", "-p"]
"""What `ctypes.util.find_library` starts, as torch's builds for CUDA do while imported: it reads no worktree."""
_CHANGING = frozenset({"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate"})
_ASKING = ("stat", "lstat", "access", "readlink")
"""The functions of `os` behind every question about a file, `Path.exists` among them."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_IMPORTER = "<frozen importlib._bootstrap_external>"
_readlink = os.readlink


@dataclass(frozen=True)
class Touched:
    """What one method touches on one side; paths are relative to the worktree."""

    origin: str
    """The file that the method was imported from."""
    code: frozenset[str] = frozenset()
    """Python files that were imported."""
    read: frozenset[str] = frozenset()
    """Whatever else was opened, compiled extensions among it."""
    asked: frozenset[str] = frozenset()
    """Paths whose existence or state was asked for."""
    listed: frozenset[str] = frozenset()
    native: bool = False
    """Whether compiled code of the worktree was loaded, which may open files unseen."""
    obstacles: tuple[str, ...] = ()
    """What could not be followed, in words."""


class Trail:
    """The record of one process. It goes on in a fork, which has a copy of its own."""

    def __init__(self, folder: Path) -> None:
        self._folders = tuple(dict.fromkeys((str(folder), os.path.realpath(folder))))
        self._git = str(folder.parent.parent)
        self._code: set[str] = set()
        self._read: set[str] = set()
        self._asked: set[str] = set()
        self._listed: set[str] = set()
        self._obstacles: list[str] = []
        self._on = False

    def begin(self) -> None:
        """Follows this process from now on; what it has imported of the worktree before is an obstacle."""
        before = sorted(self._inside(self._imported()[0]))
        self._obstacles += [f"{path} runs before anything can be followed" for path in before]
        for name in _ASKING:
            setattr(os, name, self._asking(getattr(os, name)))
        self._on = True
        sys.addaudithook(self._hear)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing that happens meanwhile counts."""
        self._on = False
        yield
        self._on = True

    def end(self, origin: str) -> Touched:
        """Stops, and tells what was touched."""
        self._on = False
        code, libraries = self._imported()
        mapped, native = self._mapped()
        return Touched(
            origin,
            code=self._inside({*self._code, *code}),
            read=self._inside({*self._read, *libraries, *mapped}),
            asked=self._inside(self._asked),
            listed=self._inside(self._listed),
            native=native or bool(libraries),
            obstacles=tuple(dict.fromkeys(self._obstacles)),
        )

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            file, mode, flags = arguments
            self._opened(file, mode, flags, sys._getframe(1))  # noqa: SLF001 - the frame that opens
        elif event in {"os.listdir", "os.scandir"}:
            if "importlib" not in sys._getframe(1).f_code.co_filename:  # noqa: SLF001 - the frame that lists
                self._note(self._listed, arguments[0] if arguments else ".")
        elif event in _OBSTACLES and not _lists_libraries(arguments):
            self._obstacles.append(_OBSTACLES[event])
        elif event in _CHANGING:
            self._changed([_absolute(argument) for argument in arguments if isinstance(argument, str | bytes)])
        elif event == "import" or event.startswith(("sqlite3.", "ctypes.dlopen", "shutil.")):
            for argument in arguments[event == "import" : 2]:  # the first of an import is a name
                if isinstance(argument, str | bytes):
                    self._note(self._read, argument)

    def _opened(self, file: object, mode: str | None, flags: int, frame: FrameType) -> None:
        path = _absolute(file)
        if not self._within(path):
            if path.startswith(self._git) and not path.startswith(os.path.join(self._git, "restobench")):  # noqa: PTH118 - texts
                self._obstacles.append("it reads the repository's .git")
        elif flags & _WRITING or set(mode or "") & set("wax+"):
            self._changed([path])
        elif _imports(frame):
            self._code.add(source_from_cache(path) if CACHE in path else path)
        else:
            self._read.add(path)

    def _note(self, paths: set[str], file: object) -> None:
        if self._within(path := _absolute(file)):
            paths.add(path)

    def _changed(self, paths: list[str]) -> None:
        """A worktree that changes while its code runs is not what was checked out."""
        inside = self._inside({path for path in paths if CACHE not in path})
        self._obstacles += [f"it writes {path} in its own worktree" for path in inside]

    def _asking(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(ask)
        def asked(path: Any = ".", *arguments: Any, **named: Any) -> Any:
            if self._on:
                self._note(self._asked, path)
            return ask(path, *arguments, **named)

        return asked

    def _imported(self) -> tuple[set[str], set[str]]:
        """The files of the worktree's modules: of Python, and compiled."""
        modules = [getattr(module, "__dict__", {}) for module in list(sys.modules.values())]
        files = {str(file) for module in modules if (file := module.get("__file__")) and self._within(file)}
        code = {file for file in files if file.endswith(".py")}
        return code, files - code

    def _mapped(self) -> tuple[set[str], bool]:
        """The worktree's files that are mapped into memory, and whether one of them is code."""
        try:
            lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return set(), False
        fields = [line.split(maxsplit=5) for line in lines]
        mine = [(field[5], field[1]) for field in fields if len(field) > 5 and self._within(field[5])]  # noqa: PLR2004 - the path
        return {path for path, _ in mine}, any("x" in rights for _, rights in mine)

    def _within(self, path: object) -> bool:
        return any(str(path) == folder or str(path).startswith(folder + os.sep) for folder in self._folders)

    def _inside(self, paths: set[str]) -> frozenset[str]:
        """Those that lie in the worktree, relative to it, both as written and behind links; the caches left out."""
        found = set()
        for path in {*paths, *map(os.path.realpath, paths)}:
            for folder in self._folders:
                if path == folder or path.startswith(folder + os.sep):
                    found.add(path[len(folder) + 1 :])
        return frozenset(path for path in found if CACHE not in path)


def _absolute(file: object) -> str:
    """The path that was opened, by its name or by its descriptor."""
    if isinstance(file, int):
        try:
            file = _readlink(f"/proc/self/fd/{file}")
        except OSError:
            file = os.devnull
        if not file.startswith("/"):  # a pipe or a socket has no path
            file = os.devnull
    elif not isinstance(file, str | bytes | os.PathLike):
        file = "."
    return os.path.abspath(os.fsdecode(file))  # noqa: PTH100 - as quick as can be, and links stay


def _imports(frame: FrameType) -> bool:
    """Whether a frame opens a file for the import of a module."""
    calling = frame.f_back
    return (
        frame.f_code.co_filename == _IMPORTER
        and calling is not None
        and calling.f_code.co_filename == _IMPORTER
        and calling.f_code.co_name == "get_code"
    )


def _lists_libraries(arguments: tuple[Any, ...]) -> bool:
    """Whether the program that is started, and its arguments, are those that list the system's libraries."""
    return len(arguments) > 1 and arguments[0] == _LIST_LIBRARIES[0] and list(arguments[1]) == _LIST_LIBRARIES
