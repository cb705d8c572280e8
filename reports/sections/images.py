"""The images that the run restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.draw.grid import records_grid
from reports.draw.number_text import counted
from reports.read.methods import number_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COMMAND = "restobench images"


def section(material: Material) -> Section:
    """Size and source of each image."""
    columns = ("name", "width", "height", "channels", "source", "note")
    records = material.run.listed("images")
    grids = (records_grid("images", "Images", records, columns),)
    own = material.run.section("image_set")
    about = words("images.set", name=own.get("name"), sha256=own.get("sha256")) if own else ""
    return Section(
        "images", "Images", material.command, makes=COMMAND, about=about, findings=_sizes(records), grids=grids
    )


def _sizes(records: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """How many there are, and of which size."""
    pixels = [number_of(one.get("width")) * number_of(one.get("height")) for one in records]
    known = sorted(number for number in pixels if number > 0)
    if not known:
        return ()
    least, most = (f"{number / 1e6:.2g}" for number in (known[0], known[-1]))
    images = counted(len(records), "image")
    if least == most:
        return (words("images.one", images=images, megapixels=least),)
    return (words("images.span", images=images, least=least, most=most),)
