"""How each case of a run ended, for continuous integration."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bench.errors import BenchError
from bench.plan.case import Case
from bench.record.attempt import END, SKIPPED
from bench.record.junit import JUnitCase, to_xml
from bench.record.manifest import read_manifest
from bench.record.rows import Row, read_rows
from bench.talk import counted


def run_junit(directory: Path) -> str:
    """The run in `directory` as JUnit XML: a case that failed is a failure, one that was left out is skipped.

    A run that did not come to its end is an error of the whole. Raises `BenchError` for one without a row.
    """
    manifest = read_manifest(directory)
    rows: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in read_rows(directory):
        rows[_key(row)].append(row)
    if not rows:
        raise BenchError(f"{directory}: nothing was measured, so there is no case to list")
    cases = [_ended(found) for found in rows.values()]
    if manifest.status != "complete":
        cases.append(
            JUnitCase("restobench", "the whole run", "error", manifest.status, f"the run is {manifest.status}")
        )
    facts = {"run": manifest.run, "revision": manifest.revision, "environment": manifest.fingerprint}
    seconds = manifest.seconds.get("total", 0.0)
    return to_xml("restobench run", cases, seconds=seconds, started=manifest.started, properties=facts)


def _key(row: Row) -> tuple[object, ...]:
    """What the rows of one case share: an experiment is one, and a peer is one in each of its groups."""
    case = row.case
    if case.kind == "experiment":
        return (case.kind, case.method)
    return (case, row.reading.part if case.kind == "paired" else "")


def _ended(rows: list[Row]) -> JUnitCase:
    """The case of these rows: its first error counts, and a reason why it was not tried."""
    case = rows[-1].case  # an experiment's own case ends it
    seconds = sum(row.reading.value or 0.0 for row in rows if row.reading.quantity == END)
    name = _name(case, rows[-1].reading.part if case.kind == "paired" else "")
    if error := next((row.error for row in rows if row.error), ""):
        return JUnitCase(case.method, name, "failure", error.partition(":")[0], error, seconds)
    if reason := next((row.reading.note for row in rows if row.reading.quantity == SKIPPED), ""):
        return JUnitCase(case.method, name, "skipped", SKIPPED, reason, seconds)
    return JUnitCase(case.method, name, seconds=seconds)


def _name(case: Case, group: str) -> str:
    """All that tells the case from others of its method."""
    noise = f"sigma {case.sigma_255:g}" if case.sigma_255 else ""
    seed = f"seed {case.seed}" if case.seed else ""
    shape = f"{case.channels}ch x{case.scale}"
    threads = counted(case.threads, "thread") if case.kind in {"time", "paired"} else ""
    words = (case.kind, case.variant, group, case.image, case.size, shape, case.degradation, noise, seed, case.device)
    return " ".join(word for word in (*words, case.dtype, threads) if word)
