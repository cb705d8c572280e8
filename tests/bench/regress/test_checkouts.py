"""Revisions become worktrees, and nothing of the repository changes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.errors import BenchError
from bench.interrupts import raising
from bench.regress.checkouts import Repository, checkouts, git, resolve, snapshot


def test_what_a_killed_comparison_left_is_removed_by_the_next(theirs: Path) -> None:
    found = Repository.around(theirs)
    place = found.git / "restobench"
    git(theirs, "worktree", "add", "--detach", str(place / "base"), "HEAD")
    git(theirs, "worktree", "add", "--detach", "--lock", str(place / "head"), "HEAD")  # as git does while it makes it
    shutil.rmtree(place / "head")
    (place / "base" / "left.py").write_text("half a file")
    (place / "head").mkdir()
    (place / "head" / "file").write_text("no worktree at all")
    with checkouts(found, "HEAD~1", "HEAD") as (base, head):
        assert not (base.folder / "left.py").exists()
        assert (head.folder / "src" / "theirmethod" / "m.py").exists()
        assert len(str(base.folder)) == len(str(head.folder))
    assert not (place / "base").exists()
    assert not (place / "head").exists()
    assert git(theirs, "worktree", "list").count("\n") == 0


def test_revisions_are_called_by_commit_and_subject(theirs: Path, commit: Callable[[Path, str], str]) -> None:
    (theirs / "HEAD").write_text("a file that is called as a revision is\n")
    commit(theirs, f"an \x1b[31modd\u2028one {'long ' * 40}\n\nand its body")
    found = Repository.around(theirs)
    names = git(theirs, "rev-parse", "--short", "HEAD~1"), git(theirs, "rev-parse", "--short", "HEAD")
    with checkouts(found, "HEAD~1", "HEAD") as (base, head):
        assert base.label == f"base {names[0]} (second)"
        assert head.label.startswith(f"head {names[1]} (an ?[31modd one long long")
        assert head.label.endswith("...)")
        assert len(head.label) < 100
    with checkouts(found, "HEAD", None) as (_, head):
        assert head.label.startswith(f"head working tree on {names[1]} (an ")


@pytest.mark.parametrize("early", [False, True])
def test_ctrl_c_ends_a_build_with_all_that_it_started_and_removes_the_worktrees(
    theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, early: bool
) -> None:
    named = tmp_path / "sleeper"

    class Interrupted(subprocess.Popen):  # type: ignore[type-arg]
        """Ctrl-C comes while the build runs already, and whoever starts it does not yet know its process."""

        def __init__(self, command: list[str], **options: Any) -> None:
            super().__init__(command, **options)
            while command[0] == "sh" and not named.exists():
                time.sleep(0.01)
            if command[0] == "sh":
                os.kill(os.getpid(), signal.SIGINT)

    if early:
        monkeypatch.setattr(subprocess, "Popen", Interrupted)
    interrupt = "" if early else f"kill -INT {os.getpid()}"
    build = tmp_path / "build.sh"
    build.write_text(f"sleep 600 &\necho $! > {named}.new\nmv {named}.new {named}\n{interrupt}\nwait\n")
    with pytest.raises(KeyboardInterrupt), raising(), checkouts(
        Repository.around(theirs), "HEAD~1", "HEAD", build=f"sh {build}"
    ):  # fmt: skip
        pass
    sleeper = int(named.read_text())
    while psutil.pid_exists(sleeper) and psutil.Process(sleeper).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)  # the signal is on its way
    assert git(theirs, "worktree", "list").count("\n") == 0


def test_a_snapshot_holds_new_files_and_leaves_index_and_branch_alone(theirs: Path) -> None:
    (theirs / "new.py").write_text("x = 1\n")
    before = git(theirs, "status", "--porcelain"), git(theirs, "rev-parse", "HEAD")
    made = snapshot(Repository.around(theirs))
    assert git(theirs, "show", f"{made}:new.py") == "x = 1"
    assert (git(theirs, "status", "--porcelain"), git(theirs, "rev-parse", "HEAD")) == before


def test_a_submodule_with_changes_of_its_own_is_refused(
    theirs: Path, tmp_path: Path, commit: Callable[[Path, str], str]
) -> None:
    inner = tmp_path / "inner"
    git(tmp_path, "init", "-q", str(inner))
    (inner / "f.py").write_text("1")
    commit(inner, "inner")
    git(theirs, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "inner")
    commit(theirs, "with submodule")
    (theirs / "inner" / "f.py").write_text("2")
    with pytest.raises(BenchError, match="submodule inner has changes"):
        snapshot(Repository.around(theirs))


def test_a_shallow_clone_is_told_how_to_get_the_rest(theirs: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{theirs}", "shallow"], cwd=tmp_path, check=True)
    with pytest.raises(BenchError, match="git fetch --unshallow"):
        resolve(Repository.around(tmp_path / "shallow"), "HEAD~1")
