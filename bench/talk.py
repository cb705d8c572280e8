"""What the measuring code says to the person who waits: progress, and single lines on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

Progress = Callable[[str, int, int], None]
"""Called with what is measured now, how many cases are done, and how many there are."""

Record = Mapping[str, object]
"""One line of a table: what stands under each column."""

Say = Callable[[str], None]
"""Takes one line for the person at the terminal."""


def say(message: str) -> None:
    """Writes one line for the person at the terminal, on standard error."""
    print(message, file=sys.stderr)
