"""Model files are methods by path: what they do is found out, and what is wrong with one is one line."""

from __future__ import annotations

import io
import pickle
import subprocess
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bench.record.case_hash import _method_facts
from restoration import Setup, get
from restoration.catalog import files_of
from restoration.errors import CheckpointError, RestorationError, ShapeError
from restoration.ffdnet import Architecture, AtSigma, FFDNet
from restoration.runtimes import mnn, ncnn_file, onnx, openvino, probe
from restoration.runtimes.probe import facts_of
from restoration.runtimes.program import Input, Program

SPATIAL = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}


class Doubling(nn.Module):
    """An upscaler by 2 of colour images."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 12, 3, padding=1)

    def forward(self, low: Tensor) -> Tensor:
        return nn.functional.pixel_shuffle(self.body(low), 2)


class Told(nn.Module):
    """A denoiser of grey images that takes sigma as a second input and needs even sides."""

    def __init__(self) -> None:
        super().__init__()
        self.network = FFDNet(Architecture(1, 8, 3, "ipol"))

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        return self.network.restore(noisy, sigma)


@pytest.fixture(scope="module")
def upscaler() -> Doubling:
    torch.manual_seed(1)
    return Doubling().eval()


@pytest.fixture(scope="module")
def denoiser() -> Told:
    torch.manual_seed(1)
    return Told().eval()


def write(network: nn.Module, examples: list[Tensor], path: Path) -> Path:
    if path.suffix == ".param":
        ncnn_file.write(network, examples, path)
    elif path.suffix == ".pt2":
        shapes = (SPATIAL, *(None for _ in examples[1:]))
        torch.export.save(torch.export.export(network, tuple(examples), dynamic_shapes=shapes, strict=False), path)
    elif path.suffix in {".pt", ".ts"}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.trace(network, tuple(examples)).save(str(path))
    else:
        graph = onnx.free_graph(network, examples)
        writers = {".onnx": lambda graph, path: path.write_bytes(graph), ".xml": openvino.written, ".mnn": mnn.written}
        writers[path.suffix](graph, path)
    return path


@pytest.mark.parametrize("suffix", [".onnx", ".xml", ".param", ".mnn", ".pt2", ".ts", ".pt"])
def test_a_file_of_each_format_gives_what_the_network_gives(
    suffix: str, upscaler: Doubling, denoiser: Told, tmp_path: Path
) -> None:
    up = get(str(write(upscaler, [torch.rand(1, 3, 32, 48)], tmp_path / f"up{suffix}")))
    assert (up.task, up.scales, up.channels) == ("upscale", (2,), (3,))
    low = torch.rand(2, 3, 15, 20)
    restored = up.build(up.checked(Setup(channels=3, scale=2)))(low)
    torch.testing.assert_close(restored, upscaler(low).detach(), atol=1e-4, rtol=0)

    told = get(str(write(denoiser, [torch.rand(1, 1, 32, 48), torch.full((1, 1, 1, 1), 0.1)], tmp_path / f"d{suffix}")))
    assert (told.task, told.channels) == ("denoise", (1,))
    assert told.summary.endswith("told sigma")
    noisy = torch.rand(1, 1, 33, 46)  # an odd side, which the file itself cannot take
    restored = told.build(told.checked(Setup(sigma=0.07)))(noisy)
    torch.testing.assert_close(restored, AtSigma(denoiser.network, 0.07)(noisy).detach(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("suffix", [".onnx", ".xml", ".param", ".mnn", ".pt2", ".ts"])
def test_a_file_cut_short_or_of_another_kind_is_one_line(suffix: str, upscaler: Doubling, tmp_path: Path) -> None:
    path = write(upscaler, [torch.rand(1, 3, 32, 48)], tmp_path / f"up{suffix}")
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"\x00\x01 no model" * 50, b""):
        path.write_bytes(content)
        with pytest.raises(RestorationError, match=f"{path.name}: ") as raised:
            get(str(path))
        assert "\n" not in str(raised.value)


def test_the_second_file_is_needed_and_belongs_to_the_hash(upscaler: Doubling, tmp_path: Path) -> None:
    path = write(upscaler, [torch.rand(1, 3, 32, 48)], tmp_path / "up.param")
    weights = path.with_suffix(".bin")
    assert files_of(str(path)) == (path, weights)
    before = _method_facts(str(path), "{}", 3, 2, "")
    _method_facts.cache_clear()
    content = bytearray(weights.read_bytes())
    content[100] ^= 1
    weights.write_bytes(bytes(content))
    assert _method_facts(str(path), "{}", 3, 2, "") != before
    weights.unlink()
    with pytest.raises(CheckpointError, match=r"no file .*up\.bin; expected a model of ncnn"):
        get(str(path))


def test_a_file_that_does_not_say_its_channels_is_asked_about(upscaler: Doubling, tmp_path: Path) -> None:
    path = write(upscaler, [torch.rand(1, 3, 32, 48)], tmp_path / "up.param")
    path.write_text(path.read_text().replace("degraded 2=3", "degraded"))
    with pytest.raises(CheckpointError, match=r"does not say how many channels it takes; say it: .*:channels=1"):
        get(str(path))
    assert get(f"{path}:channels=3").channels == (3,)
    with pytest.raises(CheckpointError, match="channels must be 1 or 3, got '4'"):
        get(f"{path}:channels=4")


def test_a_file_of_one_size_says_so(upscaler: Doubling, tmp_path: Path) -> None:
    path = tmp_path / "up.onnx"
    path.write_bytes(onnx.graph(upscaler, torch.Size((1, 3, 32, 48))))
    method = get(str(path))
    restore = method.build(method.checked(Setup(channels=3, scale=2)))
    assert restore(torch.rand(1, 3, 32, 48)).shape == (1, 3, 64, 96)
    with pytest.raises(ShapeError, match="takes images of 48 x 32 pixels only, got 32 x 32; write it again"):
        restore(torch.rand(1, 3, 32, 32))


class Calling:
    """What calls a function when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path(self.path),)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("model.json", (b"torch.ops.aten.conv2d.default", b"torch.os.system"), "calls 'torch.os.system'"),
        ("model.json", (b"torch.ops.aten.conv2d.default", b"_operator.methodcaller"), "calls '_operator.methodcaller'"),
        ("model.json", (b"integer=True)", b"integer=open('x'))"), "gives a size as"),
        ("model_weights_config.json", (b'"use_pickle": false', b'"use_pickle": true'), "holds pickled objects"),
        ("sample_inputs", None, "it is broken, or no checkpoint|would call"),
    ],
)
def test_an_exported_program_that_would_run_code_is_refused(
    part: str, change: tuple[bytes, bytes] | None, said: str, upscaler: Doubling, tmp_path: Path
) -> None:
    path, mark = write(upscaler, [torch.rand(1, 3, 32, 48)], tmp_path / "up.pt2"), tmp_path / "ran"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    (name,) = [name for name in parts if part in name]
    if change:
        assert change[0] in parts[name]
        parts[name] = parts[name].replace(*change)
    else:
        hostile = io.BytesIO()
        torch.save(Calling(mark), hostile, pickle_module=pickle)
        parts[name] = hostile.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in parts.items():
            archive.writestr(entry, content)
    with pytest.raises(CheckpointError, match=said):
        get(str(path))
    assert not mark.exists()


def test_a_reader_that_crashes_or_hangs_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "up.mnn"
    path.write_bytes(b"x")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], -11))
    with pytest.raises(CheckpointError, match=r"MNN crashed on it \(signal 11\): cut short"):
        probe.probed(path)

    def hangs(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired([], 1)

    monkeypatch.setattr(subprocess, "run", hangs)
    with pytest.raises(CheckpointError, match="not read within 120 s by MNN"):
        probe.probed(path)


def test_a_map_of_sigma_as_a_last_channel_and_an_input_called_sigma_are_recognised() -> None:
    joined = facts_of(Program((Input("x", (1, 4, None, None)),), lambda arrays: arrays[0][:, :3]))
    assert (joined.channels, joined.sigma_channel) == ((3,), True)
    first = Program((Input("sigma"), Input("x")), lambda arrays: arrays[1] + 0 * arrays[0].reshape(()))
    found = facts_of(first)
    assert (found.sigma_first, found.sigma, found.channels) == (True, (1, 1, 1, 1), (1, 3))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (Program(tuple(Input(name) for name in "abc"), lambda arrays: arrays[0]), "takes 3 inputs"),
        (Program((Input("x"),), lambda arrays: arrays[0][..., 1:]), "expected a whole multiple from 1 to 8"),
        (Program((Input("x"),), lambda arrays: arrays[0].repeat(1, 5, 1, 1)), "turns 1 channels into 5"),
        (Program((Input("x"),), lambda arrays: arrays[0] / 0), "values that are no numbers"),
        (Program((Input("x"),), lambda arrays: arrays[0].mean((2, 3))), "gave shape"),
    ],
)
def test_what_restores_no_image_is_refused(program: Program, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        facts_of(program)
