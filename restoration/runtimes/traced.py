"""A network as a graph of torch's operators, each knowing its layer; the formats are written from it."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram

from restoration.errors import FormatError
from restoration.runtimes.torch import folded

_SPATIAL = {2: Dim.DYNAMIC, 3: Dim.DYNAMIC}


def traced(network: nn.Module, examples: Sequence[Tensor], *, free: bool = False) -> ExportedProgram:
    """The graph for inputs like `examples`; `free` leaves the first one's height and width open.

    Raises FormatError for a network whose steps depend on the values of an image, or on its exact size where it must
    be free.
    """
    shapes = (_SPATIAL, *(None for _ in examples[1:])) if free else None
    try:
        with hushed():
            return torch.export.export(folded(network), tuple(examples), dynamic_shapes=shapes, strict=False)
    except Exception as error:  # a stranger's forward may fail in any way while it is traced
        size = " for images of any size" if free else ""
        raise FormatError(
            f"{type(network).__name__} cannot be written down{size}: {type(error).__name__}: {first_line(error)}"
        ) from error


@contextmanager
def hushed() -> Iterator[None]:
    """Inside, torch neither warns, logs nor prints: its exporter speaks of its own imports."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def layer_of(node: fx.Node) -> str:
    """The layer of an operator, as the network's own code calls it; the operator's name where it has none."""
    stack = [place for place, _ in (node.meta.get("nn_module_stack") or {}).values()]
    return str(stack[-1] if stack and stack[-1] else node.name)


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, at most 200 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else "no message"
