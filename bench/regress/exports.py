"""What a comparison leaves behind: a folder of files, and Markdown for people.

The folder of a comparison holds `comparison.json` (everything, raw seconds too), `comparison.csv`, `comparison.md`,
`junit.xml`, `benchmark-base.json` and `benchmark-head.json` as pytest-benchmark writes them, `smaller-is-better.json`
and `bigger-is-better.json` as github-action-benchmark reads them, and `bencher.json` in Bencher Metric Format.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.errors import BenchError
from bench.record.files import utf8, write_whole
from bench.record.table_text import shortened, to_csv, to_markdown
from bench.regress.findings import Comparison
from bench.regress.headline import most, said_of_status, worth_reading
from bench.regress.junit import to_junit
from bench.regress.other_tools import to_actions, to_bencher, to_pytest_benchmark
from bench.talk import Record, counted

SCHEMA = 1
"""Version of `comparison.json`."""

_FEW = 5
"""Lines of a table that are read at a glance."""

_LONGEST_REASON = 100
"""Letters of a reason there; the whole of it is in the table of everything."""


def write_comparison(comparison: Comparison, folder: Path) -> Path:
    """Writes every file of a comparison into a new folder below `folder`, and returns it."""
    started = comparison.started.replace(":", "").replace("-", "")
    place = folder / f"compare-{comparison.base.commit[:7]}-{comparison.head.commit[:7]}-{started}"
    findings = comparison.findings
    files = {
        "comparison.json": comparison_json(comparison),
        "comparison.csv": to_csv([finding.record() for finding in findings]),
        "comparison.md": comparison_markdown(comparison),
        "junit.xml": to_junit(comparison),
        "bencher.json": to_bencher(findings),
        "benchmark-base.json": json.dumps(to_pytest_benchmark(comparison, side=0), indent=1),
        "benchmark-head.json": json.dumps(to_pytest_benchmark(comparison, side=1), indent=1),
        "smaller-is-better.json": to_actions(findings, bigger=False),
        "bigger-is-better.json": to_actions(findings, bigger=True),
    }
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_whole(place / name, [utf8(f"{text}\n")])
    except OSError as error:
        raise BenchError(
            f"cannot write the comparison to {place}: {error}; choose another folder with --out"
        ) from error
    return place


def comparison_json(comparison: Comparison) -> str:
    """The whole comparison, raw seconds among it; infinite values as text."""
    verdicts = [{"method": " ".join(subject), "verdict": word} for subject, word in comparison.verdicts.items()]
    whole = {"schema": SCHEMA, "verdict": comparison.word, "status": comparison.status, "verdicts": verdicts}
    return json.dumps(_plain({**whole, **asdict(comparison)}), indent=1, ensure_ascii=False, allow_nan=False)


def comparison_markdown(comparison: Comparison) -> str:
    """For people: what a reviewer reads first, then the word of each method and everything that was measured."""
    words = [{"method": " ".join(subject[:2]), "verdict": word} for subject, word in comparison.verdicts.items()]
    lines = [
        *_opening(comparison, most_rows=None),
        "",
        "<details><summary>Each method, and all measurements</summary>",
        "",
        to_markdown(words),
        "",
        to_markdown([finding.record() for finding in (*comparison.findings, *comparison.controls)]),
        "",
        (
            f"Spec {comparison.spec}, {counted(comparison.pairs, 'fresh process pair')}, {comparison.seconds:.0f} s, "
            f"environment {comparison.fingerprint}."
        ),
        "",
        "</details>",
        *("", *(f"- {notice}" for notice in comparison.notices)),
    ]
    return "\n".join(lines).rstrip()


def step_summary(comparison: Comparison, place: Path) -> str:
    """What a reviewer reads in ten seconds, and where the rest is."""
    return "\n".join([*_opening(comparison, most_rows=_FEW), "", f"All measurements: `{place.name}/comparison.md`"])


def _opening(comparison: Comparison, *, most_rows: int | None) -> list[str]:
    """The word, what changed most, the revisions, and at most that many lines of what changed or is undecided."""
    read = worth_reading(comparison)
    rows = [finding.brief() for finding in read[:most_rows]]
    rows = [{**row, "reason": shortened(str(row["reason"]), _LONGEST_REASON)} for row in rows]
    if left := len(read) - len(rows):
        rows.append(dict.fromkeys(rows[0], "") | {"verdict": f"and {left} more"})
    return [
        f"## restobench: {comparison.word}",
        "",
        f"**{_escaped(most(comparison))}**; exit status {comparison.status}: {said_of_status(comparison)}.",
        "",
        f"{_escaped(comparison.head.label)} against {_escaped(comparison.base.label)}; {_counted(comparison)}.",
        *(["", to_markdown(rows)] if rows else []),
    ]


def _counted(comparison: Comparison) -> str:
    """How many of all findings are worth reading."""
    measured = counted(len(comparison.findings), "measurement")
    return f"changed or undecided: {len(worth_reading(comparison))} of {measured}"


def _escaped(text: str) -> str:
    """`text` as Markdown shows it letter by letter."""
    return re.sub(r"([\\`*_\[\]<>#|~&])", r"\\\1", text)


def check_markdown(run: str, records: Sequence[Record], stamp: str = "") -> str:
    """A run's check against its history, for people; `stamp` says what is doubtful about the whole."""
    title = f"## restobench: {run} against its history"
    return "\n".join([title, "", *([f"**{stamp}**", ""] if stamp else []), to_markdown(records)])


def write_step_summary(text: str) -> None:
    """Appends Markdown to the summary of a GitHub Actions step; nothing where there is none."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text + "\n")


def _plain(value: object) -> object:
    """`value` as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return str(value) if isinstance(value, Path) else value
