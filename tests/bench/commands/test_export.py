"""`export` is the one door: every format by its name, and whatever is wrong one line and status 2."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pdflatex
import pytest
import yaml
from in_process import call
from PIL import Image

from bench import api
from bench.commands.console import Format
from bench.commands.run import show_results
from reports.page import make_report


@pytest.fixture(scope="module")
def synthetic() -> ModuleType:
    """The runs that the tests of the reports make up."""
    path = Path(__file__).parents[2] / "reports/synthetic.py"
    made = importlib.util.spec_from_file_location("made_up_runs", path)
    assert made
    assert made.loader
    module = importlib.util.module_from_spec(made)
    sys.modules["made_up_runs"] = module
    made.loader.exec_module(module)
    return module


@pytest.fixture
def run(synthetic: ModuleType, tmp_path: Path) -> Path:
    content = synthetic.Content(kinds=("cost", "time", "quality"), pictures=False)
    directory: Path = synthetic.write_run(tmp_path / "run", content)
    return directory


def test_bencher_gets_values_between_their_ends(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "export", run, "--format", "bencher") == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == run / "bencher.json"
    found = json.loads(path.read_text())
    measures = {name for measured in found.values() for name in measured}
    assert measures == {"latency", "psnr-db", "macs-per-pixel"}
    latency = found["ffdnet default 512x512 1ch x1 cpu float32 threads 2"]["latency"]
    assert 1e6 < latency["lower_value"] <= latency["value"] <= latency["upper_value"] < 1e9  # nanoseconds
    assert all(
        set(metric) <= {"value", "lower_value", "upper_value"} for named in found.values() for metric in named.values()
    )


def test_bencher_gets_metrics_of_the_users_own_where_there_is_no_psnr(
    synthetic: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, "quantity": "edge_error"} for row in synthetic.tried("dct", {"a": 2.0, "b": 4.0})]
    own = {"name": "edge_error", "title": "edge error", "better": "smaller", "digits": 3}
    run = synthetic.write_rows(tmp_path / "run", rows, metrics=[own])
    assert call(monkeypatch, "export", run, "--format", "bencher") == 0
    (found,) = json.loads((run / "bencher.json").read_text()).values()
    assert found["edge-error"]["value"] == 3.0
    summary = api.load(run).summary
    assert summary["edge_error"].tolist() == [3.0]


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_run_printed_for_other_programs_is_one_table_and_nothing_else(
    run: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_results(make_report(run), run / "report.html", Format(kind))
    said = capsys.readouterr()
    lines = json.loads(said.out) if kind == "json" else list(csv.DictReader(said.out.splitlines()))
    assert {"method", "psnr_db", "ssim"} <= set(lines[0])
    assert None not in lines[-1]
    assert f"report: {run / 'report.html'}" in said.err


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["model-index", "--method", "ffdnet"], ["model-index.yaml"]),
        (["junit"], ["junit.xml"]),
        (["github-action-benchmark"], ["smaller-is-better.json", "bigger-is-better.json"]),
        (["csv"], ["tables"]),
    ],
)
def test_each_format_is_written_where_it_was_asked_for(
    arguments: list[str], names: list[str], run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert call(monkeypatch, "export", run, "--out", tmp_path / "out", "--format", *arguments) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(names)
    if "model-index" in arguments:
        assert yaml.safe_load((tmp_path / "out/model-index.yaml").read_text())["model-index"][0]["results"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "xml"], "unknown format 'xml'; expected one of bencher, model-index"),
        (["--format", "model-index"], "model-index is of one method: --method NAME"),
        (["--format", "model-index", "--method", "none"], "no method 'none' in this run; expected one of"),
        (["--format", "bencher", "--method", "ffdnet"], "--method is for model-index, not for bencher"),
    ],
)
def test_bad_use_is_one_line_and_status_2(
    arguments: list[str], said: str, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "export", run, *arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("kind", ["bencher", "junit", "github-action-benchmark"])
def test_a_run_without_that_data_and_a_folder_that_is_no_run_are_one_line_and_status_2(
    kind: str,
    synthetic: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    empty = synthetic.write_rows(tmp_path / "empty", [])
    for directory in (empty, tmp_path):
        assert call(monkeypatch, "export", directory, "--format", kind) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("kind", ["bencher", "github-action-benchmark"])
def test_means_of_an_unfinished_run_are_not_given_away(
    kind: str,
    synthetic: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    rows = synthetic.tried("mine", {"a": 30.0})
    directory = synthetic.write_rows(tmp_path / "run", rows, status="interrupted")
    assert call(monkeypatch, "export", directory, "--format", kind) == 3
    assert "is interrupted; finish it" in capsys.readouterr().err


SMALL = """
name = "small"
threads = 1
round_seconds = 0.001

[[cost]]
method = "dct"
size = 32

[[time]]
method = ["dct", "noisy"]
size = 32

[[memory]]
method = "dct"
size = 32

[[quality]]
method = ["dct", "noisy"]
images = "all"
sigma_255 = [25, 50]
"""


def test_all_tables_of_a_real_run_compile_and_fit_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdflatex.skip_without()
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "images").mkdir()
    ramp = np.add.outer(np.arange(40), 3 * np.arange(48)).astype(np.uint8)
    for name, array in (("ramp_1 50%", ramp), ("other", ramp[::-1].copy())):
        Image.fromarray(array).save(tmp_path / f"images/{name}.png")
    run = api.run(
        tmp_path / "small.toml", images=tmp_path / "images", out=tmp_path / "results", jobs=1, progress=False
    ).directory
    out = tmp_path / "paper"
    assert call(monkeypatch, "export", run, "--format", "latex", "--out", out) == 0
    table = (out / "tables/top-ten-denoising-sigma-25.tex").read_text(encoding="ascii")
    (key,) = re.findall(r"DCT[^&]*\\cite\{(\w+)\}", table)
    assert f"@misc{{{key}," in (out / "methods.bib").read_text(encoding="utf-8")
    for document in (
        out / "report.tex",
        out / "paper.tex",
        pdflatex.plain(out, "a4paper"),
        pdflatex.plain(out, "12pt"),
    ):
        pdflatex.compiled(document)
