"""A history keeps every run, refuses what is damaged, and is added to, shown and judged by its commands."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock, Timeout
from hypothesis import given, strategies as st
from in_process import call

from bench.errors import BenchError, NoVerdictError, RowsError
from bench.plan.case import Case, Reading
from bench.record.manifest import Manifest
from bench.record.rows import Row, RowFile
from bench.regress.history import SCHEMA, Entry, Point, add, entry_of, read_history

ENVIRONMENT = {"cpu": "x", "threads": 2}
TIME = Case("time", "m", height=8, width=8)


def run_directory(
    folder: Path, name: str, *, seconds: float = 0.1, status: str = "complete", cpu: str = "x", more: Sequence[Row] = ()
) -> Path:
    """A finished run with one timed case, two scored images and a count."""
    directory = folder / name
    directory.mkdir(parents=True)
    stable = {**ENVIRONMENT, "cpu": cpu}
    Manifest(
        run=name, name="s", command="", spec={"tolerance": {"time": 0.1}}, environment={"stable": stable, "state": {}},
        fingerprint=f"print-{cpu}", started="2026-01-01T00:00:00Z", revision=f"rev-{name}", status=status,  # type: ignore[arg-type]  # one of three
    ).write(directory)  # fmt: skip
    scored = (("a", 29.0), ("b", 31.0))
    rows = [
        Row(name, TIME, Reading("seconds", 9.0, "s", phase="warmup")),
        *(Row(name, TIME, Reading("seconds", seconds * factor, "s", phase="measure")) for factor in (0.9, 1.0, 5.0)),
        Row(name, Case("cost", "m"), Reading("macs_per_pixel", 64.0, part="torch")),
        *(Row(name, Case("quality", "m", image=image), Reading("psnr_db", db)) for image, db in scored),
        Row(name, Case("quality", "n", image="a"), Reading("failure", None), error="no"),
        *more,
    ]
    with RowFile(directory) as file:
        file.append(rows)
    return directory


def noisy(count: int, *, level: float = 0.1, noise: float = 0.01, seed: int = 0) -> list[float]:
    return list(level * np.exp(np.random.default_rng(seed).normal(0, noise, count)))


def test_batches_of_one_size_are_series_of_their_own(tmp_path: Path) -> None:
    four = Row("r", replace(TIME, batch=4), Reading("seconds", 0.8, "s", phase="measure"))
    series = entry_of(run_directory(tmp_path, "r", seconds=0.1, more=[four])).series
    seconds = {"batch 4" in name: point.value for name, point in series.items() if name.startswith("seconds m ")}
    assert seconds == {False: 0.1, True: 0.8}


def test_threads_other_than_the_runs_own_are_series_of_their_own(tmp_path: Path) -> None:
    usual = [Row("r", replace(TIME, threads=2), Reading("seconds", 0.4, "s", phase="measure"))]
    series = entry_of(run_directory(tmp_path, "r", seconds=0.1, more=usual)).series
    seconds = {name: point.value for name, point in series.items() if name.startswith("seconds m ")}
    case = "seconds m default 8x8 1ch x1 cpu float32"
    assert seconds == {f"{case} 1 thread": 0.1, case: 0.4}
    assert {point.method for point in series.values()} == {"m"}


def test_an_entry_of_schema_1_is_read_and_what_it_lacks_is_empty(tmp_path: Path) -> None:
    point = {"metric": "seconds", "value": 0.5, "samples": 3}
    old = {
        "schema": 1, "run": "r", "revision": "abc", "started": "", "fingerprint": "f", "environment": {"cpu": "x"},
        "series": {"seconds dct default": point}, "tolerance": {},
    }  # fmt: skip
    path = tmp_path / "h.jsonl"
    path.write_text(json.dumps(old) + "\n")
    (entry,) = read_history(path)
    assert (entry.schema, entry.subject, entry.series["seconds dct default"].method) == (1, "", "")
    assert add(run_directory(tmp_path, "new"), path).schema == SCHEMA == 2
    assert [entry.schema for entry in read_history(path)] == [1, 2]


def test_the_page_of_the_history_has_each_series_and_the_commit_of_each_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.jsonl"
    assert call(monkeypatch, "report", "--history", file) == 2
    assert "holds no run; `restobench history add RUN` adds one" in capsys.readouterr().err
    for number in range(12):
        point = Point("seconds", 0.1 * (1.3 if number >= 6 else 1) + 1e-4 * (number % 3), method="dct")
        score = Point("psnr_db", 28.0, method="dct")
        entry = Entry(
            f"r{number}", f"{number:07d}", started=f"2026-01-{number + 1:02d}T00:00:00Z", fingerprint="f",
            environment=ENVIRONMENT, series={"seconds dct 8x8": point, "psnr_db dct": score},
            subject=f"Change {number}",
        )  # fmt: skip
        with file.open("a") as lines:
            lines.write(f"{entry.to_json()}\n")
    assert call(monkeypatch, "report", "--history", file) == 0
    assert str(tmp_path / "history.html") in capsys.readouterr().out
    page = (tmp_path / "history.html").read_text()
    assert re.search(
        r"The worst of 1 change for the worse: time of dct 8x8 changed by \+(29|30)\.\d+ % \(slower\)", page
    )
    assert "(slower) at 0000006 Change 6." in page
    assert "Over 12 runs the level did not change." in page
    assert call(monkeypatch, "report", "--history", file, file) == 2
    assert "takes one history file, got 2" in capsys.readouterr().err
    assert call(monkeypatch, "report") == 2


def test_a_run_becomes_medians_of_measured_seconds_means_over_images_and_counts(tmp_path: Path) -> None:
    entry = entry_of(run_directory(tmp_path, "r"))
    values = {name.split()[0]: (point.value, point.samples) for name, point in entry.series.items()}
    assert values == {"seconds": (0.1, 3), "macs_per_pixel": (64.0, 1), "psnr_db": (30.0, 2)}
    assert (entry.revision, entry.fingerprint, entry.tolerance.time) == ("rev-r", "print-x", 0.1)


@pytest.mark.parametrize(
    "row",
    [
        Row("r", Case("quality", "m", image="c"), Reading("psnr_db", 20.0), error="it failed later"),
        Row("r", Case("quality", "m", image="c"), Reading("psnr_db", math.inf)),
        Row("r", Case("quality", "m", image="c"), Reading("ssim", 0.5)),
        Row("r", Case("experiment", "m"), Reading("psnr_db", 20.0)),
        Row("r", replace(TIME, kind="layers"), Reading("seconds", 1.0, "s", phase="measure")),
        Row("r", TIME, Reading("seconds", 1.0, "s", phase="first")),
    ],
)
def test_what_is_no_measurement_of_a_method_is_no_point(tmp_path: Path, row: Row) -> None:
    plain, with_row = run_directory(tmp_path, "plain"), run_directory(tmp_path, "r", more=[row])
    assert entry_of(with_row).series == entry_of(plain).series


@pytest.mark.parametrize(
    "other",
    [
        {"method": "n"}, {"variant": "a=1"}, {"height": 16}, {"channels": 3}, {"scale": 2}, {"device": "cuda"},
        {"dtype": "float64"},
    ],
)  # fmt: skip
def test_cases_that_differ_are_different_series(tmp_path: Path, other: dict[str, Any]) -> None:
    counted = [Row("r", replace(TIME, **other), Reading("seconds", 1.0, "s", phase="measure"))]
    assert len(entry_of(run_directory(tmp_path, "r", more=counted)).series) == 4


def test_two_runs_are_never_added_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> list[Entry]:
        with pytest.raises(Timeout):
            FileLock(path.with_name(f"{path.name}.lock")).acquire(timeout=0)
        return []

    monkeypatch.setattr("bench.regress.history.read_history", read)
    assert add(run_directory(tmp_path, "a"), tmp_path / "h.jsonl").run == "a"


def test_runs_are_appended_read_back_and_refused_twice(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.jsonl"
    added = [add(run_directory(tmp_path, name), path) for name in ("a", "b")]
    assert read_history(path) == added
    before = path.read_bytes()
    with pytest.raises(BenchError, match=r"run a is in .* already"):
        add(tmp_path / "a", path)
    assert path.read_bytes() == before


def test_an_unfinished_run_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(NoVerdictError, match="is interrupted; finish it"):
        add(run_directory(tmp_path, "r", status="interrupted"), tmp_path / "h.jsonl")


@given(st.dictionaries(st.text(max_size=9), st.floats(allow_nan=False, allow_infinity=False), max_size=4))
def test_entry_to_json_to_entry_is_the_identity(values: dict[str, float]) -> None:
    series = {name: Point("psnr_db", value) for name, value in values.items()}
    entry = Entry("r0", "rev0", started="", fingerprint="print-x", environment=ENVIRONMENT, series=series)
    assert "\n" not in entry.to_json()
    assert Entry.from_json(entry.to_json()) == entry


@pytest.mark.parametrize("damage", ["not json\n", "{}\n", '{"schema": "x"}\n', "[1]\n", "\n"])
def test_a_damaged_line_is_named_and_the_file_left_as_it_is(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "h.jsonl"
    add(run_directory(tmp_path, "a"), path)
    path.write_text(path.read_text() + damage)
    before = path.read_bytes()
    with pytest.raises(RowsError, match="line 2: "):
        read_history(path)
    with pytest.raises(RowsError, match="line 2: "):
        add(run_directory(tmp_path, "b"), path)
    assert path.read_bytes() == before


def test_a_newer_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text(json.dumps({"schema": SCHEMA + 1}) + "\n")
    with pytest.raises(RowsError, match=rf"schema {SCHEMA + 1}, this program reads up to {SCHEMA}; upgrade restobench"):
        read_history(path)


def test_a_line_torn_by_a_crash_is_left_out_and_dropped_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    first = add(run_directory(tmp_path, "a"), path)
    with path.open("a") as file:
        file.write('{"schema": 1, "run": "to')
    assert read_history(path) == [first]
    second = add(run_directory(tmp_path, "b"), path)
    assert read_history(path) == [first, second]


def test_a_line_torn_within_a_letter_is_left_out_too(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    first = add(run_directory(tmp_path, "a"), path)
    path.write_bytes(path.read_bytes() + '{"run": "é'.encode()[:-1])
    assert read_history(path) == [first]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(RowsError, match="restore it from a copy"):
        read_history(path)


def test_the_commands_add_show_and_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.jsonl"
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for number, seconds in enumerate(noisy(8, noise=0.005)):
        directory = run_directory(tmp_path, f"r{number}", seconds=seconds)
        assert call(monkeypatch, "history", "add", directory, "--history", file) == 0
    same, slow = (run_directory(tmp_path, f"new{seconds}", seconds=seconds) for seconds in (0.1, 0.13))
    assert call(monkeypatch, "history", "check", same, "--history", file) == 0
    assert call(monkeypatch, "history", "check", slow, "--history", file) == 1
    assert "| slower |" in summary.read_text()
    assert call(monkeypatch, "history", "show", "--history", file, "--format", "csv") == 0
    assert "seconds m default 8x8" in capsys.readouterr().out
    other = run_directory(tmp_path, "other", cpu="y")
    assert call(monkeypatch, "history", "check", other, "--history", file) == 3
    assert "cpu: 'x' there, 'y' here" in capsys.readouterr().err
    assert call(monkeypatch, "history", "check", other, "--history", file, "--allow-other-machine") == 0
    assert "OTHER MACHINE" in capsys.readouterr().err
    assert call(monkeypatch, "history", "check", tmp_path / "no-such-run", "--history", file) == 2
    assert call(monkeypatch, "export", same, "--format", "github-action-benchmark", "--out", tmp_path / "actions") == 0
    smaller = json.loads((tmp_path / "actions" / "smaller-is-better.json").read_text())
    assert {figure["unit"] for figure in smaller} == {"s", "MAC/px"}
