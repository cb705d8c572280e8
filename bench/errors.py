"""Exceptions of measuring. The command line prints any of them as one line and ends with the status it carries."""


class BenchError(Exception):
    """Root: bad use or broken input unless a subclass says otherwise."""

    status = 2


class RaisedError(BenchError):
    """What a method or a process apart raised, told with what led to it."""

    def __init__(self, said: str, original: str = "") -> None:
        super().__init__(said)
        self.original = original
        """The exception as it was raised there, on one line: the same wherever it is met."""


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
    """The kind of an exception and what it says, on one line of at most 500 characters; of one told on, the first."""
    if isinstance(error, RaisedError) and error.original:
        return error.original
    said = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {said}"[:500]
