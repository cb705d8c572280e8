"""BibTeX of the line by which a method names its paper."""

from __future__ import annotations

from pathlib import Path

import synthetic

from reports import write_report
from reports.export.bibliography import bibliography, papers


def fields(line: str) -> dict[str, str]:
    """What the entry of one such line holds."""
    return dict(papers([{"name": "m", "paper": line}])["m"].fields)


def test_a_line_is_parted_into_authors_title_place_year_and_doi() -> None:
    found = fields("Yu and Sapiro, DCT image denoising, Image Processing On Line 2011, 10.5201/ipol.2011.ys-dct")
    assert found == {
        "author": "Yu and Sapiro", "title": "DCT image denoising", "howpublished": "Image Processing On Line",
        "year": "2011", "doi": "10.5201/ipol.2011.ys-dct",
    }  # fmt: skip


def test_a_title_with_and_is_no_author_and_what_follows_a_semicolon_is_a_note() -> None:
    assert fields("Duchon, Lanczos filtering in one and two dimensions, Journal 1979")["author"] == "Duchon"
    found = fields("Zhang, Zuo and Zhang, FFDNet, 10.1109/TIP.2018.2839891; weights: 10.5201/x")
    assert (found["author"], found["title"], found["year"]) == ("Zhang and Zuo and Zhang", "FFDNet", "2018")
    assert found["note"] == "weights: 10.5201/x"


def test_a_preprint_gives_its_year_and_et_al_is_others() -> None:
    found = fields("Wan et al., Swift attention, 2311.12770")
    assert (found["author"], found["eprint"], found["year"]) == ("Wan and others", "2311.12770", "2023")


def test_a_line_of_another_form_is_a_title_and_its_braces_are_dropped() -> None:
    assert fields("a note of {mine}")["title"] == "a note of mine"
    assert not papers([{"name": "m", "paper": ""}, {"name": "n"}])


def test_keys_come_from_the_line_alone_and_differ_where_papers_do() -> None:
    one, other = "Li and Hu, A fast way, 2020", "Li and Wu, Fast and small, 2020"
    alone = papers([{"name": "m", "paper": one}])["m"].key
    both = papers([{"name": "m", "paper": one}, {"name": "n", "paper": other}, {"name": "o", "paper": one}])
    assert alone == "li2020fast"
    assert len({both["m"].key, both["n"].key, alone}) == 3
    assert both["o"] == both["m"]
    assert bibliography(both.values(), str).count("@misc{") == 2


def test_the_file_stands_beside_the_document_with_what_latex_would_read_escaped(tmp_path: Path) -> None:
    methods = [{"name": "dct", "paper": "Yu and Sapiro, 50% & more_, 2011"}]
    run = synthetic.write_rows(tmp_path / "run", synthetic.tried("dct", {"a": 30.0}), methods=methods)
    write_report(run, format="latex", out=tmp_path / "out")
    assert r"title = {50\% \& more\_}," in (tmp_path / "out" / "methods.bib").read_text(encoding="utf-8")
