"""A method is tried in a process of its own: what it does there can neither harm the next nor go unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.machine.fresh_process import Failure
from bench.plan.case import Case
from bench.regress.checkouts import Repository, checkouts
from bench.regress.side import REHEARSAL, Side, import_paths
from bench.regress.trail import Touched

METHODS = {
    "good": "def restore(image):\n    return image\n",
    "raising": "def restore(image):\n    raise ValueError('no')\n",
    "ending": "import sys\ndef restore(image):\n    sys.exit()\n",
    "killed": "import os\ndef restore(image):\n    os.kill(os.getpid(), 9)\n",
    "broken": "def restore(:\n",
}


@pytest.fixture
def side(theirs: Path, commit: Callable[[Path, str], str]) -> Iterator[Side]:
    for name, text in METHODS.items():
        (theirs / f"{name}.py").write_text(text)
    commit(theirs, "methods")
    repository = Repository.around(theirs)
    with (
        checkouts(repository, "HEAD", None) as (base, _),
        Side(base, import_paths(repository, base.folder), target=REHEARSAL) as started,
    ):
        yield started


def test_each_method_answers_for_itself(side: Side) -> None:
    def asked(name: str) -> object:
        case = Case("time", f"{name}:restore", height=8, width=8)
        return side.ask("touched", case.method, [(case, np.zeros((1, 1, 8, 8), dtype=np.float32))])

    raising, ending, killed, broken, good = map(asked, ("raising", "ending", "killed", "broken", "good"))
    assert isinstance(raising, Touched)
    assert raising.obstacles[0] == "it fails: ValueError: no"
    assert isinstance(good, Touched)
    assert (good.code, good.obstacles) == (frozenset({"good.py"}), ())
    assert good.origin == str(side.checkout.folder / "good.py")
    for answer in (ending, killed):
        assert isinstance(answer, Failure)
        assert answer.message.endswith("its process ended while it was tried")
    assert isinstance(broken, Failure)
    assert "UnknownMethodError" in broken.kinds
