"""The joules of a call are a mean over enough calls for the counter's step, and never a zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from bench.machine.clock import clock_for
from bench.machine.energy import EnergyError
from bench.measure.energy import STEPS, joules
from bench.measure.timing import Terms, timed
from bench.plan.case import Case, Reading


@dataclass
class World:
    """A machine of 10 watts that stands still between calls of a quarter of a second."""

    seconds: float = 0.0
    joules: float = 0.0
    calls: int = 0
    reads: list[int] = field(default_factory=list)
    """How many calls there had been at each reading of the counter."""

    def call(self) -> None:
        self.seconds += 0.25
        self.joules += 2.5
        self.calls += 1


@dataclass
class Fake:
    """A counter of that machine."""

    world: World
    name: str = "package-0"
    period: float = 0.1
    limit: float = 0.0
    broken: Callable[[World], bool] = lambda _: False

    def read(self) -> float:
        self.world.reads.append(self.world.calls)
        if self.broken(self.world):
            raise EnergyError("energy_uj is gone")
        return self.world.joules % self.limit if self.limit else self.world.joules

    def passed(self, before: float, after: float) -> float:
        return after - before + (self.limit if after < before else 0.0)


def read(world: World, *counters: Fake) -> list[Reading]:
    return list(joules(world.call, counters, lambda: world.seconds))


def test_calls_are_repeated_until_the_counter_has_made_enough_steps() -> None:
    world = World()
    (found,) = read(world, Fake(world))
    assert world.calls == STEPS * 0.1 / 0.25
    assert (found.quantity, found.value, found.unit, found.part) == ("joules", 2.5, "J", "package-0")
    assert found.note == "mean of 8 calls in 2 s, idle included"
    assert world.reads == [0, world.calls]  # before the first and after the last, never between


def test_a_counter_of_fine_steps_is_watched_for_half_a_second_all_the_same() -> None:
    world = World()
    (found,) = read(world, Fake(world, period=0.001))
    assert (world.calls, found.value) == (2, 2.5)


def test_a_counter_that_wraps_around_gives_the_same() -> None:
    world = World(joules=95.0)
    (found,) = read(world, Fake(world, limit=100.0))
    assert found.value == pytest.approx(2.5)


@pytest.mark.parametrize("when", [0, 1])
def test_a_counter_that_vanishes_has_a_reason_and_the_others_their_joules(when: int) -> None:
    world = World()
    gone, kept = read(world, Fake(world, "dram", broken=lambda world: world.calls >= when), Fake(world))
    assert (gone.value, gone.note) == (None, "EnergyError: energy_uj is gone")
    assert kept.value == 2.5


def test_a_counter_that_stands_still_is_no_zero() -> None:
    world = World()
    still = Fake(World())
    (found,) = read(world, still)
    assert found.value is None
    assert found.note == "too short to tell: the counter did not move in 2 s"


def test_without_a_counter_nothing_is_called() -> None:
    world = World()
    assert (read(world), world.calls) == ([], 0)


class OneRound:
    """pytest-benchmark's fixture for one timed call, which says when the counter may be read."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=[0.25]), iterations=1)

    def __call__(self, restore: Callable[[object], object], batch: object) -> None:
        assert not self.world.reads
        restore(batch)
        assert not self.world.reads


def test_a_timed_case_has_its_joules_after_its_samples_and_the_counter_is_read_outside_them() -> None:
    world = World(joules=1.0)
    moving = Fake(world, period=1e-6)

    def passed(before: float, after: float) -> float:
        return 3.0 + after - before

    moving.passed = passed  # type: ignore[method-assign]  # what the fake machine used meanwhile
    case = Case("time", "dct", task="denoise", height=16, width=16, sigma_255=25.0)
    found = [
        reading
        for reading in timed(case, OneRound(world), clock_for("cpu"), Terms(), (moving,))
        if reading.phase != "warmup"
    ]
    assert [reading.quantity for reading in found] == ["seconds"] * 3 + ["joules", "measured_seconds"]
    assert found[3].value is not None
    assert found[3].value > 0
