"""Runs a network fast: the ways to execute the same layers, one per name of the option `runtime`.

- `auto`: the fastest of those that need nothing else installed: `winograd` where it applies, otherwise `torch`.
- `plain`: the layers as published, in evaluation mode.
- `torch`: batch norm folded into the convolution before it, channels last in memory.
- `winograd`: batch norm folded; chains of 3x3 convolutions as `restoration.compiled.winograd` has them, in float32 on
  the CPU.
- `compile`: the same through torch.compile with frozen weights; needs a C++ compiler.
- `onnxruntime`, `openvino`: the same layers in another program (extra `peers`), on the CPU.

All of them run without gradients. A runtime that is built for one image size builds itself again at the first image of
another size.
"""

from __future__ import annotations

import copy
import functools
import importlib
import itertools
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from restoration.compiled import winograd
from restoration.errors import OptionError, PackageMissingError
from restoration.method import Restore, Setup
from restoration.tiles import Geometry, within_memory


def build(network: nn.Module, setup: Setup, geometry: Geometry) -> Restore:
    """`network`, a function of the degraded batch alone, executed as the options `runtime` and `tile` want it.

    Raises OptionError for an unknown runtime or one that does not run on the setup's device in its dtype, and
    PackageMissingError where the runtime's program is not installed.
    """
    name = str(setup.options.get("runtime", "auto"))
    if name not in _RUNTIMES:
        raise OptionError(f"runtime must be {', '.join(_RUNTIMES)}; got {name!r}")
    restore = _RUNTIMES[name](network.eval().requires_grad_(False), setup)
    return within_memory(restore, geometry, tile=int(setup.options.get("tile", 0)))


def folded(network: nn.Module) -> nn.Module:
    """A copy in which each batch norm after a convolution is part of it: the same function in evaluation mode."""
    result = copy.deepcopy(network).eval()
    for sequence in [module for module in result.modules() if isinstance(module, nn.Sequential)]:
        for index, (layer, following) in enumerate(itertools.pairwise(sequence)):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                sequence[index] = fuse_conv_bn_eval(layer, following)
                sequence[index + 1] = nn.Identity()
    return result


def _plain(network: nn.Module, setup: Setup) -> Restore:
    return _inference(network.to(setup.device, setup.torch_dtype), setup, torch.contiguous_format)


def _torch(network: nn.Module, setup: Setup) -> Restore:
    return _inference(_channels_last(network, setup), setup, torch.channels_last)


def _winograd(network: nn.Module, setup: Setup) -> Restore:
    if setup.device != "cpu" or setup.dtype != "float32":
        raise OptionError(f"runtime winograd: runs on the cpu in float32, got {setup.device} and {setup.dtype}")
    fast = folded(network)
    if not winograd.applied(fast, setup.threads):
        raise OptionError(f"runtime winograd: {type(network).__name__} has no chain of 3x3 convolutions; use torch")
    return _inference(fast, setup, torch.contiguous_format)


def _auto(network: nn.Module, setup: Setup) -> Restore:
    fast = folded(network)
    if setup.device == "cpu" and setup.dtype == "float32" and winograd.applied(fast, setup.threads):
        return _inference(fast, setup, torch.contiguous_format)
    return _torch(fast, setup)


def _compile(network: nn.Module, setup: Setup) -> Restore:
    if setup.device == "cpu" and not (os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")):
        raise PackageMissingError(
            "runtime compile: torch.compile needs a C++ compiler (g++ or clang++) on PATH, found none"
        )
    compiled = torch.compile(_channels_last(network, setup), dynamic=False, options={"freezing": True})
    return _inference(compiled, setup, torch.channels_last)


def _channels_last(network: nn.Module, setup: Setup) -> nn.Module:
    fast = folded(network).to(setup.device, setup.torch_dtype)
    return fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]  # missing in the stubs


def _inference(network: Callable[[Tensor], Tensor], setup: Setup, layout: torch.memory_format) -> Restore:
    def restore(degraded: Tensor) -> Tensor:
        with torch.inference_mode():
            return network(degraded.to(setup.torch_dtype, memory_format=layout)).to(degraded.dtype)

    return restore


def _onnxruntime(network: nn.Module, setup: Setup) -> Restore:
    program = _peer("onnxruntime", setup, ("float32",))
    options = program.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = setup.threads, 1
    small = folded(network)

    @functools.cache
    def session(shape: torch.Size) -> Restore:
        content = _onnx(small, shape)
        ready = program.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return lambda image: torch.from_numpy(ready.run(None, {_INPUT: image.numpy()})[0])

    return lambda degraded: session(degraded.shape)(degraded.contiguous())


def _openvino(network: nn.Module, setup: Setup) -> Restore:
    core = _peer("openvino", setup, ("float32", "bfloat16")).Core()
    small = folded(network)
    # Left alone, it computes in bfloat16 wherever the processor can.
    hints = {
        "INFERENCE_PRECISION_HINT": "f32" if setup.dtype == "float32" else "bf16",
        "INFERENCE_NUM_THREADS": setup.threads,
        "PERFORMANCE_HINT": "LATENCY",
    }

    @functools.cache
    def compiled(shape: torch.Size) -> Restore:
        ready = core.compile_model(core.read_model(_onnx(small, shape)), "CPU", hints)
        return lambda image: torch.from_numpy(ready(image.numpy())[0])

    return lambda degraded: compiled(degraded.shape)(degraded.contiguous())


_RUNTIMES: Mapping[str, Callable[[nn.Module, Setup], Restore]] = {
    "auto": _auto,
    "torch": _torch,
    "winograd": _winograd,
    "plain": _plain,
    "compile": _compile,
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
}

_INPUT = "degraded"


def _peer(name: str, setup: Setup, dtypes: tuple[str, ...]) -> ModuleType:
    """The package `name`, if it and the setup suit each other."""
    if setup.device != "cpu" or setup.dtype not in dtypes:
        raise OptionError(
            f"runtime {name}: runs on the cpu in {' or '.join(dtypes)}, got {setup.device} and {setup.dtype}"
        )
    try:
        importlib.import_module("onnxscript")  # torch's exporter writes the graph with it
        return importlib.import_module(name)
    except ImportError as error:
        raise PackageMissingError(f"runtime {name}: {error}; `python -m pip install restobench[peers]`") from error


def _onnx(network: nn.Module, shape: torch.Size) -> bytes:
    """The network for images of this shape as an ONNX graph."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it reports every optional package that it could also have served
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own imports, which no caller can change
            program = torch.onnx.export(
                network, (torch.zeros(shape),), input_names=[_INPUT], dynamo=True, verbose=False, optimize=True
            )
    finally:
        logger.setLevel(level)
    if program is None:
        raise OptionError("runtime: torch.onnx.export gave no graph")
    content: bytes = program.model_proto.SerializeToString()
    return content
