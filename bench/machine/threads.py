"""How many threads this process computes with, in every library that has its own pool."""

from __future__ import annotations

import sys

from bench.errors import SpecError


def fix_threads(count: int) -> None:
    """Makes torch, numba, OpenCV, BLAS and OpenMP use `count` threads from here on.

    Libraries that are not loaded yet are left unloaded, torch apart; call it again after loading one. Raises
    `SpecError` unless `count` is positive.
    """
    if count < 1:
        raise SpecError(f"threads must be at least 1, got {count}")
    import torch
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=count)
    torch.set_num_threads(count)
    if numba := sys.modules.get("numba"):
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    if cv2 := sys.modules.get("cv2"):
        cv2.setNumThreads(count)
