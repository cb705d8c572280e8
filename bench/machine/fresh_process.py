"""Starts a fresh Python interpreter, puts questions to it, and brings back its answers.

The child imports one target (a module, or a class of which it makes one object). Each question names a function of the
target, which the child calls. It ends when the other end of its pipe is gone.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.errors import BenchError, one_line

_START = "from bench.machine.fresh_process import main; main({descriptor}, {target!r})"


class ProcessDiedError(BenchError):
    """The process ended, or did not answer in time."""

    def __init__(self, said: str, ended: int | None = None) -> None:
        super().__init__(said)
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
    def of(cls, error: Exception) -> Failure:
        """The failure that `error` is."""
        return cls(one_line(error), tuple(kind.__name__ for kind in type(error).__mro__), str(error))


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
            [sys.executable, "-c", _START.format(descriptor=theirs.fileno(), target=target)],
            cwd=folder, env=variables, pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._stderr,
        )  # fmt: skip
        theirs.close()

    def ask(self, question: str, *arguments: object, patience: float | None = None) -> Any:
        """The answer, a `Failure` perhaps; raises ProcessDiedError where none comes within `patience` seconds."""
        self.send(question, *arguments)
        return self.receive(patience)

    def send(self, question: str, *arguments: object) -> None:
        """Sends a question whose answer `receive` will fetch."""
        try:
            self._connection.send((question, arguments))
        except OSError as error:
            raise self._died() from error

    def receive(self, patience: float | None = None) -> Any:
        """The answer to the oldest question."""
        try:
            if self._connection.poll(patience):
                return self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        raise ProcessDiedError(f"no answer within {patience:.0f} s")

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._connection.close()
        self._child.kill()
        self._child.wait()
        self._stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _died(self) -> ProcessDiedError:
        """What the process said last; one that only closed its end is ended now."""
        try:
            ended = self._child.wait(1)
        except subprocess.TimeoutExpired:
            self._child.kill()
            ended = self._child.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return ProcessDiedError(lines[-1] if lines else f"ended with status {ended}", ended)


def main(descriptor: int, target: str) -> None:
    """Runs in the child: answers questions about `target` until the other end of the connection is closed."""
    module, _, name = target.partition(":")
    found: Any = importlib.import_module(module)
    answers = getattr(found, name)() if name else found
    connection = Connection(descriptor)
    while True:
        try:
            question, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer = getattr(answers, question)(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever the code under test raises is the answer
            answer = Failure.of(error)
        connection.send(answer)
