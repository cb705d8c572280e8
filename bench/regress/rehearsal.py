"""Runs each case of a method once in a process of its own, and tells what of the worktree it touched.

The process is a fork of one that has imported nothing but torch and the catalog: what another method touched does not
count, and starting it takes no time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError, one_line
from bench.machine.fresh_process import Failure, end_with
from bench.regress.trail import Touched, Trail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bench.plan.case import Case

    Rehearsed = tuple[Case, NDArray[np.float32]]
    """A case and the image it is called on."""

PATIENCE = 300.0
"""Seconds after which a method counts as one that does not end: it is measured, where that shows."""


class Rehearsal:
    """A `Session` that is followed from its first import on; answers all that a session does, and `touched`."""

    def __init__(self) -> None:
        self._trail = Trail(Path.cwd())
        self._trail.begin()
        from bench.regress.session import Session  # only now: it imports the code under test

        self._session = Session()

    def __getattr__(self, question: str) -> Any:
        return getattr(self._session, question)

    def touched(self, method: str, cases: Iterable[Rehearsed]) -> Touched | Failure:
        """What the method touches in all these cases; a failure where it cannot be found."""
        theirs, ours = Pipe(duplex=False)
        side = os.getpid()
        with self._trail.paused():
            child = os.fork()
        if not child:
            try:
                end_with(side)
                ours.send(self._followed(method, cases))
            finally:  # also where the user's code ends its process
                os._exit(0)
        ours.close()
        try:
            if not theirs.poll(PATIENCE):
                raise BenchError(f"{method}: did not end within {PATIENCE:.0f} s when it was tried")
            answer: Touched | Failure = theirs.recv()
        except EOFError:
            raise BenchError(f"{method}: its process ended while it was tried") from None
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return answer

    def _followed(self, method: str, cases: Iterable[Rehearsed]) -> Touched | Failure:
        try:
            origin = self._session.origin(method)
        except Exception as error:  # noqa: BLE001 - a user's module is imported
            return Failure.of(error)
        if not Path(origin).is_relative_to(Path.cwd()):
            return Touched(origin)
        failed: tuple[str, ...] = ()
        try:
            for case, image in cases:
                self._session.rehearse(case, image)
        except Exception as error:  # noqa: BLE001 - a user's method is tried; measuring it will say more
            failed = (f"it fails: {one_line(error)}",)
        found = self._trail.end(origin)
        return Touched(**{**vars(found), "obstacles": (*failed, *found.obstacles)})
