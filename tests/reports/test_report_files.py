"""A report's files are whole or not there, and lie in its folder, whatever links a stranger's folder holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.errors import ReportWriteError
from reports.files import whole_file, write_figures, write_text


def test_nothing_is_written_through_a_folder_that_is_a_link(tmp_path: Path) -> None:
    elsewhere, run = tmp_path / "elsewhere", tmp_path / "run"
    elsewhere.mkdir()
    run.mkdir()
    (run / "figures").symlink_to(elsewhere)
    with pytest.raises(ReportWriteError, match=r"figures is a link to elsewhere: nothing is written"):
        write_figures({"x": "<svg/>"}, run)
    assert not [*elsewhere.iterdir()]


@pytest.mark.parametrize("name", ["report.html", ".report.html.part"])
def test_a_file_that_is_a_link_is_replaced_and_not_followed(tmp_path: Path, name: str) -> None:
    elsewhere, run = tmp_path / "elsewhere", tmp_path / "run"
    elsewhere.write_text("mine")
    run.mkdir()
    (run / name).symlink_to(elsewhere)
    assert write_text(run, "report.html", "page \udcff").read_text() == "page \\udcff"
    assert elsewhere.read_text() == "mine"
    assert [path.name for path in run.iterdir()] == ["report.html"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "run")
    assert write_text(tmp_path / "latest", "tables/x.csv", "a").read_text() == "a"


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path, "a", "old")

    def fail() -> None:
        with whole_file(tmp_path, "a") as file:
            file.write(b"new")
            raise OSError("full")

    with pytest.raises(ReportWriteError, match="full"):
        fail()
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
