"""Runs a network with its 3x3 convolutions by `restoration.compiled.winograd`, the rest by torch.

Any network will do: its modules stay what they are, and those that suit (see `suits`) get another `forward`. Within a
Sequential, a ReLU, LeakyReLU or PReLU and the further convolutions that follow are computed with the first. Whatever
stands between is torch's, on maps whose channels lie last in memory, as the convolutions read and write them.

A network is compared with itself before its first image is restored: what it computes beside its layers, such as with
the kernels of a convolution that it never calls, nobody can know beforehand.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import replace
from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from restoration.compiled import winograd
from restoration.compiled.winograd import Layer
from restoration.errors import OptionError
from restoration.method import Restore, Setup
from restoration.runtimes.torch import fast, folded, inference, plain

TOLERANCE = 1e-4
"""How far the output may be from the module's own."""

_SIDE = 64
"""Of the part of the first image's size on which a network is compared with itself."""

_NARROW = 8

_ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.PReLU)


class Chain:
    """What 3x3 convolutions and activations in a row compute: maps (N, C, H, W) -> (N, C', H, W).

    The result's channels lie last in memory; where the input's do, nothing is copied.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._steps: list[tuple[Layer, nn.Conv2d, nn.Module]] = []

    def append(self, convolution: nn.Conv2d, activation: nn.Module) -> None:
        """Adds a convolution and what follows it, `nn.Identity` where nothing does."""
        self._steps.append((Layer.of(convolution, activation), convolution, activation))

    def __call__(self, maps: Tensor) -> Tensor:
        """The last layer's maps; by torch where they are not a batch of float32 images with the channels expected."""
        depth = self._steps[0][0].depth
        if maps.dtype != torch.float32 or maps.ndim != 4 or maps.shape[1] != depth or not maps.numel():  # noqa: PLR2004  # (N, C, H, W)
            return self.directly(maps)
        source = given = maps.detach().permute(0, 2, 3, 1).contiguous().numpy()
        spare = given
        for layer, _, _ in self._steps:
            shape = (*source.shape[:3], layer.width)
            target = spare if spare is not given and spare.shape == shape else np.empty(shape, np.float32)
            layer.convolve(source, target, self.threads)
            source, spare = target, source
        return torch.from_numpy(source).permute(0, 3, 1, 2)

    def directly(self, maps: Tensor) -> Tensor:
        """The same by torch."""
        for _, convolution, activation in self._steps:
            maps = activation(nn.Conv2d.forward(convolution, maps))
        return maps


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
    width, depth = layer.weight.shape[:2]
    return winograd.macs_per_place(depth, width) if suits(layer) else layer.weight.numel()


def joined(network: nn.Module, threads: int) -> dict[str, Chain]:
    """Lets the 3x3 convolutions in `network` be computed as chains; gives these by their first layers' names."""
    calls = Counter(module for _, module in network.named_modules(remove_duplicate=False) if suits(module))
    own = {layer for layer, count in calls.items() if count == 1}
    for module in network.modules():
        if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
            _join(module, own, threads)
    return apart(network, threads)


def apart(network: nn.Module, threads: int) -> dict[str, Chain]:
    """The same with a chain for each convolution that is in none: for who looks between the layers of a Sequential."""
    for module in network.modules():
        if suits(module) and "forward" not in vars(module):
            _begin(module, threads).append(module, nn.Identity())
    return {name: module.forward for name, module in network.named_modules() if isinstance(module.forward, Chain)}


def suits(module: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Whether it is a 3x3 convolution that keeps the image's size and sees zeros around it."""
    return (
        isinstance(module, nn.Conv2d)
        and type(module).forward is nn.Conv2d.forward
        and module.kernel_size == (3, 3)
        and module.padding in {(1, 1), "same"}
        and module.stride == module.dilation == (1, 1)
        and module.groups == 1
        and module.padding_mode == "zeros"
    )


def _join(sequence: nn.Sequential, own: Container[nn.Module], threads: int) -> None:
    """Makes chains of the convolutions in a sequence that are only its `own`."""
    chain: Chain | None = None
    for position in range(len(sequence)):
        layer = sequence[position]
        if isinstance(layer, nn.Conv2d) and layer in own:
            activation = _activation_after(position, sequence)
            if chain is None:
                chain = _begin(layer, threads)
            else:
                layer.forward = _as_it_came  # type: ignore[assignment, method-assign]  # what a module calls
            chain.append(layer, activation)
        elif not isinstance(layer, nn.Identity):
            chain = None


def _activation_after(position: int, sequence: nn.Sequential) -> nn.Module:
    """The activation that follows, taken out of the sequence; `nn.Identity` where none does."""
    for index in range(position + 1, len(sequence)):
        layer = sequence[index]
        if type(layer) in _ACTIVATIONS:
            sequence[index] = nn.Identity()
            return layer
        if not isinstance(layer, nn.Identity):
            break
    return nn.Identity()


def _as_it_came(maps: Tensor) -> Tensor:
    return maps


def _begin(layer: nn.Module, threads: int) -> Chain:
    """A chain that is computed where `layer` is called."""
    chain = Chain(threads)
    layer.forward = chain
    return chain


def _suits(setup: Setup) -> bool:
    return setup.device == "cpu" and setup.dtype == "float32"


class _Candidate:
    """A network beside its rewritten copy."""

    def __init__(self, network: nn.Module, setup: Setup, rewrite: Callable[[nn.Module, int], dict[str, Chain]]) -> None:
        self.plain = plain(network, setup)
        self.copy = folded(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs
        self.chains = rewrite(self.copy, setup.threads)
        self.restore = inference(self.copy, setup, torch.channels_last)

    def fault(self, shape: torch.Size) -> str:
        """By how much the copy is not the network on a small image, and its worst layer; empty where it is."""
        image = torch.rand(1, shape[1], *(min(side, _SIDE) for side in shape[2:]), generator=torch.Generator())
        found = _difference(self.restore(image), self.plain(image))
        if found <= TOLERANCE:
            return ""
        alone = self._differences(image)
        worst = max(alone, key=lambda name: alone[name])
        return f"is {found:.1e} off, more than {TOLERANCE:g}; layer {worst} is alone {alone[worst]:.1e} off"

    def _differences(self, image: Tensor) -> dict[str, float]:
        """How far each chain is from what torch makes of the same maps."""
        found = dict.fromkeys(self.chains, 0.0)

        def watch(name: str, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            found[name] = max(found[name], _difference(output, self.chains[name].directly(inputs[0])))

        hooks = [
            self.copy.get_submodule(name).register_forward_hook(
                lambda _, inputs, output, name=name: watch(name, inputs, output)
            )
            for name in self.chains
        ]
        try:
            self.restore(image)
        finally:
            for hook in hooks:
                hook.remove()
        return found


def _compared(network: nn.Module, setup: Setup, otherwise: Callable[[str], Restore]) -> Restore:
    """The rewritten network once it was found to be the same, or what `otherwise` makes of the fault."""
    candidate = _Candidate(network, setup, joined)
    chosen: list[Restore] = []

    def choose(shape: torch.Size) -> Restore:
        if not candidate.fault(shape):
            return candidate.restore
        other = _Candidate(network, setup, apart)
        fault = other.fault(shape)
        return otherwise(fault) if fault else other.restore

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
