"""Ctrl-C in the middle of a run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def remembered_interrupts() -> Iterator[Callable[[], None]]:
    """Ctrl-C as ever, and what raises it again after the next case: in a destructor Python itself drops it."""
    asked = False

    def ask(_: int, __: object) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def again() -> None:
        if asked:
            raise KeyboardInterrupt

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield again
        return
    signal.signal(signal.SIGINT, ask)
    try:
        yield again
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
