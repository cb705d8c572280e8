"""The best threshold ratio."""

from __future__ import annotations

import pytest

from reports.derive.summary import Summary


def test_best_ratio_is_found_where_it_was_put(summary: Summary) -> None:
    optima = summary.optima[summary.optima["label"] == "DCT 8×8"].set_index("sigma_255")["vertex"]
    for sigma in (15.0, 25.0, 50.0):
        assert optima[sigma] == pytest.approx(2.65 + sigma / 250, abs=0.12)
