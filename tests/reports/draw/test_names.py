"""Names stand beside what they name, and over no other name or point."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given, strategies as st
from matplotlib.text import Annotation

from reports.draw.look import Look, styled
from reports.draw.names import apart
from reports.draw.sheet import Sheet, short

LOOK = Look("#0067a8", "o")


@given(places=st.lists(st.floats(0, 200), max_size=15))
def test_names_in_a_column_are_apart_in_the_order_of_their_places(places: list[float]) -> None:
    moved = apart(sorted(places), 12, 0, 200)
    assert all(after - before >= 12 - 1e-6 for before, after in pairwise(moved))


def test_what_is_apart_already_is_not_moved() -> None:
    assert apart([10, 40, 90], 12, 0, 200) == [10, 40, 90]


def written(sheet: Sheet) -> list[Annotation]:
    with styled():
        sheet.chart("x", "x", "x")
    return [text for text in sheet.axes.texts if isinstance(text, Annotation)]


def test_lines_have_their_names_at_the_right_and_no_legend() -> None:
    with styled():
        sheet = Sheet()
        for number in range(8):
            sheet.line([1, 2], [1, 1 + number / 100], name=f"method {number}", look=LOOK, tips=["a", "b"])
    texts = written(sheet)
    assert [text.get_text() for text in texts] == [f"method {number}" for number in range(8)]
    assert not sheet.figure.legends
    boxes = [text.get_window_extent() for text in texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.x0 >= 0 and box.x1 <= sheet.figure.bbox.x1 for box in boxes)


def test_a_name_is_not_struck_through_by_a_front_or_an_interval() -> None:
    with styled():
        sheet = Sheet()
        sheet.axes.set_xscale("log")
        sheet.steps([1, 100], [1.0, 2.0], color="#555555")
        sheet.bars([10], [1.2], [1.8], name="b", look=LOOK)
        for name, x, y in (("bicubic", 1, 1.0), ("b", 10, 1.5), ("end", 100, 2.0)):
            sheet.points([x], [y], name=name, look=LOOK, tips=["a"], text=name)
    names = {text.get_text(): text.get_window_extent() for text in written(sheet)}
    assert {"bicubic", "b"} <= set(names)
    along = sheet.axes.transData.transform([(x, 1.0) for x in np.geomspace(1, 100, 400)])
    across = sheet.axes.transData.transform([(10, y) for y in np.linspace(1.2, 1.8, 400)])
    assert not any(names["bicubic"].contains(*place) for place in along)
    assert not any(names["b"].contains(*place) for place in across)


def test_names_of_points_cover_neither_each_other_nor_a_point() -> None:
    numbers = np.random.default_rng(0)
    with styled():
        sheet = Sheet()
        places = numbers.uniform(size=(15, 2))
        for number, (x, y) in enumerate(places):
            sheet.points([x], [y], name=f"m{number}", look=LOOK, tips=["a"], text=f"method {number}")
    texts = written(sheet)
    assert len(texts) > 11
    boxes = [Annotation.get_window_extent(text).frozen() for text in texts if text.arrow_patch is None]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    dots = sheet.axes.transData.transform(places)
    assert not any(box.contains(*dot) for box in boxes for dot in dots)


def test_a_long_name_loses_its_middle_and_neither_end() -> None:
    assert short("package.module:BEST_METHOD", 15) == "package…_METHOD"
    assert short("short", 15) == "short"
