"""Two revisions of a repository, each in a worktree of its own.

The worktrees lie inside the repository's `.git`, under names of equal length: where a file lies must not decide how
fast it is. The next comparison removes what a killed one left there.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError, NoVerdictError
from bench.interrupts import held_back
from bench.record.table_text import shortened

WORKING_TREE = "working tree"
"""The name of HEAD where the user names none: the files as they are, uncommitted ones included."""

_LONGEST_SUBJECT = 72
"""Letters of a commit's subject that are shown."""


@dataclass(frozen=True)
class Repository:
    """One git repository."""

    root: Path
    git: Path
    """The folder that all of its worktrees share."""

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """The repository that `folder` lies in; raises `BenchError` where it lies in none."""
        try:
            root = Path(git(folder, "rev-parse", "--show-toplevel"))
            shared = Path(git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))
        except BenchError as error:
            raise BenchError(
                f"{folder} is not in a git repository with files ({error}); compare needs two revisions"
            ) from None
        return cls(root, shared)


@dataclass(frozen=True)
class Checkout:
    """One side of a comparison, ready to import from."""

    side: str
    """`base` or `head`."""
    revision: str
    """As the user wrote it."""
    commit: str
    folder: Path
    title: str = ""
    """For people: `1a2b3c4 (Its subject)`, or `working tree on 1a2b3c4 (Its subject)`; empty where it is not known."""

    @property
    def label(self) -> str:
        """For people: `base 1a2b3c4 (Its subject)`."""
        return f"{self.side} {self.title or self.revision}"


def resolve(repository: Repository, revision: str) -> str:
    """The commit that `revision` names; raises `BenchError` where it names none."""
    try:
        return git(repository.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except BenchError:
        pass
    shallow = git(repository.root, "rev-parse", "--is-shallow-repository") == "true"
    advice = "this clone is shallow: `git fetch --unshallow` brings the rest" if shallow else "see `git log --oneline`"
    raise BenchError(f"unknown revision {revision!r} in {repository.root}; expected a commit, branch or tag; {advice}")


def title(repository: Repository, commit: str) -> str:
    """A commit as people know it: its short name and its subject, on one line that is not too long."""
    said = git(repository.root, "rev-list", "--max-count=1", "--format=%h %s", commit, "--").split("\n")[1]
    name, _, subject = said.partition(" ")
    return f"{name} ({shortened(subject, _LONGEST_SUBJECT)})" if subject else name


def snapshot(repository: Repository) -> str:
    """A commit of the working tree as it is, untracked files included; changes neither branch, index nor files."""
    _refuse_changed_submodules(repository)
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(repository.root, "read-tree", "HEAD", variables=index)
        git(repository.root, "add", "--all", variables=index)
        return commit_tree(repository, git(repository.root, "write-tree", variables=index), parent="HEAD")


def commit_tree(repository: Repository, tree: str, *, parent: str) -> str:
    """A commit of `tree` on no branch, which git removes when it next cleans up."""
    who = {f"GIT_{role}_{part}": "restobench" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return git(repository.root, "commit-tree", tree, "-p", parent, "-m", "compared by restobench", variables=who)


@contextlib.contextmanager
def checkouts(
    repository: Repository, base: str, head: str | None, *, build: str = ""
) -> Iterator[tuple[Checkout, Checkout]]:
    """Both sides in their worktrees, which are removed afterwards; the command `build` is run in each first.

    Raises `BenchError` for an unknown revision or a changed submodule, `NoVerdictError` where `build` fails.
    """
    commits = {"base": resolve(repository, base), "head": resolve(repository, head) if head else snapshot(repository)}
    titled = title(repository, commits["head"]) if head else f"{WORKING_TREE} on {title(repository, 'HEAD')}"
    place = repository.git / "restobench"
    _clean(repository, place)
    try:
        sides = [
            Checkout("base", base, commits["base"], place / "base", title(repository, commits["base"])),
            Checkout("head", head or WORKING_TREE, commits["head"], place / "head", titled),
        ]
        for side in sides:
            _check_out(repository, side, build)
        yield sides[0], sides[1]
    finally:
        _clean(repository, place)


def git(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """What git prints, stripped; raises `BenchError` with git's own last line. Hooks are not run."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        status, said, complaint = _run(command, folder, {**inherited, **(variables or {})})
    except OSError as error:
        raise BenchError(f"cannot run git: {error}; compare needs it") from error
    if status:
        raise BenchError(f"git {arguments[0]}: {_last_line(complaint) or f'status {status}'}")
    return said.strip()


def _run(command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """The status of a command, and what it said on standard output and error.

    It leads a process group of its own, so that Ctrl-C is for us to pass on: all of the group is ended, gently.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with held_back():  # so that no signal falls between the start of the process and our knowing of it
            process = subprocess.Popen(  # noqa: S603 - the user's own git or build command
                command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
            )
        said, complaint = process.communicate()
    finally:
        if process and process.returncode is None:
            with process:
                os.killpg(process.pid, signal.SIGTERM)
    return process.returncode, os.fsdecode(said), os.fsdecode(complaint)


def _check_out(repository: Repository, side: Checkout, build: str) -> None:
    git(repository.root, "worktree", "add", "--detach", "--force", str(side.folder), side.commit)
    if (side.folder / ".gitmodules").exists():
        git(side.folder, "submodule", "update", "--init", "--recursive")
    if not build:
        return
    status, said, complaint = _run(shlex.split(build), side.folder)
    if status:
        said = _last_line(complaint) or _last_line(said) or f"status {status}"
        raise NoVerdictError(f"{side.label} does not build: `{build}` said: {said}")


def _clean(repository: Repository, place: Path) -> None:
    """Removes both worktrees, complete or not."""
    with held_back():
        for side in ("base", "head"):
            with contextlib.suppress(BenchError):  # none there, or half of one: what is left goes with the folder
                git(repository.root, "worktree", "remove", "--force", "--force", str(place / side))
            shutil.rmtree(place / side, ignore_errors=True)
            with contextlib.suppress(BenchError):  # git locks it while it makes it, and may have been killed then
                git(repository.root, "worktree", "unlock", str(place / side))
        git(repository.root, "worktree", "prune")


def _refuse_changed_submodules(repository: Repository) -> None:
    if not (repository.root / ".gitmodules").exists():
        return
    for line in git(repository.root, "status", "--porcelain=v2", "--ignore-submodules=none").splitlines():
        fields = line.split(" ")
        if fields[0] in {"1", "2"} and fields[2].startswith("S") and fields[2] != "S...":
            raise BenchError(
                f"submodule {fields[8]} has changes that no commit of {repository.root} holds; commit them there and "
                "here, or name a revision as HEAD"
            )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
