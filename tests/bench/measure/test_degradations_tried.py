"""Degradations are tried before a run, wherever it will be measured."""

from __future__ import annotations

import pytest

from bench.measure.inputs import try_degradations
from bench.plan.case import Case


def test_they_are_tried_where_the_device_of_the_run_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of a cluster are taken elsewhere: this machine needs no such device."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    try_degradations([Case("quality", "noisy", task="denoise", sigma_255=25.0, degradation="awgn", device="cuda")])
