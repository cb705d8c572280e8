"""Runs networks and `.param` files by ncnn, on the CPU in float32."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from restoration.errors import FormatError
from restoration.method import Restore, Setup
from restoration.runtimes import ncnn_file, onnx
from restoration.runtimes.program import Input, Program, for_each_shape

_LARGEST_STEP = 64


def build(network: nn.Module, setup: Setup) -> Restore:
    """One net for each shape of image; ncnn knows no batch, so the images of one are run in turn."""
    onnx.package("ncnn", setup)

    def made(shape: torch.Size) -> Program:
        with tempfile.TemporaryDirectory(prefix="restobench-") as folder:
            path = Path(folder, "network.param")
            ncnn_file.write(network, [torch.zeros(shape)], path)
            return opened(path, setup.threads)

    one = for_each_shape(made)
    return lambda degraded: torch.cat([one(image[None]) for image in degraded])


def opened(path: Path, threads: int) -> Program:
    """The model in a `.param` file and the `.bin` beside it; raises FormatError where ncnn refuses them."""
    runtime: Any = onnx.installed("ncnn")
    net = runtime.Net()
    net.opt.num_threads = threads
    for narrow in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, narrow, False)
    if net.load_param(str(path)) or net.load_model(str(path.with_suffix(".bin"))):
        raise FormatError(f"{path}: ncnn cannot read it, or the .bin beside it")
    sides = _sides(path)
    inputs = tuple(Input(name, (1, *sides.get(name, (None, None, None)))) for name in net.input_names())
    (output, *_) = net.output_names()

    def run(arrays: Sequence[Tensor]) -> Tensor:
        extractor = net.create_extractor()
        for entry, array in zip(inputs, arrays, strict=True):
            values = np.ascontiguousarray(array[0].numpy())  # named: a Mat keeps no hold on the memory it was made of
            extractor.input(entry.name, runtime.Mat(values).clone())
        status, found = extractor.extract(output)
        if status:
            raise FormatError(f"{path}: ncnn gave no output: status {status}")
        return torch.from_numpy(np.array(found))[None]

    return Program(inputs, run, _steps(path))


def _steps(path: Path) -> int:
    """The product of all that makes a map smaller: at most 64, the largest multiple that is tried."""
    steps = 1
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        kind, *words = line.split() or [""]
        number = {"Reorg": "0=", "Pooling": "2=", "Convolution": "3=", "ConvolutionDepthWise": "3="}.get(kind)
        given = [word.removeprefix(number) for word in words if word.startswith(number)] if number else []
        steps *= int(given[0]) if given and given[0].isdigit() and 0 < int(given[0]) <= _LARGEST_STEP else 1
    return min(steps, _LARGEST_STEP)


def _sides(path: Path) -> dict[str, tuple[int | None, ...]]:
    """Channels, height and width of each input, where its line says them: `0=` width, `1=` height, `2=` channels."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match line.split():
            case ["Input", _, "0", "1", blob, *parameters]:
                given = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
                sides = (given.get(number, "") for number in "210")
                found[blob] = tuple(int(side) if side.isdigit() and int(side) else None for side in sides)
    return found
