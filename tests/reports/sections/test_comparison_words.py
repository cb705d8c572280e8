"""Sentences about which method is better: each with the data that would make it false."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import synthetic
from synthetic import tried

from reports.page import Report, make_report
from reports.sections.section import Section

BAD = "OutputError: the output is NaN"


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """The report of a run of these rows."""
    return lambda *rows: make_report(synthetic.write_rows(tmp_path / "run", [row for part in rows for row in part]))


def section(report: Report, anchor: str) -> Section:
    return next(one for one in report.sections if one.anchor == anchor)


def finding(report: Report, name: str) -> str:
    return next(chart.finding for one in report.sections for chart in one.charts if chart.name == name)


def timed(method: str, seconds: float, size: int = 512, **case: Any) -> list[dict[str, Any]]:
    own = {"task": "denoise", "height": size, "width": size, **case}
    return [synthetic.row("time", method, **own, quantity="seconds", value=seconds, phase="measure")]


def verdict(report: Report) -> tuple[str, ...]:
    return section(report, "summary").findings


def test_a_half_failed_method_wins_nothing_and_is_named(made: Any) -> None:
    said = verdict(
        made(
            tried("ffdnet", {"a": 40.0, "b": BAD}),
            tried("nlm", {"a": 30.0, "b": 20.5}),
            tried("tv", {"a": 29.5, "b": 20.0}),
        )
    )
    assert said[0].startswith("non-local means buys +0.50 dB")
    assert said[1] == "Failed, and so not compared: FFDNet (1 of 2 images)."


def test_a_difference_is_over_common_images_and_says_how_many_of_how_many(made: Any) -> None:
    (said,) = verdict(made(tried("ffdnet", {"a": 31.0, "b": 90.0}), tried("nlm", {"a": 30.0, "c": 1.0})))
    assert said == "FFDNet buys +1.00 dB (1 of 3 images) over non-local means at sigma 25; the two were not both timed."


def test_no_method_is_ahead_by_less_than_is_written(made: Any) -> None:
    (said,) = verdict(made(tried("ffdnet", {"a": 30.001}), tried("nlm", {"a": 30.0})))
    assert "come out alike, within 0.005 dB on average (1 image), at sigma 25" in said


def test_the_default_is_compared_and_named_though_another_ratio_is_better(made: Any) -> None:
    dct = [
        row for ratio, psnr in ((2.4, 35.0), (2.7, 30.0)) for row in tried("dct", {"a": psnr}, options={"ratio": ratio})
    ]
    (said,) = verdict(made(dct, tried("ffdnet", {"a": 32.0})))
    assert said.startswith("FFDNet buys +2.00 dB (1 image) over DCT 8×8 (default ratio 2.7) at sigma 25")


def test_a_method_is_compared_as_it_is_built_though_a_variant_is_better(made: Any) -> None:
    large = tried("dct", {"a": 40.0}, options={"block_size": 16})
    assert "over DCT 8×8 (default" in verdict(made(tried("dct", {"a": 30.0}), large, tried("ffdnet", {"a": 32.0})))[0]


def test_a_variant_that_was_chosen_on_these_images_is_called_that(made: Any) -> None:
    variants = [row for block in (4, 16) for row in tried("dct", {"a": 30.0 + block}, options={"block_size": block})]
    (said,) = verdict(made(variants, tried("ffdnet", {"a": 32.0})))
    assert "DCT 16×16 (default ratio 2.7; the best of its 2 variants on these images)" in said


def test_one_method_alone_has_nothing_beside_it(made: Any) -> None:
    assert verdict(made(tried("nlm", {"a": 30.0, "b": 20.0}), timed("nlm", 1.0))) == (
        "non-local means reached 25.00 dB at sigma 25 (2 images); nothing is compared with it there.",
    )


def test_times_that_are_written_as_equal_are_not_called_a_multiple(made: Any) -> None:
    scores = tried("ffdnet", {"a": 31.0}), tried("nlm", {"a": 30.0})
    assert verdict(made(*scores, timed("ffdnet", 1.001), timed("nlm", 1.0)))[0].endswith(
        " and takes about as long on this machine (512 × 512)."
    )
    assert verdict(made(*scores, timed("ffdnet", 2.0), timed("nlm", 1.0)))[0].endswith(
        " and takes 2 times as long on this machine (512 × 512)."
    )
    assert verdict(made(*scores, timed("ffdnet", 2.0, 256), timed("nlm", 1.0)))[0].endswith(
        "the two were not timed at one size (FFDNet at 256 × 256, non-local means at 512 × 512)."
    )


def test_times_without_scores_do_not_claim_that_nothing_was_scored(made: Any) -> None:
    said = verdict(made(timed("nlm", 1.0), timed("tv", 2.0), tried("tv", {"a": BAD})))
    assert (
        said[0]
        == "non-local means was the fastest of 2 methods at 3.81 s per megapixel; no quality can be compared beside it."
    )
    assert said[1] == "Failed, and so not compared: total variation (1 of 1 image)."


def up(
    method: str, scores: Mapping[str, float | str], scale: int = 2, degradation: str = "bicubic"
) -> list[dict[str, Any]]:
    return tried(method, scores, task="upscale", sigma_255=0.0, scale=scale, degradation=degradation)


def test_where_both_tasks_leave_methods_out_each_sentence_says_of_which_task_it_is(made: Any) -> None:
    denoised = tried("nlm", {"a": 30.0, "b": 20.5}), tried("tv", {"a": 29.5, "b": BAD})
    said = verdict(made(*denoised, up("bicubic", {"a": 30.0, "b": 28.0}), up("lanczos", {"a": BAD, "b": 28.0})))
    assert said[-2:] == (
        "Denoising, sigma 25. Failed, and so not compared: total variation (1 of 2 images).",
        "Upscaling, bicubic ×2. Failed, and so not compared: Lanczos (1 of 2 images).",
    )


def test_upscalers_of_two_scales_are_compared_apart(made: Any) -> None:
    report = made(
        up("bicubic", {"a": 30.0}), up("rdn", {"a": 32.0}), up("bicubic", {"a": 20.0}, 3), up("rdn", {"a": 21.0}, 3)
    )
    assert verdict(report) == (
        "RDN against bicubic: +2.00 dB on bicubic ×2 input (1 image), +1.00 dB on bicubic ×3 input (1 image).",
    )


def test_upscalers_without_bicubic_are_compared_with_each_other(made: Any) -> None:
    assert verdict(made(up("lanczos", {"a": 30.0}), up("mine", {"a": 32.0})))[0].startswith(
        "mine against Lanczos: +2.00 dB"
    )


def test_a_tie_of_upscalers_has_no_leader(made: Any) -> None:
    report = made(up("bicubic", {"a": 30.0}), up("rdn", {"a": 30.001}))
    assert (
        finding(report, "upscale-2") == "Ahead on bicubic input bicubic and RDN alike (1 image); each method as named."
    )


def test_denoisers_that_tie_are_all_named_as_best(made: Any) -> None:
    report = made(tried("nlm", {"a": 30.0}), tried("tv", {"a": 30.0}), tried("wavelet", {"a": 29.0}))
    assert finding(report, "denoise-psnr-db").startswith(
        "Best at sigma 25 non-local means and total variation (30.00 dB, 1 image)"
    )


def test_a_figure_names_ties_the_front_what_was_not_timed_and_what_failed(made: Any) -> None:
    scores = [tried(name, {"a": 30.0, "b": 20.0}) for name in ("nlm", "tv", "wavelet")]
    said = finding(
        made(*scores, tried("ffdnet", {"a": 40.0, "b": BAD}), timed("nlm", 1.0), timed("tv", 2.0)),
        "tradeoff-denoise-sigma-25",
    )
    assert said == (
        "non-local means and total variation share the best mean, 25.00 dB; the fastest is non-local means at 3.81 s"
        " per megapixel. On the front: non-local means. Means over 2 images, each method as named. Not timed, and so"
        " not drawn: wavelet. Failed, and so not compared: FFDNet (1 of 2 images)."
    )


def test_what_is_best_and_fastest_takes_no_multiple_of_its_own_time(made: Any) -> None:
    said = finding(
        made(tried("nlm", {"a": 30.0}), tried("tv", {"a": 29.0}), timed("nlm", 1.0), timed("tv", 2.0)), "front-sigma-25"
    )
    assert said.startswith("non-local means is both the best at 30.00 dB and the fastest at 3.81 s per megapixel.")
    assert "×" not in said


def test_failed_methods_stand_in_the_tables_with_the_reason(made: Any) -> None:
    report = made(tried("nlm", {"a": 30.0}), tried("ffdnet", {"a": BAD}), timed("nlm", 1.0))
    for anchor, name in (("denoising", "denoising"), ("denoising", "denoise-images")):
        (grid,) = (grid for grid in section(report, anchor).grids if grid.name == name)
        (line,) = (line for line in grid.lines if line.series == "FFDNet")
        assert BAD in line.cells[grid.columns.index("remark")].text


def test_colours_are_told_apart_in_titles_only_where_there_are_several(made: Any) -> None:
    gray = tried("nlm", {"a": 30.0}), timed("nlm", 1.0)
    color = tried("nlm", {"c": 28.0}, channels=3), timed("nlm", 3.0, channels=3)
    titles = [chart.title for chart in section(made(*gray, *color), "tradeoff").charts]
    assert titles == ["Quality against time, sigma 25, 1 channel", "Quality against time, sigma 25, 3 channels"]
    assert [chart.title for chart in section(made(*gray), "tradeoff").charts] == ["Quality against time, sigma 25"]


def test_the_failures_are_listed_once_for_each_error_and_the_skipped_with_their_reason(made: Any) -> None:
    skipped = synthetic.row("quality", "bm3d", quantity="skipped", note="bm3d is not installed")
    own = section(made(tried("ffdnet", {"a": BAD, "b": BAD}), tried("nlm", {"a": 30.0}), [skipped]), "failed")
    cells = {grid.name: [[cell.text for cell in line.cells] for line in grid.lines] for grid in own.grids}
    assert cells["errors"] == [[BAD, "2", "ffdnet"]]
    assert len(cells["failed"]) == 2
    assert cells["skipped"] == [["bm3d is not installed", "1", "bm3d"]]
    assert own.findings == (f"Of 3 cases 2 failed: {BAD}", "Left out: bm3d (bm3d is not installed).")


def test_a_run_without_failures_says_of_how_many_cases(made: Any) -> None:
    assert section(made(tried("nlm", {"a": 30.0, "b": 20.0})), "failed").findings == ("Of 2 cases none failed.",)


def test_given_pairs_and_made_noise_of_one_sigma_are_told_apart(made: Any) -> None:
    given = tried("nlm", {"p": 28.0}, degradation="given"), tried("tv", {"q": 27.0}, degradation="given", sigma_255=0.0)
    report = made(tried("nlm", {"a": 30.0}), *given, timed("nlm", 1.0), timed("tv", 1.0))
    titles = {chart.title for chart in section(report, "tradeoff").charts}
    assert titles == {f"Quality against time, {kind}" for kind in ("sigma 25", "given, told sigma 25", "given")}
