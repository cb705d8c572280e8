"""The trials of the gate's self-test: comparisons with and without planted changes, and what each of them said."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.plan.spec_files import read_spec
from bench.regress.checkouts import Repository, snapshot
from bench.regress.compare import Question, compare
from bench.regress.findings import Comparison
from bench.selftest.plants import Plant, plant_commit, plants_for
from bench.talk import say
from reports.derive.verdict_words import CHANGES

_PEER_LIMIT = 1.05  # the 5 % of pytest-benchmark's option


@dataclass(frozen=True)
class Trial:
    """What one comparison said: of each plant, and of the times of the cases that nothing was planted into."""

    condition: str
    """What else the machine did meanwhile: nothing ("") or `one core busy`."""
    planted: tuple[tuple[str, str], ...]
    """What was planted, and the word for the case it was planted into."""
    untouched: tuple[str, ...]
    verdict: str
    pairs: int
    seconds: float
    fingerprint: str
    peer: tuple[int, int] | None = None
    """Cases, and how many of them pytest-benchmark's own comparison of two runs called slower."""

    @classmethod
    def of(
        cls,
        comparison: Comparison,
        plants: Sequence[Plant],
        *,
        condition: str = "",
        peer: tuple[int, int] | None = None,
    ) -> Trial:
        """The trial that a comparison with these plants in its head was."""
        timed = [finding for finding in comparison.findings if finding.metric == "seconds"]
        return cls(
            condition,
            tuple((plant.stated, str(plant.word(comparison))) for plant in plants),
            tuple(str(finding.word) for finding in timed if not any(plant.concerns(finding) for plant in plants)),
            str(comparison.word), comparison.pairs, round(comparison.seconds, 1), comparison.fingerprint, peer,
        )  # fmt: skip

    @property
    def alarmed(self) -> bool:
        """Whether a change was called where none was planted."""
        return any(word in CHANGES for word in self.untouched)

    @classmethod
    def read(cls, path: Path) -> list[Trial]:
        """Every trial that was appended to `path`; none where there is no file."""
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [cls(**{key: _as_tuples(value) for key, value in json.loads(line).items()}) for line in lines]

    def append_to(self, path: Path) -> None:
        """Adds one line to `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(self)) + "\n")


def gate_check(
    folder: Path, spec: str, *, planted: Sequence[bool], busy: bool = False, peer: bool = False,
    methods: tuple[str, ...] = (), before: int = 0,
) -> Iterator[Trial]:  # fmt: skip
    """One comparison for each of `planted`: with plants or without; the trial that each was.

    With `busy` another process keeps one core busy meanwhile. With `peer` each comparison without plants is preceded by
    two runs of the suite that pytest-benchmark compares. `before` comparisons with plants were made already: the next
    ones plant into the next cases. Raises `BenchError` outside this project's own repository.
    """
    repository = Repository.around(folder)
    if not (repository.root / "restoration" / "catalog.py").exists():
        raise BenchError(f"{repository.root} is not this project's repository; the gate plants its changes there")
    base = snapshot(repository)
    done = len(planted)
    for number, with_plants in enumerate(planted):
        plants = list(plants_for(read_spec(spec), before + sum(planted[:number]))) if with_plants else []
        counts = _peer(spec) if peer and not plants else None
        head = plant_commit(repository, base, plants) if plants else base
        question = Question(base, head, spec, methods, repository.root, measure_all=True)
        with _busy_core() if busy else contextlib.nullcontext():
            comparison = compare(question, progress=lambda *_: None, say=lambda _: None)
        trial = Trial.of(comparison, plants, condition="one core busy" if busy else "", peer=counts)
        said = ", ".join(f"{stated}: {word}" for stated, word in trial.planted) or "nothing planted"
        words = dict(Counter(trial.untouched))
        say(f"{number + 1} of {done}, {trial.seconds:.0f} s, {trial.pairs} pairs: {said}; {words}")
        yield trial


def _as_tuples(value: Any) -> Any:
    """What JSON made lists of."""
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


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
