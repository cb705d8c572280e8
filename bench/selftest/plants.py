"""What the gate's self-test plants: which change goes into which case, and the commit that holds them.

A planted commit is the base with the changes of `bench.selftest.planted` in its package `restoration`, so that a
comparison with it goes the whole way of any other.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure.image_set import ImageSet
from bench.measure.inputs import degraded
from bench.measure.scores import scores
from bench.plan.case import Case, Reading
from bench.plan.spec import Spec
from bench.regress.checkouts import Repository, commit_tree, git
from bench.regress.findings import Comparison, Finding, Metric
from bench.selftest import planted
from bench.selftest.planted import Change
from reports.derive.verdict_words import Word
from restoration.catalog import get

SLOWER = (0.03, 0.05, 0.02, 0.03, 0.05, 0.10)
"""Relative changes of time. Those that the gate must find are planted twice as often."""
LOSSES = (0.005, 0.01, 0.05)
MACS = (1, 10)
MEMORY = (0.05, 0.10)

METRICS: Mapping[str, Metric] = {
    "time": "seconds",
    "quality": "psnr_db",
    "operations": "macs_per_pixel",
    "memory": "peak_bytes",
}
"""Where a comparison shows each kind of change."""

_HOOK = """

from restoration.planted import planted, planting  # noqa: E402

get = planting(get, planted())
"""
"""What is appended to the planted commit's catalog."""


@dataclass(frozen=True)
class Plant:
    """One change to plant into the cases of one method with these options."""

    kind: str
    """`time`, `quality`, `operations` or `memory`."""
    size: float
    """In the unit of `bench.selftest.planted.Change`."""
    case: Case
    stated: str
    """What it is called in the table: `+3 % time`."""

    def change(self) -> Change:
        """The change as the planted list holds it."""
        return Change(method=self.case.method, options=self.case.option_values(), kind=self.kind, size=self.size)

    def concerns(self, finding: Finding) -> bool:
        """Whether the finding is of the method and the options that this was planted into."""
        return (finding.case.method, finding.case.options) == (self.case.method, self.case.options)

    def finding(self, comparison: Comparison) -> Finding:
        """What the comparison found of the case that this was planted into."""
        mine = (finding for finding in comparison.findings if finding.metric == METRICS[self.kind])
        absent = Finding(self.case, METRICS[self.kind], Word.NO_VERDICT, reason="not in the comparison")
        return next((finding for finding in mine if self.concerns(finding)), absent)


def plant_to_detect(spec: Spec, number: int, share: float) -> Plant:
    """A slow-down by `share` of one timed case, the next one with each number."""
    cases = list({case.method: case for case in spec.cases(ImageSet().names()) if case.kind == "time"}.values())
    return Plant("time", share, cases[number % len(cases)], f"+{share:.0%} time, --detect {share:.0%}")


def plants_for(spec: Spec, number: int) -> Iterator[Plant]:
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


def plant_commit(repository: Repository, base: str, plants: Sequence[Plant]) -> str:
    """The commit `base` with the plants in it."""
    files = {
        "restoration/catalog.py": git(repository.root, "show", f"{base}:restoration/catalog.py") + _HOOK,
        "restoration/planted.py": Path(planted.__file__).read_text(encoding="utf-8"),
        f"restoration/{planted.LIST.name}": json.dumps([plant.change() for plant in plants], indent=1),
    }
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(repository.root, "read-tree", base, variables=index)
        for name, text in files.items():
            (Path(folder) / "file").write_text(text, encoding="utf-8")
            blob = git(repository.root, "hash-object", "-w", str(Path(folder) / "file"))
            git(repository.root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", variables=index)
        return commit_tree(repository, git(repository.root, "write-tree", variables=index), parent=base)


def amplitude_for(case: Case, loss_db: float) -> float:
    """The amplitude, in image units, of the pattern that costs a quality case `loss_db`, found by bisection."""
    import torch

    clean = ImageSet().get(case.image, case.channels)
    method = get(case.method)
    with torch.inference_mode():
        restored = method.build(method.checked(case.setup()))(degraded(case, clean)[None])[0].float()
    pattern = planted.pattern(*restored.shape[-2:])

    def psnr_db(amplitude: float) -> float:
        readings = scores(case, restored + amplitude * pattern, clean)
        found = (one for one in readings if isinstance(one, Reading) and one.quantity == "psnr_db")
        return next(found).value or 0.0

    wanted, low, high = psnr_db(0.0) - loss_db, 0.0, 0.05
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if psnr_db(middle) > wanted else (low, middle)
    return high


def _as_planted(kind: str, size: float, case: Case) -> float:
    if kind == "quality":
        return amplitude_for(case, size)
    if kind == "memory":
        from bench.measure.memory import peak_memory

        peak = next(reading.value or 0.0 for reading in peak_memory(case) if reading.part == "measured")
        return math.ceil(size * peak)
    return size
