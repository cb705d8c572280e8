"""A section drops what is empty, and names the command that fills it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import synthetic

from reports.draw.grid import grid, text_cell
from reports.page import make_report
from reports.sections.section import STANDARD, Section

OWN = {
    "methods": "restobench cost",
    "peers": "restobench run --spec peers",
    "latency": "restobench run --spec latency",
    "single-stream": "restobench run --spec single-stream",
    "efficiency": "restobench run --spec ntire-esr",
    "layers": "restobench profile ffdnet",
    "roofline": "restobench run --spec full",
    "scaling": "restobench run --spec scaling",
    "memory": "restobench run --spec full",
    "doctor": "restobench doctor",
    "weights": "restobench weights",
    "images": "restobench images",
}


@pytest.mark.parametrize(("lines", "grids", "text"), [([], 0, ()), ([{"name": "a"}], 1, ("Of the table.",))])
def test_an_empty_table_gives_no_grid_and_nothing_is_said_of_it(
    lines: list[dict[str, str]], grids: int, text: tuple[str, ...]
) -> None:
    shown = grid("names", "Names", pd.DataFrame(lines, columns=["name"]), {"name": ("name", text_cell)})
    section = Section("names", "Names", "restobench", about="Of the table.", grids=(shown,))
    assert (len(section.grids), section.text, section.empty) == (grids, text, not grids)


def test_a_run_with_nothing_says_for_each_section_which_command_fills_it(tmp_path: Path) -> None:
    report = make_report(synthetic.write_run(tmp_path / "run", synthetic.Content(kinds=())))
    commands = {section.anchor: section.command for section in report.sections if section.empty}
    assert set(OWN) - set(commands) == {"methods", "doctor", "weights", "images"}  # what run.json has of them
    for anchor, command in commands.items():
        spec = anchor.removeprefix("experiment-")
        assert command == OWN.get(anchor, STANDARD if spec == anchor else f"restobench run --spec {spec}")
