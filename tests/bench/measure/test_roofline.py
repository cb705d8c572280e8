"""The roof is the best of several kernels, and nothing lies above it unremarked."""

from __future__ import annotations

import itertools

import pytest

from bench.errors import BenchError
from bench.experiments.roofline import place_readings
from bench.measure import roofline
from bench.measure.roofline import LOADS, Kernel, Load, Roof, best, measured_place, place, probe
from bench.plan.case import Case

ROOF = Roof(
    (Kernel("gemm", "float32", 200e9), Kernel("conv", "float32", 500e9), Kernel("gemm", "bfloat16", 900e9)),
    {2**16: 100e9, 2**20: 50e9, 2**24: 10e9},
)
CASE = Case("time", "given", height=1000, width=1000)


def test_the_peak_is_that_of_the_fastest_kernel_of_a_dtype() -> None:
    assert ROOF.peak("float32") == 500e9
    assert ROOF.peak("bfloat16") == 900e9
    with pytest.raises(BenchError, match="not probed in float16"):
        ROOF.peak("float16")


def test_bandwidth_is_that_of_the_largest_set_probed_that_is_no_larger() -> None:
    assert ROOF.bandwidth(1) == ROOF.bandwidth(2**16) == 100e9
    assert ROOF.bandwidth(2**23) == 50e9
    assert ROOF.bandwidth(2**30) == 10e9


def test_what_moves_much_for_little_work_is_bound_by_memory() -> None:
    assert ROOF.attainable("float32", 2, 2**30) == 20e9
    assert ROOF.attainable("float32", 1000, 2**30) == 500e9


def test_a_method_is_placed_by_its_count_and_median_time() -> None:
    found = place(CASE, ROOF, macs_per_pixel=100_000, bytes_per_pixel=8, seconds=[9.0, 1.0, 0.8])
    assert found.flops_per_second == 200e9
    assert found.flops_per_byte == 25_000
    assert found.share == 0.4
    assert found.verdict == ""


def test_more_than_the_limit_is_said_to_be_impossible() -> None:
    found = place(CASE, ROOF, macs_per_pixel=100_000, bytes_per_pixel=8, seconds=[0.2])
    assert found.share == 2
    assert found.verdict.startswith("200% of the attainable speed cannot be: the probe missed")
    share = [reading for reading in place_readings(found) if reading.quantity == "roofline_share"]
    assert share[0].note == found.verdict


def test_the_best_call_counts_and_the_first_does_not() -> None:
    now = 0.0
    durations = itertools.chain([100.0, 3.0, 1.0, 2.0], itertools.repeat(5.0))

    def call() -> None:
        nonlocal now
        now += next(durations)

    assert best(call, lambda: now, seconds=6.0) == 1.0
    assert next(durations) == 5.0


def test_the_probe_tries_gemm_and_convolution_in_each_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "_LONGEST_CALL", 10.0)
    load = Load(("float32", "bfloat16"), (16,), ((4, 8),), (2**12, 2**14), moved=2**22)
    ticks = itertools.count()
    roof = probe(load=load, seconds_each=0.0, clock=lambda: float(next(ticks)))
    assert {(kernel.dtype, kernel.name.split()[0]) for kernel in roof.kernels} == {
        (dtype, name) for dtype in ("float32", "bfloat16") for name in ("gemm", "conv")
    }
    assert roof.peak("float32") == 2 * 9 * 4**2 * 8**2  # each call takes one tick
    assert roof.bandwidths == {2**12: 2**22, 2**14: 2**22}


def test_large_kernels_of_a_dtype_that_is_slow_here_are_spared() -> None:
    load = Load(("bfloat16",), (8, 64), ((4, 8), (4, 32)), (2**12,), moved=2**12)
    ticks = itertools.count()
    roof = probe(load=load, seconds_each=0.0, clock=lambda: float(next(ticks)))
    assert {kernel.name.split(" x ")[0] for kernel in roof.kernels} == {"gemm 8"}


@pytest.mark.cuda
def test_a_cuda_device_is_probed_by_its_own_load_and_clock() -> None:
    roof = probe("cuda", seconds_each=0.02)
    assert {kernel.dtype for kernel in roof.kernels} == set(LOADS["cuda"].dtypes)
    assert roof.peak("float16") > roof.peak("float32") > 1e11
    assert roof.bandwidth(max(roof.bandwidths)) > 1e10


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_case_on_a_cuda_device_lies_under_its_roof(dtype: str) -> None:
    case = Case("time", "ffdnet", task="denoise", height=512, width=512, sigma_255=25, device="cuda", dtype=dtype)
    found = measured_place(case, probe("cuda", seconds_each=0.05), seconds=0.2)
    assert 0 < found.share <= 1


def test_bandwidth_never_grows_with_the_set() -> None:
    disturbed = Roof(ROOF.kernels, {2**16: 1e9, 2**20: 50e9, 2**24: 10e9})
    assert disturbed.bandwidth(2**16) == 50e9


def test_a_real_case_is_counted_timed_and_placed() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.5
        return now

    case = Case("experiment", "dct", "engine=dense", '{"engine":"dense"}', "denoise", height=64, width=64, sigma_255=25)
    found = roofline.measured_place(case, ROOF, clock=clock)
    assert found.flops_per_second == 2 * 8192 * 64 * 64 / 0.5
    assert found.flops_per_byte == 2 * 8192 / 8
