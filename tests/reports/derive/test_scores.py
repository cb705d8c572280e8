"""Means over images and their intervals."""

from __future__ import annotations

from reports.derive.scores import at_best_ratio, within_images
from reports.derive.summary import Summary


def test_within_images_is_narrower_than_between(summary: Summary) -> None:
    best = at_best_ratio(summary.scored)
    chosen = within_images(summary.named["quality"], best[(best["task"] == "denoise") & (best["sigma_255"] == 25)])
    ffdnet = chosen[chosen["method"] == "ffdnet"].iloc[0]
    assert ffdnet["within_high"] - ffdnet["within_low"] < (ffdnet["high"] - ffdnet["low"]) / 4
