"""Reading: whole, torn, broken, foreign and hostile run directories."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import synthetic
from hypothesis import given, settings, strategies as st

from reports.errors import RunMissingError, RunSchemaError
from reports.read.run import NUMBERS, TEXTS, load_run

ABOUT = synthetic.about(synthetic.Content())


def directory(path: Path, lines: list[str], about: object = ABOUT) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    if about is not None:
        (path / "run.json").write_text(about if isinstance(about, str) else json.dumps(about), encoding="utf-8")
    return path


def line(**fields: object) -> str:
    return json.dumps({**synthetic.row("quality", "dct", quantity="psnr_db", value=28.0), **fields}) + "\n"


def test_a_whole_run_has_no_problem(run: Path) -> None:
    found = load_run(run)
    assert found.problems == ()
    assert len(found.rows) == len((run / "rows.jsonl").read_text(encoding="utf-8").splitlines())
    assert set(found.rows.columns) == {*TEXTS, *NUMBERS}


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    found = load_run(directory(tmp_path, [line(), line()[:40]]))
    assert len(found.rows) == 1
    assert any("torn" in problem for problem in found.problems)


@pytest.mark.parametrize(
    "broken", ["{broken\n", "[1, 2]\n", "\x00\x00\n", '"text"\n', line(value="many"), line(height=[3])]
)
def test_a_broken_line_costs_only_itself(tmp_path: Path, broken: str) -> None:
    found = load_run(directory(tmp_path, [line(), broken, line(value="inf"), line()]))
    assert len(found.rows) == 3
    assert any("1 of the lines" in problem for problem in found.problems)


@pytest.mark.parametrize("broken", ["null\n", "nullind\n", "{} null\n", "{} [] {}\n", '{"a": [[{}]]}null\n', '"a" 1\n'])
def test_what_is_no_object_does_not_end_the_process(tmp_path: Path, broken: str) -> None:
    for lines in ([broken, line()], [line(), broken], [broken + line()]):
        assert len(load_run(directory(tmp_path, lines)).rows) == 1


def test_infinite_and_undefined_values_are_read_and_counted(tmp_path: Path) -> None:
    found = load_run(
        directory(tmp_path, [line(value="inf"), line(value="-inf"), line(value="nan"), line(value=None), line()])
    )
    values = found.rows["value"].tolist()
    assert values[:2] == [math.inf, -math.inf]
    assert math.isnan(values[2])
    assert math.isnan(values[3])
    assert values[4] == 28.0
    assert any(problem.startswith("3 readings") for problem in found.problems)


def test_absent_and_unknown_fields_do_not_matter(tmp_path: Path) -> None:
    found = load_run(directory(tmp_path, ['{"kind": "time", "method": "dct", "later": {"x": 1}}\n']))
    assert found.rows.loc[0, "variant"] == "default"
    assert found.rows.loc[0, "scale"] == 1
    assert found.rows.loc[0, "error"] == ""


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunSchemaError, match="schema 2 is newer than 1"):
        load_run(directory(tmp_path, [line()], {**ABOUT, "schema": 2}))


@pytest.mark.parametrize(
    "about", [{**ABOUT, "schema": 0}, {"run": "x"}, "{half", "[1]", None, {**ABOUT, "schema": "two"}]
)
def test_an_older_or_unreadable_description_is_said(tmp_path: Path, about: object) -> None:
    found = load_run(directory(tmp_path, [line()], about))
    assert len(found.rows) == 1
    assert found.problems


def test_an_unfinished_run_is_said(tmp_path: Path) -> None:
    found = load_run(directory(tmp_path, [line()], {**ABOUT, "status": "interrupted"}))
    assert any("did not finish" in problem for problem in found.problems)


def test_what_is_no_run_directory_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RunMissingError, match="restobench run"):
        load_run(tmp_path)
    with pytest.raises(RunMissingError):
        load_run(tmp_path / "absent")


def test_rows_without_description_and_description_without_rows_are_read(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(ABOUT), encoding="utf-8")
    found = load_run(tmp_path)
    assert found.rows.empty
    assert any("rows.jsonl is missing" in problem for problem in found.problems)


NUMBER = st.floats(-1e30, 1e30) | st.sampled_from([math.inf, -math.inf, math.nan])
"""What a row can hold; see the tests of the bounds."""

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=30, deadline=None)
@given(method=text, note=text, value=NUMBER, height=st.integers(0, 10**7))
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, method: str, note: str, value: float, height: int
) -> None:
    written = value if math.isfinite(value) else str(value)
    path = directory(
        tmp_path_factory.mktemp("one"), [line(method=method, note=note, quantity="x", value=written, height=height)]
    )
    found = load_run(path).rows.iloc[0]
    assert (found["method"], found["note"], found["height"]) == (method, note, height)
    assert found["value"] == value or (math.isnan(value) and math.isnan(found["value"]))


def test_names_that_differ_stay_different_where_they_are_no_utf8(tmp_path: Path) -> None:
    names = ["b\\udcff.png", "b\\udcfe.png"]
    lines = [
        f'{{"run": "r", "kind": "quality", "image": "{name}", "quantity": "psnr_db", "value": 1.0}}\n' for name in names
    ]
    (tmp_path / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "run.json").write_text(f'{{"schema": 1, "status": "complete", "run": "{names[0]}"}}', encoding="utf-8")
    run = load_run(tmp_path)
    assert run.rows["image"].tolist() == names
    assert run.name == names[0]
