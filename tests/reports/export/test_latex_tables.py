"""Tables for papers: literal names, units in heads, one precision down a column, and the width of a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from reports.draw.columns import columns
from reports.draw.grid import Cell, Grid, Line, grid
from reports.export.columns import Column, columns_of, numbers, without_repeats
from reports.export.latex_tables import ROOM, cut_words, long_tables, whole_table
from reports.export.latex_text import flowing_text, latex_text, width
from reports.page import make_report
from reports.read.tables import table_of

NUMBER = re.compile(r"[+−]?[\d,]+(?:\.(\d+))?")


@pytest.fixture(scope="module")
def grids(run: Path) -> list[Grid]:
    """Every table of a whole run."""
    return [found for section in make_report(run, paper=True).sections for found in section.grids]


def made(*rows: tuple[object, ...], heads: str, **own: tuple[str, str]) -> tuple[Column, ...]:
    """The columns in print of a table with these rows, the columns named as tables of the page name them."""
    return columns_of(grid("made", "Made up", table_of(rows, heads.split()), columns(heads, **own)), 60)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a_b", r"a\_b"), ("50%", r"50\%"), ("a&b", r"a\&b"), ("#1", r"\#1"), ("$x$", r"\$x\$"),
        ("a\\b", r"a\textbackslash{}b"), ("a~b", r"a\textasciitilde{}b"), ("a^b", r"a\textasciicircum{}b"),
        ("{x}", r"\{x\}"), ("<b>", r"\textless{}b\textgreater{}"), ("a|b", r"a\textbar{}b"), ("[x]", "{[}x{]}"),
        ("--spec", "-{}-spec"), ("5->64", r"5-\textgreater{}64"),
        ("−0.16", "$-$0.16"), ("4·10⁻⁸", r"4$\cdot$10$^{-8}$"),
        ("95 % from", r"95~\% from"), ("Möbius", r'M\"{o}bius'), ("中", "{[}U+4E2D{]}"), ("a\nb", "a b"),
    ],
)  # fmt: skip
def test_what_latex_reads_otherwise_is_shown_literally(text: str, latex: str) -> None:
    assert latex_text(text) == latex


@given(st.text())
def test_every_text_is_ascii_with_balanced_braces_and_nothing_that_latex_acts_on(text: str) -> None:
    for written in (latex_text(text), flowing_text(text)):
        assert written.isascii()
        bare = re.sub(
            r"\\[\\{}$&#%_]|\{\*\}", "", re.sub(r"\\char\d+|\$\\?[a-z{}^0-9-]+\$", "", written, flags=re.IGNORECASE)
        )
        assert not re.search(r"[&#%_|<>*\n]", bare)
        assert bare.count("{") == bare.count("}")
    assert width(text) >= 0


def test_long_words_may_be_broken_and_short_ones_are_whole() -> None:
    assert flowing_text("a short one") == "a short one"
    assert max(map(len, flowing_text("9" * 64).split(r"\allowbreak{}"))) == 4
    pieces = ["rest", "orat", "ion/", "chec", "kpoi", "nts.", "py"]
    assert flowing_text("restoration/checkpoints.py").split(r"\allowbreak{}") == pieces


def test_mixed_units_become_one_in_the_head_and_ends_of_an_interval_share_it() -> None:
    found = made(("a", 0.000213, 0.00019, 0.00022), ("b", 0.00322, 0.003, 0.0034), ("c", float("nan"), 0.1, 0.2),
                 heads="label time time_low time_high")  # fmt: skip
    assert [one.head for one in found] == ["method", "time (ms)", "95 % from (ms)", "to (ms)"]
    assert [one.cells for one in found[1:]] == [
        ("0.213", "3.220", "–"), ("0.190", "3.000", "100.000"), ("0.220", "3.400", "200.000"),
    ]  # fmt: skip


def test_bytes_shares_and_multiples_have_their_unit_in_the_head() -> None:
    found = made(
        ("a", 900.0 * 2**20, 0.019, 60.9), ("b", 3.0 * 2**30, 1.0, 2.0), heads="label peak_bytes peak_share off"
    )
    assert [(one.head, one.cells) for one in found[1:]] == [
        ("peak memory (GiB)", ("0.879", "3.000")),
        ("share of the largest (%)", ("2", "100")),
        ("measured over predicted (×)", ("60.9", "2.0")),
    ]


def test_exact_numbers_keep_their_digits_and_signs_are_true_minus_signs() -> None:
    found = made(("a", 2.75, -0.166), ("b", 2.7, 0.0), ("c", 15.0, float("nan")), heads="label ratio mean_offset_255")
    assert found[1].cells == ("2.75", "2.70", "15.00")
    assert found[2].cells == ("−0.17", "+0.00", "–")
    assert all(one.is_number for one in found[1:])


def test_every_column_of_a_whole_run_has_one_precision_and_no_unit_in_its_cells(grids: list[Grid]) -> None:
    seen = 0
    for one in grids:
        for column in columns_of(one, 60):
            if not column.is_number:
                continue
            seen += 1
            found = [NUMBER.fullmatch(text) for text in column.cells if text != "–"]
            assert all(found), (one.name, column.head, column.cells)
            assert len({len(match[1] or "") for match in found if match}) == 1, (one.name, column.head, column.cells)
    assert seen > 80


def test_every_time_memory_score_and_size_of_a_whole_run_has_its_unit_in_the_head(grids: list[Grid]) -> None:
    heads = {(one.name, column.head) for one in grids for column in columns_of(one, 60) if column.is_number}
    time, size = r"\((s|ms|µs)\)", r"\((KiB|MiB|GiB)\)"
    units = {
        "time": time, "median": time, "per megapixel": time, "peak memory": size, "width": r"\(px\)", "PSNR": r"\(dB\)",
        "share": r"\(%\)", "sigma": r"\(/255\)",
    }  # fmt: skip
    for name, unit in units.items():
        own = {head for _, head in heads if re.match(rf"{name}\b", head) and "ratio" not in head}
        assert own, name
        assert all(re.search(unit, head) for head in own), own


def test_what_all_lines_share_is_said_once_and_what_none_has_is_named() -> None:
    one = (Column("method", ("a", "b")), Column("device", ("cpu", "cpu")), Column("note", ("", "")))
    assert without_repeats(one) == (one[:1], ("In every line: device cpu.", "No line has: note."))
    assert without_repeats([Column("method", ("a",)), Column("device", ("cpu",))])[1] == ()
    assert [left.head for left in without_repeats(one[1:])[0]] == ["device"]


def wide(lines: int, count: int = 9) -> Grid:
    """A table that no page holds: its lines are told apart by their first two columns."""
    heads = ("method", "case", *(f"quantity number {number} (ms)" for number in range(count)))
    cells = [
        (Cell("a method, variant 8×8", "m"), Cell(str(line), float(line)),
         *(Cell(f"{1000 * place + line}.25", 1000 * place + line + 0.25) for place in range(count)))
        for line in range(lines)
    ]  # fmt: skip
    return Grid("wide_one", "Wide", heads, tuple(Line(line) for line in cells))


def preambles(latex: str) -> list[str]:
    return re.findall(r"\\begin\{(?:longtable|tabular)\}\{(@\{\}.*@\{\})\}$", latex, flags=re.MULTILINE)


def test_a_wide_table_becomes_parts_that_each_tell_their_lines_apart() -> None:
    latex = long_tables(wide(3))
    parts = latex.split(r"\end{longtable}")[:-1]
    assert len(parts) > 1
    assert all(rf"Part {number + 1} of {len(parts)}." in part for number, part in enumerate(parts))
    assert all(re.search(r"\ncase & .*\\\\\n", part) for part in parts)
    assert "In every line: method a method, variant 8$\\times$8." in parts[0]
    assert {number for number in range(9) if f"{1000 * number + 2:,}.25" in latex} == set(range(9))
    assert latex.count(r"\label{tab:wide_one}") == 1


def test_where_the_telling_columns_are_too_wide_lines_are_numbered() -> None:
    text = "some words that go on and on " * 4
    lines = [
        Line(tuple(Cell(f"{text}{(n % 2, n // 2)[place > 3]}{place}") for place in range(8)))  # unlike in all together
        for n in range(4)
    ]
    latex = long_tables(Grid("texts", "Texts", tuple("abcdefgh"), tuple(lines)))
    assert latex.count("line &") == latex.count(r"\begin{longtable}") > 1
    assert all(sum(map(float, re.findall(r"p\{([\d.]+)em\}", one))) <= ROOM for one in preambles(latex))


def test_a_long_table_is_cut_and_says_how_much_is_left_out_and_where_all_is() -> None:
    latex = long_tables(wide(75, 1))
    assert "The first 60 of 75 lines: 15 are left out, all are in tables/shown/wide\\_one.csv." in latex.replace(
        r"\allowbreak{}", ""
    )
    assert "59.25" in latex
    assert "60.25" not in latex
    assert list(cut_words(wide(60, 1))) == []


def test_type_is_small_only_where_a_table_that_is_not_parted_would_not_fit() -> None:
    few = [numbers("time (ms)", [1.0, 20.0])] * 4
    assert r"\normalsize" in whole_table(few, "Few", "few")
    assert r"\normalsize" not in whole_table([numbers("parameters", [1e9, 2e9])] * 6, "Many", "many")
