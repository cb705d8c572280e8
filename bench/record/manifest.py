"""`run.json`: what was run, on which machine, from which revision, with which images and weights."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bench.errors import RowsError
from bench.machine.environment import Environment, Machine
from bench.plan.case import GIVEN, Case, metric_names
from bench.plan.spec import Spec
from bench.record.files import utf8, write_whole
from bench.record.rows import SCHEMA
from bench.record.table_text import shortened
from restoration.catalog import get
from restoration.objects import digest
from restoration.version import __version__

FILE_NAME = "run.json"

_LONGEST = 72
"""Letters of a commit's subject that are kept."""


@dataclass(frozen=True)
class Manifest:
    """The run's identity card; written when the run starts and again when it ends."""

    run: str
    name: str
    command: str
    spec: Mapping[str, Any]
    environment: Mapping[str, Mapping[str, Any]]
    fingerprint: str
    started: str
    revision: str = ""
    subject: str = ""
    """The first line of what its commit says."""
    finished: str = ""
    status: Literal["running", "complete", "interrupted"] = "running"
    images: tuple[Mapping[str, Any], ...] = ()
    image_folder: str = ""
    """Where the user's images are; empty for the bundled ones."""
    image_set: Mapping[str, str] = field(default_factory=dict)
    """Name and SHA-256 of the set that the images are of, where a set file names them."""
    weights: tuple[Mapping[str, Any], ...] = ()
    methods: tuple[Mapping[str, Any], ...] = ()
    metrics: tuple[Mapping[str, Any], ...] = ()
    """What restored images are judged by, and how tables write it."""
    degradations: tuple[Mapping[str, Any], ...] = ()
    """What is done to the images, and where the sigma that denoisers are told comes from."""
    notices: tuple[str, ...] = ()
    doctor: tuple[Mapping[str, Any], ...] = ()
    timed_on: str = ""
    """The worker of a cluster that took the times; `environment`, `fingerprint` and `doctor` are its machine's."""
    started_on: Mapping[str, Any] = field(default_factory=dict)
    """These three of the machine that started the run, where another one took the times."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Of the whole run (`total`) and of its measured calls (`measured`); the difference is the suite's own cost."""
    version: str = __version__
    schema: int = SCHEMA

    def write(self, directory: Path) -> None:
        """Writes `run.json` whole or not at all; raises `RowsError` where it cannot."""
        path = directory / FILE_NAME
        try:
            write_whole(path, [utf8(json.dumps(asdict(self), indent=1, ensure_ascii=False)), b"\n"])
        except OSError as error:
            raise RowsError(f"cannot write {path}: {error.strerror or error}; make room") from error

    def ended(self, status: Literal["complete", "interrupted"], seconds: Mapping[str, float]) -> Manifest:
        """The same run, over."""
        return replace(self, status=status, finished=now(), seconds=dict(seconds))

    def timed(self, machine: Machine) -> Manifest:
        """The same run, its times taken by a worker of a cluster."""
        here = self.timed_here()
        own = {name: getattr(here, name) for name in ("environment", "fingerprint", "doctor")}
        return replace(
            here,
            environment=machine.environment.record(),
            fingerprint=machine.environment.fingerprint,
            doctor=machine.doctor,
            timed_on=machine.worker,
            started_on=own if machine.environment.fingerprint != here.fingerprint else {},
            notices=tuple(dict.fromkeys((*here.notices, *machine.notices))),
        )

    def timed_here(self, notice: str = "") -> Manifest:
        """The same run, its times taken by the machine that started it."""
        notices = tuple(dict.fromkeys((*self.notices, *filter(None, (notice,)))))
        return replace(self, **self.started_on, timed_on="", started_on={}, notices=notices)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a run directory; raises `RowsError` if there is none or it is of a newer schema."""
    try:
        fields = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
        found = Manifest(**fields)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RowsError(f"{directory}: not a run directory of schema {SCHEMA}: {error}") from error
    if found.schema > SCHEMA:
        raise RowsError(
            f"{directory}: run of schema {found.schema}, this program reads up to {SCHEMA}; upgrade restobench"
        )
    return found


def describe(
    spec: Spec,
    names: Iterable[str],
    cases: Sequence[Case] = (),
    *,
    image_folder: str,
    environment: Environment,
    command: str,
) -> Manifest:
    """The manifest of a run that is about to start; `names` are its methods, `cases` what is measured."""
    started = now()
    return Manifest(
        run=f"{spec.name}-{started.replace(':', '').replace('-', '')}-{os.getpid()}",
        name=spec.name,
        command=command,
        spec=spec.model_dump(mode="json"),
        environment=environment.record(),
        fingerprint=environment.fingerprint,
        started=started,
        revision=revision(),
        subject=subject_of(),
        image_folder=image_folder,
        methods=tuple(_method(name) for name in names),
        metrics=tuple(_metrics(cases)),
        degradations=tuple(_degradations(cases)),
    )


def revision() -> str:
    """The git commit of the working folder, `+` appended where files differ from it; empty outside a repository."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def subject_of(revision: str = "HEAD") -> str:
    """The first line of a commit's message; empty where the working folder's repository has no such commit."""
    commit = revision.rstrip("+")
    try:
        return shortened(_git("log", "-1", "--format=%s", "--end-of-options", commit, "--"), _LONGEST) if commit else ""
    except (OSError, subprocess.SubprocessError):
        return ""


def subjects_of(directories: Iterable[Path]) -> dict[str, str]:
    """By revision, the subject of each run's commit that the working folder's repository knows.

    A run of an earlier version records the revision alone; one that cannot be read is left out here.
    """
    found = {}
    for directory in directories:
        with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
            about = json.loads((directory / FILE_NAME).read_text(encoding="utf-8", errors="replace"))
            revision = str(about.get("revision") or "")
            if not about.get("subject") and (subject := subject_of(revision)):
                found[revision] = subject
    return found


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, errors="replace", check=True, timeout=10)  # noqa: S603, S607 - fixed arguments, the user's own git
    return done.stdout.strip()


def _method(name: str) -> dict[str, Any]:
    method = get(name)
    as_they_are = ("task", "summary", "paper", "licence", "random_weights", "trained_for")
    facts: dict[str, Any] = {"name": name, "title": method.title or name, "options": dict(method.options)}
    facts |= {"sha256": digest(name)} if digest(name) else {}
    return facts | {field: getattr(method, field) for field in as_they_are}


def _metrics(cases: Iterable[Case]) -> Iterator[dict[str, Any]]:
    from restoration.metrics import get as metric

    for name in metric_names(cases):
        found = metric(name)
        as_they_are = ("name", "unit", "better", "digits", "needs_reference", "summary", "paper")
        ends = [end if math.isfinite(end) else None for end in found.range]
        facts = {"source": name, "title": found.title or found.name, "range": ends}
        yield facts | {field: getattr(found, field) for field in as_they_are}


def _degradations(cases: Iterable[Case]) -> Iterator[dict[str, Any]]:
    from restoration.degradations import get as degradation

    for text in dict.fromkeys(case.degradation for case in cases if case.kind == "quality"):
        if text != GIVEN:
            found = degradation(text)
            sigma = "the noise that is added" if found.adds_sigma else "what denoisers are told"
            yield {"name": text, "summary": found.summary, "options": dict(found.options), "sigma": sigma}


def how_to_go_on(directory: Path) -> str:
    """What measures the cases of a run that are left."""
    return f"go on with the same command and `--resume --out {directory}`"
