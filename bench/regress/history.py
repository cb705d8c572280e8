"""Runs over time: a file to which each finished run adds one line, with its environment and a value for each series.

History of the format (`SCHEMA`):
1  first; a series that was timed on several numbers of threads mixed them.
2  `subject` of an entry, `method` of a point; the threads in a series' name where they are not the run's usual number.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Annotated

from pydantic import Field, TypeAdapter

from bench.errors import BenchError, NoVerdictError, RowsError, one_line
from bench.machine.nvml import Fact
from bench.plan.spec import Tolerance
from bench.record.files import append_whole, drop_torn_line, utf8
from bench.record.manifest import Manifest, how_to_go_on, read_manifest, subject_of
from bench.record.rows import Row, read_rows
from bench.regress.findings import Metric
from bench.talk import counted

SCHEMA = 2
"""Version of an entry; older ones are read as they are, a newer one is refused."""

METRICS: tuple[Metric, ...] = ("seconds", "psnr_db", "macs_per_pixel", "peak_bytes")


@dataclass(frozen=True)
class Point:
    """One series in one run."""

    metric: Metric
    value: Annotated[float, Field(allow_inf_nan=False)]
    samples: int = 1
    method: str = ""
    """What was measured; empty in an entry of schema 1, which has it only in the series' name."""


@dataclass(frozen=True)
class Entry:
    """One run in the history."""

    run: str
    revision: str
    started: str
    fingerprint: str
    environment: Mapping[str, Fact]
    series: Mapping[str, Point]
    tolerance: Tolerance = field(default_factory=Tolerance)
    subject: str = ""
    """The first line of what the commit says; empty where it is not known."""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """One line."""
        return json.dumps(
            {**asdict(self), "tolerance": self.tolerance.model_dump()}, ensure_ascii=False, sort_keys=True
        )

    @classmethod
    def from_json(cls, line: str) -> Entry:
        """The entry that `to_json` wrote; raises `RowsError` for anything else, and for a newer schema."""
        try:
            fields = json.loads(line)
            schema = int(fields["schema"])
            if schema <= SCHEMA:
                return TypeAdapter(cls).validate_python(fields)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise RowsError(f"no history entry of schema {SCHEMA} ({one_line(error)[:120]})") from error
        raise RowsError(f"entry of schema {schema}, this program reads up to {SCHEMA}; upgrade restobench")


def read_history(path: Path) -> list[Entry]:
    """The runs of a history file, oldest first; none where there is no file.

    A last line without its end, which a crash leaves, is no entry. Raises `RowsError` naming the line for any other
    damage. Reading never changes the file.
    """
    try:
        whole, newline, _ = path.read_bytes().rpartition(b"\n") if path.exists() else (b"", b"", b"")
        lines = whole.decode().split("\n") if newline else []
    except (OSError, UnicodeDecodeError) as error:
        raise RowsError(f"cannot read the history {path}: {error}; restore it from a copy") from error
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(Entry.from_json(line))
        except RowsError as error:
            raise RowsError(f"{path}, line {number}: {error}; the file was left as it is") from error
    return entries


def add(directory: Path, path: Path) -> Entry:
    """Appends a run to the history; raises `BenchError` if it is there already, `NoVerdictError` if unfinished."""
    from filelock import FileLock

    entry = entry_of(directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        if entry.run in {known.run for known in read_history(path)}:
            raise BenchError(f"run {entry.run} is in {path} already")
        drop_torn_line(path)
        with path.open("ab", buffering=0) as file:
            append_whole(file, utf8(f"{entry.to_json()}\n"))
    return entry


def entry_of(directory: Path) -> Entry:
    """A run directory as one entry; raises `NoVerdictError` for a run that was not finished."""
    manifest = read_manifest(directory)
    if manifest.status != "complete":
        raise NoVerdictError(f"{directory} is {manifest.status}; finish it: {how_to_go_on(directory)}")
    return Entry(
        run=manifest.run,
        revision=manifest.revision,
        started=manifest.started,
        fingerprint=manifest.fingerprint,
        environment=dict(manifest.environment["stable"]),
        series=dict(_points(read_rows(directory), manifest.environment["stable"].get("threads"))),
        tolerance=_tolerance(manifest),
        subject=manifest.subject or subject_of(manifest.revision),
    )


def _points(rows: Iterable[Row], usual_threads: object) -> Iterator[tuple[str, Point]]:
    """One point for each series: the median of measured seconds, the mean of any other metric."""
    values: dict[tuple[Metric, str, str], list[float]] = defaultdict(list)
    for row in rows:
        quantity, value = row.reading.quantity, row.reading.value
        metric = next((metric for metric in METRICS if metric == quantity), None)
        if metric is None or value is None or row.error or not math.isfinite(value) or row.case.kind == "experiment":
            continue
        if metric == "seconds" and (row.reading.phase != "measure" or row.case.kind not in {"time", "paired"}):
            continue
        values[metric, _name(row, metric, usual_threads), row.case.method].append(value)
    for (metric, name, method), found in values.items():
        summary: Callable[[Sequence[float]], float] = median if metric == "seconds" else fmean
        yield name, Point(metric, summary(found), len(found), method)


def _name(row: Row, metric: Metric, usual_threads: object) -> str:
    """A series' name; the usual number of threads is of the environment, whose runs alone are compared."""
    case, part = row.case, row.reading.part
    threads = counted(case.threads, "thread") if metric == "seconds" and case.threads != usual_threads else ""
    noise = f"sigma {case.sigma_255:g}" if metric == "psnr_db" and case.sigma_255 else ""
    shape = f"{case.channels}ch x{case.scale}"
    words = (metric, case.method, case.variant, case.size, shape, noise, case.degradation, case.device, case.dtype)
    return " ".join(word for word in (*words, threads, part) if word)


def _tolerance(manifest: Manifest) -> Tolerance:
    return Tolerance.model_validate(manifest.spec.get("tolerance", {}))
