"""Ratios of methods timed in turn."""

from __future__ import annotations

import pytest

from reports.derive.summary import Summary


def test_paired_ratios_take_out_the_drift(summary: Summary) -> None:
    peers = summary.peers.set_index("label")
    assert peers.loc["DCT 8×8, engine dense", "ratio"] == pytest.approx(0.158 / 2.6e-3, rel=0.03)
    assert (peers["low"] < peers["ratio"]).all()
    assert (peers["ratio"] < peers["high"]).all()
    assert ((peers["high"] / peers["low"]) < 1.05).all()
