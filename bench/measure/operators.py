"""What torch and fvcore see while a restorer runs: modules, operators, multiply-accumulates, elements.

Both count by watching torch, so a kernel compiled by numba or another library's call stays invisible to them.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils.flop_counter import flop_registry

from bench.errors import BenchError, RaisedError, one_line
from bench.measure.dispatched import Dispatched
from bench.measure.outputs import checked
from restoration.method import Restore

FVCORE_MULTIPLY_ADDS = {"conv", "addmm", "bmm", "baddbmm", "einsum", "matmul", "mm", "linear", "mv", "dot"}
"""The operators whose fvcore count is multiply-accumulates; its others are elementwise work charged as if it were."""

_QUIET = frozenset(
    {"empty", "zeros", "zeros_like", "ones", "full", "arange", "scalar_tensor", "fill_", "zero_", "lift_fresh"}
    | {"_to_copy", "copy_", "clone", "contiguous", "detach", "alias", "_local_scalar_dense", "item", "cat", "split"}
    | {"view", "_unsafe_view", "reshape", "permute", "transpose", "t", "mT", "slice", "select", "expand", "squeeze"}
    | {"unsqueeze", "as_strided", "unbind", "pixel_shuffle", "pixel_unshuffle"}
)
"""Operators that allocate, copy, move or look differently at data: they compute nothing."""


@dataclass
class Sight:
    """What torch's dispatcher saw of one call."""

    macs: Counter[str] = field(default_factory=Counter)
    """Multiply-accumulates by operator: half of torch's FLOPs."""
    elements: int = 0
    """Written by the operators that multiply and add: the activations, in fvcore's sense."""
    bytes: int = 0
    """Read and written by the same operators, each operand once."""
    uncounted: Counter[str] = field(default_factory=Counter)
    """Calls of operators that compute and that torch has no count for."""

    def note(self, operator: Any, arguments: Any, named: Any, result: Any) -> None:
        """Adds one call of an operator, its operations by torch's own formula."""
        packet = operator._overloadpacket  # noqa: SLF001 - the registry's key has no public name
        name = packet.__name__
        if packet in flop_registry:
            operands = [value for value in (*arguments, result) if isinstance(value, torch.Tensor)]
            self.macs[name] += flop_registry[packet](*arguments, **named, out_val=result) // 2
            self.elements += result.numel()
            self.bytes += sum(value.nbytes for value in operands)
        elif name not in _QUIET:
            self.uncounted[name] += 1


def run(name: str, restore: Restore, image: Tensor, *, scale: int) -> Tensor:
    """The restored batch; raises `BenchError` where `restore` cannot take `image` or gives no restored batch."""
    if strangers := _elsewhere(restore, image):
        raise BenchError(_misplaced(name, strangers, image))
    try:
        with torch.no_grad():
            restored: object = restore(image)
    except TypeError as error:
        raise BenchError(
            f"{name}: cannot be called with one batch (N, C, H, W): {error}; wrap what needs more inputs in a function "
            "of the image alone"
        ) from error
    except RuntimeError as error:
        if "same device" in str(error):
            raise BenchError(_misplaced(name, "another device", image)) from error
        raise RaisedError(
            f"{name}: failed on a {image.dtype} batch of shape {tuple(image.shape)}: {_first_line(error)}",
            one_line(error),
        ) from error
    return checked(name, restored, image, scale=scale)


def modules_of(restore: Restore, image: Tensor) -> tuple[nn.Module, ...]:
    """The outermost modules that a call of `restore` runs, wherever it keeps them, in the order of their calls."""
    found: dict[nn.Module, None] = {}
    depth = 0

    def enter(module: nn.Module, _: object) -> None:
        nonlocal depth
        if depth == 0:
            found.setdefault(module)
        depth += 1

    def leave(_: nn.Module, __: object, ___: object) -> None:
        nonlocal depth
        depth -= 1

    hooks = register_module_forward_pre_hook(enter), register_module_forward_hook(leave)
    try:
        with torch.no_grad():
            restore(image)
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(found)


def seen_by_torch(restore: Restore, image: Tensor) -> Sight:
    """What one call of `restore` looks like from torch's dispatcher."""
    sight = Sight()
    with torch.no_grad(), Dispatched(sight.note):
        restore(image)
    return sight


def seen_by_fvcore(
    restore: Restore, image: Tensor, modules: tuple[nn.Module, ...]
) -> tuple[Counter[str], Counter[str]]:
    """Counts by operator as fvcore has them, and calls of those it does not know; raises `BenchError` if not traceable.

    Operators that compute nothing are left out of both.
    """
    with _silence():
        from fvcore.nn import FlopCountAnalysis  # warns of its own use of torch

        analysis = FlopCountAnalysis(_as_module(restore, modules), (image,))
        try:
            known = Counter(analysis.by_operator())
            unknown = {name.removeprefix("aten::"): calls for name, calls in analysis.unsupported_ops().items()}
            return known, Counter({name: unknown[name] for name in unknown.keys() - _QUIET})
        except Exception as error:  # the tracer raises what the code raises
            raise BenchError(f"cannot be traced: {_first_line(error)}") from error


def _as_module(restore: Restore, modules: tuple[nn.Module, ...]) -> nn.Module:
    """`restore` as a module for the tracer, which owns `modules`: else their weights would be taken for constants."""
    if isinstance(restore, nn.Module):
        return restore

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.ModuleList(modules)

        def forward(self, image: Tensor) -> Tensor:
            return restore(image)

    return Wrapped().eval()


@contextmanager
def _silence() -> Iterator[None]:
    """Silences warnings: the tracer's do not concern the count, and operators that fvcore does not know are listed."""
    log = logging.getLogger("fvcore.nn.jit_analysis")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _elsewhere(restore: Restore, image: Tensor) -> str:
    """The devices other than the image's on which a module's weights lie: not every operator refuses such a pair."""
    tensors = [*restore.parameters(), *restore.buffers()] if isinstance(restore, nn.Module) else []
    return " and ".join(sorted({str(tensor.device) for tensor in tensors} - {str(image.device)}))


def _misplaced(name: str, place: str, image: Tensor) -> str:
    return f"{name}: lies on {place}, the image on {image.device}; move it there with .to() or give another --device"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
