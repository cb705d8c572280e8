"""Room for a batch: one that is larger than memory is a failed case, and ends neither the process nor its neighbours.

On Linux the process may take no more than what is free while a batch is measured, so that an allocation beyond that
fails where it is made. Every batch is tried by itself: one that fails keeps no larger one from being tried.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from bench.errors import BenchError
from bench.machine.environment import memory_available
from bench.measure.memory import in_units
from bench.plan.case import Case
from bench.talk import counted

_REFUSED = re.compile(r"allocate|out of memory|bad_alloc|not enough memory", re.IGNORECASE)
"""What torch, CUDA and NumPy say where there is no memory left."""

_BYTES = 4  # images are made as float32


@contextmanager
def room_for(case: Case) -> Iterator[None]:
    """Measures a batch; raises `BenchError` where it does not fit into memory. A single image is left alone."""
    if case.batch == 1:
        yield
        return
    free = memory_available()
    images = case.batch * case.channels * case.height * case.width * _BYTES
    least = images + images / case.scale**2
    if case.device == "cpu" and least > free:
        raise BenchError(
            f"{_beyond(case)}: its images alone need {in_units(least)}, {in_units(free)} are free; {_ADVICE}"
        )
    try:
        with _at_most(free):
            yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _REFUSED.search(str(error)):
            raise
        if case.device != "cpu":
            torch.cuda.empty_cache()
        said = f" ({str(error).splitlines()[0]})" if str(error) else ""
        raise BenchError(f"{_beyond(case)}{said}; {_ADVICE}") from error


_ADVICE = "try a smaller batch"


def _beyond(case: Case) -> str:
    batch = counted(case.batch, "image")
    return f"{case.method}: a batch of {batch} of {case.height} x {case.width} does not fit into memory"


@contextmanager
def _at_most(more: float) -> Iterator[None]:
    """Lets this process take at most so many bytes more, where the system can hold it to that."""
    if sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(psutil.Process().memory_info().data + more)
    allowed = [limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
