"""Ctrl-C, SIGTERM and SIGHUP: the program ends with status 3 and one line, at whatever moment they come.

The program calls `take_over` before it imports anything heavy. From then on a signal ends it at once, in the handler:
an exception would have to find its way through whatever is being imported, and is lost where it meets a destructor.
Where something must be put in order first, a block `raising()` has the signal raise KeyboardInterrupt, and the program
ends when the outermost such block is left. What must not be torn apart stands in a block `held_back()`.

Used as a library, only `raising()` acts, and inside it alone.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STATUS = 3
"""The exit status of what was interrupted."""

_SIGNALS = ("SIGINT", "SIGHUP", "SIGTERM")
_SOON = 0.01
"""Seconds after which a KeyboardInterrupt that a destructor dropped is raised again."""


class _State:
    """What was asked for so far, and what may be done about it at this moment."""

    asked = False
    raised = False
    """Whether KeyboardInterrupt is on its way: further signals are ignored, so that they disturb no clean-up."""
    raising = 0
    """Blocks `raising()` around this moment."""
    held = 0
    """Blocks `held_back()` around this moment."""
    program = False
    words = "interrupted"
    finished: int | None = None
    """The exit status of a program that has printed all it had to say."""

    def handle(self, _: int, __: FrameType | None) -> None:
        """The signal handler."""
        if self.finished is not None:
            os._exit(self.finished)
        self.asked = True
        if not self.held and not self.raised:
            self.act()

    def act(self) -> None:
        """Raises KeyboardInterrupt where something is to be put in order, and else ends the program."""
        if self.program and not self.raising:
            self.end()
        self.raised = True
        raise KeyboardInterrupt

    def end(self) -> None:
        """Ends the program with its line, and with nothing that an interpreter does when it ends."""
        self.finished = STATUS
        with suppress(OSError, RuntimeError, ValueError, AttributeError):  # closed, or in the middle of a write
            sys.stdout.flush()
        with suppress(OSError):
            os.write(2, f"restobench: {self.words}\n".encode(errors="backslashreplace"))
        os._exit(STATUS)


_state = _State()


def take_over() -> None:
    """Makes this process the program; it ends with `leave`."""
    _state.program = True
    sys.unraisablehook = _dropped
    signal.signal(signal.SIGALRM, _state.handle)
    for name in _SIGNALS:  # SIGTERM last: whoever sees it caught knows that all are
        number = signal.Signals[name]
        if name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN:  # which nohup has asked for
            signal.signal(number, _state.handle)


def leave(status: int) -> None:
    """The program has said all: it ends with that `status` whatever comes now, or with 3 where a signal came before."""
    if _state.program:
        if _state.asked:
            _state.end()
        _state.finished = status
        for name in _SIGNALS:  # the interpreter that ends would let them kill it, so late
            signal.signal(signal.Signals[name], signal.SIG_IGN)


def last_words(words: str) -> None:
    """From here on an interrupted program says this line."""
    _state.words = words


def said_last() -> str:
    """The line that an interrupted program says."""
    return _state.words


@contextmanager
def raising() -> Iterator[Callable[[], None]]:
    """Inside, a signal raises KeyboardInterrupt; afterwards the interrupted program ends.

    Gives what raises it again where others' code has swallowed it, to be called now and then.
    """
    borrowed = (
        not _state.program and _in_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if borrowed:
        signal.signal(signal.SIGINT, _state.handle)
    _state.raising += 1
    try:
        yield check
    finally:
        _state.raising -= 1
        if borrowed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _state.asked = _state.raised = False
        elif _state.program and _state.asked and not _state.raising:
            _state.end()


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, a signal is only noted; it acts when the block is left."""
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1
        if _state.asked and not _state.raised and not _state.held:
            _state.act()


def check() -> None:
    """Raises KeyboardInterrupt where one was asked for, though it was raised before."""
    if _state.asked:
        _state.act()


def _in_main_thread() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()


def _dropped(what: sys.UnraisableHookArgs) -> None:
    """Raises a KeyboardInterrupt again, a little later, where Python could not raise it: in a destructor, say."""
    if _state.asked and issubclass(what.exc_type, KeyboardInterrupt):
        _state.raised = False
        signal.setitimer(signal.ITIMER_REAL, _SOON)
    else:
        sys.__unraisablehook__(what)
