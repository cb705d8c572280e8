"""What a restoration method is: `Setup` in, `Restore` out, and what is known of it beforehand.

This module imports nothing heavy, so that listing methods stays instant.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from restoration.errors import OptionError, ScaleError, ShapeError

if TYPE_CHECKING:
    import torch

Option = bool | int | float | str
"""The value of a method's own option, as TOML can write it."""

Task = Literal["denoise", "upscale"]

TrainedFor = Literal["", "psnr", "looks", "unsaid"]
"""What a network's loss asked for: small errors of pixels, or looks (features of another network, an adversary); what
its authors do not say; nothing where nothing is trained."""

Restore = Callable[["torch.Tensor"], "torch.Tensor"]
"""Degraded batch (N, C, H, W), float in [0, 1] -> restored batch (N, C, scale H, scale W)."""


@dataclass(frozen=True)
class Setup:
    """All that a method may use before it has seen an image.

    `sigma` is the noise's standard deviation in image units (25 on the 8-bit scale is 25 / 255). `dtype` is torch's
    name of it. `threads` is the number of host threads the caller has fixed. `options` are the method's own.
    """

    channels: int = 1
    sigma: float = 0.0
    scale: int = 1
    device: str = "cpu"
    dtype: str = "float32"
    threads: int = 1
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def precision(self) -> str:
        """What a network's layers compute in: the option `precision`, or where that is empty the images' dtype."""
        return str(self.options.get("precision") or self.dtype)

    @property
    def torch_dtype(self) -> torch.dtype:
        """`dtype` as torch's own object."""
        import torch

        return getattr(torch, self.dtype)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Agreement:
    """`method` with `options` must give the same output within `tolerance` (absolute, image units)."""

    method: str
    tolerance: float
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class Shared:
    """Work shared over one option: `build` makes, from a setup and values of `option`, what restores with each of them.

    The outputs come in the order of the values and equal those of the method built with each value.
    """

    option: str
    build: Callable[[Setup, tuple[Option, ...]], Callable[[torch.Tensor], Iterable[torch.Tensor]]]


@dataclass(frozen=True)
class Method:
    """One way to restore an image, and everything a benchmark has to know of it before building it."""

    name: str
    task: Task
    build: Callable[[Setup], Restore]
    """Untimed: loads weights, allocates, compiles. The result is what is measured."""
    network: Callable[[Setup], tuple[Any, bool]] | None = None
    """The torch module behind `build`, and whether it takes sigma (1, 1, 1, 1) after the batch: for files.

    Not needed where `build` itself makes a torch module.
    """
    summary: str = ""
    title: str = ""
    """How the method is written in figures and sentences; its name where empty."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Every option with its default; an option that is not here is refused."""
    channels: tuple[int, ...] = (1, 3)
    scales: tuple[int, ...] = (1,)
    devices: tuple[str, ...] = ("cpu", "cuda")
    dtypes: tuple[str, ...] = ("float32",)
    macs_per_pixel: Callable[[Setup], float] | None = None
    """Closed form: multiply-accumulates per output pixel, border effects left out. None where there is none."""
    algorithms: Callable[[Setup], Mapping[str, float]] | None = None
    """Multiply-accumulates per output pixel of several algorithms for this result; the one that runs comes first."""
    parameters: Callable[[Setup], int] | None = None
    """The number of learnt parameters, where operations are sometimes estimated by it."""
    shared: Shared | None = None
    same_as: Agreement | None = None
    weights: Callable[[Setup], tuple[str, ...]] | None = None
    """The names (see `restoration.weights`) of the files that `build` will load."""
    random_weights: bool = False
    """Built with random weights: cost and time mean something, quality does not."""
    trained_for: TrainedFor = ""
    thread_safe: bool = False
    """Claims that what `build` made may be called by several threads at once."""
    requires: tuple[str, ...] = ()
    """Import names of optional packages that `build` needs."""
    extra: str = ""
    """The extra of this distribution that installs `requires`."""
    lacking: Callable[[Setup], str] | None = None
    """What else is not installed that these options need, in words; empty where all is there."""
    paper: str = ""
    licence: str = ""
    """Licence of what runs, where it is not this project's own."""

    def checked(self, setup: Setup) -> Setup:
        """`setup` with every option present; raises `OptionError`, `ShapeError` or `ScaleError` where it cannot be."""
        unknown = sorted(set(setup.options) - set(self.options))
        if unknown:
            known = ", ".join(self.options) or "none"
            raise OptionError(f"{self.name}: no option {unknown[0]!r}; its options are: {known}")
        if setup.channels not in self.channels:
            raise ShapeError(f"{self.name}: takes {_either(self.channels)} channels, got {setup.channels}")
        if setup.scale not in self.scales:
            raise ScaleError(f"{self.name}: scale must be {_either(self.scales)}, got {setup.scale}")
        options = {name: _like(self, name, setup.options.get(name, default)) for name, default in self.options.items()}
        return replace(setup, options=MappingProxyType(options))


def later(reference: str) -> Callable[..., Any]:
    """A callable that imports `"module:function"` when it is first called, so that naming it costs nothing."""
    module, _, name = reference.partition(":")

    def call(*arguments: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments, **named)

    call.__name__ = name
    call.__doc__ = f"Calls `{reference}`, imported on the first call."
    return call


def variant_of(options: Mapping[str, Option]) -> str:
    """The tables' short name for a choice of options: `block_size=8 stride=1`; `default` where nothing was chosen."""
    return " ".join(f"{name}={_text(value)}" for name, value in options.items()) or "default"


def _text(value: Option) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _like(method: Method, name: str, value: Option) -> Option:
    """`value` as the kind that the option's default has; an int is welcome where a float is expected."""
    kind = type(method.options[name])
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise OptionError(f"{method.name}: option {name} takes a {kind.__name__}, got {value!r}")
    return value


def _either(values: tuple[int, ...]) -> str:
    return " or ".join(str(value) for value in values)
