"""How many cores this process may use, and with how many threads every library in it computes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import SpecError
from bench.machine.system_files import system_text


def usable_cores() -> int:
    """The number of cores this process may run on, which a container or an affinity mask can make fewer than there are.

    A quota on processor time counts as the whole cores it is worth, at least one.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return cores if quota is None else max(1, min(cores, int(quota)))


def cpu_quota() -> float | None:
    """The cores' worth of processor time that a control group allows, or None where it allows all."""
    words = system_text(Path("/sys/fs/cgroup/cpu.max")).split()
    if not words:
        folder = Path("/sys/fs/cgroup/cpu")
        words = [system_text(folder / "cpu.cfs_quota_us"), system_text(folder / "cpu.cfs_period_us")]
    if words[0] in {"", "max", "-1"}:
        return None
    return float(words[0]) / float(words[1])


def fix_threads(count: int) -> None:
    """Makes torch, numba, OpenCV, BLAS and OpenMP use `count` threads from here on.

    Libraries that are not loaded yet are left unloaded, torch apart; call it again after loading one. Raises
    `SpecError` unless `count` is positive.
    """
    if count < 1:
        raise SpecError(f"threads must be at least 1, got {count}")
    import torch
    from threadpoolctl import threadpool_limits

    if numba := sys.modules.get("numba"):  # before torch: numba starts its threads here, and sets OpenMP's for both
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    if cv2 := sys.modules.get("cv2"):
        cv2.setNumThreads(count)
    threadpool_limits(limits=count)
    torch.set_num_threads(count)


@contextmanager
def fixed_threads(count: int) -> Iterator[None]:
    """Makes every library here use `count` threads inside the block; afterwards torch's earlier number again."""
    import torch

    before = torch.get_num_threads()
    fix_threads(count)
    try:
        yield
    finally:
        fix_threads(before)
