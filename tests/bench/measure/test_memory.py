"""Predicted peaks follow shapes, what does not fit is refused before trying, and a device out of memory is survived."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, strategies as st
from torch import Tensor

from bench.errors import BenchError
from bench.measure import memory
from bench.measure.alive import Alive, reordered
from bench.measure.memory import (
    SAMPLED_SIDES,
    Growth,
    cuda_peak,
    in_fresh_process,
    in_units,
    peak_memory,
    predicted_growth,
    refusal,
)
from bench.plan.case import Case
from bench.record.attempt import attempt
from restoration.method import Method

MEBIBYTE = 2**20
CASE = Case("memory", "noisy", task="denoise", height=64, width=64, sigma_255=25)


@given(pixels=st.integers(1, 2000), sides=st.integers(0, 5000), constant=st.integers(0, 10**7))
def test_growth_finds_its_terms_and_the_largest_square(pixels: int, sides: int, constant: int) -> None:
    truth = Growth(pixels, sides, constant)
    first, second, third = (truth.at(side, side) for side in SAMPLED_SIDES)
    found = Growth.through((first, second, third))
    assert (found.pixels, found.sides, found.constant) == pytest.approx((pixels, sides, constant), abs=1e-3)
    side = truth.largest_side(1e9)
    assert truth.at(side, side) <= 1e9 < truth.at(side + 1, side + 1) * (1 + 1e-9)


def test_nothing_fits_below_the_constant() -> None:
    assert Growth(8, 0, 1000).largest_side(500) == 0


def test_alive_counts_what_is_there_at_once_and_no_more() -> None:
    image = torch.zeros(1, 1, 64, 64)
    with Alive() as alive:
        first = image + 1
        second = first * 2
        del first
        third = second - 1
        del second, third
    assert alive.peak == 2 * image.nbytes
    assert alive.now == 0


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_alive_sees_copies_inside_convolutions_in_every_mode(mode: Any) -> None:
    image, weight = torch.zeros(1, 8, 64, 64), torch.zeros(8, 8, 3, 3)
    with mode(), Alive() as plain:
        torch.nn.functional.conv2d(image, weight, padding=1)
    with mode(), Alive() as last:
        torch.nn.functional.conv2d(image.to(memory_format=torch.channels_last), weight, padding=1)
    assert plain.peak == 2 * image.nbytes
    assert last.peak == 2 * image.nbytes  # the copy to channels last, and the result


def test_a_convolution_of_single_pixels_needs_no_copies() -> None:
    image = torch.zeros(1, 8, 16, 16)
    assert reordered(image, torch.zeros(8, 8, 1, 1), image, transposed=False, groups=1) == 0


def test_views_and_changes_in_place_cost_nothing() -> None:
    def restore(image: Tensor) -> Tensor:
        return image.flip(2).mul_(2).reshape(image.shape)

    growth = predicted_growth(restore, lambda side: torch.zeros(1, 1, side, side))
    assert growth.at(512, 512) == pytest.approx(2 * 4 * 512 * 512, rel=0.02)


def test_arrays_outside_torch_count_too() -> None:
    def restore(image: Tensor) -> Tensor:
        array = image.numpy()
        return torch.from_numpy((array + 1) * 2)

    growth = predicted_growth(restore, lambda side: torch.zeros(1, 1, side, side))
    assert growth.at(512, 512) == pytest.approx(3 * 4 * 512 * 512, rel=0.02)


def test_what_does_not_fit_is_refused_with_the_largest_that_does() -> None:
    growth = Growth(100, 0, 0)
    case = Case("memory", "given", height=10_000, width=10_000)
    said = refusal(case, growth, 2**30)
    assert said.startswith(
        "given: 10000 x 10000 needs about 9.31 GiB, 1 GiB are free; the largest square that fits is "
    )
    side = int(said.split()[-1])
    assert growth.at(side, side) <= 2**30 < growth.at(side + 1, side + 1)
    assert refusal(case, growth, 2**40) == ""


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (1000, "1,000 B"),
        (2047, "2 KiB"),
        (1536 * 2**20, "1.5 GiB"),
        (2**20 * 1000, "1,000 MiB"),
        (2**60, "1,048,576 TiB"),
    ],
)
def test_bytes_are_said_in_the_unit_that_suits_them(count: int, said: str) -> None:
    assert in_units(count) == said


def test_growth_is_measured_at_its_peak_not_at_its_end() -> None:
    def call() -> Tensor:
        large = torch.ones(64 * MEBIBYTE // 4)
        return large[:1].clone()

    assert memory.grown_by(call) == pytest.approx(64 * MEBIBYTE, rel=0.1)


@pytest.mark.slow
def test_a_fresh_process_predicts_and_measures() -> None:
    found = {reading.part: reading for reading in peak_memory(Case(**(vars(CASE) | {"height": 2048, "width": 2048})))}
    assert found["predicted"].value == pytest.approx(found["measured"].value, rel=0.2)
    assert found["forecast"].value is not None
    assert found["forecast"].value > 2048**2
    assert {reading.unit for reading in found.values()} == {"B", "px"}


@pytest.mark.slow
def test_a_fresh_process_refuses_before_trying_and_names_an_unknown_method() -> None:
    with pytest.raises(BenchError, match="the largest square that fits is"):
        in_fresh_process(CASE, limit=1000.0)
    with pytest.raises(BenchError, match="unknown method 'nosy'"):
        in_fresh_process(Case(**(vars(CASE) | {"method": "nosy"})))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failing", "error"),
    [
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("raise KeyError('boom')", "KeyError: 'boom'"),
        ("import os; os._exit(7)", "ProcessDiedError: the process ended with status 7 before it had answered"),
    ],
)
def test_an_error_is_the_one_that_every_other_kind_of_case_meets(tmp_path: Path, failing: str, error: str) -> None:
    (tmp_path / "mine.py").write_text(f"def broken(noisy):\n    {failing}\n")
    case = replace(CASE, method=f"{tmp_path / 'mine.py'}:broken")
    failed, _ = attempt("r", case, lambda: peak_memory(case))
    assert failed.error == error
    with pytest.raises(BenchError, match=f"^{re.escape(case.method)}: "):  # the command's line says of what
        in_fresh_process(case)


class FakeOutOfMemoryError(RuntimeError):
    """The stand-in for torch.OutOfMemoryError."""


@dataclass
class FakeCuda:
    """A device with one gibibyte that answers as `torch.cuda` does."""

    held: int = 10 * MEBIBYTE
    peak: int = 0
    emptied: int = 0
    asked: list[int] = field(default_factory=list)
    OutOfMemoryError = FakeOutOfMemoryError

    def synchronize(self) -> None:
        pass

    def reset_peak_memory_stats(self) -> None:
        self.peak = self.held

    def memory_allocated(self) -> int:
        return self.held

    def max_memory_allocated(self) -> int:
        return self.peak

    def max_memory_reserved(self) -> int:
        return self.peak + 2 * MEBIBYTE

    def mem_get_info(self) -> tuple[int, int]:
        return 2**29, 2**30

    def empty_cache(self) -> None:
        self.emptied += 1

    def allocate(self, size: int) -> None:
        self.asked.append(size)
        if self.held + size > 2**30:
            raise FakeOutOfMemoryError("CUDA out of memory")
        self.peak = max(self.peak, self.held + size)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """A fake device on which the method `given` takes 4 KiB per pixel."""
    fake = FakeCuda()

    def restore(image: Tensor) -> Tensor:
        fake.allocate(4096 * image.shape[-1] * image.shape[-2])
        return image

    method = Method(name="given", task="denoise", build=lambda _: restore)
    monkeypatch.setattr(memory, "get", lambda _: method)
    monkeypatch.setattr(memory, "batch_for", lambda case: torch.zeros(1, 1, case.height, case.width))
    return fake


def on_device(side: int) -> Case:
    return Case("memory", "given", task="denoise", height=side, width=side, device="cuda")


def test_a_device_reports_its_allocators_peak_over_the_built_method(cuda: FakeCuda) -> None:
    found = {reading.part: reading.value for reading in cuda_peak(on_device(100), cuda=cuda)}
    assert found == {"measured": 4096 * 100 * 100, "reserved": 12 * MEBIBYTE + 4096 * 100 * 100}


def test_a_device_out_of_memory_is_one_error_and_the_next_size_runs(cuda: FakeCuda) -> None:
    with pytest.raises(BenchError, match=r"given: 2000 x 2000 does not fit into cuda: 0.50 of 1.00 GiB free"):
        list(cuda_peak(on_device(2000), cuda=cuda))
    assert cuda.emptied == 1
    assert len(list(cuda_peak(on_device(100), cuda=cuda))) == 2


@pytest.mark.cuda
def test_a_real_device_reports_its_peak() -> None:
    case = Case("memory", "noisy", task="denoise", height=512, width=512, sigma_255=25, device="cuda")
    found = {reading.part: reading.value for reading in cuda_peak(case)}
    assert found["measured"]
