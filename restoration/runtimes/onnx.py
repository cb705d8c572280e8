"""What the runtimes outside torch share: finding their package, and the network as an ONNX graph."""

from __future__ import annotations

import importlib
import logging
import warnings
from types import ModuleType

import torch
from torch import nn

from restoration.errors import OptionError, PackageMissingError
from restoration.method import Setup

INPUT = "degraded"
"""The name of the graph's input."""


def package(name: str, setup: Setup, dtypes: tuple[str, ...]) -> ModuleType:
    """The package `name`; raises OptionError where it cannot run the setup, PackageMissingError where it is missing."""
    if setup.device != "cpu" or setup.dtype not in dtypes:
        raise OptionError(
            f"runtime {name}: runs on the cpu in {' or '.join(dtypes)}, got {setup.device} and {setup.dtype}"
        )
    try:
        importlib.import_module("onnxscript")  # torch's exporter writes the graph with it
        return importlib.import_module(name)
    except ImportError as error:
        raise PackageMissingError(f"runtime {name}: {error}; `python -m pip install restobench[peers]`") from error


def graph(network: nn.Module, shape: torch.Size) -> bytes:
    """The network for images of this shape as an ONNX graph."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it reports every optional package that it could also have served
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own imports, which no caller can change
            program = torch.onnx.export(
                network, (torch.zeros(shape),), input_names=[INPUT], dynamo=True, verbose=False, optimize=True
            )
    finally:
        logger.setLevel(level)
    if program is None:
        raise OptionError("runtime: torch.onnx.export gave no graph")
    content: bytes = program.model_proto.SerializeToString()
    return content
