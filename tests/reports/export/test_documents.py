"""Markdown, LaTeX and CSV show the same report, and show names literally."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import synthetic

from reports import Format, write_report
from reports.export.documents import markdown_text
from reports.export.latex_text import latex_text

HOSTILE = {"ffdnet": r"a|b \input{x} $50% <b>_&#", "camera": "[link](javascript:x)"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    content = synthetic.Content(kinds=("cost", "layers"), rename=HOSTILE)
    return synthetic.write_run(tmp_path_factory.mktemp("small") / "run", content)


def test_markdown_has_figures_tables_and_every_section(small: Path, tmp_path: Path) -> None:
    text = write_report(small, format="markdown", out=tmp_path).read_text(encoding="utf-8")
    assert text.startswith("# ")
    figures = re.findall(r"\]\((figures/[^)]+)\)", text)
    assert figures
    assert all((tmp_path / name).is_file() for name in figures)
    assert "| DCT 8×8 | closed form | 8,192 | 16,384 |" in text
    assert text.count("\n## ") == 31
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") - line.count(r"\|") for line in table.splitlines()}) == 1


def test_latex_has_booktabs_and_figures_as_pdf(small: Path, tmp_path: Path) -> None:
    text = write_report(small, format="latex", out=tmp_path).read_text(encoding="utf-8")
    tables = re.findall(r"\\input\{(tables/[^}]+)\}", text)
    assert tables
    shown = [(tmp_path / f"{name}.tex").read_text(encoding="ascii") for name in tables]
    for word in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert all(word in table for table in shown)
    figures = re.findall(r"\{(figures/[^}]+\.pdf)\}", text)
    assert figures
    assert all((tmp_path / name).read_bytes().startswith(b"%PDF") for name in figures)
    for written in (text, *shown):
        assert r"\input{" not in re.sub(r"\\input\{tables/[\w-]+\}", "", written)
        begun, ended = re.findall(r"\\begin\{(\w+)\}", written), re.findall(r"\\end\{(\w+)\}", written)
        assert sorted(begun) == sorted(ended)


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_how_the_run_went_is_said_in_every_format(form: Format, tmp_path: Path) -> None:
    rows = synthetic.tried("ffdnet", {"a": "OutputError: 50 %"}) + synthetic.tried("nlm", {"a": 30.0})
    text = write_report(synthetic.write_rows(tmp_path / "run", rows), format=form).read_text(encoding="utf-8")
    assert "Of 2 cases 1 failed: OutputError: 50" in text[: text.index("Summary")]


def test_figures_for_papers_are_as_wide_as_a_column_on_white_and_say_whence_they_come(tmp_path: Path) -> None:
    about = {"name": "chosen", "started": "2026-01-02T03:04:05Z"}
    content = synthetic.Content(kinds=("quality", "time"), pictures=False, about=about)
    write_report(synthetic.write_run(tmp_path / "run", content), format="latex", out=tmp_path)
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "figures").glob("*.svg")}
    for name, svg in drawn.items():
        assert 'width="237.6pt"' in svg, name
        assert min(float(size) for size in re.findall(r"font(?:-size)?: [a-z0-9 ]*?([0-9.]+)px", svg)) >= 6.9, name
        assert "set chosen, " in svg
        assert re.search(r'id="patch_1">\s*<path[^>]*style="fill: #ffffff', svg), name
    assert "sigma 15, 25 and 50" in drawn["denoise-psnr-db"]
    assert "sigma 15, 25" not in drawn["front-sigma-25"]
    assert ">Denoising, sigma 25<" in drawn["front-sigma-25"]
    assert all("2026-01-02" in svg for svg in drawn.values())


def test_csv_is_the_folder_of_tables(small: Path, tmp_path: Path) -> None:
    folder = write_report(small, format="csv", out=tmp_path)
    assert (folder / "cost.csv").is_file()
    assert not (tmp_path / "report.html").exists()


def test_escapes_show_the_text() -> None:
    assert latex_text("50% of {x}_1 & 2×3") == r"50\% of \{x\}\_1 \& 2$\times$3"
    assert markdown_text("a|b\n*c*") == r"a\|b \*c\*"
