"""What is timed of one case, on a clock that the method moves by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from bench.errors import BenchError
from bench.measure import room
from bench.measure.cold import cold_starts
from bench.measure.inputs import batch_for
from bench.measure.room import room_for
from bench.measure.timing import ROUNDS_ON_COPIES, Terms, timed
from bench.plan.case import Case, Reading
from restoration.method import Method, Restore


class Stats:
    """The samples of pytest-benchmark."""

    def __init__(self) -> None:
        self.data: list[float] = []

    def update(self, seconds: float) -> None:
        self.data.append(seconds)


class Benchmark:
    """pytest-benchmark's fixture, as far as it is used; calibrated, it averages over 7 calls."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.stats = SimpleNamespace(stats=Stats(), iterations=7)

    def __call__(self, restore: Restore, batch: torch.Tensor) -> None:
        restore(batch)
        self.stats.stats.update(0.5)

    def pedantic(self, restore: Restore, *, setup: Callable[[], Any], rounds: int) -> None:
        self.stats.iterations = 1
        for _ in range(rounds):
            arguments, _ = setup()
            begin = self.clock()
            restore(*arguments)
            self.stats.stats.update(self.clock() - begin)


class Hand:
    """A clock moved by hand, and the batches that the method was shown."""

    now = 0.0

    def __init__(self) -> None:
        self.shown: list[torch.Tensor] = []

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    clock = Hand()

    def restore(batch: torch.Tensor) -> torch.Tensor:
        clock.shown.append(batch)
        clock.now += 0.25
        return batch

    def writing(batch: torch.Tensor) -> torch.Tensor:
        restored = restore(batch.clone())
        batch += 1
        return restored

    module = ModuleType("byhand")
    module.__dict__.update(
        still=Method(name="still", task="denoise", build=lambda _: restore),
        writing=Method(name="writing", task="denoise", build=lambda _: writing),
    )
    monkeypatch.setitem(sys.modules, "byhand", module)
    return clock  # type: ignore[return-value]  # a fixture's value


def measured(hand: Hand, terms: Terms, method: str = "still", **case: Any) -> list[Reading]:
    one = Case("time", f"byhand:{method}", task="denoise", height=16, width=16, sigma_255=25.0, **case)
    return [reading for reading in timed(one, Benchmark(hand), hand, terms) if reading.quantity == "seconds"]


def test_queries_are_each_timed_by_themselves_and_as_many_as_asked(hand: Hand) -> None:
    calls = [one for one in measured(hand, Terms(0.1, queries=30)) if one.phase == "measure"]
    assert [call.value for call in calls] == [0.25] * 30
    assert {call.note for call in calls} == {""}


def test_queries_go_on_until_they_have_filled_their_time(hand: Hand) -> None:
    assert len([one for one in measured(hand, Terms(10, queries=8)) if one.phase == "measure"]) == 40


def test_without_queries_pytest_benchmark_decides(hand: Hand) -> None:
    calls = [one for one in measured(hand, Terms(10)) if one.phase == "measure"]
    assert [(call.value, call.note) for call in calls] == [(0.5, "mean of 7 calls")]


def test_a_method_that_writes_into_its_input_gets_a_copy_for_every_query(hand: Hand) -> None:
    calls = [one for one in measured(hand, Terms(10, queries=8), "writing") if one.phase == "measure"]
    assert len(calls) == 40
    assert len([one for one in measured(hand, Terms(1), "writing") if one.phase == "measure"]) == ROUNDS_ON_COPIES
    assert len({float(batch.mean()) for batch in hand.shown[-ROUNDS_ON_COPIES:]}) == 1


def test_a_batch_is_so_many_images_with_noise_of_their_own(hand: Hand) -> None:
    measured(hand, Terms(0.1, queries=1), batch=3)
    assert {batch.shape for batch in hand.shown} == {(3, 1, 16, 16)}
    one, two, _ = hand.shown[-1]
    assert not torch.equal(one, two)
    single = batch_for(Case("time", "dct", task="denoise", height=16, width=16, sigma_255=25.0))
    assert torch.equal(single[0], one)


CASE = Case("time", "noisy", task="denoise", height=64, width=64, sigma_255=25.0, batch=4)


def test_a_batch_whose_images_alone_exceed_memory_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory_available", lambda: 4 * 64 * 64 * 4 * 2 - 1)
    with pytest.raises(BenchError, match=r"a batch of 4 images of 64 x 64 does not fit .* need 128 KiB, .* smaller"):
        room_for(CASE).__enter__()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone holds a process to a limit of its own")
def test_an_allocation_beyond_what_is_free_fails_and_the_limit_is_lifted_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "memory_available", lambda: 100 * 2**20)
    with pytest.raises(BenchError, match="does not fit into memory"), room_for(CASE):
        torch.zeros(2**28)
    assert torch.zeros(2**26).numel() == 2**26


def test_other_errors_of_a_batch_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"), room_for(CASE):
        raise RuntimeError("size mismatch")


def test_a_single_image_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory_available", lambda: 0)
    with room_for(Case("time", "noisy", height=64, width=64)):
        pass


def test_a_cold_start_is_timed_from_before_its_process_until_it_has_restored() -> None:
    ticks = iter([1.0, 4.5])
    readings = list(cold_starts(CASE, batch_for(CASE), 1, lambda: next(ticks)))
    assert [(one.phase, one.repeat, one.value) for one in readings] == [("cold", 0, 3.5)]


def test_a_method_that_restores_nothing_in_a_fresh_process_says_why() -> None:
    broken = Case("time", "ffdnet", task="denoise", height=16, width=16, sigma_255=0.0)
    with pytest.raises(BenchError, match="sigma must be positive"):
        list(cold_starts(broken, torch.zeros(1, 1, 16, 16), 1, lambda: 0.0))
