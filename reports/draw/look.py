"""How figures look: palette and shapes per method, and the SVG that a page can hold in light and dark.

Matplotlib draws in the colours of `restobench.mplstyle`; for the page each of them becomes a CSS variable, ids become
unique to the figure, and the marks that carry a value get it as a native tooltip.
"""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree as ET

import matplotlib as mpl
import matplotlib.style
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from reports.derive.families import FAMILIES, RESERVED, families_of

STYLE = Path(__file__).with_name("restobench.mplstyle")

PAPER = Path(__file__).with_name("paper.mplstyle")
"""What differs from `STYLE` in a figure that a paper prints."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "<", ">", "d", "p", "*")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (7, 2, 1, 2)))

KINDS: Mapping[str, str] = {"stride": "s", "spacing": "D", "engine": "^", "runtime": "^", "precision": "P", "tile": "h"}
"""The shape of a variant by the first option that its name has; a method as it is built is a circle."""

INK, SOFT, GRID, SHADE = "#1d2127", "#6b6f76", "#d9dce1", "#c9ced6"

VARIABLES: Mapping[str, str] = {
    **{family.color: f"var(--{family.key})" for family in FAMILIES + RESERVED},
    INK: "var(--ink)", SOFT: "var(--soft)", GRID: "var(--rule)", SHADE: "var(--shade)", "#ffffff": "var(--paper)",
}  # fmt: skip
"""Colours of the style as the page's own names for them."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\b")
_REFERENCE = re.compile(r"(?:^|url\()#([^)]+)")
_DRAWN = ("use", "path", "rect", "polygon")


@dataclass(frozen=True)
class Look:
    """Colour and shape of one series."""

    color: str
    marker: str
    dash: str | tuple[float, tuple[float, ...]] = "-"


@dataclass(frozen=True)
class Marks:
    """One artist's marks: what each says, which series they belong to and, where they are links, where they lead."""

    tips: tuple[str, ...]
    series: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A figure with what it shows in words."""

    name: str
    title: str
    finding: str
    """One sentence computed from the data: the alternative text and the caption."""
    figure: Figure
    marks: Mapping[str, Marks] = field(default_factory=dict)
    """By the artist's group id."""


class Palette:
    """Gives each method the colour of its family and each of its variants the shape of its kind.

    They are the same in every figure. Lines of one family differ in their dashes, and all have their names beside them.
    """

    def __init__(self, labels: Iterable[tuple[str, str]]) -> None:
        named = {label: method for method, label in labels}
        families, count = families_of(named.values()), Counter[str]()
        self._looks: dict[str, Look] = {}
        for label, method in named.items():
            family = families[method]
            self._looks[label] = Look(family.color, _shape(label), DASHES[count[family.key] % len(DASHES)])
            count[family.key] += 1

    def __getitem__(self, label: str) -> Look:
        """The look of `label`; one that was not announced gets ink."""
        return self._looks.get(label, Look(INK, "o"))

    def __contains__(self, label: str) -> bool:
        """Whether `label` is a method."""
        return label in self._looks


def _shape(label: str) -> str:
    """The shape of the kind of variant that `label` names, or else that of a method as it is built."""
    options = label.partition(", ")[2].split(", ")
    return next((KINDS.get(option.split()[0], "v") for option in options if option.strip()), MARKERS[0])


def numbered(count: int, color: str = INK) -> tuple[Look, ...]:
    """Looks for series that are not methods (sigmas, block sizes, parts), in one colour: their method's, or ink."""
    return tuple(Look(color, MARKERS[number % len(MARKERS)], DASHES[number % len(DASHES)]) for number in range(count))


@contextmanager
def styled(*more: Path) -> Iterator[None]:
    """Matplotlib in this style, changed by those of `more`, and back again."""
    with (
        mpl.style.context([str(STYLE), *map(str, more)]),
        mpl.rc_context({"svg.hashsalt": "restobench"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the browser has it: text stays text
        yield


def tag(artist: Artist, series: str, number: int) -> str:
    """Names `artist`'s group so that `page_svg` finds it; returns the name."""
    name = f"m{number}-{re.sub(r'[^a-z0-9]+', '-', series.lower()).strip('-')[:40]}"
    artist.set_gid(name)
    return name


def plain_svg(figure: Figure) -> str:
    """The figure as an SVG file of its own, on a transparent ground."""
    buffer = io.StringIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _TAG.sub(lambda tag: _NUMBER.sub(_shorter, tag[0]), buffer.getvalue())  # what is written stays as it is


def save_pdf(figure: Figure, file: BinaryIO) -> None:
    """The figure as PDF, fonts embedded, without a date."""
    with styled():
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})


def page_svg(chart: Chart, svg: str) -> str:
    """`svg` (of `plain_svg`) as an element of a page: themed, unique ids, labelled, its marks speaking."""
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(svg)  # noqa: S314 - written by matplotlib a moment ago
    for unwanted in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(unwanted)
    _speak(root, chart.marks)
    _make_unique(root, chart.name)
    _label(root, chart)
    text = ET.tostring(root, encoding="unicode")
    return _COLOR.sub(lambda found: VARIABLES.get(found[0].lower(), found[0]), text)


def _label(root: ET.Element, chart: Chart) -> None:
    """A group where it holds links, else one image; its size follows the page."""
    linked = any(marks.links for marks in chart.marks.values())
    root.set("role", "group" if linked else "img")
    root.set("aria-label", f"{chart.title}. {chart.finding}")
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)


def _speak(root: ET.Element, marks: Mapping[str, Marks]) -> None:
    for group in list(root.iter(f"{{{_SVG}}}g")):
        if said := marks.get(group.get("id", "")):
            if said.series:
                group.set("data-method", said.series)
            _give_tips(group, said)


def _give_tips(group: ET.Element, said: Marks) -> None:
    """Tips to the drawn marks in order: markers if there are as many as tips, else the shapes."""
    parents = {child: parent for parent in group.iter() for child in parent}
    defined = {mark for definitions in group.iter(f"{{{_SVG}}}defs") for mark in definitions.iter()}
    for kind in _DRAWN:
        found = [mark for mark in group.iter(f"{{{_SVG}}}{kind}") if mark not in defined]
        if len(found) == len(said.tips):
            break
    else:
        return
    links: Sequence[str] = said.links or [""] * len(found)
    for mark, tip, link in zip(found, said.tips, links, strict=True):
        ET.SubElement(mark, f"{{{_SVG}}}title").text = tip
        mark.set("class", "mark")
        if link:
            anchor, parent = ET.Element(f"{{{_SVG}}}a", {"href": link, "aria-label": tip}), parents[mark]
            parent[list(parent).index(mark)] = anchor
            anchor.append(mark)


def _make_unique(root: ET.Element, prefix: str) -> None:
    """Ids and references of one figure must not meet those of another on the same page; unused ids go."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    used = {name for value in values for name in _REFERENCE.findall(value)}
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{prefix}-{own}")
        for name, value in list(element.attrib.items()):
            if name == f"{{{_XLINK}}}href":
                del element.attrib[name]
                element.set("href", f"#{prefix}-{value[1:]}")
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{prefix}-"))


def _shorter(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")
