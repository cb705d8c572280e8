"""A side imports the code of its own worktree."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.regress import side
from bench.regress.checkouts import Repository


def test_paths_of_the_repository_become_those_of_the_worktree(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (theirs / "lib").mkdir()
    copy = theirs.parent / "copy"
    (copy / "lib").mkdir(parents=True)
    (copy / "src").mkdir()
    monkeypatch.syspath_prepend(str(theirs / "lib"))
    measuring, *paths = side.import_paths(Repository.around(theirs), copy)
    assert paths == [str(copy), str(copy / "src"), str(copy / "lib")]
    assert (Path(measuring) / "bench" / "regress" / "session.py").exists()
