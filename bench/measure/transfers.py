"""Seconds of moving images between host and device: never part of a method's own time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.machine.clock import Clock, clock_for
from bench.plan.case import Case, Reading

if TYPE_CHECKING:
    from torch import Tensor

_CALLS = 7


def transfer_readings(case: Case) -> Iterator[Reading]:
    """What it takes to bring the degraded batch of `case` to its device and the restored one back; see `transfers`.

    Nothing for a case on the CPU, where images need no moving.
    """
    from dataclasses import replace

    import torch

    from bench.measure.inputs import batch_for

    if case.device == "cpu":
        return
    degraded = batch_for(replace(case, device="cpu"))
    restored = torch.empty(1, case.channels, case.height, case.width, dtype=degraded.dtype)
    yield from transfers(degraded, restored, device=case.device, clock=clock_for(case.device))


def transfers(degraded: Tensor, restored: Tensor, *, device: str, clock: Clock) -> Iterator[Reading]:
    """`transfer_seconds` of both directions, with `transfer_bytes`; the first of each is marked and comes apart."""
    back = restored.to(device)
    for part, tensor, target in (("host to device", degraded, device), ("device to host", back, "cpu")):
        yield Reading("transfer_bytes", tensor.nbytes, "B", part=part)
        for repeat in range(1 + _CALLS):
            begin = clock()
            tensor.to(target, copy=True)
            seconds = clock() - begin
            yield Reading("transfer_seconds", seconds, "s", "measure" if repeat else "first", part, max(repeat - 1, 0))
