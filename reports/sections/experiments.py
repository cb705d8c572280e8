"""The named experiments: a section for each, filled by its study."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.draw.columns import columns
from reports.draw.grid import Grid, grid
from reports.sections.section import Material, Section
from reports.studies.catalog import EXPERIMENTS, TITLES, study_of

COLUMNS = columns("variant image degradation sigma_255 part quantity value note")


def sections(material: Material) -> Iterator[Section]:
    """One section per experiment, the known ones also where the run lacks them."""
    table = material.summary.tables["experiment"]
    table = table[table["error"] == ""].astype(dict.fromkeys(("experiment", "part", "quantity"), object))
    measured = [str(name) for name in table["experiment"].unique() if name != "roofline"]
    others = [name for name in measured if name not in EXPERIMENTS]
    for name in (*EXPERIMENTS, *others):
        anchor = f"experiment-{name}" if name in TITLES else f"experiment-{measured.index(name)}-own"
        yield _section(material, name, table, title=TITLES.get(name, name), anchor=anchor)


def _section(material: Material, name: str, table: pd.DataFrame, *, title: str, anchor: str) -> Section:
    own = table[table["experiment"] == name]
    shown = study_of(name, own, material.summary.methods)
    return Section(
        anchor,
        title,
        material.command,
        makes=f"restobench run --spec {name}",
        findings=shown.reading[:1],
        text=shown.reading[1:],
        charts=shown.charts,
        grids=(*shown.grids, _readings(name, own)),
        panels=tuple(panel for panel in material.panels if panel.source == name),
    )


def _readings(name: str, table: pd.DataFrame) -> Grid:
    """What was read once per case, in the columns that differ between its lines."""
    case = ["variant", "image", "degradation", "sigma_255", "part", "quantity"]
    own = table[table["quantity"] != "picture"]
    single = own[own.groupby(case, observed=True)["repeat"].transform("nunique") == 1] if len(own) else own
    varied = {
        column: cell
        for column, cell in COLUMNS.items()
        if column in {"quantity", "value"} or len(single[column].astype(str).unique()) > 1
    }
    return grid(f"experiment-{name}", "Readings", single, varied)
