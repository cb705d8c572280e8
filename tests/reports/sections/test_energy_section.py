"""Energy stands in joules per megapixel where it was read; where it was not, why, and never a zero."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import synthetic

from reports import terminal
from reports.page import Report, make_report, write_page

WHY = "not measurable here: this virtual machine hides it"
SIDE = {"height": 500, "width": 1000, "task": "denoise"}


def timed(method: str, case: Mapping[str, Any] = {}, **joules: float | str) -> Iterator[dict[str, Any]]:
    """Six warm calls of half a megapixel, and joules by counter or why there are none."""
    for repeat in range(6):
        call = {"quantity": "seconds", "value": 0.25, "phase": "measure", "repeat": repeat}
        yield synthetic.row("time", method, **SIDE, **case, **call)
    for counter, found in joules.items():
        text = {"note": found} if isinstance(found, str) else {"value": found, "note": "mean of 8 calls"}
        yield synthetic.row("time", method, **SIDE, **case, quantity="joules", unit="J", part=counter, **text)


def report(folder: Path, *rows: dict[str, Any]) -> Report:
    environment = {"stable": {}, "state": {"energy_cpu": WHY}}
    quality = [row for name in ("a", "b") for row in synthetic.tried(name, {"coins": 30.0})]
    return make_report(synthetic.write_rows(folder / "run", [*rows, *quality], environment=environment))


def lines(made: Report) -> list[list[str]]:
    section = next(section for section in made.sections if section.anchor == "energy")
    return [[cell.text for cell in line.cells] for grid in section.grids for line in grid.lines]


def text(made: Report) -> tuple[str, ...]:
    section = next(section for section in made.sections if section.anchor == "energy")
    return (*section.findings, *section.text)


def test_joules_of_a_call_become_joules_per_megapixel_by_counter_and_in_all(tmp_path: Path) -> None:
    made = report(tmp_path, *timed("a", package=2.0, dram=0.5), *timed("b", package=1.0))
    assert [line[5:8] for line in lines(made)] == [["dram", "1", "0.5"], ["package", "2", "1"], ["package", "4", "2"]]
    found = {record["method"]: record["joules_per_megapixel"] for record in terminal.best(made)}
    assert found == {"a": pytest.approx(5.0), "b": pytest.approx(2.0)}
    assert not [line for line in terminal.status(made) if "not measurable" in line]


def test_energies_of_cases_that_differ_are_not_added_up(tmp_path: Path) -> None:
    sigmas = [row for sigma in (15.0, 25.0) for row in timed("a", {"sigma_255": sigma}, package=2.0, dram=0.5)]
    other = [*timed("a", {"threads": 1, "sigma_255": 25.0}, package=9.0), *timed("b", {"batch": 4}, package=8.0)]
    made = report(tmp_path, *sigmas, *other, *timed("b", package=1.0))
    found = {record["method"]: record["joules_per_megapixel"] for record in terminal.best(made)}
    assert found == {"a": pytest.approx(5.0), "b": pytest.approx(2.0)}
    assert {tuple(line[9:11]) for line in lines(made)} == {("2", "1"), ("1", "1"), ("2", "4")}


def test_the_energy_of_the_least_batch_stands_beside_its_time(tmp_path: Path) -> None:
    made = report(tmp_path, *timed("a", {"batch": 4}, package=8.0))
    assert terminal.best(made)[0]["joules_per_megapixel"] == pytest.approx(4.0)


def test_where_nothing_can_be_read_page_terminal_and_tables_say_why(tmp_path: Path) -> None:
    made = report(tmp_path, *timed("a"), *timed("b"))
    assert lines(made) == []
    assert text(made) == (f"Energy of 2 cases: {WHY}.",)
    assert f"Energy of 2 cases: {WHY}." in terminal.status(made)
    assert all("joules_per_megapixel" not in record for record in terminal.best(made))
    page = write_page(made, tmp_path / "run")
    assert f"Energy of 2 cases: {WHY}" in page.read_text(encoding="utf-8")
    with (page.parent / "tables/energy.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [(line["method"], line["joules"], line["note"]) for line in table] == [("a", "", WHY), ("b", "", WHY)]


def test_a_case_of_which_one_counter_is_gone_has_no_sum(tmp_path: Path) -> None:
    made = report(tmp_path, *timed("a", package=2.0, dram="EnergyError: gone"), *timed("b", package=1.0))
    found = {record["method"]: record["joules_per_megapixel"] for record in terminal.best(made)}
    assert found == {"a": None, "b": pytest.approx(2.0)}
    assert "Energy of 1 case: EnergyError: gone." in text(made)


def test_a_run_that_timed_nothing_says_nothing_of_energy(tmp_path: Path) -> None:
    made = report(tmp_path)
    assert text(made) == ()
    assert not [line for line in terminal.status(made) if line.startswith("Energy")]
