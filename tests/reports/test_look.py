"""Series that are drawn together are told apart by shape or colour."""

from __future__ import annotations

from reports.look import COLORS, MARKERS, Palette


def test_no_two_series_look_alike_however_many_variants_a_method_has() -> None:
    labels = [("dct", f"DCT {number}") for number in range(30)] + [("ffdnet", f"FFDNet {n}") for n in range(8)]
    looks = [Palette(labels)[label] for _, label in labels]
    assert len({(look.color, look.marker) for look in looks}) == len(labels)


def test_a_method_keeps_its_colour_while_shapes_last() -> None:
    labels = [("dct", f"DCT {number}") for number in range(len(MARKERS))]
    palette = Palette(labels)
    assert {palette[label].color for _, label in labels} == {COLORS[0]}
