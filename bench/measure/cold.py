"""Cold starts: a fresh process from its start to the first restored image.

The process imports what it needs, builds the method and restores one batch, which it is handed; nothing is warmed up
in it. Files stay in the system's cache, and whatever a method keeps on disk for the next process (compiled code) stays
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.machine.fresh_process import FreshProcess, known
from bench.plan.case import Case, Reading

if TYPE_CHECKING:
    import numpy as np
    import torch

    from bench.machine.clock import Clock


def cold_starts(case: Case, batch: torch.Tensor, count: int, clock: Clock) -> Iterator[Reading]:
    """Seconds of `count` processes, one after the other; raises `BenchError` where one restores nothing."""
    pixels = batch.float().cpu().numpy()
    for repeat in range(count):
        begin = clock()
        with FreshProcess("bench.measure.cold") as process:
            known(process.ask("restore_first", case, pixels), f"{case.method}: in a fresh process: ")
            seconds = clock() - begin
        yield Reading("seconds", seconds, "s", phase="cold", repeat=repeat)


def restore_first(case: Case, pixels: np.ndarray) -> None:
    """Runs in the fresh process: builds the method and restores `pixels` (N, C, h, w), to the last of them."""
    import torch

    from bench.machine.threads import fix_threads
    from restoration.catalog import get

    fix_threads(case.threads)
    method = get(case.method)
    restore = method.build(method.checked(case.setup()))
    with torch.inference_mode():
        restore(torch.from_numpy(pixels).to(device=case.device, dtype=case.setup().torch_dtype))
        if case.device != "cpu":
            torch.cuda.synchronize()
