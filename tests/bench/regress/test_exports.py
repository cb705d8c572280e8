"""What other tools read of a comparison."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.plan.case import Case
from bench.record.table_text import to_csv
from bench.regress.checkouts import Checkout
from bench.regress.exports import (
    comparison_json,
    comparison_markdown,
    step_summary,
    write_comparison,
    write_step_summary,
)
from bench.regress.findings import Comparison, Finding, Interval
from bench.regress.other_tools import to_actions, to_bencher, to_pytest_benchmark
from reports.derive.verdict_words import Word

TIMED = Finding(
    Case("time", "m", variant="a=1 b=2", height=8, width=8),
    "seconds",
    Word.SLOWER,
    base=0.1,
    head=0.11,
    change=0.1,
    interval=Interval(0.08, 0.12),
    floor=Interval(-0.01, 0.01),
    detectable=0.02,
    samples=((0.1, 0.1, 0.11), (0.11, 0.12, 0.11)),
)
SCORED = Finding(
    Case("quality", "m", variant="a=1 b=2", sigma_255=25.0), "psnr_db", Word.UNCHANGED, 30.0, 30.0, 0.0, Interval(0, 0)
)
FAILED = Finding(Case("cost", "n"), "macs_per_pixel", Word.NO_VERDICT, reason="failed in head: a | b\nc")
COMPARISON = Comparison(
    Checkout("base", "HEAD~1", "a" * 40, Path("base")),
    Checkout("head", "working tree", "b" * 40, Path("head")),
    "quick",
    (TIMED, SCORED, FAILED),
    {"cpu": "x"},
    "f" * 12,
    "2026-01-02T03:04:05Z",
    61.0,
    6,
    notices=("x is left out",),
)


def test_pytest_benchmarks_own_command_compares_our_two_files(tmp_path: Path) -> None:
    place = write_comparison(COMPARISON, tmp_path)
    files = [str(place / f"benchmark-{side}.json") for side in ("base", "head")]
    command = [sys.executable, "-m", "pytest_benchmark", "compare", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "test_time[m-a=1,b=2-8x8-cpu-float32]" in done.stdout
    assert done.stdout.count("test_time[") == 2


def test_samples_and_their_statistics_are_those_of_the_side() -> None:
    base, head = (to_pytest_benchmark(COMPARISON, side=side)["benchmarks"] for side in (0, 1))
    assert [benchmark["stats"]["data"] for benchmark in (base[0], head[0])] == [list(side) for side in TIMED.samples]  # type: ignore[index]  # a list
    assert head[0]["stats"]["median"] == 0.11  # type: ignore[index]  # a list
    assert len(base) == 1  # type: ignore[arg-type]  # a list


def test_actions_get_one_figure_for_each_value_by_direction() -> None:
    smaller, bigger = (json.loads(to_actions(COMPARISON.findings, bigger=side)) for side in (False, True))
    assert smaller == [
        {"name": "m a=1 b=2 seconds 8x8", "unit": "s", "value": 0.11, "range": "+-0.002", "extra": "slower"}
    ]
    assert bigger == [{"name": "m a=1 b=2 psnr_db sigma 25", "unit": "dB", "value": 30.0}]


def test_json_holds_everything_and_csv_has_a_line_for_each_finding() -> None:
    whole = json.loads(comparison_json(COMPARISON))
    assert (whole["schema"], whole["verdict"], whole["status"]) == (1, "slower", 1)
    assert whole["findings"][0]["samples"][1] == [0.11, 0.12, 0.11]
    lines = list(csv.DictReader(io.StringIO(to_csv([finding.record() for finding in COMPARISON.findings]))))
    assert [line["verdict"] for line in lines] == ["slower", "unchanged", "no verdict"]
    assert [lines[0][key] for key in ("change", "interval", "detectable")] == [
        "+10.00 %", "+8.00 % .. +12.00 %", "2.00 %",
    ]  # fmt: skip


def test_infinite_values_are_json_all_the_same() -> None:
    endless = Finding(Case("quality", "m"), "psnr_db", Word.WORSE, math.inf, 30.0, -math.inf)
    comparison = Comparison(COMPARISON.base, COMPARISON.head, "q", (endless,), {}, "f", "2026-01-02T03:04:05Z", 1.0, 0)
    assert json.loads(comparison_json(comparison))["findings"][0]["base"] == "inf"
    assert json.loads(to_actions(comparison.findings, bigger=True))[0]["value"] == 30.0


def test_markdown_says_the_verdict_first_and_keeps_its_columns() -> None:
    text = comparison_markdown(COMPARISON)
    lines = text.splitlines()
    assert lines[0] == "## restobench: slower"
    assert "| m a=1 b=2 | slower |" in lines
    tables = [part.replace("\\|", "").splitlines() for part in text.split("\n\n") if part.startswith("| ")]
    assert [{line.count("|") for line in table} for table in tables] == [{7}, {3}, {12}]
    assert sum("failed in head: a  b c |" in line for table in tables for line in table) == 2
    assert lines[-1] == "- x is left out"


def test_a_summary_is_read_in_ten_seconds() -> None:
    many = tuple(replace(FAILED, case=Case("cost", f"method{number}"), reason="why " * 99) for number in range(40))
    comparison = replace(COMPARISON, findings=(*many, TIMED, SCORED))
    lines = step_summary(comparison, Path("results") / "compare-a-b").splitlines()
    assert lines[0] == "## restobench: slower"
    assert lines[2] == "**m a=1 b=2, seconds 8x8: +10.00 % (+8.00 % .. +12.00 %)**; exit status 1: it does not pass."
    assert lines[4].endswith("changed or undecided: 41 of 42 measurements.")
    assert lines[8].startswith("| slower | m a=1 b=2 |")
    assert "and 36 more" in lines[-3]
    assert lines[-1] == "All measurements: `compare-a-b/comparison.md`"
    assert len(lines) == 16
    assert max(map(len, lines)) < 220
    assert comparison_markdown(comparison).splitlines()[:3] == lines[:3]


def test_a_subject_is_shown_letter_by_letter() -> None:
    head = replace(COMPARISON.head, title="1a2b3c4 (`x` </details> # *y* | ~z~)")
    text = step_summary(replace(COMPARISON, head=head), Path("p"))
    assert "head 1a2b3c4 (\\`x\\` \\</details\\> \\# \\*y\\* \\| \\~z\\~) against base" in text


def test_bencher_gets_all_metrics_with_their_ends_in_one_file() -> None:
    cost = Finding(Case("cost", "m", height=8, width=8), "macs_per_pixel", Word.SLOWER, 9.0, 10.0, 1.0)
    memory = Finding(Case("memory", "m", height=8, width=8), "peak_bytes", Word.UNCHANGED, 900.0, 900.0, 0.0)
    scored = replace(SCORED, head=29.0, change=-1.0, interval=Interval(-1.5, 0.5))
    endless = replace(SCORED, case=replace(SCORED.case, scale=2), head=math.inf, change=math.inf)
    timed = replace(TIMED, case=Case("time", "m", height=8, width=8))
    found = json.loads(to_bencher([timed, cost, memory, scored, endless]))
    assert found == {
        "m default 1ch x1 8x8 cpu float32": {
            "latency": pytest.approx({"lower_value": 1.08e8, "value": 1.1e8, "upper_value": 1.12e8}),
            "macs-per-pixel": {"value": 10.0},
            "peak-bytes": {"value": 900.0},
        },
        "m a=1 b=2 1ch x1 sigma 25 cpu float32": {
            "psnr-db": {"lower_value": 28.5, "value": 29.0, "upper_value": 30.5},
        },
    }


def test_the_same_code_is_said_everywhere_and_has_no_figure() -> None:
    same = Finding(TIMED.case, "seconds", Word.SAME_CODE)
    comparison = replace(COMPARISON, findings=(same,))
    assert json.loads(comparison_json(comparison))["verdict"] == "unchanged (same code)"
    assert "| m a=1 b=2 | unchanged (same code) |" in comparison_markdown(comparison).splitlines()
    assert json.loads(to_actions(comparison.findings, bigger=False)) == []
    assert json.loads(to_bencher(comparison.findings)) == {}
    assert to_pytest_benchmark(comparison, side=1)["benchmarks"] == []


def test_the_step_summary_is_appended_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    write_step_summary("nowhere")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    write_step_summary("one")
    write_step_summary("two")
    assert (tmp_path / "summary.md").read_text() == "one\ntwo\n"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="choose another folder with --out"):
        write_comparison(COMPARISON, tmp_path / "file")
