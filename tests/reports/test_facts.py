"""The facts at the top of the page and its last line: counted, in the singular where there is one, and of this run."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import said
import synthetic
from said import Rows, scored, timed

from reports.page import facts, make_report, page


def measured(tmp_path: Path, rows: Rows) -> str:
    """What is said to be measured."""
    return {name: value for name, value, _ in facts(make_report(said.write_rows(tmp_path, rows)))}["Measured"]


def test_one_of_each_is_not_said_in_the_plural(tmp_path: Path) -> None:
    assert measured(tmp_path, scored("dct", 30.0)) == "1 method, 1 image, 1 reading"


def test_images_that_failed_and_rows_without_a_value_are_not_counted(tmp_path: Path) -> None:
    broken = synthetic.row("quality", "dct", image="broken", quantity="failure", error="ImageError: torn")
    picture = synthetic.row("quality", "dct", image="image0", quantity="picture", note="images/a.png", part="clean")
    spent = synthetic.row("quality", "dct", image="image0", quantity="elapsed_seconds", value=1.0)
    assert measured(tmp_path, chain(scored("dct", 30.0), [broken, picture, spent])) == "1 method, 1 image, 1 reading"


def test_a_run_without_images_does_not_say_that_it_has_none(tmp_path: Path) -> None:
    assert measured(tmp_path, timed("dct", 1.0)) == "1 method, 9 readings"


def test_the_images_of_an_experiment_are_images(tmp_path: Path) -> None:
    rows = [synthetic.row("experiment", "color", image="astronaut", quantity="psnr_db", value=30.0)]
    assert measured(tmp_path, rows) == "1 image, 1 reading"


def test_the_version_is_that_which_measured(tmp_path: Path) -> None:
    known = make_report(said.write_rows(tmp_path / "a", timed("dct", 1.0), version="9.9"))
    assert "9 readings, measured by restobench 9.9." in page(known)
    unknown = make_report(said.write_rows(tmp_path / "b", timed("dct", 1.0), version=None, command=None))
    assert "measured by restobench of an unknown version." in page(unknown)
    assert "To repeat it:</span> <code>restobench" not in page(unknown)
