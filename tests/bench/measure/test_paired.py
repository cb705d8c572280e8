"""Interleaved timing, on a clock that the methods under test move by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch

from bench.measure.paired import SHORTEST_SAMPLE, paired
from bench.plan.case import Case
from bench.plan.sections import PairedSection
from bench.record.rows import Row
from restoration.method import Method, Setup


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.drift = 1.0
        self.called: list[str] = []

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """The clock, and a module `handmade` whose methods take 10 ms and 20 ms of it, one a drop, and one that fails."""
    clock = Hand()

    def taking(name: str, seconds: float) -> Method:
        def restore(batch: torch.Tensor) -> torch.Tensor:
            clock.called.append(name)
            clock.now += seconds * clock.drift
            clock.drift *= 1.001  # the machine slows down all the time
            return batch

        return Method(name="taking", task="denoise", build=lambda _: restore)

    def broken(_: Setup) -> object:
        raise RuntimeError("no such device")

    module = ModuleType("handmade")
    module.__dict__.update(
        ten=taking("ten", 0.010), twenty=taking("twenty", 0.020), drop=taking("drop", 0.0001),
        broken=Method(name="broken", task="denoise", build=broken),  # type: ignore[arg-type] - never returns
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "handmade", module)
    return clock


def measured(hand: Hand, names: list[str], blocks: int = 30) -> list[Row]:
    entries = [{"method": f"handmade:{name}", "size": 16} for name in names]
    section = PairedSection.model_validate({"group": "g", "blocks": blocks, "entry": entries})
    cases = list(section.cases("cpu", 1))
    return [row for rows in paired("r", section, cases, seed=0, clock=hand) for row in rows]


def samples(rows: list[Row], name: str, phase: str = "measure") -> dict[int, float]:
    return {
        row.reading.repeat: row.reading.value or 0.0
        for row in rows
        if row.case.method == f"handmade:{name}" and row.reading.phase == phase
    }


def test_ratios_within_a_block_survive_a_drift_that_doubles_the_times(hand: Hand) -> None:
    rows = measured(hand, ["ten", "twenty"], blocks=400)
    ten, twenty = samples(rows, "ten"), samples(rows, "twenty")
    assert ten[399] / ten[0] > 2
    assert all(1.99 < twenty[block] / ten[block] < 2.01 for block in ten)


def test_every_block_holds_each_method_once_in_changing_order(hand: Hand) -> None:
    rows = [row for row in measured(hand, ["ten", "twenty"]) if row.reading.phase == "measure"]
    blocks = [[row.case.method for row in rows if row.reading.repeat == block] for block in range(30)]
    assert all(block == ["handmade:ten", "handmade:twenty"] for block in blocks)  # written in the spec's order
    called = [tuple(hand.called[place : place + 2]) for place in range(len(hand.called) - 60, len(hand.called), 2)]
    assert set(called) == {("ten", "twenty"), ("twenty", "ten")}


def test_a_fast_method_is_called_often_enough_for_the_clock(hand: Hand) -> None:
    rows = [row for row in measured(hand, ["drop", "ten"]) if row.case.method == "handmade:drop"]
    notes = {row.reading.note for row in rows if row.reading.phase == "measure"}
    (note,) = notes
    calls = int(note.split()[2])
    assert calls >= 0.9 * SHORTEST_SAMPLE / 0.0001


def test_build_first_call_and_warm_up_are_kept_and_marked(hand: Hand) -> None:
    rows = measured(hand, ["ten"])
    assert set(samples(rows, "ten", "build")) == {0}
    assert set(samples(rows, "ten", "first")) == {0}
    assert set(samples(rows, "ten", "warmup")) == {0, 1, 2}
    assert all(row.reading.part == "g" for row in rows)


def test_a_peer_that_cannot_be_built_is_one_row_and_the_others_are_timed(hand: Hand) -> None:
    rows = measured(hand, ["ten", "broken"])
    assert [row.error for row in rows if row.error] == ["RuntimeError: no such device"]
    assert len(samples(rows, "ten")) == 30


def test_the_case_says_what_was_timed(hand: Hand) -> None:
    cases = {row.case for row in measured(hand, ["ten"], blocks=2)}
    assert cases == {
        Case("paired", "handmade:ten", task="denoise", height=16, width=16, threads=1, sigma_255=25.0)
    }  # fmt: skip
