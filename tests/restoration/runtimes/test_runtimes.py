"""Runtimes: the same layers give the same image, however they are executed."""

from __future__ import annotations

import importlib
import shutil
from typing import Literal

import pytest
import torch

from restoration import Setup
from restoration.errors import OptionError, PackageMissingError
from restoration.ffdnet import Architecture, AtSigma, FFDNet
from restoration.method import Restore
from restoration.rdn import RDN, Architecture as RDNArchitecture
from restoration.runtimes import choice
from restoration.runtimes.torch import folded
from restoration.tiles import Geometry

OTHERS = {"onnxruntime": "onnxruntime", "openvino": "openvino", "mnn": "MNN", "ncnn": "ncnn", "opencv": "cv2"}
"""The runtimes outside torch and the package of each."""

ARCHITECTURE = Architecture(1, 8, 4, "ipol")


def built(runtime: str, *, dtype: str = "float32", threads: int = 1, device: str = "cpu") -> Restore:
    """A small FFDNet whose batch norms are not the identity."""
    torch.manual_seed(5)
    network = FFDNet(ARCHITECTURE)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) / 10
            module.running_var = torch.rand(module.num_features) + 0.5
    setup = Setup(sigma=0.1, dtype=dtype, threads=threads, device=device, options={"runtime": runtime})
    return choice.build(AtSigma(network, 0.1), setup, ARCHITECTURE.geometry)


def check_equals_plain(runtime: str, *shapes: tuple[int, ...], tolerance: float = 1e-5) -> None:
    restore, plain = built(runtime), built("plain")
    for shape in shapes or ((2, 1, 17, 15),):
        noisy = torch.rand(shape)
        # Folding moves a factor across a sum: the rounding differs, nothing else.
        torch.testing.assert_close(restore(noisy), plain(noisy), atol=tolerance, rtol=0)


def test_torch_equals_plain() -> None:
    check_equals_plain("torch", (1, 1, 24, 32), (2, 1, 17, 15))


@pytest.mark.parametrize("runtime", ["auto", "winograd"])
def test_winograd_equals_plain(runtime: str) -> None:
    check_equals_plain(runtime, (1, 1, 24, 32), (2, 1, 17, 15), (1, 1, 2, 3))


@pytest.mark.parametrize(("runtime", "package"), OTHERS.items())
def test_other_programs_equal_plain(runtime: str, package: str) -> None:
    pytest.importorskip(package)
    check_equals_plain(runtime, (2, 1, 17, 15), (1, 1, 16, 24))


@pytest.mark.slow
@pytest.mark.parametrize(("runtime", "package"), OTHERS.items())
@pytest.mark.parametrize("upsampling", ["nearest", "shuffle"])
def test_other_programs_upscale_as_plain_does(
    runtime: str, package: str, upsampling: Literal["nearest", "shuffle"]
) -> None:
    pytest.importorskip(package)
    torch.manual_seed(5)
    sizes = RDNArchitecture(scale=2, blocks=2, layers=2, growth=16, features=16, upsampling=upsampling)
    network, low = RDN(sizes), torch.rand(1, 3, 20, 40)[..., 3:]  # a view: its rows do not lie side by side
    restore, plain = (
        choice.build(network, Setup(channels=3, scale=2, options={"runtime": name}), sizes.geometry)
        for name in (runtime, "plain")
    )
    # MNN's larger Winograd tiles lose more digits than the others'.
    torch.testing.assert_close(restore(low), plain(low), atol=5e-4 if runtime == "mnn" else 1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, from within torch.compile
# CPython 3.13.0 alone has a bug of dictionary versions, for which torch's compiler says that its guards are slower.
@pytest.mark.filterwarnings("ignore:Guards may run slower on Python 3.13.0:RuntimeWarning")
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compile_equals_plain() -> None:
    check_equals_plain("compile")


def test_folding_leaves_no_batch_norm_and_the_network_as_it_was() -> None:
    network = FFDNet(ARCHITECTURE).eval()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    small = folded(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in small.modules())
    assert all(torch.equal(before[key], tensor) for key, tensor in network.state_dict().items())


def test_the_result_has_the_inputs_dtype_and_no_gradient() -> None:
    for dtype in ("float32", "bfloat16", "float16"):
        restored = built("torch", dtype=dtype)(torch.rand(1, 1, 8, 8))
        assert restored.dtype == torch.float32
        assert not restored.requires_grad


@pytest.mark.parametrize(("dtype", "most"), [("bfloat16", 0.05), ("float16", 0.005)])
def test_sixteen_bits_are_near_but_not_equal(dtype: str, most: float) -> None:
    noisy = torch.rand(1, 1, 16, 16)
    difference = (built("torch", dtype=dtype)(noisy) - built("torch")(noisy)).abs().max()
    assert 0 < difference < most


@pytest.mark.cuda
@pytest.mark.parametrize(("dtype", "most"), [("float32", 2e-3), ("bfloat16", 0.05), ("float16", 0.01)])
def test_a_cuda_device_gives_the_processors_result(dtype: str, most: float) -> None:
    noisy = torch.rand(1, 1, 64, 64)  # in float32, too, convolutions of CUDA may round to TF32
    on_device = built("torch", device="cuda", dtype=dtype)(noisy.cuda())
    assert on_device.is_cuda
    assert (on_device.cpu() - built("torch")(noisy)).abs().max() < most


def test_refuses_an_unknown_runtime() -> None:
    with pytest.raises(OptionError, match="runtime must be auto, torch"):
        built("tensorrt")


def test_refuses_what_a_runtime_does_not_do() -> None:
    with pytest.raises(OptionError, match="in float32, float16 or int8, got cpu and bfloat16"):
        built("onnxruntime", dtype="bfloat16")
    with pytest.raises(OptionError, match="in float32, got cpu and bfloat16"):
        built("winograd", dtype="bfloat16")
    with pytest.raises(OptionError, match="got cuda"):
        built("openvino", device="cuda")


def test_winograd_refuses_a_network_that_it_can_do_nothing_for() -> None:
    setup = Setup(options={"runtime": "winograd"})
    with pytest.raises(OptionError, match="Linear has no 3x3 convolution"):
        choice.build(torch.nn.Linear(2, 2), setup, Geometry(0))


def test_says_that_compiling_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(PackageMissingError, match="needs a C\\+\\+ compiler"):
        built("compile")


@pytest.mark.parametrize(("name", "package"), OTHERS.items())
def test_says_which_package_a_runtime_lacks(monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    setup = Setup(options={"runtime": name})
    monkeypatch.setattr(choice, "find_spec", lambda asked: None if asked == package else object())
    assert (
        choice.lacking(setup)
        == f"runtime {name}: the package {package} is not installed: pip install 'restobench[peers]'"
    )


@pytest.mark.parametrize("name", OTHERS)
def test_says_which_extra_brings_a_runtime(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def absent(package: str) -> None:
        raise ModuleNotFoundError(f"No module named {package!r}")

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(PackageMissingError, match=r"restobench\[peers\]"):
        built(name)
