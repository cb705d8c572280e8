"""A method in a file is found by the file's path, whatever its folders are called, with what lies beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from restoration import get
from restoration.catalog import source_of
from restoration.errors import UnknownMethodError
from restoration.method import Setup
from restoration.source_files import found

METHOD = """\
from neighbour_of_a_test import FACTOR
import inner_of_a_test.more as more

def scaled(noisy):
    return noisy * FACTOR * more.ONE
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with folders called like this product's packages, each with a method and neighbours of one name."""
    for number, folder in enumerate(("bench", "reports"), 2):
        inner = tmp_path / folder / "inner_of_a_test"
        inner.mkdir(parents=True)
        (inner / "more.py").write_text("ONE = 1\n")
        (tmp_path / folder / "mine.py").write_text(METHOD)
        (tmp_path / folder / "neighbour_of_a_test.py").write_text(f"FACTOR = {number}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    return tmp_path


def factor(name: str) -> float:
    return get(name).build(Setup())(torch.ones(1, 1, 2, 2)).mean().item()


def test_folders_may_be_called_as_they_like_and_each_file_gets_its_own_neighbours(root: Path) -> None:
    assert [factor(f"{folder}/mine.py:scaled") for folder in ("bench", "reports", "bench")] == [2, 3, 2]
    assert factor(f"{root}/reports/mine.py:scaled") == 3
    assert source_of("reports/mine.py:scaled") == root / "reports" / "mine.py"
    assert sys.modules["bench"].__file__ == __import__("bench").__file__


def test_a_path_is_looked_for_where_modules_are_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert found("bench/mine.py") is None
    monkeypatch.setattr(sys, "path", [*sys.path, str(root)])
    assert found("bench/mine.py") == root / "bench" / "mine.py"


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "bench.mine:scaled",
            r"another package 'bench' was found first.*, not \./bench; .*: bench/mine\.py:scaled$",
        ),
        ("bench.none:scaled", r"another package 'bench' was found first, in .*, not \./bench; call yours otherwise$"),
        ("borrows.py:scaled", r"No module named 'bench\.neighbour'; another package 'bench' was found first"),
        ("bench/none.py:scaled", r"FileNotFoundError: no file bench/none\.py; expected path/to/file\.py:OBJECT"),
        ("bench/mine.py:none", r"no attribute 'none'; expected path/to/file\.py:OBJECT"),
        ("stops.py:scaled", r"cannot import method 'stops\.py:scaled': SystemExit: 0"),
    ],
)
def test_what_cannot_be_imported_says_why_and_what_to_write(root: Path, name: str, said: str) -> None:
    (root / "borrows.py").write_text("import bench.neighbour\n")
    (root / "stops.py").write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(UnknownMethodError, match=said):
        get(name)


def test_a_file_that_breaks_is_tried_anew(root: Path) -> None:
    (root / "late.py").write_text("raise ValueError('not yet')\n")
    with pytest.raises(UnknownMethodError, match="not yet"):
        get("late.py:same")
    (root / "late.py").write_text("def same(noisy):\n    return noisy + 0\n")
    assert factor("late.py:same") == 1
