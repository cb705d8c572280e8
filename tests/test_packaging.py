"""What the package states of itself: bounds of what it needs, the Pythons it is tested on, actions pinned by commit."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_everything_that_is_needed_has_an_upper_bound_or_one_version() -> None:
    needed = PROJECT["dependencies"] + [one for extra in PROJECT["optional-dependencies"].values() for one in extra]
    open_ended = [one for one in needed if not one.startswith("restobench[") and "<" not in one and "==" not in one]
    assert open_ended == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_and_names_its_tag(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action), action


def test_the_pythons_tested_are_those_that_are_stated() -> None:
    body = ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body
    assignments = [node for node in body if isinstance(node, ast.Assign)]
    (tested,) = (ast.literal_eval(node.value) for node in assignments if ast.unparse(node.targets[0]) == "TESTED")
    stated = [line.rpartition(":: ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    matrix = re.search(r"python: \[(.*)\]", (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert matrix
    assert list(tested) == stated == re.findall(r"\d\.\d+", matrix[1])
