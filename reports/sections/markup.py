"""Sections as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from reports.derive.families import FAMILIES, RESERVED
from reports.draw.look import page_svg
from reports.sections.section import Section

_TEMPLATES = Path(__file__).parents[1] / "templates"


def environment() -> jinja2.Environment:
    """The templates of pages and notebooks: everything is escaped, and a name that is missing is an error."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.filters["key"] = _key
    return found


def render(*, sections: Iterable[Section], svg: Mapping[str, str], **words: Any) -> str:
    """The template filled in: everything is escaped but the figures, the style and the script."""
    shown = tuple(sections)
    templates = environment()
    script = templates.get_template("page.js.j2").render()
    charts = {chart.name: chart for section in shown for chart in section.charts}
    inline = {name: Markup(page_svg(chart, svg[name])) for name, chart in charts.items()}  # noqa: S704 - drawn by us, text escaped by matplotlib
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return templates.get_template("page.html.j2").render(
        sections=shown,
        titles={section.anchor: section.title for section in shown},
        svg=inline,
        style=Markup(templates.get_template("style.css.j2").render(families=FAMILIES + RESERVED).replace("\n", "")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=f"sha256-{digest}",
        **words,
    )


def _key(value: float) -> str:
    """A sort key that JavaScript reads back as the same number."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return f"{value:.12g}"
