"""Runs a network by torch: as published (`plain`), folded and channels last (`torch`), or compiled (`compile`)."""

from __future__ import annotations

import copy
import itertools
import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from restoration.errors import PackageMissingError
from restoration.method import Restore, Setup

NO_COMPILER = "runtime compile: torch.compile needs a C++ compiler (g++ or clang++) on PATH, found none"


def folded(network: nn.Module) -> nn.Module:
    """A copy in which each batch norm after a convolution is part of it: the same function in evaluation mode."""
    result = copy.deepcopy(network).eval()
    for sequence in [module for module in result.modules() if isinstance(module, nn.Sequential)]:
        for index, (layer, following) in enumerate(itertools.pairwise(sequence)):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                sequence[index] = fuse_conv_bn_eval(layer, following)
                sequence[index + 1] = nn.Identity()
    return result


class Bound(nn.Module):
    """A network with all its arguments but the batch."""

    def __init__(self, network: nn.Module, arguments: Mapping[str, Any]) -> None:
        super().__init__()
        self.network = network
        self.arguments = arguments

    def forward(self, degraded: Tensor) -> Tensor:
        """The restored batch."""
        return self.network(degraded, **self.arguments)  # type: ignore[no-any-return]  # torch types a module's call as Any


def inference(network: Callable[[Tensor], Tensor], setup: Setup, layout: torch.memory_format) -> Restore:
    """`network` without gradients, in the setup's dtype, on images that lie in memory as `layout` says."""

    def restore(degraded: Tensor) -> Tensor:
        with torch.inference_mode():
            return network(degraded.to(setup.torch_dtype, memory_format=layout)).to(degraded.dtype)

    return restore


def plain(network: nn.Module, setup: Setup) -> Restore:
    """The layers as published."""
    return inference(network.to(setup.device, setup.torch_dtype), setup, torch.contiguous_format)


def fast(network: nn.Module, setup: Setup) -> Restore:
    """The layers folded, channels last in memory."""
    return inference(_channels_last(network, setup), setup, torch.channels_last)


def compiled(network: nn.Module, setup: Setup) -> Restore:
    """The same through torch.compile; raises PackageMissingError where there is no C++ compiler."""
    if lacks_compiler(setup.device):
        raise PackageMissingError(NO_COMPILER)
    program = torch.compile(_channels_last(network, setup), dynamic=False, options={"freezing": True})
    return inference(program, setup, torch.channels_last)


def lacks_compiler(device: str) -> bool:
    """Whether torch.compile cannot make programs for `device` here."""
    return device == "cpu" and not (os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++"))


def _channels_last(network: nn.Module, setup: Setup) -> nn.Module:
    small = folded(network).to(setup.device, setup.torch_dtype)
    return small.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]  # missing in the stubs
