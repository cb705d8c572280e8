"""Which methods have the same code on both sides: nothing that differs between the two worktrees matters to them.

When in doubt, something matters: a method that is measured for nothing costs a minute, one that is not costs trust.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from bench.errors import BenchError
from bench.plan.case import Case
from bench.regress.checkouts import Checkout, git
from bench.regress.findings import Finding, Metric
from bench.regress.source import mentioned, named, reached, source
from bench.regress.trail import CACHE, Touched
from reports.derive.verdict_words import Word

_REGISTRY = frozenset(f"restoration/{name}.py" for name in ("__init__", "method", "lookup", "catalog", "source_files"))
"""They import by name, but only what was asked for."""

_RECORDS = frozenset({"restoration/builtin.py", "restoration/upscalers.py"})
"""They hold the modules of all built-in methods by name, of which each method imports its own."""

_DOCUMENTS = frozenset({".md", ".rst"})
"""What compiled code, whose reading nobody sees, is taken not to read."""

_METRICS: dict[str, Metric] = {
    "time": "seconds",
    "quality": "psnr_db",
    "cost": "macs_per_pixel",
    "memory": "peak_bytes",
}


@dataclass(frozen=True)
class Worktrees:
    """Both sides' files, and in which of them they differ."""

    base: Path
    head: Path
    roots: tuple[str, ...]
    """The folders in them that are imported from, relative."""
    differing: frozenset[str] = field(default_factory=frozenset)
    """Files that one side lacks or that have other bytes; a submodule by its folder."""

    @classmethod
    def of(cls, base: Checkout, head: Checkout, paths: Sequence[str]) -> Worktrees:
        """The worktrees as they are now, with what was built or written in them; `paths` are those base imports from.

        The caches of compiled Python are left out, unless a revision holds them.
        """
        places = [Path(path) for path in paths]
        roots = tuple(
            place.relative_to(base.folder).as_posix() for place in places if place.is_relative_to(base.folder)
        )
        changed = _listed(git(base.folder, "diff", "--name-only", "--no-renames", "-z", base.commit, head.commit))
        for side in (base, head):
            changed |= _listed(git(side.folder, "ls-files", "--modified", "--deleted", "-z"))
            built = _listed(git(side.folder, "ls-files", "--others", "-z"))
            changed |= {path.rstrip("/") for path in built if CACHE not in path} | _submodules(side.folder)
        found = (path for path in changed if not _same_file(base.folder / path, head.folder / path))
        return cls(base.folder, head.folder, roots, frozenset(found))

    def why_measured(self, base: Touched, head: Touched, options: frozenset[str] = frozenset()) -> str:
        """What may make a difference to a method that touches this, in words; empty where nothing does.

        `options` are those of its cases: they may name files.
        """
        for side in (base, head):
            if side.obstacles:
                return side.obstacles[0]
        seen = _Seen.of(self, base, head, options)
        if seen.unreadable:
            return f"{min(seen.unreadable)} cannot be read as Python"
        for path in sorted(self.differing):
            if self._matters(path, seen):
                return f"{path.encode('utf-8', 'backslashreplace').decode()} differs"
        for mine, other in ((base.code, head.code), (base.read, head.read)):
            if odd := mine ^ other:
                return f"only one side touches {min(odd)}"
        for path in sorted(base.asked | head.asked):
            if os.path.lexists(self.base / path) != os.path.lexists(self.head / path):
                return f"only one side has {path}"
        return ""

    def _matters(self, path: str, seen: _Seen) -> bool:
        place = PurePosixPath(path)
        above = {"" if parent == PurePosixPath() else str(parent) for parent in place.parents}
        if CACHE in path or path in seen.read or above & (seen.read | seen.listed):
            return True
        if place.suffix == ".py":
            as_text = path in seen.by_text or any(text.endswith(place.name) for text in seen.strings)
            if as_text or any(code.startswith(f"{path}/") for code in seen.code):
                return True
            imported = path in seen.code or (seen.dynamic and named(path, self.roots, seen.strings))
            return (imported or (seen.joining and mentioned(path, seen.strings))) and not self._same_code(path)
        if path in seen.asked or any(code.startswith(f"{path}/") for code in seen.code):
            return True
        return (seen.native and place.suffix not in _DOCUMENTS) or mentioned(path, seen.strings)

    def _same_code(self, path: str) -> bool:
        sources = [source(side / path) for side in (self.base, self.head)]
        codes = {found.code if found else None for found in sources}
        return len(codes) == 1 and None not in codes


@dataclass(frozen=True)
class _Seen:
    """What both sides of a method touch, together."""

    code: frozenset[str]
    """With everything that is imported by it at some time, or may be."""
    read: frozenset[str]
    asked: frozenset[str]
    listed: frozenset[str]
    native: bool
    dynamic: bool
    joining: bool
    strings: frozenset[str]
    by_text: frozenset[str]
    """Code that something looks at as a text."""
    unreadable: frozenset[str]

    @classmethod
    def of(cls, trees: Worktrees, base: Touched, head: Touched, options: frozenset[str]) -> _Seen:
        code: set[str] = set()
        by_text: set[str] = set()
        strings: set[str] = set(options)
        unreadable: set[str] = set()
        dynamic = joining = False
        for folder, touched in ((trees.base, base), (trees.head, head)):
            reach = reached(folder, trees.roots, touched.code)
            code |= reach
            for path in reach:
                found = source(folder / path)
                if found is None:
                    unreadable.add(path)
                    continue
                strings |= found.strings if path not in _RECORDS else set()
                dynamic |= found.dynamic and path not in _REGISTRY
                joining |= found.joining and path not in _REGISTRY
                if found.lines:
                    by_text |= reach
                elif found.own_text:
                    by_text |= reached(folder, trees.roots, frozenset({path}))
        return cls(
            frozenset(code), base.read | head.read, base.asked | head.asked, base.listed | head.listed,
            base.native or head.native, dynamic, joining, frozenset(strings), frozenset(by_text), frozenset(unreadable),
        )  # fmt: skip


def unchanged(cases: Sequence[Case]) -> Iterator[Finding]:
    """The findings of cases whose code is the same: those that measuring them would give."""
    for case in dict.fromkeys(_as_found(case) for case in cases):
        yield Finding(case, _METRICS[case.kind], Word.SAME_CODE)


def _as_found(case: Case) -> Case:
    """The case as its finding names it: of all images together, and timed however the spec says so."""
    whole = replace(case, image="", seed=0) if case.kind == "quality" else case
    return replace(whole, kind="time") if case.kind == "paired" else whole


def rehearsed(cases: Sequence[Case]) -> list[Case]:
    """The cases of one method that must be tried to see what all of them touch: of images and seeds, one each."""
    return list(dict.fromkeys(map(_as_found, cases)))


def _listed(text: str) -> set[str]:
    return {path for path in text.split("\0") if path}


def _submodules(folder: Path) -> set[str]:
    """The folders of a worktree's submodules, of which git does not say what was built in them."""
    if not (folder / ".gitmodules").exists():
        return set()
    lines = _listed(git(folder, "ls-files", "--stage", "-z"))
    return {line.partition("\t")[2] for line in lines if line.startswith("160000 ")}


def _same_file(base: Path, head: Path) -> bool:
    """Whether two paths are files of the same bytes, links to the same place, or folders of such."""
    if base.is_symlink() or head.is_symlink():
        return base.is_symlink() and head.is_symlink() and base.readlink() == head.readlink()
    if base.is_dir() and head.is_dir():
        names = {path.name for side in (base, head) for path in side.iterdir()} - {".git", CACHE}
        return all(_same_file(base / name, head / name) for name in names)
    try:
        return base.is_file() and head.is_file() and base.read_bytes() == head.read_bytes()
    except OSError as error:
        raise BenchError(f"cannot compare {base} with {head}: {error}") from error
