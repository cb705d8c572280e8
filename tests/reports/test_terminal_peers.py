"""The terminal's table of methods timed in turn: nothing slower is called faster, and no interval is made up."""

from __future__ import annotations

from pathlib import Path

import said
import synthetic

from reports.page import make_report
from reports.terminal import peers


def test_two_rounds_have_no_interval_and_what_is_slower_is_not_called_faster(tmp_path: Path) -> None:
    case = {"quantity": "seconds", "part": "a", "height": 8, "width": 8, "phase": "measure"}
    rows = [
        synthetic.row("paired", method, value=seconds, repeat=repeat, **case)
        for method, seconds in (("dct", 1.0), ("mine", 2.0))
        for repeat in range(2)
    ]
    (record,) = peers(make_report(said.write_rows(tmp_path, rows)))
    assert (record["from"], record["to"], record["as fast"]) == (None, None, "0.500x")
    assert "faster" not in record
