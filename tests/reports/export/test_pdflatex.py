"""What is written for papers compiles as it is, by pdflatex where there is one, and no box stands out."""

from __future__ import annotations

from pathlib import Path

import pdflatex
import pytest
import synthetic

from reports import write_report

HOSTILE = {"ffdnet": r"a|b \input{x} $50% <b>_&#~^", "dct": "[x] *--中\t" + "W" * 70, "conv1": "é"}


@pytest.fixture(scope="module")
def written(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, written for a paper."""
    pdflatex.skip_without()
    return write_report(run, format="latex", out=tmp_path_factory.mktemp("paper")).parent


@pytest.mark.parametrize("name", ["report.tex", "paper.tex"])
def test_the_documents_of_a_whole_run_compile_and_everything_fits(written: Path, name: str) -> None:
    log = pdflatex.compiled(written / name)
    assert "Output written on" in log
    assert "undefined references" not in log


@pytest.mark.parametrize("options", ["a4paper,10pt", "letterpaper,11pt", "letterpaper,12pt"])
def test_each_table_fits_a_plain_article(written: Path, options: str) -> None:
    pdflatex.compiled(pdflatex.plain(written, options))


def test_hostile_names_compile_and_fit(tmp_path: Path) -> None:
    pdflatex.skip_without()
    content = synthetic.Content(kinds=("cost", "layers", "memory", "time"), rename=HOSTILE)
    out = write_report(synthetic.write_run(tmp_path / "run", content), format="latex", out=tmp_path / "paper").parent
    pdflatex.compiled(out / "report.tex")
    pdflatex.compiled(out / "paper.tex")


def test_a_box_that_stands_out_is_found(tmp_path: Path) -> None:
    pdflatex.skip_without()
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/wide.tex").write_text(r"\noindent\hbox to 6pt{}\rule{\linewidth}{1pt}", encoding="ascii")
    with pytest.raises(AssertionError, match=r"6\.0pt too wide"):
        pdflatex.compiled(pdflatex.plain(tmp_path, "a4paper"), times=1)
