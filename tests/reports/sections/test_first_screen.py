"""The verdict: what was put into the tables is what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import said

from reports.derive.candidates import candidates
from reports.derive.leaderboard import leaderboards
from reports.derive.summary import Summary, summarise
from reports.sections import summary as first_screen

if TYPE_CHECKING:
    from pathlib import Path


def verdict(summary: Summary) -> tuple[str, ...]:
    return first_screen.verdict(summary, leaderboards(summary, candidates(summary, ())))


def test_verdict_names_gain_interval_and_time(summary: Summary) -> None:
    denoising, upscaling = verdict(summary)
    assert denoising.startswith("FFDNet buys +1.01 dB")
    assert "at sigma 25 and takes 42.9 times as long on this machine (512 × 512)" in denoising
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


def test_a_difference_that_the_images_do_not_tell_from_nothing_is_no_gain(tmp_path: Path) -> None:
    rows = [*said.scored("ffdnet", [30.0, 31.0, 29.0]), *said.scored("dct", [30.5, 30.3, 29.1])]
    (sentence,) = verdict(said.material(tmp_path, rows).summary)
    named = "FFDNet comes out +0.03 dB beside DCT 8×8 (default ratio 2.7)"
    assert sentence.startswith(f"{named} (95 % interval \N{MINUS SIGN}1.48 to")
    assert "3 images; not sure among all these comparisons) at sigma 25" in sentence


def test_a_gain_of_upscaling_that_is_not_told_apart_says_so(tmp_path: Path) -> None:
    case = {"task": "upscale", "scale": 2, "sigma_255": 0.0, "degradation": "bicubic"}
    rows = [*said.scored("rdn", [30.0, 31.0], **case), *said.scored("bicubic", [30.5, 30.3], **case)]
    (sentence,) = verdict(said.material(tmp_path, rows).summary)
    assert "2 images; not sure among all these comparisons)" in sentence
