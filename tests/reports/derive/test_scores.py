"""Means over images and their intervals."""

from __future__ import annotations

from reports.derive.scores import within_images
from reports.derive.summary import Summary


def test_within_images_is_narrower_than_between(summary: Summary) -> None:
    main = summary.comparison.main
    own = main[(main["task"] == "denoise") & (main["sigma_255"] == 25)]
    chosen = within_images(summary.comparison.counted, own)
    ffdnet = chosen[chosen["method"] == "ffdnet"].iloc[0]
    assert ffdnet["within_high"] - ffdnet["within_low"] < (ffdnet["high"] - ffdnet["low"]) / 4
