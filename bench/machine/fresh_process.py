"""Starts a fresh Python interpreter, puts questions to it, and brings back its answers.

The child imports one target (a module, or a class of which it makes one object). Each question names a function of the
target, which the child calls. An answer may come in parts. The child leads a process group of its own, so that Ctrl-C
does not reach it, and ends when its parent does, however that ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.errors import RaisedError, one_line
from bench.interrupts import raising

_START = "from bench.machine.fresh_process import main; main({descriptor}, {target!r}, {parent})"
_PDEATHSIG = 1  # of Linux's prctl


class ProcessDiedError(RaisedError):
    """The process ended, or did not answer in time."""

    def __init__(self, said: str, ended: int | None = None, original: str = "") -> None:
        super().__init__(said, original)
        self.ended = ended
        """Its exit status, negative for the signal that killed it; None where it still ran."""


@dataclass(frozen=True)
class Failure:
    """The answer to a question that raised an exception."""

    error: str
    """Its kind and what it says, on one line."""
    kinds: tuple[str, ...]
    """The names of its class and of that class's bases: the child's own code may define them otherwise."""
    message: str
    """What it says."""

    @property
    def expected(self) -> bool:
        """Whether it is one of this project's own errors, whose message says all."""
        return not {"BenchError", "RestorationError"}.isdisjoint(self.kinds)

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """The failure that `error` is."""
        return cls(one_line(error), tuple(kind.__name__ for kind in type(error).__mro__), str(error))


@dataclass(frozen=True)
class Part:
    """One part of an answer that comes in parts; the answer itself comes last."""

    value: Any


class FreshProcess:
    """A fresh interpreter that answers for `target`: `package.module`, or `package.module:CLASS`; a context."""

    def __init__(
        self,
        target: str,
        *,
        paths: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Starts it in `folder` with the variables of `environment`, importing from `paths`.

        Left out, these are this process's own.
        """
        self._connection, theirs = Pipe()
        paths = [path for path in sys.path if path] if paths is None else paths
        variables = {**(os.environ if environment is None else environment), "PYTHONPATH": os.pathsep.join(paths)}
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._child = subprocess.Popen(  # noqa: S603 - this interpreter, our own code
            [sys.executable, "-P", "-c", _START.format(descriptor=theirs.fileno(), target=target, parent=os.getpid())],
            cwd=folder, env=variables, pass_fds=[theirs.fileno()], process_group=0,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._stderr,
        )  # fmt: skip
        theirs.close()

    def ask(self, question: str, *arguments: object, patience: float | None = None) -> Any:
        """The answer, a `Failure` perhaps; raises ProcessDiedError where none comes within `patience` seconds."""
        self.send(question, *arguments)
        return self.receive(patience)

    @property
    def connection(self) -> Connection:
        """What to wait for with others (`multiprocessing.connection.wait`) before `receive`."""
        return self._connection

    def send(self, question: str, *arguments: object, in_parts: bool = False) -> None:
        """Sends a question whose answer `receive` will fetch.

        Where it comes `in_parts`, the function asked gets one argument more, with which it sends each of them.
        """
        try:
            self._connection.send((question, arguments, in_parts))
        except OSError as error:
            raise self._died() from error

    def receive(self, patience: float | None = None) -> Any:
        """The answer to the oldest question, or the next `Part` of it."""
        try:
            if self._connection.poll(patience):
                return self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        raise ProcessDiedError(f"no answer within {patience:.0f} s")

    def close(self) -> None:
        """Ends the process and what it has started, whatever they are doing."""
        self._connection.close()
        self._kill()
        self._stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _kill(self) -> int:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.kill()
        return self._child.wait()

    def _died(self) -> ProcessDiedError:
        """How the process ended, and what it said last; one that only closed its end is ended now."""
        try:
            ended = self._child.wait(1)
        except subprocess.TimeoutExpired:
            ended = self._kill()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return ProcessDiedError(f"{_in_words(ended)}{f': {lines[-1]}' if lines else ''}", ended)


def answer(target: str, question: str, *arguments: object, patience: float | None = None) -> Any:
    """The answer of a process of its own to one question.

    Raises RaisedError with what the question raised, and ProcessDiedError.
    """
    with raising(), FreshProcess(target) as process:
        return known(process.ask(question, *arguments, patience=patience))


def known(found: Any, about: str = "") -> Any:
    """`found`, an answer; raises RaisedError where it is a `Failure`, an unexpected one of them `about` something."""
    if isinstance(found, Failure):
        raise RaisedError(found.message if found.expected else f"{about}{found.error}", found.error)
    return found


def main(descriptor: int, target: str, parent: int) -> None:
    """Runs in the child: answers questions about `target` until the other end of the connection is closed."""
    end_with(parent)
    module, _, name = target.partition(":")
    found: Any = importlib.import_module(module)
    answers = getattr(found, name)() if name else found
    connection = Connection(descriptor)
    while True:
        try:
            question, arguments, in_parts = connection.recv()
        except EOFError:
            return
        parts = (lambda value: connection.send(Part(value)),) if in_parts else ()
        try:
            said = getattr(answers, question)(*arguments, *parts)
        except BaseException as error:  # noqa: BLE001 - whatever the code under test raises is the answer, exits too
            said = Failure.of(error)
        connection.send(said)


def end_with(parent: int) -> None:
    """Sees to it that this process ends when its parent does, even where that is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _in_words(ended: int) -> str:
    """What an exit status means."""
    if ended >= 0:
        return f"the process ended with status {ended} before it had answered"
    with contextlib.suppress(ValueError):
        memory = ", for want of memory perhaps" if -ended == signal.SIGKILL else ""
        return f"the process was ended by {signal.Signals(-ended).name}{memory}"
    return f"the process was ended by signal {-ended}"
