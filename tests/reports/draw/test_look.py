"""Series have the colour of their family and the shape of their kind."""

from __future__ import annotations

import re

from reports.derive.families import FAMILIES, RESERVED
from reports.derive.summary import Summary
from reports.draw.look import Palette, numbered, plain_svg, styled
from reports.draw.sheet import Ink, Sheet
from reports.sections.stride import charts as strides

KINDS = ("grid", "random subset")


def test_a_method_and_its_variants_have_the_colour_of_their_family_and_the_shape_of_their_kind() -> None:
    labels = [("dct", "DCT 8×8"), ("dct", "DCT 8×8, stride 2"), ("dct", "DCT 8×8, spacing 2.0"), ("mine", "mine")]
    looks = [Palette(labels)[label] for _, label in labels]
    assert [look.marker for look in looks] == ["o", "s", "D", "o"]
    assert len({look.color for look in looks[:3]}) == 1
    assert looks[3].color != looks[0].color


def test_lines_of_one_family_differ_in_their_dashes() -> None:
    labels = [("dct", f"DCT {size}×{size}") for size in (4, 8, 16)]
    assert len({str(Palette(labels)[label].dash) for _, label in labels}) == 3


def test_what_is_no_method_has_the_colour_of_none() -> None:
    families = {family.color for family in FAMILIES + RESERVED}
    assert not families & {look.color for look in numbered(9)}


def test_a_figures_words_keep_every_digit() -> None:
    sheet = Sheet()
    sheet.axes.set_yticks([0.0025, 0.0075])
    with styled():
        assert {"0.0025", "0.0075"} <= set(
            re.findall(r">(?:<!--[^>]*-->)?\s*([0-9.]+)</text>", plain_svg(sheet.figure))
        )


def test_random_blocks_and_the_grid_are_two_series_that_meet_at_full_redundancy(summary: Summary) -> None:
    charts = {chart.name: chart for chart in strides(summary, Ink(Palette(summary.labels), {}))}
    series = {marks.series: marks.tips for marks in charts["redundancy"].marks.values() if marks.tips}
    grid, chosen = (next(tips for name, tips in series.items() if name == f"8×8, {kind}") for kind in KINDS)
    assert [tip.split(":")[0] for tip in chosen if "spacing" not in tip] == ["DCT 8×8"]
    assert not [tip for tip in grid if "spacing" in tip]
    assert len([tip for tip in chosen if "spacing" in tip]) == 3
