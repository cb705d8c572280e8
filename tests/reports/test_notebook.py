"""What a notebook shows of a run holds its front and its table, and nothing of a stranger's that is not escaped."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import synthetic
from synthetic import tried

from reports import notebook
from reports.derive.summary import leaderboard, summarise
from reports.draw.grid import records_grid
from reports.read.run import load_run
from reports.read.tables import all_tables


def shown(directory: Path) -> str:
    run = load_run(directory)
    return notebook.shown(run, summarise(all_tables(run), run.methods))


def test_a_run_is_shown_with_its_front_and_its_table(tmp_path: Path) -> None:
    html = shown(synthetic.write_run(tmp_path / "run"))
    assert "<svg" in html
    assert "DCT 8×8" in html
    assert "Quality beside time" in html
    assert f"The first {notebook.MOST_LINES} of" in html
    assert 'href="#methods' not in html  # there is no such place in a notebook
    assert "--dct:#" in html


def test_two_runs_in_one_notebook_share_no_id(tmp_path: Path) -> None:
    ids = []
    for name in ("first", "second"):
        html = shown(synthetic.write_run(tmp_path / name, synthetic.Content(about={"run": name})))
        svg = html[html.index("<svg") : html.index("</svg>") + len("</svg>")]
        ids.append({found for element in ET.fromstring(svg).iter() if (found := element.get("id"))})  # noqa: S314 - our own
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])


def test_hostile_names_are_text(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    rows = [*tried(bad, {"a": 30.0}), *tried("nlm", {"a": 29.0}), *tried("tv", {"a": f"Error: {bad}"})]
    html = shown(synthetic.write_rows(tmp_path / "run", rows, run=bad))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_run_in_which_all_failed_says_so(tmp_path: Path) -> None:
    html = shown(synthetic.write_rows(tmp_path / "run", tried("nlm", {"a": "OutputError: NaN"})))
    assert "OutputError: NaN" in html
    assert "<svg" not in html


def test_a_table_is_shown_with_what_is_said_of_it() -> None:
    html = notebook.shown_table("out/compare-1", "slower: <much>", records_grid("x", "Changes", [{"a": 1}], ("a",)))
    assert "slower: &lt;much&gt;" in html
    assert "<bdi>1</bdi>" in html


def test_the_leaderboard_holds_operations_of_what_was_counted(tmp_path: Path) -> None:
    run = load_run(synthetic.write_run(tmp_path / "run"))
    table = leaderboard(summarise(all_tables(run), run.methods))
    network = table[table["label"] == "FFDNet"]
    assert len(network)
    assert (network["macs_per_pixel"] > 0).all()
    first = table[table["task"] == "denoise"].iloc[0]
    same = table[(table["sigma_255"] == first["sigma_255"]) & table["psnr_db"].notna() & (table["board"] == 0)]
    assert first["psnr_db"] == same[same["channels"] == first["channels"]]["psnr_db"].max()
