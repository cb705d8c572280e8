"""Runs what torch wrote as a whole program: TorchScript (`.ts`, `.pt`) and `torch.export` (`.pt2`), on the CPU."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from restoration.checkpoints.exported import check_exported
from restoration.runtimes.program import Input, Program


def is_script(path: Path) -> bool:
    """Whether a file is a TorchScript archive: a zip file with a folder of code."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.partition("/")[2].startswith("code/") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def opened_script(path: Path, threads: int) -> Program:  # noqa: ARG001 - torch's threads are those of the process
    """The model in a TorchScript archive, which runs in torch's own small language and not in Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises against the format, which the user did not choose here
        module = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    names = [argument.name for argument in module.forward.schema.arguments[1:] if not argument.has_default_value()]
    return Program(tuple(Input(name) for name in names), lambda arrays: _first(module(*arrays)))


def opened_exported(path: Path, threads: int) -> Program:  # noqa: ARG001 - torch's threads are those of the process
    """The model in a `.pt2` archive, once `check_exported` has found nothing in it but operators and numbers."""
    check_exported(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.load(path)
    values = {node.name: node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"}
    inputs = tuple(Input(name, _sides(values[name])) for name in program.graph_signature.user_inputs)
    module = program.module()

    def run(arrays: Sequence[Tensor]) -> Tensor:
        return _first(module(*arrays))

    return Program(inputs, run)


def _sides(value: Tensor) -> tuple[int | None, ...]:
    return tuple(side if isinstance(side, int) else None for side in value.shape)


def _first(output: object) -> Tensor:
    """The first tensor of what a model gives."""
    while isinstance(output, list | tuple) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise TypeError(f"it gave a {type(output).__name__}, expected a tensor")
    return output
