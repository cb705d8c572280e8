"""What a comparison leaves behind: a folder of files, and Markdown for people.

The folder of a comparison holds `comparison.json` (everything, raw seconds too), `comparison.csv`, `comparison.md`,
`benchmark-base.json` and `benchmark-head.json` as pytest-benchmark writes them, and `smaller-is-better.json` and
`bigger-is-better.json` as github-action-benchmark reads them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.errors import BenchError
from bench.record.files import utf8, write_whole
from bench.record.table_text import to_csv, to_markdown
from bench.regress.findings import Comparison
from bench.regress.other_tools import to_actions, to_pytest_benchmark
from bench.talk import Record

SCHEMA = 1
"""Version of `comparison.json`."""


def write_comparison(comparison: Comparison, folder: Path) -> Path:
    """Writes every file of a comparison into a new folder below `folder`, and returns it."""
    started = comparison.started.replace(":", "").replace("-", "")
    place = folder / f"compare-{comparison.base.commit[:7]}-{comparison.head.commit[:7]}-{started}"
    findings = comparison.findings
    files = {
        "comparison.json": comparison_json(comparison),
        "comparison.csv": to_csv([finding.record() for finding in findings]),
        "comparison.md": comparison_markdown(comparison),
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
    """For people: the verdict on top, one line per method, then everything that was measured."""
    counted = sum(finding.metric == "seconds" for finding in comparison.findings)
    words = [{"method": " ".join(subject[:2]), "verdict": word} for subject, word in comparison.verdicts.items()]
    sides = f"{comparison.head.label} against {comparison.base.label}"
    lines = [
        f"## restobench: {comparison.word}",
        "",
        (
            f"{sides}, spec {comparison.spec}; {counted} timed cases in {comparison.pairs} fresh process pairs, "
            f"{comparison.seconds:.0f} s, environment {comparison.fingerprint}."
        ),
        *(["", "**It was interrupted: what follows is what it had found.**"] if comparison.interrupted else []),
        "",
        to_markdown(words),
        "",
        "<details><summary>All measurements</summary>",
        "",
        to_markdown([finding.record() for finding in (*comparison.findings, *comparison.controls)]),
        "",
        "</details>",
        *("", *(f"- {notice}" for notice in comparison.notices)),
    ]
    return "\n".join(lines).rstrip()


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
