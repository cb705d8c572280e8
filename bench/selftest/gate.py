"""The gate tests itself: plants changes of known size into a copy of this project and counts how often each is found.

A plant is a commit that no branch holds, the working tree with one file more: every method, once built, does what it
did before and then what was planted. So a comparison with it goes the whole way of any other.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.errors import BenchError
from bench.machine.environment import cpu_model
from bench.machine.threads import usable_cores
from bench.measure.image_set import ImageSet
from bench.measure.inputs import degraded
from bench.measure.scores import scores
from bench.plan.case import Case
from bench.plan.spec import Spec
from bench.plan.spec_files import read_spec
from bench.record.table_text import to_markdown
from bench.regress.checkouts import Repository, commit_tree, git, repository, snapshot
from bench.regress.compare import Question, compare
from bench.regress.findings import Comparison, Finding, Metric
from bench.regress.stopping_rule import MOST_PAIRS
from bench.talk import Record, say
from reports.derive.verdict_words import Word
from restoration.catalog import get

SLOWER = (0.03, 0.05, 0.02, 0.03, 0.05, 0.10)
"""Relative. What the gate is there to find is planted twice as often."""
LOSSES = (0.005, 0.01, 0.05)
MACS = (1, 10)
MEMORY = (0.05, 0.10)

_PLANTED = "restoration/planted.py"

_CHANGED = frozenset(Word) - {Word.UNCHANGED, Word.NO_VERDICT}

_PEER_LIMIT = 1.05  # the 5 % of pytest-benchmark's option

_CODE = '''\
"""Changes of known size, planted to see whether they are found."""

from dataclasses import replace

PLANTS = {plants!r}


def plant(method):
    plants = [plant for plant in PLANTS if plant["method"] == method.name]
    return replace(method, build=lambda setup: built(method, setup, plants)) if plants else method


def built(method, setup, plants):
    restore = method.build(setup)
    for plant in plants:
        if {{**method.options, **plant["options"]}} == dict(setup.options):
            restore = KINDS[plant["kind"]](restore, plant["size"])
    return restore


def slower(restore, size):
    from time import monotonic as clock

    def slow(image):
        begin = clock()
        restored = restore(image)
        until = begin + (1 + size) * (clock() - begin)
        while clock() < until:
            pass
        return restored

    return slow


def worse(restore, size):
    import torch

    def lossy(image):
        restored = restore(image)
        rows, columns = (torch.arange(side) for side in restored.shape[-2:])
        return restored + size * (1 - 2.0 * ((rows[:, None] + columns) % 2))

    return lossy


def costlier(restore, size):
    import torch

    def costly(image):
        restored = restore(image)
        channels = restored.shape[1]
        kernel = torch.zeros(round(size), channels, 1, 1)
        torch.nn.functional.conv2d(restored, kernel)
        return restored

    return costly


def larger(restore, size):
    import torch

    def large(image):
        held = torch.ones(round(size), dtype=torch.uint8)
        restored = restore(image)
        return restored + 0 * held[0]

    return large


KINDS = {{"time": slower, "quality": worse, "operations": costlier, "memory": larger}}
'''

_HOOK = """

from restoration.planted import plant as _plant  # noqa: E402

_get_unplanted = get


def get(name: str) -> Method:
    return _plant(_get_unplanted(name))
"""


@dataclass(frozen=True)
class Plant:
    """One change to plant into the cases of one method with these options."""

    kind: str
    """`time`, `quality`, `operations` or `memory`."""
    size: float
    """As the code takes it: relative, amplitude in image units, operations per pixel, bytes."""
    case: Case
    stated: str
    """What it is called in the table: `+3 % time`."""

    def to_code(self) -> dict[str, Any]:
        """As the planted file holds it."""
        return {
            "method": self.case.method,
            "options": dict(self.case.option_values()),
            "kind": self.kind,
            "size": self.size,
        }

    def found(self, comparison: Comparison) -> Word:
        """What the comparison says of the case it was planted into."""
        metrics: Mapping[str, Metric] = {
            "time": "seconds", "quality": "psnr_db", "operations": "macs_per_pixel", "memory": "peak_bytes"
        }  # fmt: skip
        return next(
            (
                finding.word
                for finding in comparison.findings
                if finding.metric == metrics[self.kind] and _about(finding, self.case)
            ),
            Word.NO_VERDICT,
        )


@dataclass(frozen=True)
class Trial:
    """What one comparison said: of each plant, and of the times of the cases that nothing was planted into."""

    condition: str
    """What went on beside it: nothing ("") or `one core busy`."""
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
            tuple((plant.stated, str(plant.found(comparison))) for plant in plants),
            tuple(str(finding.word) for finding in timed if not any(_about(finding, plant.case) for plant in plants)),
            str(comparison.word), comparison.pairs, round(comparison.seconds, 1), comparison.fingerprint, peer,
        )  # fmt: skip

    @property
    def alarmed(self) -> bool:
        """Whether a change was called where none was planted."""
        return any(word in _CHANGED for word in self.untouched)

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


def records(trials: Sequence[Trial]) -> list[Record]:
    """The table: one line for each plant, then what was said where nothing was planted."""
    planted: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        for stated, word in trial.planted:
            planted[stated][word] += 1
    lines = [_line(stated, words) for stated, words in planted.items()]
    for condition in dict.fromkeys(trial.condition for trial in trials):
        name = ", ".join(part for part in ("nothing", condition) if part)
        mine = [trial for trial in trials if trial.condition == condition]
        empty = [trial for trial in mine if not trial.planted]
        lines.append(_line(f"{name}: cases", Counter(word for trial in mine for word in trial.untouched)))
        if empty:
            lines.append(_line(f"{name}: whole comparisons", Counter(_whole(trial) for trial in empty)))
    peers = [trial.peer for trial in trials if trial.peer]
    if peers:
        cases, alarms = (sum(counts) for counts in zip(*peers, strict=True))
        lines.append(_line("nothing: cases, by `--benchmark-compare-fail=median:5%`", _counted(alarms, cases)))
        whole = _counted(sum(alarms > 0 for _, alarms in peers), len(peers))
        lines.append(_line("nothing: whole runs, by `--benchmark-compare-fail=median:5%`", whole))
    return lines


def gate_check(
    folder: Path, spec: str, *, planted: Sequence[bool], busy: bool = False, peer: bool = False,
    methods: tuple[str, ...] = (), most_pairs: int = MOST_PAIRS, before: int = 0,
) -> Iterator[Trial]:  # fmt: skip
    """One comparison for each of `planted`: with plants or without; the trial that each was.

    With `busy` another process keeps one core busy meanwhile. With `peer` each comparison without plants is preceded by
    two runs of the suite that pytest-benchmark compares. `before` comparisons with plants were made already: the next
    ones plant into the next cases. Raises `BenchError` outside this project's own repository.
    """
    found = repository(folder)
    if not (found.root / "restoration" / "catalog.py").exists():
        raise BenchError(f"{found.root} is not this project's repository; the gate plants its changes there")
    base = snapshot(found)
    done = len(planted)
    for number, with_plants in enumerate(planted):
        plants = list(_plants(read_spec(spec), before + sum(planted[:number]))) if with_plants else []
        counts = _peer(spec) if peer and not plants else None
        head = plant_commit(found, base, plants) if plants else base
        question = Question(base, head, spec, methods, found.root, most_pairs=most_pairs)
        with _busy_core() if busy else contextlib.nullcontext():
            comparison = compare(question, progress=lambda *_: None, say=lambda _: None)
        trial = Trial.of(comparison, plants, condition="one core busy" if busy else "", peer=counts)
        said = ", ".join(f"{stated}: {word}" for stated, word in trial.planted) or "nothing planted"
        words = dict(Counter(trial.untouched))
        say(f"{number + 1} of {done}, {trial.seconds:.0f} s, {trial.pairs} pairs: {said}; {words}")
        yield trial


def plant_commit(found: Repository, base: str, plants: Sequence[Plant]) -> str:
    """The commit `base` with the plants in it."""
    catalog = git(found.root, "show", f"{base}:restoration/catalog.py") + "\n" + _HOOK
    files = {"restoration/catalog.py": catalog, _PLANTED: _CODE.format(plants=[plant.to_code() for plant in plants])}
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(found.root, "read-tree", base, variables=index)
        for name, text in files.items():
            (Path(folder) / "file").write_text(text, encoding="utf-8")
            blob = git(found.root, "hash-object", "-w", str(Path(folder) / "file"))
            git(found.root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", variables=index)
        return commit_tree(found, git(found.root, "write-tree", variables=index), parent=base)


def amplitude_for(case: Case, loss_db: float) -> float:
    """The amplitude, in image units, of the pattern that costs a quality case `loss_db`, found by bisection."""
    import torch

    clean = ImageSet().get(case.image, case.channels)
    method = get(case.method)
    with torch.inference_mode():
        restored = method.build(method.checked(case.setup()))(degraded(case, clean)[None])[0].float()
    rows, columns = (torch.arange(side) for side in restored.shape[-2:])
    pattern = 1 - 2.0 * ((rows[:, None] + columns) % 2)

    def psnr_db(amplitude: float) -> float:
        readings = scores(case, restored + amplitude * pattern, clean)
        return next(reading.value or 0.0 for reading in readings if reading.quantity == "psnr_db")

    wanted, low, high = psnr_db(0.0) - loss_db, 0.0, 0.05
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if psnr_db(middle) > wanted else (low, middle)
    return high


def write_table(records: Sequence[Record], page: Path, *, said: str) -> None:
    """Puts the table and a sentence between the markers in `page`; raises `BenchError` where there are none."""
    text = page.read_text(encoding="utf-8")
    begin, end = "<!-- gate-check: begin -->", "<!-- gate-check: end -->"
    if begin not in text or end not in text:
        raise BenchError(f"{page}: expected the lines {begin} and {end} around the table")
    head, _, rest = text.partition(begin)
    tail = rest.partition(end)[2]
    page.write_text(
        "\n".join([f"{head}{begin}", "", said, "", to_markdown(records), "", f"{end}{tail}"]), encoding="utf-8"
    )


def _plants(spec: Spec, number: int) -> Iterator[Plant]:
    """Every size of every kind, on cases that move on by one with each comparison, so that each case has its turn."""
    cases = [case for case in spec.cases(ImageSet().names()) if case.kind in {"time", "quality", "cost", "memory"}]
    of = {kind: [case for case in cases if case.kind == kind] for kind in ("time", "quality", "cost", "memory")}
    sizes: Sequence[tuple[str, str, Sequence[float], str]] = (
        ("time", "time", SLOWER, "+{:.0%} time"),
        ("quality", "quality", LOSSES, "-{} dB"),
        ("operations", "cost", MACS, "+{} MAC/px"),
        ("memory", "memory", MEMORY, "+{:.0%} memory"),
    )
    used: set[tuple[str, str]] = set()
    for kind, of_kind, values, stated in sizes:
        free = {(case.method, case.options): case for case in of[of_kind]}
        keys = [key for key in free if key not in used]
        copies = max(1, len(keys) // (2 * len(values)))  # half of the cases stay as they are
        for turn, size in zip(range(len(keys)), [*values] * copies, strict=False):
            key = keys[(number + turn) % len(keys)]
            used.add(key)
            yield Plant(kind, _as_planted(kind, size, free[key]), free[key], stated.format(size))


def _as_planted(kind: str, size: float, case: Case) -> float:
    if kind == "quality":
        return amplitude_for(case, size)
    if kind == "memory":
        from bench.measure.memory import peak_memory

        peak = next(reading.value or 0.0 for reading in peak_memory(case) if reading.part == "measured")
        return math.ceil(size * peak)
    return size


def _about(finding: Finding, case: Case) -> bool:
    return (finding.case.method, finding.case.options) == (case.method, case.options)


def _as_tuples(value: Any) -> Any:
    """What JSON made lists of."""
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _line(name: str, words: Mapping[str, int]) -> Record:
    total = sum(words.values())
    changed = sum(count for word, count in words.items() if word in _CHANGED)
    return {
        "planted": name,
        "tried": total,
        "called a change": changed,
        "%": round(100 * changed / total, 1) if total else "",
        "no verdict": words.get(Word.NO_VERDICT, 0),
    }


def _counted(alarms: int, total: int) -> dict[str, int]:
    return {Word.SLOWER: alarms, Word.UNCHANGED: total - alarms}


def _whole(trial: Trial) -> str:
    if trial.alarmed:
        return Word.SLOWER
    return Word.NO_VERDICT if Word.NO_VERDICT in trial.untouched else Word.UNCHANGED


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


def main(  # noqa: PLR0917 - typer reads the options from the signature
    spec: Annotated[str, typer.Option(help="What is compared.")] = "gate",
    empty: Annotated[int, typer.Option(help="Comparisons with nothing planted.")] = 10,
    planted: Annotated[int, typer.Option(help="Comparisons with plants.")] = 10,
    busy: Annotated[int, typer.Option(help="Comparisons with nothing planted and one core busy.")] = 20,
    methods: Annotated[str, typer.Option(help="Only these, in the busy ones, by commas.")] = "bicubic,lanczos,tv",
    record: Annotated[Path, typer.Option(help="Where trials are appended.")] = Path("docs/gate.jsonl"),
    page: Annotated[Path, typer.Option(help="The page with the table.")] = Path("docs/regression.md"),
) -> None:
    """Plants changes into a copy, counts what is found, and writes the table of all recorded trials into the page."""
    folder = Path.cwd()
    turns = [number % 2 == 1 for number in range(2 * min(empty, planted))]  # in turn: both in the same hour
    turns += [planted > empty] * abs(planted - empty)
    before = sum(bool(trial.planted) for trial in Trial.read(record))
    for trial in gate_check(folder, spec, planted=turns, peer=True, before=before):
        trial.append_to(record)
    few = tuple(name for name in methods.split(",") if name)
    for trial in gate_check(folder, spec, planted=[False] * busy, busy=True, methods=few):
        trial.append_to(record)
    trials = Trial.read(record)
    write_table(records(trials), page, said=_said(trials))


def _said(trials: Sequence[Trial]) -> str:
    """What the table rests on, in a sentence."""
    prints = ", ".join(dict.fromkeys(trial.fingerprint for trial in trials))
    shortest, longest = min(trial.seconds for trial in trials), max(trial.seconds for trial in trials)
    return (
        f"{len(trials)} comparisons on {usable_cores()} cores ({cpu_model()}, environment {prints}), {shortest:.0f} to "
        f"{longest:.0f} s each, {date.today():%Y-%m-%d}."  # noqa: DTZ011 - the reader's day
    )


if __name__ == "__main__":
    typer.run(main)
