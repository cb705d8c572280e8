"""What the runtimes outside torch share: finding their package, and the network as an ONNX graph."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from restoration.errors import FormatError, OptionError, PackageMissingError
from restoration.method import Setup
from restoration.runtimes.program import silent
from restoration.runtimes.traced import first_line, hushed, layer_of, traced

INPUTS = ("degraded", "sigma")
"""The names of the graph's inputs; most have the first alone."""

OUTPUT = "restored"


def package(name: str, setup: Setup, dtypes: tuple[str, ...] = ("float32",)) -> ModuleType:
    """The package `name`; raises OptionError where it cannot run the setup, PackageMissingError where it is missing."""
    if setup.device != "cpu" or setup.dtype not in dtypes:
        *others, last = dtypes
        formats = f"{', '.join(others)} or {last}" if others else last
        raise OptionError(f"runtime {name}: runs on the cpu in {formats}, got {setup.device} and {setup.dtype}")
    return installed(name)


def installed(name: str) -> ModuleType:
    """The package `name`; raises PackageMissingError where it cannot be imported."""
    try:
        with silent():
            return importlib.import_module(name)
    except ImportError as error:
        raise PackageMissingError(f"runtime {name}: {error}; `python -m pip install restobench[peers]`") from error


def graph(network: nn.Module, shape: torch.Size) -> bytes:
    """The network for images of this shape as an ONNX graph."""
    return written(traced(network, [torch.zeros(shape)]))


def free_graph(network: nn.Module, examples: Sequence[Tensor]) -> bytes:
    """The network for images of any height and width as an ONNX graph; further inputs are as the examples."""
    return written(traced(network, examples, free=True))


def written(program: ExportedProgram) -> bytes:
    """The ONNX graph of what was traced; raises FormatError naming the layer that ONNX has no operator for."""
    installed("onnxscript")  # torch's exporter writes the graph with it
    names = INPUTS[: len(program.graph_signature.user_inputs)]
    try:
        with hushed():
            found: Any = torch.onnx.export(
                program, input_names=names, output_names=[OUTPUT], dynamo=True, verbose=False, optimize=True
            )
    except Exception as error:  # the exporter raises what its translations raise
        raise FormatError(f"ONNX: {_untranslated(program, error)}") from error
    content: bytes = found.model_proto.SerializeToString()
    return content


def _untranslated(program: ExportedProgram, error: BaseException) -> str:
    """Which operator of which layer was not translated, where the exporter says it."""
    said = re.search(r"target=torch\.ops\.([\w.]+)", f"{error} {error.__cause__}")
    if said is None:
        return first_line(error)
    with hushed():
        nodes = [*program.graph.nodes, *program.run_decompositions().graph.nodes]
    layers = {layer_of(node) for node in nodes if str(node.target) == said[1]}
    return f"no operator for {said[1]} of layer {', '.join(sorted(layers)) or 'unknown'}"
