"""How a run went: every case is counted once, whatever rows it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import synthetic
from synthetic import row, tried

from reports.derive.status import Problem, Status, status_of
from reports.derive.summary import summarise
from reports.read.run import load_run
from reports.read.tables import all_tables

BAD = "OutputError: the output is NaN"


@pytest.fixture
def status(tmp_path: Path) -> Any:
    """The status of a run of these rows."""

    def make(rows: Iterable[Mapping[str, Any]], **described: Any) -> Status:
        run = load_run(synthetic.write_rows(tmp_path / "run", rows, **described))
        return status_of(run, summarise(all_tables(run), run.methods).comparison)

    return make


def test_a_case_counts_once_however_many_rows_and_errors_it_has(status: Any) -> None:
    rows = [*tried("dct", {"a": 30.0, "b": BAD}), *tried("dct", {"a": 30.0, "b": "TimeLimitError: 60 s"})]
    rows.append(row("quality", "dct", image="a", task="denoise", sigma_255=25.0, degradation="awgn", quantity="ssim"))
    found = status(rows)
    assert (found.cases, found.failed) == (2, 1)
    assert {problem.reason for problem in found.errors} == {BAD, "TimeLimitError: 60 s"}


def test_an_error_is_told_once_with_its_cases_and_methods_the_most_frequent_first(status: Any) -> None:
    rows = [*tried("tv", {"a": "KilledError: 9"}), *tried("dct", {"a": BAD, "b": BAD}), *tried("nlm", {"a": BAD})]
    assert status(rows).errors == (Problem(BAD, 3, ("dct", "nlm")), Problem("KilledError: 9", 1, ("tv",)))


def test_a_skipped_case_is_neither_measured_nor_failed(status: Any) -> None:
    skipped = row("quality", "bm3d", image="a", quantity="skipped", note="bm3d is not installed")
    found = status([*tried("dct", {"a": 30.0}), skipped])
    assert (found.cases, found.failed) == (1, 0)
    assert found.skipped == (Problem("bm3d is not installed", 1, ("bm3d",)),)


def test_a_case_that_was_measured_after_it_was_skipped_is_measured(status: Any) -> None:
    measured = tried("bm3d", {"a": 30.0})
    found = status([{**measured[0], "quantity": "skipped", "value": None, "note": "not installed"}, *measured])
    assert (found.cases, found.skipped) == (1, ())


def test_a_part_of_an_experiment_that_was_skipped_is_told_though_others_were_measured(status: Any) -> None:
    parts = [row("experiment", "color", variant="a", quantity="psnr_db", value=1.0)]
    parts.append(row("experiment", "color", variant="b", quantity="skipped", note="weights b are missing"))
    found = status(parts)
    assert (found.cases, found.failed) == (1, 0)
    assert found.skipped == (Problem("weights b are missing", 1, ("color",)),)


def test_an_experiment_is_one_case_and_a_peer_one_in_each_group(status: Any) -> None:
    experiment = [row("experiment", "color", variant=name, image=name, quantity="psnr_db", value=1.0) for name in "ab"]
    peers = [row("paired", "dct", part=part, quantity="seconds", value=1.0, repeat=n) for part in "gh" for n in (0, 1)]
    assert status([*experiment, *peers]).cases == 3


def test_a_picture_without_a_method_is_no_case(status: Any) -> None:
    assert status([row("quality", "", quantity="picture", part="clean", note="images/a.png")]).cases == 0


def test_who_wrote_into_its_input_is_named_and_has_not_failed(status: Any) -> None:
    rows = tried("dct", {"a": 30.0}) + tried("nlm", {"a": 30.0})
    found = status([*rows, {**rows[0], "quantity": "input_written", "value": 1.0}])
    assert (found.overwritten, found.failed, found.cases) == (("dct",), 0, 2)


def test_who_changed_settings_is_named_with_all_of_them_and_has_not_failed(status: Any) -> None:
    rows = tried("dct", {"a": 30.0}) + tried("nlm", {"a": 30.0})
    notes = ("the working directory, torch's default type", "the number of threads, the working directory")
    more = [{**rows[0], "quantity": "settings_changed", "value": 1.0, "note": note} for note in notes]
    found = status([*rows, *more])
    assert found.meddled == ("dct (the working directory, torch's default type, the number of threads)",)
    assert (found.failed, found.cases, found.well) == (0, 2, False)


def test_what_the_machine_was_unfit_for_is_named_with_what_was_seen(status: Any) -> None:
    doctor = [
        {"finding": "drift", "value": "120 %", "verdict": "unfit"},
        {"finding": "load", "value": "0.1", "verdict": "fit"},
        {"finding": "turbo", "value": "hidden", "verdict": "unknown"},
    ]
    found = status(tried("dct", {"a": 30.0}), doctor=doctor)
    assert (found.unfit, found.looked_at, found.well) == (("drift (120 %)",), 3, False)


def test_methods_of_other_images_are_named(status: Any) -> None:
    rows = [*tried("dct", {"a": 30.0, "b": 30.0}), *tried("nlm", {"a": 30.0, "b": 30.0}), *tried("tv", {"a": 29.0})]
    assert status(rows).unequal == ("total variation",)


def test_a_run_without_trouble_is_well_and_an_unfinished_one_is_not(status: Any) -> None:
    rows = [*tried("dct", {"a": 30.0}), *tried("nlm", {"a": 30.0})]
    assert status(rows).well
    assert not status(rows, status="interrupted").well
