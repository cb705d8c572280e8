"""Exceptions of measuring. The command line prints any of them as one line and ends with the status it carries."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from bench.talk import say
from restoration.errors import RestorationError


class BenchError(Exception):
    """Root: bad use or broken input unless a subclass says otherwise."""

    status = 2


class SpecError(BenchError):
    """A spec that cannot be read or run; the message names the file and the place in it."""


class RowsError(BenchError):
    """A run directory, row, picture or table that cannot be read or written."""


class ClockError(BenchError):
    """A clock that this machine does not have."""


class NoVerdictError(BenchError):
    """Too noisy, incomparable or incomplete: nothing can be said either way."""

    status = 3


def one_line(error: BaseException) -> str:
    """The kind of an exception and what it says, on one line of at most 500 characters."""
    said = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {said}"[:500]


@contextlib.contextmanager
def ending_in_one_line(*more: type[Exception]) -> Iterator[None]:
    """Ends the program with one line on standard error and the documented status where its input is wrong.

    That is any exception of this project, those of the kinds `more`, of the operating system, and Ctrl-C; others pass.
    """
    kinds: tuple[type[Exception], ...] = (BenchError, RestorationError, *more)
    try:
        yield
    except kinds as error:
        _end(str(error), getattr(error, "status", 2))
    except (OSError, MemoryError) as error:
        _end(str(error) or "out of memory", 2)
    except KeyboardInterrupt:
        _end("interrupted", 3)


def _end(said: str, status: int) -> None:
    say(f"restobench: {said}")
    sys.exit(status)
