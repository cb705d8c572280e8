"""Runs a network with its chains of 3x3 convolutions by `restoration.compiled.winograd`, the rest by torch."""

from __future__ import annotations

import torch
from torch import nn

from restoration.compiled import winograd
from restoration.errors import OptionError
from restoration.method import Restore, Setup
from restoration.runtimes.torch import folded, inference


def build(network: nn.Module, setup: Setup) -> Restore:
    """Raises OptionError where the setup is not float32 on the CPU, or the network has no such chain."""
    if not _suits(setup):
        raise OptionError(f"runtime winograd: runs on the cpu in float32, got {setup.device} and {setup.dtype}")
    restore = where_it_applies(network, setup)
    if restore is None:
        raise OptionError(f"runtime winograd: {type(network).__name__} has no chain of 3x3 convolutions; use torch")
    return restore


def where_it_applies(network: nn.Module, setup: Setup) -> Restore | None:
    """The same, but None where `build` raises."""
    if not _suits(setup):
        return None
    small = folded(network)
    applies = winograd.applied(small, setup.threads)
    return inference(small, setup, torch.contiguous_format) if applies else None


def _suits(setup: Setup) -> bool:
    return setup.device == "cpu" and setup.dtype == "float32"
