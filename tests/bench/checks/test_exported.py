"""A method's network as a model file: written, read back by its path, and compared; what cannot be is one line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from in_process import call

from bench.checks.exported import Comparison, _in_turn, compared, network_of, write
from bench.errors import BenchError
from restoration import Setup, get
from restoration.errors import FormatError

NETWORKS = '''
import torch
from torch import nn

class Residual(nn.Module):
    """Adds to the image what two convolutions make of it."""

    channels = 1

    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 3, padding=1))

    def forward(self, noisy):
        return noisy + 0.1 * self.body(noisy)

class Wide(Residual):
    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        layers = [nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.Conv2d(64, 1, 3, padding=1))

class Told(Residual):
    def forward(self, noisy, sigma):
        return noisy + sigma * self.body(noisy)

class Strange(Residual):
    def __init__(self):
        super().__init__()
        self.last = nn.LogSigmoid()

    def forward(self, noisy):
        return self.last(super().forward(noisy))

class Choosing(Residual):
    def forward(self, noisy):
        return noisy if noisy.mean() > 0.5 else super().forward(noisy)
'''


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    path = tmp_path / "networks.py"
    path.write_text(NETWORKS)
    return path


@pytest.mark.parametrize("to", ["onnx", "openvino", "ncnn", "mnn"])
def test_a_network_of_ones_own_is_the_same_in_each_format(to: str, networks: Path, tmp_path: Path) -> None:
    name, setup = f"{networks}:Residual", Setup(sigma=0.1)
    path, *_ = write(name, setup, to, tmp_path / "out")
    assert path.name.startswith("networks-Residual.")
    for line in compared(name, setup, path):
        assert line.same
        assert line.difference < 1e-4
        assert abs(line.lost_db) < 1e-3


def test_another_network_is_not_the_same(networks: Path, tmp_path: Path) -> None:
    path, *_ = write(f"{networks}:Residual", Setup(sigma=0.1), "onnx", tmp_path)
    assert not next(compared("dct", Setup(sigma=0.1), path)).same


def test_sigma_is_built_in_where_the_network_is_a_users_and_an_input_where_it_is_ffdnet(networks: Path) -> None:
    own = get(f"{networks}:Told")
    setup = own.checked(Setup(sigma=0.2))
    module, told = network_of(own, setup)
    assert not told
    image = torch.rand(1, 1, 8, 8)
    assert torch.equal(module(image), own.build(setup)(image))
    assert get("ffdnet").network is not None


def test_what_cannot_be_written_names_the_layer_or_the_reason(networks: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"no layer for aten\.log_sigmoid\.default as layer last uses it"):
        write(f"{networks}:Strange", Setup(sigma=0.1), "ncnn", tmp_path)
    with pytest.raises(FormatError, match="Choosing cannot be written down for images of any size: Guard"):
        write(f"{networks}:Choosing", Setup(sigma=0.1), "onnx", tmp_path)
    with pytest.raises(BenchError, match="dct: is no torch module"):
        write("dct", Setup(sigma=0.1), "onnx", tmp_path)
    with pytest.raises(BenchError, match="unknown --to 'tflite'; expected one of onnx, openvino, ncnn, mnn"):
        write("dct", Setup(sigma=0.1), "tflite", tmp_path)


@pytest.mark.parametrize(
    ("to", "precision", "share"),
    [("onnx", "float16", 0.7), ("openvino", "float16", 0.7), ("ncnn", "float16", 0.7), ("mnn", "float16", 0.8),
     ("onnx", "int8", 0.5), ("openvino", "int8", 0.5)],
)  # fmt: skip
def test_a_narrower_file_is_smaller_and_nearly_the_same(
    to: str, precision: str, share: float, networks: Path, tmp_path: Path
) -> None:
    name, setup = f"{networks}:Wide", Setup(sigma=0.1)
    wide, narrow = (write(name, setup, to, tmp_path, precision=kind) for kind in ("float32", precision))
    assert {path.name for path in wide}.isdisjoint({path.name for path in narrow})
    sizes = [max(path.stat().st_size for path in files) for files in (wide, narrow)]
    assert sizes[1] < share * sizes[0]
    for line in compared(name, setup, narrow[0], precision=precision):
        assert line.same
        assert 1e-7 < line.difference < 0.05
        assert abs(line.lost_db) < (0.2 if precision == "int8" else 0.01)


@pytest.mark.parametrize(("to", "precision"), [("ncnn", "int8"), ("mnn", "int8")])
def test_a_precision_that_a_format_does_not_hold_is_one_line(
    to: str, precision: str, networks: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        FormatError, match=f"{to}: is written in float32 or float16, not in {precision}; onnx and openvino"
    ):
        write(f"{networks}:Residual", Setup(sigma=0.1), to, tmp_path, precision=precision)
    assert list(tmp_path.glob(f"*{precision}*")) == []


def test_a_folder_that_cannot_be_written_to_and_bad_precisions_are_one_line(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (file := tmp_path / "file").write_text("")
    for options, said in (
        (
            ["--to", "onnx", "--out", file / "below"],
            "no folder that can be written to (Not a directory); give another by",
        ),
        (["--to", "onnx", "--out", "/proc/x"], "/proc/x: no folder that can be written to (No such file or directory)"),
        (["--to", "onnx", "--precision", "int4"], "unknown --precision 'int4'; expected one of float32, float16, int8"),
        (["--format", "csv", "--precision", "int8"], "--precision is for a model file (--to), not for a run"),
    ):
        assert call(monkeypatch, "export", f"{networks}:Residual", *options) == 2
        error = capsys.readouterr().err
        assert said in error.replace("\n", " ")
        assert error.count("\n") == 1


def test_a_file_in_int8_may_lose_a_decibel_and_no_more() -> None:
    kept = Comparison("moon", 0.2, 30.0, 1.0, 1.0, 1.0, "int8")
    assert kept.same
    assert not replace(kept, lost_db=1.01).same
    assert not replace(kept, precision="float16").same


def test_method_and_file_are_timed_in_turn_in_both_orders() -> None:
    called: list[str] = []
    ticks = iter(range(1000))
    calls = [lambda _, name=name: called.append(name) for name in "ab"]
    found = _in_turn(calls, torch.zeros(1), lambda: float(next(ticks)))  # type: ignore[arg-type]  # calls of no image
    assert "".join(called) == "ab" + "baabbaab"
    assert found == [1.0, 1.0]


def test_the_command_prints_the_table_and_the_files(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "export", f"{networks}:Residual", "--to", "ncnn", "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "lost_db" in said
    assert "networks-Residual.ncnn.bin" in said.replace("\n", "")
    monkeypatch.setattr("bench.checks.exported._DIFFERENCE", -1.0)
    assert call(monkeypatch, "export", f"{networks}:Residual", "--to", "ncnn", "--out", tmp_path) == 1
    assert re.search("not the same network: (camera|coins|moon) differs by", capsys.readouterr().err)


@pytest.mark.parametrize("arguments", [["--format", "csv", "--to", "onnx"], [], ["--to", "onnx", "--method", "dct"]])
def test_a_run_has_a_format_and_a_method_a_to(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "export", "ffdnet", *arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--to" in said
