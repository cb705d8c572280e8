"""The trials of the gate's self-test: comparisons with and without planted changes, and what each of them said."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import psutil

from bench.errors import BenchError
from bench.machine.environment import cpu_model
from bench.machine.threads import usable_cores
from bench.plan.spec_files import read_spec
from bench.regress.checkouts import Repository, git, snapshot
from bench.regress.compare import Question, compare
from bench.regress.findings import Comparison, Finding
from bench.selftest.plants import Plant, plant_commit, plant_to_detect, plants_for
from bench.talk import counted, say
from reports.derive.verdict_words import CHANGES

_PEER_LIMIT = 1.05  # the 5 % of pytest-benchmark's option

Kind = Literal["empty", "planted", "busy", "detect"]
"""What a trial is: nothing planted; changes of every size planted; nothing planted and one core busy; or a slow-down of
`DETECTED` planted into one method that is compared with `--detect`."""

DETECTED = 0.01


@dataclass(frozen=True)
class Said:
    """What a comparison said of one case."""

    case: str
    word: str
    change: str
    """With its interval."""
    planted: str = ""
    """What was planted into it."""

    @classmethod
    def of(cls, finding: Finding, planted: str = "") -> Said:
        """What it said in this finding."""
        brief = finding.brief()
        return cls(
            f"{finding.place}: {finding.measured}",
            str(finding.word),
            f"{brief['change']} ({brief['interval']})",
            planted,
        )


@dataclass(frozen=True)
class Trial:
    """What one comparison said: of each plant, and of the times of the cases that nothing was planted into."""

    kind: Kind
    said: tuple[Said, ...]
    status: int
    pairs: int
    seconds: float
    fingerprint: str
    started: str
    machine: str
    load: float
    """Processes that were ready to run when it began, by the system's mean over a minute."""
    revision: str = ""
    """The commit into whose working tree changes were planted."""
    peer: tuple[int, int] | None = None
    """Cases, and how many of them pytest-benchmark's own comparison of two runs called slower."""

    @classmethod
    def of(
        cls, comparison: Comparison, plants: Sequence[Plant], *, kind: Kind = "empty", load: float = 0.0,
        revision: str = "", peer: tuple[int, int] | None = None,
    ) -> Trial:  # fmt: skip
        """The trial that a comparison with these plants in its head was."""
        untouched = [
            Said.of(finding)
            for finding in comparison.findings
            if finding.metric == "seconds" and not any(plant.concerns(finding) for plant in plants)
        ]
        touched = [Said.of(plant.finding(comparison), plant.stated) for plant in plants]
        return cls(
            kind, (*touched, *untouched), comparison.status, comparison.pairs, round(comparison.seconds, 1),
            comparison.fingerprint, comparison.started, f"{usable_cores()} cores, {cpu_model()}", load, revision, peer,
        )  # fmt: skip

    @property
    def alarmed(self) -> bool:
        """Whether a change was called where none was planted."""
        return any(said.word in CHANGES for said in self.untouched)

    @property
    def untouched(self) -> list[Said]:
        """What was said of the times of the cases that nothing was planted into."""
        return [said for said in self.said if not said.planted]

    @classmethod
    def read(cls, path: Path) -> list[Trial]:
        """Every trial that was appended to `path`; none where there is no file."""
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [cls._from(json.loads(line)) for line in lines]

    @classmethod
    def _from(cls, record: dict[str, Any]) -> Trial:
        said = tuple(Said(**one) for one in record["said"])
        return cls(**{**record, "said": said, "peer": tuple(record["peer"]) if record["peer"] else None})

    def append_to(self, path: Path) -> None:
        """Adds one line to `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(self)) + "\n")


def gate_check(
    folder: Path, spec: str, kinds: Iterable[Kind], *, peer: bool = False, before: int = 0
) -> Iterator[Trial]:
    """One comparison of each of `kinds`; the trial that each was.

    With `peer` each comparison without plants is preceded by two runs of the suite that pytest-benchmark compares.
    `before` comparisons with plants were made already: the next ones plant into the next cases. Raises `BenchError`
    outside this project's own repository.
    """
    repository = Repository.around(folder)
    if not (repository.root / "restoration" / "catalog.py").exists():
        raise BenchError(f"{repository.root} is not this project's repository; the gate plants its changes there")
    base, revision = snapshot(repository), git(repository.root, "rev-parse", "--short", "HEAD")
    for number, kind in enumerate(kinds, 1):
        plants = _plants(spec, kind, before)
        before += bool(plants)
        counts = _peer(spec) if peer and kind == "empty" else None
        load = round(psutil.getloadavg()[0], 2)
        head = plant_commit(repository, base, plants) if plants else base
        question = Question(base, head, spec, folder=repository.root, measure_all=True)
        if kind == "detect":
            methods = (plants[0].case.method,)
            question = replace(question, methods=methods, detect=DETECTED)
        with _busy_core() if kind == "busy" else contextlib.nullcontext():
            comparison = compare(question, progress=lambda *_: None, say=lambda _: None)
        trial = Trial.of(comparison, plants, kind=kind, load=load, revision=revision, peer=counts)
        length = f"{trial.seconds:.0f} s, {counted(trial.pairs, 'pair')}"
        say(f"{number}, {kind}: {length}, status {trial.status}: {_in_words(trial)}")
        yield trial


def _plants(spec: str, kind: Kind, before: int) -> list[Plant]:
    if kind == "planted":
        return list(plants_for(read_spec(spec), before))
    return [plant_to_detect(read_spec(spec), before, DETECTED)] if kind == "detect" else []


def _in_words(trial: Trial) -> str:
    planted = ", ".join(f"{said.planted}: {said.word}" for said in trial.said if said.planted)
    return "; ".join(filter(None, (planted, str(dict(Counter(said.word for said in trial.untouched))))))


def _peer(spec: str) -> tuple[int, int]:
    """Two runs of the suite: their cases, and how many `--benchmark-compare-fail=median:5%` would call slower."""
    suite = Path(__file__).parents[1] / "suite"
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(2):
            command = [
                sys.executable, "-m", "pytest", str(suite), "-c", str(suite / "pytest.ini"), "--rootdir", str(suite),
                "-q", "-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin", f"--restobench-spec={spec}",
                f"--benchmark-json={scratch}/run.json", f"--benchmark-storage={scratch}",
            ]  # fmt: skip
            environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603 - our own suite
            benchmarks = json.loads(Path(scratch, "run.json").read_text(encoding="utf-8"))["benchmarks"]
            runs.append({benchmark["fullname"]: benchmark["stats"]["median"] for benchmark in benchmarks})
    before, after = runs
    return len(before), sum(after[name] > _PEER_LIMIT * before[name] for name in before)


@contextlib.contextmanager
def _busy_core() -> Iterator[None]:
    """Another process that never rests."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()
