"""Independent jobs over the processor's cores, in threads of this process.

For jobs that hold Python's lock only for a moment. Plain threads, rather than a compiler's own pool: any number of
callers may use them at once, a forked child starts its own, and nobody's setting of a number of threads is touched.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

Job = Callable[[], object]


def share_out(jobs: Iterable[Job], workers: int) -> None:
    """Calls all `jobs`, by `workers` threads at most, this one included; each takes the next that nobody has.

    Raises what a job raises, after the others have ended.
    """
    waiting = deque(jobs)
    others = min(workers, len(waiting)) - 1
    helping = [_pool(workers - 1).submit(_work_off, waiting) for _ in range(others)]
    try:
        _work_off(waiting)
    finally:
        for helper in helping:
            helper.cancel() or helper.result()


def _work_off(waiting: deque[Job]) -> None:
    while waiting:
        try:
            job = waiting.popleft()
        except IndexError:  # another thread was faster
            return
        job()


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="restoration")


os.register_at_fork(after_in_child=_pool.cache_clear)
