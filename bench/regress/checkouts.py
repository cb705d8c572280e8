"""Two revisions of a repository, each in a worktree of its own.

The worktrees lie inside the repository's `.git`, under names of equal length: where a file lies must not decide how
fast it is. What a killed comparison left there is removed when the next one starts.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError, NoVerdictError

WORKING_TREE = "working tree"
"""What stands for HEAD where it is not named: the files as they lie, those not yet committed among them."""


@dataclass(frozen=True)
class Repository:
    """One git repository."""

    root: Path
    git: Path
    """The folder that all of its worktrees share."""


@dataclass(frozen=True)
class Checkout:
    """One side of a comparison, ready to import from."""

    side: str
    """`base` or `head`."""
    revision: str
    """As it was asked for."""
    commit: str
    folder: Path

    @property
    def label(self) -> str:
        """For people: `base HEAD~1 (1a2b3c4d5e6f)`."""
        return f"{self.side} {self.revision} ({self.commit[:12]})"


def repository(folder: Path) -> Repository:
    """The repository that `folder` lies in; raises `BenchError` where it lies in none."""
    try:
        root = Path(git(folder, "rev-parse", "--show-toplevel"))
        shared = Path(git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    except BenchError as error:
        raise BenchError(
            f"{folder} is not in a git repository with files ({error}); compare needs two revisions"
        ) from None
    return Repository(root, shared)


def resolve(found: Repository, revision: str) -> str:
    """The commit that `revision` names; raises `BenchError` where it names none."""
    try:
        return git(found.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except BenchError:
        pass
    shallow = git(found.root, "rev-parse", "--is-shallow-repository") == "true"
    advice = "this clone is shallow: `git fetch --unshallow` brings the rest" if shallow else "see `git log --oneline`"
    raise BenchError(f"unknown revision {revision!r} in {found.root}; expected a commit, branch or tag; {advice}")


def snapshot(found: Repository) -> str:
    """A commit of the working tree as it is, files not yet added among them; moves neither branch, index nor file."""
    _refuse_changed_submodules(found)
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(found.root, "read-tree", "HEAD", variables=index)
        git(found.root, "add", "--all", variables=index)
        return commit_tree(found, git(found.root, "write-tree", variables=index), parent="HEAD")


def commit_tree(found: Repository, tree: str, *, parent: str) -> str:
    """A commit of `tree` that no branch holds, so that it goes when git next cleans up."""
    who = {f"GIT_{role}_{part}": "restobench" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return git(found.root, "commit-tree", tree, "-p", parent, "-m", "compared by restobench", variables=who)


@contextlib.contextmanager
def checkouts(
    found: Repository, base: str, head: str | None, *, build: str = ""
) -> Iterator[tuple[Checkout, Checkout]]:
    """Both sides in their worktrees, removed afterwards; `build` is a command that is run in each first.

    Raises `BenchError` for an unknown revision or a changed submodule, `NoVerdictError` where `build` fails.
    """
    commits = {"base": resolve(found, base), "head": resolve(found, head) if head else snapshot(found)}
    place = found.git / "restobench"
    _clean(found, place)
    try:
        sides = [
            Checkout(side, revision, commits[side], place / side)
            for side, revision in (("base", base), ("head", head or WORKING_TREE))
        ]
        for side in sides:
            _check_out(found, side, build)
        yield sides[0], sides[1]
    finally:
        _clean(found, place)


def git(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """What git prints, stripped; raises `BenchError` with git's own last line. Hooks are not run."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - the user's own git
            command, cwd=folder, capture_output=True, text=True, check=False, env={**inherited, **(variables or {})}
        )
    except OSError as error:
        raise BenchError(f"cannot run git: {error}; compare needs it") from error
    if done.returncode:
        raise BenchError(f"git {arguments[0]}: {_last_line(done.stderr) or f'status {done.returncode}'}")
    return done.stdout.strip()


def _check_out(found: Repository, side: Checkout, build: str) -> None:
    git(found.root, "worktree", "add", "--detach", "--force", str(side.folder), side.commit)
    if (side.folder / ".gitmodules").exists():
        git(side.folder, "submodule", "update", "--init", "--recursive")
    if not build:
        return
    done = subprocess.run(  # noqa: S603 - the user's own command
        shlex.split(build), cwd=side.folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = _last_line(done.stderr) or _last_line(done.stdout) or f"status {done.returncode}"
        raise NoVerdictError(f"{side.label} does not build: `{build}` said: {said}")


def _clean(found: Repository, place: Path) -> None:
    """Removes both worktrees, whatever state they are in."""
    for side in ("base", "head"):
        with contextlib.suppress(BenchError):  # none there, or half of one: what is left goes with the folder
            git(found.root, "worktree", "remove", "--force", "--force", str(place / side))
        shutil.rmtree(place / side, ignore_errors=True)
    git(found.root, "worktree", "prune")


def _refuse_changed_submodules(found: Repository) -> None:
    if not (found.root / ".gitmodules").exists():
        return
    for line in git(found.root, "status", "--porcelain=v2", "--ignore-submodules=none").splitlines():
        fields = line.split(" ")
        if fields[0] in {"1", "2"} and fields[2].startswith("S") and fields[2] != "S...":
            raise BenchError(
                f"submodule {fields[8]} has changes that no commit of {found.root} holds; commit them there and here, "
                "or name a revision as HEAD"
            )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
