"""Chooses how a network's layers are executed: one way for each name of the option `runtime`.

- `auto`: the fastest of those that need nothing else installed: `winograd` where it applies, otherwise `torch`.
- `plain`: the layers as published, in evaluation mode.
- `torch`: batch norm folded into the convolution before it, channels last in memory.
- `winograd`: batch norm folded, convolutions and what stands between them by `restoration.compiled`; float32 on
  the CPU.
- `compile`: as `torch`, through torch.compile with frozen weights; needs a C++ compiler.
- `onnxruntime`, `openvino`, `mnn`, `ncnn`, `opencv`: the same layers in another program (extra `peers`), on the CPU.

The option `precision` says what the layers compute in, `float32`, `float16`, `bfloat16` or `int8`, whatever the images
are in; where it is empty, in the images' dtype. int8 is of `onnxruntime` and `openvino`; `auto` is then the first.

All of them run without gradients. A runtime that is built for one image size builds itself again at the first image of
another size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec

from torch import nn

from restoration.errors import OptionError
from restoration.method import Restore, Setup
from restoration.runtimes import mnn, ncnn, onnxruntime, opencv, openvino, torch, winograd
from restoration.tiles import Geometry, within_memory


def build(network: nn.Module, setup: Setup, geometry: Geometry) -> Restore:
    """`network`, a function of the degraded batch alone, executed as the options `runtime` and `tile` want it.

    Raises OptionError for an unknown runtime or one that does not run on the setup's device in its dtype, and
    PackageMissingError where the runtime's program is not installed.
    """
    return within_memory(whole(network, setup), geometry, tile=int(setup.options.get("tile", 0)))


def whole(network: nn.Module, setup: Setup) -> Restore:
    """The same for a network of which nobody knows how far it sees: every image at once."""
    name = _name(setup)
    if name not in _RUNTIMES:
        raise OptionError(f"runtime must be {', '.join(_RUNTIMES)}; got {name!r}")
    if setup.precision not in PRECISIONS:
        raise OptionError(f"precision must be {', '.join(PRECISIONS)}, or empty; got {setup.precision!r}")
    if setup.precision == "int8" and name not in _INT8:
        raise OptionError(f"runtime {name}: does not compute in int8; use {' or '.join(_INT8)}")
    return _RUNTIMES[name](network.eval().requires_grad_(False), replace(setup, dtype=setup.precision))


def _name(setup: Setup) -> str:
    name = str(setup.options.get("runtime", "auto"))
    return _INT8[0] if name == "auto" and setup.precision == "int8" else name


def lacking(setup: Setup) -> str:
    """What the setup's runtime needs and is not installed, in words; empty where all is there."""
    name = _name(setup)
    if name == "compile" and torch.lacks_compiler(setup.device):
        return torch.NO_COMPILER
    absent = [package for package in _PACKAGES.get(name, ()) if find_spec(package) is None]
    return (
        f"runtime {name}: the package {absent[0]} is not installed: pip install 'restobench[peers]'" if absent else ""
    )


PRECISIONS = ("float32", "float16", "bfloat16", "int8")

_INT8 = ("onnxruntime", "openvino")

_RUNTIMES: Mapping[str, Callable[[nn.Module, Setup], Restore]] = {
    "auto": winograd.where_it_pays, "torch": torch.fast, "winograd": winograd.build, "plain": torch.plain,
    "compile": torch.compiled, "onnxruntime": onnxruntime.build, "openvino": openvino.build, "mnn": mnn.build,
    "ncnn": ncnn.build, "opencv": opencv.build,
}  # fmt: skip

_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "onnxruntime": ("onnxscript", "onnxruntime"), "openvino": ("onnxscript", "openvino"), "mnn": ("onnxscript", "MNN"),
    "ncnn": ("ncnn",), "opencv": ("onnxscript", "cv2"),
}  # fmt: skip
