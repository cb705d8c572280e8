"""A model file that its own runtime has opened: what goes in, and how it is run."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Size, Tensor

from restoration.method import Restore


@dataclass(frozen=True)
class Input:
    """One of the arrays that a model takes."""

    name: str
    shape: tuple[int | None, ...] | None = None
    """Its declared sides; None for a side that is free, None in all where the file does not say."""


@dataclass(frozen=True)
class Program:
    """A model in the memory of its runtime."""

    inputs: tuple[Input, ...]
    run: Callable[[Sequence[Tensor]], Tensor]
    """Float32 arrays in the order of the inputs -> the first output."""
    multiple: int = 1
    """What sides must be a multiple of, as far as the file says; a runtime that does not check it gives anything."""


def for_each_shape(made: Callable[[Size], Program]) -> Restore:
    """Restores batches by the program that `made` gives for their shape, once for each shape."""
    ready = functools.cache(made)
    return lambda degraded: ready(degraded.shape).run([degraded.float()]).to(degraded.dtype)


@contextmanager
def silent() -> Iterator[None]:
    """What native code prints inside goes nowhere: some runtimes greet on standard output, where tables belong."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept, nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        yield
    finally:
        for stream, copy in enumerate(kept, start=1):
            os.dup2(copy, stream)
        for descriptor in (*kept, nowhere):
            os.close(descriptor)
