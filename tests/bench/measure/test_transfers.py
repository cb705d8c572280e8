"""Transfers are timed on their own, by the device's clock, the first apart."""

from __future__ import annotations

import itertools

import pytest
import torch

from bench.measure.transfers import transfer_readings, transfers
from bench.plan.case import Case


def test_both_directions_are_timed_and_the_first_call_is_marked() -> None:
    ticks = itertools.count()
    image = torch.zeros(1, 1, 8, 8)
    found = list(transfers(image, image.repeat(1, 1, 2, 2), device="cpu", clock=lambda: float(next(ticks))))
    seconds = [reading for reading in found if reading.quantity == "transfer_seconds"]
    assert {reading.part for reading in seconds} == {"host to device", "device to host"}
    assert [reading.phase for reading in seconds].count("first") == 2
    assert {reading.value for reading in seconds} == {1.0}
    moved = {reading.part: reading.value for reading in found if reading.quantity == "transfer_bytes"}
    assert moved == {"host to device": 256, "device to host": 1024}


def test_a_case_on_the_host_moves_nothing() -> None:
    assert list(transfer_readings(Case("time", "noisy", height=8, width=8))) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_real_device_is_reached() -> None:
    case = Case("time", "noisy", task="denoise", height=256, width=256, sigma_255=25, device="cuda")
    assert all(reading.value for reading in transfer_readings(case))
