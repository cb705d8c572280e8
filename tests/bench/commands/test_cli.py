"""The command line: what it prints, and that bad input is one line and the documented status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import call


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--spec", "no-such-spec"],
        ["run", "--spec", "quick", "--methods", "no-such-method"],
        ["run", "--spec", "quick", "--images", "no/such/folder"],
        ["run", "--spec", "quick", "--device", "tpu"],
        ["run", "--spec", "quick", "--methods", "dct,,noisy"],
        ["run", "--spec", "quick", "--set", "degradation=fog"],
        ["run", "--spec", "quick", "--set", "dtype=bfloat16"],
        ["run", "--spec", "quick", "--degraded", "."],
        ["compare", "HEAD", "--methods", ","],
        ["run", "--resume", "--spec", "quick", "--out", "no/such/run"],
        ["images", "--images", "no/such/folder"],
        ["cost", "no-such-method"],
        ["cost", "ffdnet", "--size", "large"],
        ["report", "no/such/run"],
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("restobench: ")
    assert len(error.strip().splitlines()) == 1
    assert "Traceback" not in error


def test_a_device_that_is_not_here_is_refused_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert call(monkeypatch, "run", "--spec", "quick", "--device", "cuda", "--out", tmp_path) == 2
    assert "torch sees no CUDA device; use --device cpu" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["runn"], ["run", "--no-such-option"], ["methods", "--format", "xml"]])
def test_unknown_commands_and_options_have_status_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, *arguments) == 2


@pytest.mark.parametrize("command", ["methods", "run", "compare"])
def test_an_interrupted_command_is_one_line_and_status_3(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.interrupts._state.words", "interrupted")
    monkeypatch.setattr("restoration.catalog.names", interrupted)
    monkeypatch.setattr("bench.plan.spec_files.read_spec", interrupted)
    monkeypatch.setattr("bench.regress.kept.compare", interrupted)
    assert call(monkeypatch, command, *(["HEAD"] if command == "compare" else [])) == 3
    assert capsys.readouterr() == ("", "restobench: interrupted\n")


def test_an_empty_folder_and_a_text_file_named_png_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, "images", "--images", tmp_path) == 2
    (tmp_path / "text.png").write_text("no picture")
    assert call(monkeypatch, "images", "--images", tmp_path) == 2
    assert "text.png" in capsys.readouterr().err


def test_results_that_cannot_be_written_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    status = call(
        monkeypatch, "run", "--spec", "quick", "--methods", "noisy", "--images", folder, "--out", tmp_path / "taken"
    )
    assert status == 2
    assert "choose another folder with --out" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["methods", "images", "weights"])
def test_listings_come_in_four_formats(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, command, "--format", "json") == 0
    records = json.loads(capsys.readouterr().out)
    assert records
    assert call(monkeypatch, command, "--format", "csv") == 0
    assert capsys.readouterr().out.splitlines()[0] == ",".join(records[0])
    assert call(monkeypatch, command, "--format", "markdown") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("| --- |")
    assert call(monkeypatch, command) == 0
    assert next(iter(records[0])) in capsys.readouterr().out


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    decibels = {line[1]: float(line[2]) for line in lines if len(line) == 5}
    assert decibels.keys() == {"dct", "mine"}
    assert decibels["dct"] > 25 > decibels["mine"]


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8:strict"},
    ],
)
def test_names_that_are_no_utf8_are_measured_and_kept_apart_in_any_locale(
    variables: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    images, out = (os.path.join(os.fsencode(tmp_path), name) for name in (b"im\xff", b"out\xff"))  # noqa: PTH118 - bytes
    os.mkdir(images)  # noqa: PTH102 - bytes
    for name in (b"b\xff.png", b"b\xfe.png", "\u00e9.png".encode()):
        os.link(folder / "ramp.png", os.path.join(images, name))  # noqa: PTH118 - bytes
    (tmp_path / "odd.toml").write_text('name = "odd"\nthreads = 1\n[[quality]]\nmethod = "noisy"\npictures = true\n')
    command: list[str | bytes] = [sys.executable, "-m", "bench", "run", "--spec", "odd.toml", "--jobs", "1"]
    done = subprocess.run(
        [*command, "--images", images, "--out", out],
        cwd=tmp_path, env={**os.environ, **variables}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert rb"out\udcff" in done.stdout
    (run,) = Path(os.fsdecode(out)).iterdir()
    scored = (run / "tables" / "quality.csv").read_text("utf-8").splitlines()[1:]
    assert len(scored) == len(set(scored)) == 3
    assert (run / "report.html").is_file()


def test_a_latency_below_the_quality_floor_is_refused_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    spec = tmp_path / "stream.toml"
    spec.write_text(
        'name = "stream"\nqueries = 5\nround_seconds = 0.01\nfloor_db = { denoise = 28 }\n'
        '[[time]]\nmethod = "noisy"\nsize = 32\n[[quality]]\nmethod = "noisy"\nimages = "coins"\n'
    )
    assert call(monkeypatch, "run", "--spec", spec, "--out", tmp_path / "results", "--allow-failures") == 1
    assert "Refused: noisy input at 32 × 32: 20.20 dB is below the floor of 28 dB." in capsys.readouterr().err
