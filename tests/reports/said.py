"""What a section says of rows that a test makes up: its sentences, captions and headings as one text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import synthetic

from reports.derive.summary import summarise
from reports.draw.look import Palette, styled
from reports.draw.sheet import Ink
from reports.read.run import load_run
from reports.read.tables import all_tables
from reports.sections.section import Material, Section

Rows = Iterable[dict[str, Any]]


def write_rows(directory: Path, rows: Rows, **about: Any) -> Path:
    """A run directory with these rows; `about` goes into `run.json`."""
    run = synthetic.write_run(directory, synthetic.Content(kinds=(), about=about))
    (run / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return run


def material(directory: Path, rows: Rows, **about: Any) -> Material:
    """What the sections of such a run are made from."""
    run = load_run(write_rows(directory, rows, **about))
    summary = summarise(all_tables(run), run.methods)
    return Material(run, summary, Ink(Palette(summary.labels), {}))


def section(module: Any, directory: Path, rows: Rows, **about: Any) -> Section:
    """The section that `module` makes of such a run."""
    with styled():
        made: Section = module.section(material(directory, rows, **about))
    return made


def text(shown: Section) -> str:
    """Everything that it says."""
    charts = (part for chart in shown.charts for part in (chart.title, chart.finding, *tips(shown)))
    grids = (part for grid in shown.grids for part in (grid.caption, *grid.columns))
    return " ".join((shown.title, *shown.findings, *shown.text, *charts, *shown.after, *grids))


def tips(shown: Section) -> Iterator[str]:
    """What the marks of its figures say."""
    yield from (tip for chart in shown.charts for mark in chart.marks.values() for tip in mark.tips)


def timed(method: str, seconds: float, *, size: int = 256, count: int = 9, **case: Any) -> Iterator[dict[str, Any]]:
    """So many measured calls of one case that each took `seconds`."""
    case = {"task": "denoise", "height": size, "width": size, "phase": "measure", **case}
    for repeat in range(count):
        yield synthetic.row("time", method, quantity="seconds", value=seconds, repeat=repeat, **case)


def counts(method: str, *, residue: str = "", executed: float = 0, **case: Any) -> Iterator[dict[str, Any]]:
    """Operations per pixel by counter, `closed_form=8192`, with the bytes and what the algorithm executes."""
    counters = {name: case.pop(name) for name in ("closed_form", "parameters", "fvcore", "torch") if name in case}
    case = {"task": "denoise", "height": 256, "width": 256, **case}
    for part, value in counters.items():
        note = "" if part == "closed_form" else residue
        yield synthetic.row("cost", method, quantity="macs_per_pixel", part=part, value=value, note=note, **case)
    more = {"intensity_macs_per_byte": counters.get("closed_form", 0) / 8, "executed_macs_per_pixel": executed}
    for quantity, value in more.items():
        if value:
            yield synthetic.row("cost", method, quantity=quantity, value=value, **case)


def scored(method: str, psnr: float | Iterable[float], **case: Any) -> Iterator[dict[str, Any]]:
    """The PSNR of one method, an image for each value."""
    values = [psnr] if isinstance(psnr, float) else list(psnr)
    case = {"task": "denoise", "sigma_255": 25.0, "degradation": "awgn", **case}
    for number, value in enumerate(values):
        yield synthetic.row("quality", method, quantity="psnr_db", value=value, image=f"image{number}", **case)
