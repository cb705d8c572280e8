"""The page as text: whole, escaped, light, and honest about what is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic
from PIL import Image

from reports import ReportError, write_report
from reports.__main__ import main
from reports.draw.pictures import BUDGET, panels
from reports.errors import FormatError
from reports.read.run import load_run
from reports.studies.catalog import EXPERIMENTS

SMALL = synthetic.Content(kinds=("cost", "time"))

HOSTILE = {
    "ffdnet": '<script>alert("x")</script>',
    "wavelet": "小波去噪",
    "nlm": "تقليل الضوضاء",
    "camera": "\"quoted\" & 'single' </style></script>",
    "coins": "n" * 200,
}


WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "bench", "restoration", "numba", "skimage"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from reports.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


class Reader(HTMLParser):
    """Collects what a browser would see: ids, addresses, scripts, and unclosed elements."""

    VOID = {"meta", "input", "img", "br", "link", "hr"}  # noqa: RUF012 - read only

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.scripts += tag == "script"
        if identity := found.get("id"):
            self.ids.append(identity)
        self.links += [value for name, value in attributes if name == "href" and value]
        self.sources += [value for name, value in attributes if name in {"src", "srcset", "action", "data"} and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    reader.close()
    return reader


def test_the_page_is_whole_and_refers_to_nothing_outside(page: Path) -> None:
    reader = read(page)
    assert reader.open == []
    assert reader.scripts == 1
    assert len(reader.ids) == len(set(reader.ids))
    assert all(link.startswith("#") for link in reader.links)
    assert {link[1:] for link in reader.links if link != "#"} <= set(reader.ids)
    assert all(source.startswith("data:image/") for source in reader.sources)


def test_every_section_is_there_in_the_fixed_order(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r'<section id="([a-z0-9-]+)"', text)
    absent = re.findall(r'<span id="([a-z0-9-]+)"', text)
    expected = [
        "summary",
        "methods",
        "ratio",
        "stride",
        "time",
        "latency",
        "single-stream",
        "efficiency",
        "energy",
        "denoising",
        "upscaling",
        "tradeoff",
        "peers",
        "layers",
        "roofline",
        "memory",
        "scaling",
        *(f"experiment-{name}" for name in EXPERIMENTS),
        "doctor",
        "conventions",
        "environment",
        "weights",
        "images",
        "notices",
        "failed",
    ]
    assert absent == [name for name in expected if name not in found]
    assert found == [*(name for name in expected if name not in absent), "absent"]


def test_sections_without_data_are_one_line_with_the_commands_that_fill_them(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    line = text[text.index('<p class="absent">') :].split("</p>")[0]
    assert "Thresholds learnt per frequency" in line
    assert "<code>restobench run --spec learn-dct</code>" in line
    assert '<section id="experiment-learn-dct"' not in text


def test_weight_with_and_without_pictures(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    without = re.sub(r"data:image/[^\"]+", "", text)
    assert len(without.encode()) <= 1_500_000
    assert len(text.encode()) <= 4_000_000
    assert len(text) - len(without) <= BUDGET


def test_how_the_run_went_stands_before_the_summary_with_links_to_what_tells_more(tmp_path: Path) -> None:
    rows = synthetic.tried("ffdnet", {"a": "OutputError: <NaN>"}) + synthetic.tried("nlm", {"a": 30.0})
    failed = write_report(synthetic.write_rows(tmp_path / "failed", rows)).read_text(encoding="utf-8")
    line = failed[failed.index('aria-label="How the run went"') : failed.index('<section id="summary"')]
    assert "Of 2 cases 1 failed: OutputError: &lt;NaN&gt;" in line
    assert 'href="#failed"' in line
    assert 'class="status warning"' in failed
    well = write_report(synthetic.write_rows(tmp_path / "well", rows[1:])).read_text(encoding="utf-8")
    assert "Well: the one case succeeded." in well
    assert 'class="status"' in well


def test_the_factor_of_four_is_said_with_its_number(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "exceeds the closed form for FFDNet 4.014 times" in text
    assert "operations per pixel (1 multiply-add = 1)" in text
    assert "121,104" in text


def test_names_that_are_markup_appear_as_text(tmp_path: Path) -> None:
    content = synthetic.Content(kinds=("cost", "time", "quality"), gray=("camera", "coins"), color=(), rename=HOSTILE)
    hostile = write_report(synthetic.write_run(tmp_path / "run", content))
    reader = read(hostile)
    assert reader.scripts == 1
    assert reader.open == []
    shown = "".join(reader.text)
    for name in HOSTILE.values():
        assert name in shown


@pytest.mark.parametrize("kind", ["none", "time", "memory", "layers", "paired", "experiment"])
def test_a_run_with_one_kind_of_row_alone_makes_a_page(tmp_path: Path, kind: str) -> None:
    content = replace(SMALL, kinds=() if kind == "none" else (kind,))
    reader = read(write_report(synthetic.write_run(tmp_path / "run", content)))
    assert reader.open == []
    assert ("There is not one readable row." in "".join(reader.text)) == (kind == "none")


def test_nothing_but_failures_and_undefined_values_makes_a_page(tmp_path: Path) -> None:
    run = synthetic.write_run(tmp_path / "run", replace(SMALL, kinds=()))
    rows = [
        synthetic.row("time", "dct", quantity="failure", error="ShapeError: too small"),
        synthetic.row("quality", "dct", quantity="psnr_db", value="inf", sigma_255=25.0, task="denoise", image="flat"),
        synthetic.row(
            "quality", "ffdnet", quantity="psnr_db", value="nan", sigma_255=25.0, task="denoise", image="flat"
        ),
        synthetic.row("time", "ffdnet", quantity="seconds", value="nan", phase="measure", height=0, width=0),
    ]
    (run / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    text = "".join(read(write_report(run)).text)
    assert "supports no verdict" in text
    assert "ShapeError: too small" in text
    assert "3 readings are infinite or not a number" in text


def test_pictures_outside_the_run_broken_or_absent_are_left_out_and_said(tmp_path: Path) -> None:
    run = synthetic.write_run(tmp_path / "run", replace(SMALL, kinds=()))
    (tmp_path / "secret.png").write_bytes(b"secret")
    (run / "images").mkdir()
    (run / "images" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot")
    case = {"image": "camera", "sigma_255": 25.0, "task": "denoise", "degradation": "awgn", "quantity": "picture"}
    rows = [
        synthetic.row("quality", "", part="clean", note="images/broken.png", **case),
        synthetic.row("quality", "dct", part="restored", note="../secret.png", **case),
        synthetic.row("quality", "ffdnet", part="restored", note="images/absent.png", **case),
        synthetic.row("quality", "nlm", part="restored", note="images/broken.png", **case),
    ]
    (run / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    page = write_report(run).read_text(encoding="utf-8")
    assert 'src="data:image/' not in page
    assert "../secret.png" in page
    assert "absent.png" in page


def test_what_an_experiment_gave_to_its_methods_has_no_score_of_its_own(tmp_path: Path) -> None:
    run = synthetic.write_run(tmp_path / "run", replace(SMALL, kinds=()))
    (run / "images").mkdir()
    case = {"image": "a", "task": "upscale", "degradation": "bicubic", "scale": 2, "channels": 3, "variant": "bicubic"}
    rows = [synthetic.row("experiment", "sr-distribution", quantity="psnr_db", value=33.7, **case)]
    for number, part in enumerate(("degraded", "restored")):
        Image.new("RGB", (96, 96), (number, 0, 0)).save(run / "images" / f"{part}.png")
        picture = {"quantity": "picture", "part": part, "note": f"images/{part}.png"}
        rows.append(synthetic.row("experiment", "sr-distribution", **picture, **case))
    (run / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (panel,) = panels(load_run(run))[0]
    assert [(shot.part, shot.psnr_db) for shot in panel.shots] == [("degraded", None), ("restored", 33.7)]


def test_without_torch_and_the_other_packages(tmp_path: Path) -> None:
    run = synthetic.write_run(tmp_path / "run", replace(SMALL, kinds=("paired",)))
    command = [sys.executable, "-W", "error", "-c", WITHOUT, str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.strip()).is_file()


def test_bad_use_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "not a run directory" in said


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    run = synthetic.write_run(tmp_path / "run", replace(SMALL, kinds=()))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportError, match="cannot write"):
        write_report(run, out=tmp_path / "file")


def test_an_unknown_format_is_refused(run: Path) -> None:
    with pytest.raises(FormatError, match="expected one of html, markdown, latex, csv"):
        write_report(run, format="pdf")  # type: ignore[arg-type]  # what a caller may give
