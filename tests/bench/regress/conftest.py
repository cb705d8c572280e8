"""A repository of a user, for comparisons of its revisions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.regress.checkouts import git


@pytest.fixture
def commit() -> Callable[[Path, str], str]:
    """Commits all of a repository under a message; the commit."""
    return _commit


def _commit(root: Path, message: str) -> str:
    git(root, "add", "--all")
    git(root, "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's repository: a package with one method, two commits, and a change not yet committed."""
    monkeypatch.setenv("RESTOBENCH_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "theirs"
    package = root / "src" / "theirmethod"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    git(tmp_path, "init", "-q", str(root))
    (root / ".git" / "info" / "exclude").write_text("__pycache__/\n")  # as anybody who writes Python has it
    (package / "m.py").write_text("def restore(image):\n    return 1.0 * image\n")
    _commit(root, "first")
    (package / "m.py").write_text("def restore(image):\n    return 0.999 * image\n")
    _commit(root, "second")
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", sys.path.copy())  # which a method named on the command line makes longer
    yield root
    for name in [name for name in sys.modules if name.startswith("theirmethod")]:
        del sys.modules[name]
