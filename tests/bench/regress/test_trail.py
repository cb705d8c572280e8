"""What a process touches of its worktree is followed, and what cannot be followed is said."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.regress.trail import Touched, Trail


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], object]], Touched]:
    """Follows this process while it does something in a worktree."""
    for name in ("stat", "lstat", "access", "readlink"):
        monkeypatch.setattr(os, name, getattr(os, name))  # which puts them back in the end
    folder = tmp_path / ".git" / "restobench" / "base"
    folder.mkdir(parents=True)
    (folder / "there.txt").write_text("x")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def following(act: Callable[[Path], object]) -> Touched:
        trail = Trail(folder)
        trail.begin()
        act(folder)
        return trail.end("m.py")

    return following


Follow = Callable[[Callable[[Path], object]], Touched]


@pytest.mark.parametrize(
    "act",
    [
        lambda folder: (folder / "there.txt").read_text(),
        lambda folder: os.close(os.open(folder / "there.txt", os.O_RDONLY)),
        lambda folder: open(os.fsencode(folder / "there.txt"), "rb").close(),  # noqa: PTH123 - as others do
    ],
)
def test_a_file_that_is_read_is_told(follow: Follow, act: Callable[[Path], object]) -> None:
    found = follow(act)
    assert found.read == {"there.txt"}
    assert not found.obstacles


def test_a_link_is_told_and_what_it_leads_to(follow: Follow) -> None:
    def act(folder: Path) -> None:
        (folder / "link").read_text()

    with pytest.raises(FileNotFoundError):
        follow(act)

    def linked(folder: Path) -> None:
        (folder / "link").read_text()

    folder = Path(sys.path[0])
    (folder / "link").symlink_to("there.txt")
    assert follow(linked).read == {"link", "there.txt"}


def test_questions_whether_a_file_exists_and_listings_are_told(follow: Follow) -> None:
    found = follow(lambda folder: ((folder / "absent").exists(), list((folder).iterdir())))
    assert "absent" in found.asked
    assert found.listed == {""}
    assert not found.read


def test_modules_are_told_as_code_and_their_caches_are_nobodys_business(follow: Follow) -> None:
    (Path(sys.path[0]) / "followed_module.py").write_text("X = 1\n")
    try:
        for _ in range(2):  # the second time from its cache
            found = follow(lambda _: __import__("followed_module"))
            assert (found.code, found.read, found.obstacles) == ({"followed_module.py"}, set(), ())
            assert not found.native
            del sys.modules["followed_module"]
    finally:
        sys.modules.pop("followed_module", None)


def test_a_module_that_was_there_before_is_an_obstacle(follow: Follow) -> None:
    """As `sitecustomize` is, which runs before anything else."""
    (Path(sys.path[0]) / "early_module.py").write_text("X = 1\n")
    __import__("early_module")
    try:
        found = follow(lambda _: None)
        assert found.code == {"early_module.py"}
        assert found.obstacles == ("early_module.py runs before anything can be followed",)
    finally:
        del sys.modules["early_module"]


@pytest.mark.parametrize(
    ("act", "obstacle"),
    [
        (lambda folder: (folder / "new").write_text("x"), "it writes new in its own worktree"),
        (lambda folder: (folder / "there.txt").rename(folder / "b"), "it writes there.txt in its own worktree"),
        (lambda folder: (folder / "there.txt").unlink(), "it writes there.txt in its own worktree"),
        (lambda _: subprocess.run([sys.executable, "-c", ""], check=True), "it starts another program"),
        (lambda _: os.system("true"), "it starts another program"),  # noqa: S605 - as others do
        (lambda folder: (folder.parents[1] / "HEAD").exists() or (folder.parents[1] / "HEAD").open(), "reads the rep"),
    ],
)
def test_what_cannot_be_followed_is_an_obstacle(follow: Follow, act: Callable[[Path], object], obstacle: str) -> None:
    (Path(sys.path[0]).parents[1] / "HEAD.other").write_text("x")

    def tolerant(folder: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            act(folder)

    assert any(obstacle in one for one in follow(tolerant).obstacles)


@pytest.mark.skipif(not Path("/sbin/ldconfig").exists(), reason="there is no /sbin/ldconfig")
def test_the_list_of_the_systems_libraries_is_no_obstacle(follow: Follow) -> None:
    found = follow(lambda _: subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, check=True))
    assert not found.obstacles
    assert not [path for path in found.read if path.startswith("pipe:")]  # what it printed came through one
    other = ["/sbin/ldconfig", "--version"]
    assert follow(lambda _: subprocess.run(other, capture_output=True, check=True)).obstacles


def test_what_lies_elsewhere_does_not_count(follow: Follow, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("x")
    found = follow(lambda _: (tmp_path / "elsewhere").read_text())
    assert found == Touched("m.py")
