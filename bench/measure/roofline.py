"""How fast this machine can multiply and move data, and how near to that a method comes.

A method can do no better than the smaller of the processor's peak and its bytes' way through memory:
attainable = min(peak, intensity x bandwidth) (Williams, Waterman & Patterson 2009, Roofline). The intensity taken here
is an upper bound (images and weights moved once), so that the share of the attainable speed is a lower one; the work is
what the algorithm that runs multiplies, not what another one would. A share above 1 means that the probe missed the
true peak.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn.functional import conv2d

from bench.errors import BenchError
from bench.machine.clock import Clock, clock_for
from bench.machine.threads import fixed_threads
from bench.measure.calls import repeated
from bench.measure.counts import count
from bench.measure.inputs import batch_for
from bench.plan.case import Case
from restoration.catalog import get


@dataclass(frozen=True)
class Load:
    """What a kind of device is probed with: enough to keep it busy, too little to last."""

    dtypes: Sequence[str]
    gemm_sides: Sequence[int]
    convolutions: Sequence[tuple[int, int]]
    """Channels and side of the maps of the 3x3 convolutions probed."""
    working_sets: Sequence[int]
    """Bytes, from the nearest cache to main memory."""
    moved: int
    """Bytes that one call copies at least, so that the call itself hardly counts."""


LOADS: Mapping[str, Load] = {
    "cpu": Load(
        dtypes=("float32", "bfloat16"), gemm_sides=(512, 1024, 2048), convolutions=((64, 64), (64, 256), (128, 128)),
        working_sets=tuple(2**exponent for exponent in range(16, 29, 2)), moved=2**22,
    ),
    "cuda": Load(
        dtypes=("float32", "float16", "bfloat16"), gemm_sides=(1024, 4096, 8192),
        convolutions=((64, 256), (64, 1024), (256, 256)),
        working_sets=tuple(2**exponent for exponent in range(20, 33, 2)), moved=2**32,
    ),
}  # fmt: skip
"""By kind of device."""

_SECONDS_EACH = 0.15
_LONGEST_CALL = 0.5  # seconds


@dataclass(frozen=True)
class Kernel:
    """One kernel of the probe, at its best."""

    name: str
    dtype: str
    flops_per_second: float


@dataclass(frozen=True)
class Roof:
    """The speeds that one machine reached with a certain number of threads."""

    kernels: tuple[Kernel, ...]
    bandwidths: Mapping[int, float]
    """Bytes per second by working set in bytes."""

    def peak(self, dtype: str) -> float:
        """FLOP/s of the fastest kernel probed in `dtype`; raises `BenchError` where none was."""
        speeds = [kernel.flops_per_second for kernel in self.kernels if kernel.dtype == dtype]
        if not speeds:
            probed = sorted({kernel.dtype for kernel in self.kernels})
            raise BenchError(f"the roofline was not probed in {dtype}; probed: {probed}")
        return max(speeds)

    def bandwidth(self, working_set: float) -> float:
        """Bytes per second for data of `working_set` bytes: the best of the sets probed from the next smaller one up.

        Rather too high than too low: a smaller set moves no slower than a larger one.
        """
        nearest = max((size for size in self.bandwidths if size <= working_set), default=min(self.bandwidths))
        return max(speed for size, speed in self.bandwidths.items() if size >= nearest)

    def attainable(self, dtype: str, flops_per_byte: float, working_set: float) -> float:
        """The most FLOP/s that work of this intensity can reach."""
        return min(self.peak(dtype), flops_per_byte * self.bandwidth(working_set))


@dataclass(frozen=True)
class Place:
    """One method under the roof."""

    case: Case
    flops_per_byte: float
    flops_per_second: float
    attainable: float

    @property
    def share(self) -> float:
        """Of the attainable speed: 0.6 is 60 %."""
        return self.flops_per_second / self.attainable

    @property
    def verdict(self) -> str:
        """What is wrong with a share above 1, in words; empty for a possible one."""
        if self.share <= 1:
            return ""
        return (
            f"{self.share:.0%} of the attainable speed cannot be: the probe missed this machine's peak; run it again "
            "with nothing else running"
        )


def probe(
    device: str = "cpu",
    *,
    load: Load | None = None,
    seconds_each: float = _SECONDS_EACH,
    clock: Clock | None = None,
) -> Roof:
    """Measures the roof of `device`, with the threads that are fixed now.

    Each kernel and each working set takes about `seconds_each`. `load` is the device's usual one where it is left out.
    """
    load = LOADS[device.partition(":")[0]] if load is None else load
    clock = clock_for(device) if clock is None else clock
    kernels = [kernel for dtype in load.dtypes for kernel in _probed(dtype, device, load, seconds_each, clock)]
    bandwidths = {size: moved / best(call, clock, seconds=seconds_each) for size, moved, call in _copies(device, load)}
    return Roof(tuple(kernels), bandwidths)


def _probed(dtype: str, device: str, load: Load, seconds_each: float, clock: Clock) -> Iterator[Kernel]:
    """The kernels of one dtype, from small to large; a processor that only emulates it is spared the large ones."""
    fastest = 0.0
    for name, flops, call in _kernels(dtype, device, load):
        if fastest and flops / fastest > _LONGEST_CALL:
            continue
        speed = flops / best(call, clock, seconds=seconds_each)
        fastest = max(fastest, speed)
        yield Kernel(name, dtype, speed)


def best(call: Callable[[], object], clock: Clock, *, seconds: float) -> float:
    """Seconds of the fastest of the calls that fit into `seconds`."""
    return max(min(repeated(call, clock, seconds=seconds)), 1e-12)


def place(case: Case, roof: Roof, *, macs_per_pixel: float, bytes_per_pixel: float, seconds: Iterable[float]) -> Place:
    """Where `case` lies, from its counts per output pixel and its timed calls (their median)."""
    pixels = case.height * case.width
    intensity = 2 * macs_per_pixel / bytes_per_pixel
    return Place(
        case=case,
        flops_per_byte=intensity,
        flops_per_second=2 * macs_per_pixel * pixels / statistics.median(seconds),
        attainable=roof.attainable(case.dtype, intensity, bytes_per_pixel * pixels),
    )


def measured_place(case: Case, roof: Roof, *, seconds: float = 1.0, clock: Clock | None = None) -> Place:
    """Counts and times `case` for about `seconds`, and places it; raises `BenchError` where nothing is counted."""
    clock = clock_for(case.device) if clock is None else clock
    method, setup = get(case.method), case.setup()
    found = {(r.quantity, r.part): r.value for r in count(method, setup, height=case.height, width=case.width)}
    counters = (("executed_macs_per_pixel", ""), ("macs_per_pixel", "torch"), ("macs_per_pixel", "closed_form"))
    macs = next((found[counter] for counter in counters if found.get(counter)), None)
    moved = found.get(("bytes_per_pixel", ""))
    if not macs or not moved:
        raise BenchError(f"{case.method}: has no operation count, so no place under the roofline")
    with fixed_threads(case.threads), torch.inference_mode():
        restore, batch = method.build(method.checked(setup)), batch_for(case)
        times = repeated(partial(restore, batch), clock, seconds=seconds)
    return place(case, roof, macs_per_pixel=macs, bytes_per_pixel=moved, seconds=times)


def _kernels(dtype: str, device: str, load: Load) -> Iterator[tuple[str, float, Callable[[], torch.Tensor]]]:
    """Name, FLOPs and call of each kernel of the probe in `dtype`."""
    kind = getattr(torch, dtype)
    for side, (channels, places) in zip(load.gemm_sides, load.convolutions, strict=True):
        left, right = (torch.rand(side, side, device=device).to(kind) for _ in range(2))
        yield f"gemm {side}", 2.0 * side**3, partial(torch.matmul, left, right)
        for layout in (torch.contiguous_format, torch.channels_last):
            maps = torch.rand(1, channels, places, places, device=device).to(kind).to(memory_format=layout)
            weights = torch.rand(channels, channels, 3, 3, device=device).to(kind).to(memory_format=layout)
            name = f"conv 3x3 {channels} x {places} x {places}" + " channels last" * (layout is torch.channels_last)
            yield name, 2.0 * 9 * channels**2 * places**2, partial(conv2d, maps, weights, padding=1)


def _copies(device: str, load: Load) -> Iterator[tuple[int, float, Callable[[], torch.Tensor]]]:
    """Working set, bytes read and written, and call of the copies by which bandwidth is measured."""
    for size in load.working_sets:
        source = torch.rand(size // 8, device=device)  # half the set, float32
        target = torch.empty_like(source)
        times = max(1, load.moved // size)

        def copy(source: torch.Tensor = source, target: torch.Tensor = target, times: int = times) -> torch.Tensor:
            for _ in range(times):
                target.copy_(source)
            return target

        yield size, float(size * times), copy
