"""The command `choose`: an answer and how to run it, status 3 where nothing fits, 2 where the question is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.commands.command_line import obey

OPTIONS = ["--sigma", "25", "--budget"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """One image, on which DCT has 29 dB in 13 ms."""
    (tmp_path / "run.json").write_text(json.dumps({"schema": 1, "status": "complete", "methods": []}))
    case = {"method": "dct", "task": "denoise", "options": '{"block_size":8}', "variant": "block_size=8"}
    rows = [
        {**case, "kind": "quality", "quantity": "psnr_db", "value": 29.0, "sigma_255": 25, "degradation": "awgn",
         "image": "a"},
        {**case, "kind": "time", "quantity": "seconds", "value": 0.013, "phase": "measure", "height": 1000,
         "width": 1000},
    ]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def call(monkeypatch: pytest.MonkeyPatch, run: Path, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["restobench", "choose", str(run), *OPTIONS, *options])
    with pytest.raises(SystemExit) as ended:
        obey()
    return int(ended.value.code or 0)


def test_what_fits_is_said_with_the_command_and_python_that_run_it(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, run, "30ms/MP", "--quality", "29") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("DCT 8×8: 29.00 dB (1 image) in 13 ms per megapixel (timed at 1000 × 1000); ")
    assert said[0].endswith("nothing cheaper reaches 29 dB.")
    assert "restobench run --spec quick --methods dct --set sigma_255=25 --set block_size=8 --images FOLDER" in said
    assert 'restored = get("dct").build(setup)(images)' in said


def test_where_nothing_fits_the_status_is_3_and_the_closest_is_said(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, run, "10ms/MP") == 3
    assert "takes 13 ms per megapixel (timed at 1000 × 1000), 3 ms more than asked for" in capsys.readouterr().out


def test_a_question_that_is_none_is_one_line_and_status_2(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, run, "soon") == 2
    said = capsys.readouterr().err
    assert said.startswith("restobench: --budget 'soon': expected")
    assert said.count("\n") == 1
