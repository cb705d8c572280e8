"""Runs networks and `.mnn` files by MNN, on the CPU in float32."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from restoration.errors import FormatError
from restoration.method import Restore, Setup
from restoration.runtimes import onnx
from restoration.runtimes.program import Input, Program, for_each_shape, silent

# The converter itself. The command `mnnconvert` around it installs a package by pip and reports each conversion to its
# authors' server, which nobody asked for.
_CONVERTER = "import sys, _tools; _tools.mnnconvert(['mnnconvert', *sys.argv[1:]])"

_PATIENCE = 300
"""Seconds that a conversion may take."""


def build(network: nn.Module, setup: Setup) -> Restore:
    """One session for each shape of image."""
    onnx.package("MNN", setup)

    def made(shape: torch.Size) -> Program:
        with tempfile.TemporaryDirectory(prefix="restobench-") as folder:
            path = Path(folder, "network.mnn")
            written(onnx.graph(network, shape), path)
            return opened(path, setup.threads)

    return for_each_shape(made)


def written(graph: bytes, path: Path, *, halved: bool = False) -> None:
    """Writes an ONNX graph as an `.mnn` file, in a process of its own; `halved` stores its weights in float16.

    Raises FormatError where MNN cannot hold it.
    """
    onnx.installed("MNN")
    with tempfile.TemporaryDirectory(prefix="restobench-") as folder:
        source = Path(folder, "network.onnx")
        source.write_bytes(graph)
        command = [sys.executable, "-c", _CONVERTER, "-f", "ONNX", "--bizCode", "MNN"]
        command += ["--modelFile", str(source), "--MNNModel", str(path), *(["--fp16"] if halved else [])]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603 - this interpreter
        except subprocess.TimeoutExpired as error:
            raise FormatError(f"MNN: its converter took more than {_PATIENCE} s") from error
    if "Converted Success" not in done.stdout or not path.is_file():
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise FormatError(f"MNN: its converter failed: {(said or ['it said nothing'])[-1][:200]}")


def opened(path: Path, threads: int) -> Program:
    """The model in an `.mnn` file; its session is made again for each new shape."""
    runtime: Any = onnx.installed("MNN")
    with silent():
        net = runtime.Interpreter(str(path))
        session = net.createSession({"numThread": threads, "backend": "CPU", "precision": "high"})
    found = net.getSessionInputAll(session)
    inputs = tuple(
        Input(name, tuple(side if side > 0 else None for side in tensor.getShape()) or None)
        for name, tensor in found.items()
    )
    caffe = runtime.Tensor_DimensionType_Caffe
    made_for: list[tuple[torch.Size, ...]] = []

    def run(arrays: Sequence[Tensor]) -> Tensor:
        shapes = tuple(array.shape for array in arrays)
        if made_for != [shapes]:
            for entry, shape in zip(inputs, shapes, strict=True):
                net.resizeTensor(net.getSessionInput(session, entry.name), tuple(shape))
            net.resizeSession(session)
            made_for[:] = [shapes]
        for entry, array in zip(inputs, arrays, strict=True):
            values = np.ascontiguousarray(array.numpy())
            host = runtime.Tensor(tuple(array.shape), runtime.Halide_Type_Float, values, caffe)
            net.getSessionInput(session, entry.name).copyFrom(host)
        net.runSession(session)
        output = next(iter(net.getSessionOutputAll(session).values()))
        shape = output.getShape()
        host = runtime.Tensor(shape, runtime.Halide_Type_Float, np.empty(shape, np.float32), caffe)
        output.copyToHostTensor(host)
        return torch.from_numpy(np.array(host.getNumpyData(), np.float32).reshape(shape))

    return Program(inputs, run)
