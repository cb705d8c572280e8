"""What the measuring code says to the person who waits: progress, single lines on standard error, how it failed."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from bench import interrupts
from bench.errors import BenchError
from restoration.errors import RestorationError


class Progress(Protocol):
    """Hears how far the work is."""

    def __call__(self, what: str, done: int, total: int, share: float | None = None, /) -> None:
        """What is measured now, how many cases are done, and how many there are.

        `share`, from 0 to 1, is how much of the work that is, where cases are known to differ in length.
        """


Record = Mapping[str, object]
"""One line of a table: what stands under each column."""

Say = Callable[[str], None]
"""Takes one line for the person at the terminal."""


def counted(number: int, what: str) -> str:
    """`1 image`, `6 images`, `24,933 readings`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def say(message: str) -> None:
    """Writes one line for the person at the terminal, on standard error."""
    print(message, file=sys.stderr)


def print_whatever_comes() -> None:
    """Lets standard output escape what its encoding lacks: a name that is no UTF-8, a sign in an ASCII locale."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def ending_in_one_line(*more: type[Exception]) -> Iterator[None]:
    """Ends the program with one line on standard error and the documented status where its input is wrong.

    That is any exception of this project, those of the kinds `more`, of the operating system, and an interruption;
    others pass.
    """
    kinds: tuple[type[Exception], ...] = (BenchError, RestorationError, *more)
    try:
        yield
    except kinds as error:
        _end(str(error), getattr(error, "status", 2))
    except (OSError, MemoryError) as error:
        _end(str(error) or "out of memory", 2)
    except KeyboardInterrupt:
        _end(interrupts.said_last(), interrupts.STATUS)


def _end(said: str, status: int) -> None:
    say(f"restobench: {said}")
    sys.exit(status)


def command_line() -> str:
    """The command that this process was started with, as a person would write it."""
    name = Path(sys.argv[0]).name
    return " ".join(["restobench" if name == "__main__.py" else name, *sys.argv[1:]])
