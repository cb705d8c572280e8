"""The verdict: what was put into the tables is what it says."""

from __future__ import annotations

from reports.derive.summary import Summary, summarise
from reports.sections.summary import verdict


def test_verdict_names_gain_interval_and_time(summary: Summary) -> None:
    denoising, upscaling = verdict(summary)
    assert denoising.startswith("FFDNet buys +1.01 dB")
    assert "at sigma 25 for 43×" in denoising
    assert "6 images" in denoising
    assert "+2.2" in upscaling
    assert "\N{MINUS SIGN}2.2" in upscaling


def test_verdict_says_so_when_there_is_nothing(summary: Summary) -> None:
    nothing = {name: table.iloc[:0] for name, table in summary.tables.items()}
    (sentence,) = verdict(summarise(nothing, summary.methods))
    assert "no verdict" in sentence


def test_verdict_admits_that_the_better_method_loses(summary: Summary) -> None:
    quality = summary.tables["quality"].copy()
    quality.loc[quality["method"] == "ffdnet", "psnr_db"] -= 5
    assert "FFDNet loses" in verdict(summarise({**summary.tables, "quality": quality}, summary.methods))[0]
