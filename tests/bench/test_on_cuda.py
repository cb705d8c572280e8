"""On a CUDA device everything is measured part by part, and what fails in one loses nothing of the others."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
import torch

from bench import on_cuda
from bench.on_cuda import Part, main, measured, parts_of

FAKE = """
class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "a device that is none")
"""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one wheel, whose package calls itself torch and claims a device; the checkout is this one."""
    monkeypatch.setattr(on_cuda, "ROOT", Path(__file__).resolve().parents[2])
    facts = "fake_torch-99.dist-info"
    with zipfile.ZipFile(tmp_path / "fake_torch-99-py3-none-any.whl", "w") as archive:
        archive.writestr("torch/__init__.py", FAKE)
        archive.writestr(f"{facts}/METADATA", "Metadata-Version: 2.1\nName: fake-torch\nVersion: 99\n")
        archive.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{facts}/RECORD", "")
    return tmp_path


def test_a_part_that_fails_or_hangs_loses_nothing_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(on_cuda, "_GRACE", 0.1)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True)"
    parts = (
        Part("fails", ("-c", "raise SystemExit(7)"), 60),
        Part("hangs", ("-c", f"{stubborn}; time.sleep(600)"), 5),
        Part("works", ("-c", "print('well')"), 60),
    )
    outcomes = measured(iter(parts), tmp_path, os.environ, seconds=300)
    assert [(outcome.name, outcome.status) for outcome in outcomes] == [("fails", 7), ("hangs", None), ("works", 0)]
    kept = json.loads((tmp_path / "cuda.json").read_text())["parts"]
    assert [part["status"] for part in kept] == [7, None, 0]
    log = (tmp_path / "cuda.log").read_text()
    assert "here" in log
    assert "well" in log
    assert "hangs: took too long" in capsys.readouterr().out


def test_what_is_known_is_written_after_each_part(tmp_path: Path) -> None:
    asking = f"import json; print(len(json.load(open({str(tmp_path / 'cuda.json')!r}))['parts']))"
    measured(iter([Part("one", ("-c", ""), 60), Part("two", ("-c", asking), 60)]), tmp_path, os.environ, seconds=300)
    assert (tmp_path / "cuda.log").read_text().rstrip().endswith("\n1")


def test_the_report_is_made_of_the_run_that_is_there(tmp_path: Path) -> None:
    assert [part.name for part in parts_of(tmp_path)] == ["environment", "tests", "run"]
    (tmp_path / "cuda-1").mkdir()
    (tmp_path / "cuda-1" / "run.json").touch()
    assert [part.name for part in parts_of(tmp_path)] == ["environment", "tests", "run", "report"]


@pytest.mark.slow
def test_all_parts_are_tried_where_a_device_is_seen(wheels: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = wheels / "out"
    assert main(["--out", str(out), "--wheels", str(wheels)]) == 4
    assert capfd.readouterr().out.startswith("a device that is none\nenvironment: status 1")
    kept = json.loads((out / "cuda.json").read_text())["parts"]
    assert [part["name"] for part in kept] == ["environment", "tests", "run"]
    assert all(part["status"] for part in kept)
    assert (out / "runs.zip").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_without_a_device_nothing_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "out")]) == 2
    assert "torch sees no CUDA device on this machine" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_wheels_that_cannot_be_installed_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "torch-1-py3-none-any.whl").write_text("no wheel")
    assert main(["--out", str(tmp_path / "out"), "--wheels", str(tmp_path)]) == 2
    assert f"{tmp_path}: pip cannot install these wheels" in capfd.readouterr().err
