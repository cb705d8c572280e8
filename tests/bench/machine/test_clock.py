"""Clocks never go back, and a CUDA clock reads the device's time, not the host's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import torch

from bench.errors import ClockError
from bench.machine.clock import CudaClock, HostClock, clock_for, smallest_step


@dataclass
class FakeEvent:
    """An event that remembers the device's time at which it was reached, in milliseconds."""

    cuda: FakeCuda
    at: float | None = None
    finished: bool = False

    def record(self) -> None:
        self.at = self.cuda.now

    def synchronize(self) -> None:
        self.finished = True

    def elapsed_time(self, end: FakeEvent) -> float:
        assert self.finished, "an event was read before it was waited for"
        assert end.finished, "an event was read before it was waited for"
        assert self.at is not None
        assert end.at is not None
        return end.at - self.at


@dataclass
class FakeCuda:
    """A device on which work takes as long as `launch` says, finished only when it is waited for."""

    now: float = 0.0
    queued: float = 0.0
    devices: list[str] = field(default_factory=list)

    def is_available(self) -> bool:
        return True

    @contextlib.contextmanager
    def device(self, name: str) -> Iterator[None]:
        self.devices.append(name)
        yield

    def Event(self, *, enable_timing: bool) -> FakeEvent:  # noqa: N802 - the name torch gives it
        assert enable_timing
        return FakeEvent(self)

    def synchronize(self) -> None:
        self.now += self.queued
        self.queued = 0.0

    def launch(self, milliseconds: float) -> None:
        self.queued += milliseconds


def test_cuda_clock_reads_the_device_in_seconds_and_waits_for_it() -> None:
    cuda = FakeCuda()
    clock = CudaClock("cuda:1", cuda=cuda)
    start = clock()
    cuda.launch(2.0)
    cuda.launch(3.5)
    middle = clock()
    end = clock()
    assert middle - start == pytest.approx(0.0055)
    assert end == middle
    assert set(cuda.devices) == {"cuda:1"}


def test_work_queued_before_the_start_is_not_charged() -> None:
    cuda = FakeCuda()
    clock = CudaClock(cuda=cuda)
    clock()
    cuda.launch(100.0)
    start = clock()
    cuda.launch(1.0)
    assert clock() - start == pytest.approx(0.001)


def test_host_clock_never_goes_back_and_moves() -> None:
    clock = HostClock()
    readings = [clock() for _ in range(100)]
    assert readings == sorted(readings)
    assert smallest_step(clock, samples=3) > 0


def test_smallest_step_skips_readings_that_stand_still() -> None:
    readings = iter([0.0, 0.0, 0.0, 3.0, 3.0, 5.0])
    assert smallest_step(lambda: next(readings), samples=2) == 2.0


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ClockError, match="torch sees no CUDA device"):
        clock_for("cuda")


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ClockError, match="expected cpu, cuda"):
        clock_for("tpu")
    assert isinstance(clock_for("cpu"), HostClock)


@pytest.mark.cuda
def test_cuda_clock_times_a_real_device() -> None:
    clock = CudaClock()
    start = clock()
    torch.rand(512, 512, device="cuda") @ torch.rand(512, 512, device="cuda")
    assert 0 < clock() - start < 10
