"""What each timed case used of energy, or why the machine does not tell."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.derive.energies import per_megapixel
from reports.derive.leaders import ranked, span
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.number_text import counted, listed
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns("label scale channels width height counter joules_per_megapixel joules note threads batch device")

_COMPARED = ["counter", "task", "scale", "channels", "width", "height", "threads", "batch", "device"]


def section(material: Material) -> Section:
    """Joules per megapixel, by counter."""
    table = material.summary.named["energy"]
    used = per_megapixel(table)
    return Section(
        "energy",
        "Energy",
        material.command,
        about=words("energy.about"),
        findings=tuple(_thriftiest(used)) or lacking(table),
        text=lacking(table) if len(used) else (),
        grids=(grid("energy", "Energy of one call", ranked(used, "joules_per_megapixel", _COMPARED), COLUMNS),),
    )


def _thriftiest(used: pd.DataFrame) -> Iterator[str]:
    """Who uses the least and the most, by each counter and task."""
    for (counter, task), own in used.groupby(["counter", "task"], observed=True, sort=False):
        named = str(counter).replace("_", " ")
        each = own.groupby("label", sort=False)["joules_per_megapixel"].median().reset_index()
        found = span(each, "joules_per_megapixel", "{:.3g}".format)
        if found and found.level:
            yield words("energy.one", methods=listed(found.at_least), joules=found.least, counter=named)
        elif found:
            yield words(
                "energy.span", counter=named, task=task, least=found.least, thriftiest=listed(found.at_least),
                most=found.most, hungriest=listed(found.at_most),
            )  # fmt: skip


def lacking(table: pd.DataFrame) -> tuple[str, ...]:
    """Why some of the timed cases have no energy; each reason once, with how many cases it is of."""
    without = table[~(table["joules"] > 0)]
    counts = without["note"].astype(str).value_counts(sort=False)
    return tuple(
        words("energy.lacking", cases=counted(int(count), "case"), reason=reason) for reason, count in counts.items()
    )
