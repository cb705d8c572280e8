"""Runs a network with its 3x3 and 5x5 convolutions by `restoration.compiled.winograd`.

Any network will do. The largest parts of it that torch.fx can follow become programs (`restoration.runtimes.steps`), in
which 1x1 convolutions, activations, sums and concatenations are compiled too. Elsewhere each that suits gets another
`forward`, and what stands between is torch's, on maps whose channels lie last in memory.

A network is compared with itself before its first image is restored: what it computes beside its layers, such as with
the kernels of a convolution that it never calls, nobody can know beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from restoration.compiled import winograd
from restoration.compiled.layers import Layer, Maps
from restoration.errors import OptionError
from restoration.method import Restore, Setup
from restoration.runtimes.graph import NotTraceableError, suits
from restoration.runtimes.steps import Program
from restoration.runtimes.torch import fast, folded, inference, plain

TOLERANCE = 1e-4
"""How far the output may be from the module's own."""

_SIDE = 64
"""Of the part of the first image's size on which a network is compared with itself."""

_NARROW = 8


class Convolution:
    """A 3x3 convolution: maps (N, C, H, W) -> (N, C', H, W), whose channels lie last in memory.

    Where those of the input do, nothing is copied.
    """

    def __init__(self, layer: nn.Conv2d, threads: int) -> None:
        self._threads = threads
        self._torch = layer

    @cached_property
    def _layer(self) -> Layer:
        """Made when it is first called: a transformed kernel takes seven times its memory."""
        return Layer.of(self._torch, nn.Identity())

    def __call__(self, maps: Tensor) -> Tensor:
        """By torch where the maps are not a batch of float32 images with the channels expected."""
        channels = self._torch.in_channels
        if maps.dtype != torch.float32 or maps.ndim != 4 or maps.shape[1] != channels or not maps.numel():  # noqa: PLR2004  # (N, C, H, W)
            return self.directly(maps)
        source = Maps.of(maps)
        into = Maps.empty((*source.size, self._layer.width))
        self._layer.convolve(source, into, self._threads)
        return into.tensor()

    def directly(self, maps: Tensor) -> Tensor:
        """The same by torch."""
        return nn.Conv2d.forward(self._torch, maps)


def build(network: nn.Module, setup: Setup) -> Restore:
    """Raises OptionError where the setup is not float32 on the CPU, or the network has no 3x3 convolution.

    The first image raises it where the network is not the same in this runtime, and names a layer.
    """
    if not _suits(setup):
        raise OptionError(f"runtime winograd: runs on the cpu in float32, got {setup.device} and {setup.dtype}")
    if not any(suits(layer) for layer in network.modules()):
        raise OptionError(
            f"runtime winograd: {type(network).__name__} has no 3x3 convolution of stride 1 in one group with zeros "
            "around the image; use torch"
        )

    def refused(fault: str) -> Restore:
        raise OptionError(f"runtime winograd: {type(network).__name__} {fault}; use torch")

    return _compared(network, setup, refused)


def where_it_pays(network: nn.Module, setup: Setup) -> Restore:
    """The same, but by `torch` where `build` or its first image raises, or every convolution is narrow.

    Measured on one core against torch: 1.2 to 3.4 times as fast from 8 channels in and out on; with three channels
    between 0.8 and 1.1 times, which the layers after the first make up.
    """
    if _suits(setup) and any(min(layer.weight.shape[:2]) >= _NARROW for layer in network.modules() if suits(layer)):
        return _compared(network, setup, lambda _: fast(network, setup))
    return fast(network, setup)


def by_algorithm(setup: Setup, fast: float, direct: float) -> dict[str, float]:
    """Multiply-accumulates of Winograd's and of direct convolution, those of the one that the setup runs first."""
    found = {"winograd": fast, "direct": direct}
    runtime = setup.options.get("runtime", "auto")
    runs = runtime == "winograd" or (runtime == "auto" and _suits(replace(setup, dtype=setup.precision)))
    return found if runs else dict(reversed(found.items()))


def macs_per_place(layer: nn.Conv2d) -> float:
    """Multiply-accumulates for one place of a convolution's maps as it runs here."""
    width, depth, side = layer.weight.shape[:3]
    return winograd.macs_per_place(depth, width, side) if suits(layer) else layer.weight.numel()


def in_parts(network: nn.Module, threads: int) -> dict[str, Callable[..., Any]]:
    """Lets the largest parts of `network` that can be traced be computed by programs, and the rest as `apart`.

    Gives what was rewritten by its name.
    """
    found: dict[str, Callable[..., Any]] = dict(_programs(network, "", threads))
    for name, program in found.items():
        network.get_submodule(name).forward = program
    return found | apart(network, threads)


def _programs(part: nn.Module, name: str, threads: int) -> Iterator[tuple[str, Program]]:
    if not any(suits(layer) for layer in part.modules()):
        return
    try:
        yield name, Program(part, threads)
    except NotTraceableError:
        for child, module in part.named_children():
            yield from _programs(module, f"{name}.{child}" if name else child, threads)


def apart(network: nn.Module, threads: int) -> dict[str, Convolution]:
    """Lets each 3x3 convolution in `network` be computed by itself; gives these by their names."""
    found = {name: Convolution(layer, threads) for name, layer in network.named_modules() if suits(layer)}
    for name, convolution in found.items():
        network.get_submodule(name).forward = convolution  # what a module calls
    return found


def _suits(setup: Setup) -> bool:
    return setup.device == "cpu" and setup.dtype == "float32"


class _Candidate:
    """A network beside its rewritten copy."""

    def __init__(
        self, network: nn.Module, setup: Setup, rewrite: Callable[[nn.Module, int], Mapping[str, Callable[..., Any]]]
    ) -> None:
        self._plain = plain(network, setup)
        self._copy = folded(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs
        self._rewritten = rewrite(self._copy, setup.threads)
        self.restore = inference(self._copy, setup, torch.channels_last)

    def off(self, shape: torch.Size) -> float:
        """By how much the copy is not the network on a small image."""
        image = _small(shape)
        return _difference(self.restore(image), self._plain(image))

    def worst(self, shape: torch.Size) -> str:
        """The convolution that is furthest from what torch makes of the same maps, in words."""
        found: dict[str, float] = {}

        def watch(name: str, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            rewritten = self._rewritten[name]
            if isinstance(rewritten, Convolution):
                found[name] = max(found.get(name, 0.0), _difference(output, rewritten.directly(inputs[0])))

        hooks = [
            self._copy.get_submodule(name).register_forward_hook(
                lambda _, inputs, output, name=name: watch(name, inputs, output)
            )
            for name in self._rewritten
        ]
        try:
            self.restore(_small(shape))
        finally:
            for hook in hooks:
                hook.remove()
        name = max(found, key=lambda name: found[name])
        return f"layer {name} is alone {found[name]:.1e} off"


def _small(shape: torch.Size) -> Tensor:
    """A random image of the shape's channels, on which a network is compared with itself."""
    return torch.rand(1, shape[1], *(min(side, _SIDE) for side in shape[2:]), generator=torch.Generator())


def _compared(network: nn.Module, setup: Setup, otherwise: Callable[[str], Restore]) -> Restore:
    """The rewritten network once it was found to be the same, or what `otherwise` makes of the fault."""
    candidate = _Candidate(network, setup, in_parts)
    chosen: list[Restore] = []

    def choose(shape: torch.Size) -> Restore:
        if candidate.off(shape) <= TOLERANCE:
            return candidate.restore
        other = _Candidate(network, setup, apart)
        off = other.off(shape)
        if off <= TOLERANCE:
            return other.restore
        return otherwise(f"is {off:.1e} off, more than {TOLERANCE:g}; {other.worst(shape)}")

    def restore(degraded: Tensor) -> Tensor:
        if not chosen:
            chosen.append(choose(degraded.shape))
        return chosen[0](degraded)

    return restore


def _difference(found: Tensor, expected: Tensor) -> float:
    """The largest difference; infinite for other shapes, or where only one of them is a number."""
    if found.shape != expected.shape:
        return math.inf
    same = (found == expected) | (found.isnan() & expected.isnan())
    largest = float(torch.where(same, 0.0, (found - expected).abs()).max())
    return math.inf if math.isnan(largest) else largest
