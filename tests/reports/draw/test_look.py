"""Series that are drawn together are told apart by shape or colour."""

from __future__ import annotations

import re

from reports.derive.summary import Summary
from reports.draw.look import COLORS, MARKERS, Palette, plain_svg, styled
from reports.draw.sheet import Ink, Sheet
from reports.sections.stride import charts as strides

KINDS = ("grid", "random subset")


def test_no_two_series_look_alike_however_many_variants_a_method_has() -> None:
    labels = [("dct", f"DCT {number}") for number in range(30)] + [("ffdnet", f"FFDNet {n}") for n in range(8)]
    looks = [Palette(labels)[label] for _, label in labels]
    assert len({(look.color, look.marker) for look in looks}) == len(labels)


def test_a_method_keeps_its_colour_while_shapes_last() -> None:
    labels = [("dct", f"DCT {number}") for number in range(len(MARKERS))]
    palette = Palette(labels)
    assert {palette[label].color for _, label in labels} == {COLORS[0]}


def test_a_figures_words_keep_every_digit() -> None:
    sheet = Sheet()
    sheet.axes.set_yticks([0.0025, 0.0075])
    with styled():
        assert {"0.0025", "0.0075"} <= set(
            re.findall(r">(?:<!--[^>]*-->)?\s*([0-9.]+)</text>", plain_svg(sheet.figure))
        )


def test_random_blocks_and_the_grid_are_two_series_that_meet_at_full_redundancy(summary: Summary) -> None:
    charts = {chart.name: chart for chart in strides(summary, Ink(Palette(summary.labels), {}))}
    series = {marks.series: marks.tips for marks in charts["redundancy"].marks.values() if marks.series}
    grid, chosen = (next(tips for name, tips in series.items() if name == f"8×8, {kind}") for kind in KINDS)
    assert [tip.split(":")[0] for tip in chosen if "spacing" not in tip] == ["DCT 8×8"]
    assert not [tip for tip in grid if "spacing" in tip]
    assert len([tip for tip in chosen if "spacing" in tip]) == 3
