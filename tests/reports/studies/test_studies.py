"""The experiments' sections: what was put into the rows is what the reading says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic

from reports.draw.look import Palette, plain_svg, styled
from reports.read.methods import Methods
from reports.read.run import Run
from reports.read.tables import experiment
from reports.studies.catalog import study_of
from reports.studies.study import Study

Fields = dict[str, Any]


def table(name: str, rows: Iterator[Fields]) -> pd.DataFrame:
    frame = pd.DataFrame([synthetic.row("experiment", name, **fields) for fields in rows])
    return experiment(Run(Path(), {}, frame.astype({"value": float})))


def shown(name: str, rows: Iterator[Fields]) -> Study:
    with styled():
        return study_of(name, table(name, rows), Methods())


def thresholds() -> Iterator[Fields]:
    x = np.linspace(-4, 4, 81)
    soft = np.sign(x) * np.maximum(np.abs(x) - 1, 0)
    curves = {
        "hard": x * (np.abs(x) > 1),
        "soft": soft,
        "temperature 0.05": x * (np.abs(x) > 1),
        "temperature 3": soft * 1.1,
    }
    for part, values in curves.items():
        for place, (along, up) in enumerate(zip(x, values, strict=True)):
            yield {"part": part, "repeat": place, "quantity": "x", "value": float(along)}
            yield {"part": part, "repeat": place, "quantity": "output", "value": float(up)}
    yield {"part": "posterior", "quantity": "largest_difference", "value": 3e-8}


def learn_dct() -> Iterator[Fields]:
    for what, gain in (("learnt", 0.11), ("learnt two steps", 0.4)):
        yield {"part": f"8x8 sigma 25: {what}", "quantity": "gain_db", "value": gain, "sigma_255": 25.0}
    yield {"part": "8x8 sigma 25: learnt two steps", "quantity": "macs_per_pixel", "value": 3040.0}
    for place in range(64):
        part = "8x8 sigma 25: learnt"
        yield {"part": part, "quantity": "threshold_over_sigma", "value": place / 20, "repeat": place}


def color() -> Iterator[Fields]:
    for variant, options, psnr in (
        ("dct color_transform=none", '{"color_transform":"none"}', 28.0),
        ("dct color_transform=opp", '{"color_transform":"opp"}', 29.5),
        ("ffdnet default", "{}", 31.0),
    ):
        for image in ("a", "b"):
            case = {"variant": variant, "options": options, "image": image, "sigma_255": 25.0}
            yield {**case, "quantity": "psnr_db", "value": psnr}


def sr_distribution() -> Iterator[Fields]:
    for variant, scores in (("rdn-psnr-small", (36.0, 27.8, 31.8)), ("bicubic", (33.7, 30.0, 30.7))):
        for degradation, psnr in zip(("bicubic", "decimate", "blur-1.2-decimate-registered"), scores, strict=True):
            case = {"variant": variant, "degradation": degradation, "image": "a", "task": "upscale"}
            yield {**case, "quantity": "psnr_db", "value": psnr}
            if degradation != "bicubic":
                blur = 1.2 if degradation.startswith("blur") else 0.0
                yield {**case, "quantity": "blur_std_pixels", "value": blur}


def kernel_estimation() -> Iterator[Fields]:
    case = {"variant": "free"}
    yield {**case, "quantity": "correlation", "value": 0.996}
    yield {**case, "quantity": "relative_error", "value": 0.1}
    for place in range(16):
        yield {**case, "part": "found", "quantity": "kernel_weight", "value": place / 120, "repeat": place}
        yield {**case, "part": "true", "quantity": "kernel_weight", "value": place / 121, "repeat": place}
    for part in ("found", "true"):
        for place in range(4):
            yield {**case, "part": part, "quantity": "offset_pixels", "value": place - 1.5, "repeat": place}
            yield {**case, "part": part, "quantity": "profile", "value": 0.25, "repeat": place}
        yield {**case, "part": part, "quantity": "psnr_db", "value": 35.9, "image": "a"}


def ratio_sweep() -> Iterator[Fields]:
    yield {"quantity": "difference_255", "value": 0.3}
    for place in range(3):
        for part, seconds in (("shared", 0.05 + 0.01 * place), ("dense", 7.2)):
            yield {"part": part, "quantity": "seconds", "value": seconds, "repeat": place, "note": "26 ratios"}


def sigma_mismatch() -> Iterator[Fields]:
    """The DCT loses 1 dB told 0.8 of sigma and gains 0.25 told 1.2; 8 bits cost 0.5 dB and bring 43 for 50."""
    for sigma, image in ((25.0, "a"), (25.0, "b"), (50.0, "a")):
        case = {"variant": "dct default", "image": image, "sigma_255": sigma, "degradation": "awgn"}
        clipped = {**case, "degradation": "awgn-8-bits"}
        for place, (told, psnr) in enumerate(((0.8, 29.0), (1.0, 30.0), (1.2, 30.25))):
            curve = {**case, "part": "told", "repeat": place}
            yield {**curve, "quantity": "told_over_true", "value": told}
            yield {**curve, "quantity": "psnr_db", "value": psnr + (image == "b")}
        yield {**case, "part": "estimated", "quantity": "psnr_db", "value": 29.9 + (image == "b")}
        yield {**clipped, "part": "told", "quantity": "told_over_true", "value": 1.0}
        yield {**clipped, "part": "told", "quantity": "psnr_db", "value": 29.5 + (image == "b")}
        for given, estimate, psnr in ((case, sigma, 20.0), (clipped, 0.86 * sigma, 21.0)):
            own = {**given, "variant": "noisy default"}
            yield {**own, "part": "estimated", "quantity": "estimated_sigma_255", "value": estimate}
            yield {**own, "part": "input", "quantity": "psnr_db", "value": psnr}


@pytest.mark.parametrize(
    ("rows", "charts", "words"),
    [
        (thresholds, 1, ["temperature 0.05", "within 0 of the hard one", "no more than 3e-08"]),
        (
            learn_dct,
            2,
            ["+0.110 dB", "highest there is +0.400 dB, by “learnt two steps”", "learnt two steps +0.40 dB for 3,040."],
        ),
        (color, 1, ["FFDNet 31.00 dB", "changes DCT 8×8 by +1.50 dB"]),
        (sr_distribution, 2, ["+2.30 dB on bicubic input", "−2.20 dB on decimate input", "behind on 1 of 3"]),
        (kernel_estimation, 3, ["correlation 0.996, relative error 0.100", "35.90 dB (found, n = 1)"]),
        (
            sigma_mismatch,
            2,
            [
                "20 % too low and 20 % too high the methods lose, means of 2 images: DCT 8×8 1.00 and −0.25 dB.",
                "Less than 0 is a gain.",
                "not clipped scikit-image estimates, on average, 25.00 for 25 (0 %); 50.00 for 50 (0 %)",
                "in place of the true sigma the methods lose, means of 2 images: DCT 8×8 0.10 dB.",
                "noisy image to 8 bits costs, told the true sigma, means of 2 images: DCT 8×8 0.50 dB.",
                "+1.00 dB at sigma 25; +1.00 dB at sigma 50",
                "rounded scikit-image estimates, on average, 21.50 for 25 (−14 %); 43.00 for 50 (−14 %)",
            ],
        ),
        (ratio_sweep, 1, ["26 ratios take 60 ms", "7.2 s one by one", "120 times as fast", "more than 0.3 / 255"]),
    ],
)
def test_an_experiment_reads_as_its_rows_say(rows: Any, charts: int, words: list[str]) -> None:
    found = shown(rows.__name__.replace("_", "-"), rows())
    assert len(found.charts) == charts
    reading = " ".join(found.reading)
    for word in words:
        assert word in reading


def test_a_method_has_the_look_of_its_family_and_its_name_beside_its_line() -> None:
    for chart in shown("sigma-mismatch", sigma_mismatch()).charts:
        (line,) = chart.figure.axes[0].lines
        assert line.get_color() == Palette([("dct", "DCT 8×8")])["DCT 8×8"].color
        assert chart.figure.legends == []


def test_maps_are_drawn_without_images_which_the_page_would_not_show() -> None:
    for rows in (learn_dct, kernel_estimation):
        for chart in shown(rows.__name__.replace("_", "-"), rows()).charts:
            assert "<image" not in plain_svg(chart.figure)


def test_the_mean_that_is_never_removed_leaves_the_colours_to_the_other_thresholds() -> None:
    chart = shown("learn-dct", learn_dct()).charts[1]
    assert chart.finding.startswith("Thresholds run from 0.05 to 3.15 times sigma")
    assert chart.figure.axes[0].collections[0].get_clim() == (0.05, 3.15)


@pytest.mark.parametrize(
    "name",
    [
        "thresholds",
        "learn-threshold",
        "learn-dct",
        "color",
        "sr-distribution",
        "kernel-estimation",
        "sigma-mismatch",
        "tiles",
        "mine",
    ],
)
def test_an_experiment_without_its_usual_rows_still_shows_what_it_has(name: str) -> None:
    rows = ({"part": "p", "quantity": "height", "value": float(place), "repeat": place} for place in range(5))
    found = shown(name, rows)
    assert len(found.charts) == 1
    assert "goes from 0 to 4 (p)" in found.charts[0].finding


@pytest.mark.parametrize(
    "name", ["thresholds", "learn-dct", "color", "sr-distribution", "kernel-estimation", "sigma-mismatch", "mine"]
)
def test_an_experiment_that_failed_shows_nothing(name: str) -> None:
    assert shown(name, iter([{"quantity": "failure", "value": float("nan"), "note": "diverged"}])) == Study(())


def reading(name: str, rows: Iterator[Fields]) -> str:
    """Everything that a study says in words."""
    found = shown(name, rows)
    return " ".join((*found.reading, *(f"{chart.title}. {chart.finding}" for chart in found.charts)))


def swept(difference: float, *, dense: float) -> Iterator[Fields]:
    yield {"quantity": "difference_255", "value": difference}
    for place in range(2):
        for part, seconds in (("shared", 1.0), ("dense", dense)):
            yield {"part": part, "quantity": "seconds", "value": seconds, "repeat": place}


def test_no_pixel_differs_by_more_than_is_said() -> None:
    assert "by more than 0.31 / 255." in reading("ratio-sweep", swept(0.30345, dense=2.0))


def test_sharing_that_gains_nothing_is_about_as_fast() -> None:
    said = reading("ratio-sweep", swept(0.0, dense=1.001))
    assert "sharing is about as fast as one by one, by medians of 2 rounds" in said
    assert "1×" not in said


def test_no_error_of_a_descent_is_larger_than_is_said_and_one_start_is_no_many() -> None:
    rows = [{"quantity": "found_threshold", "value": 2.393}, {"quantity": "error", "value": -0.00724}]
    said = reading("learn-threshold", iter(rows))
    assert said == "1 descent ended at 2.393. No error is larger than 0.0073."


def test_thresholds_that_never_meet_are_not_said_to_be_one_family() -> None:
    rows = [
        {"part": part, "repeat": place, "quantity": quantity, "value": value}
        for part, output in (("hard", 1.0), ("soft", 0.0), ("temperature 9", 2.0), ("temperature 10", 3.0))
        for place in range(3)
        for quantity, value in (("x", place * 2.0), ("output", output))
    ]
    said = reading("thresholds", iter(rows))
    assert "At temperature 9 the smooth threshold is within 1 of the hard one" in said
    assert "at temperature 10 it is within 3 of the soft one." in said
    assert "one family" not in said


def test_soft_thresholding_is_not_said_to_be_what_a_search_does_not_find() -> None:
    rows = [
        {"part": part, "repeat": place, "quantity": quantity, "value": float(place)}
        for part in ("soft threshold", "brute force")
        for place in range(3)
        for quantity in ("x", "output", "estimate")
    ]
    said = reading("thresholds", iter([*rows, {"quantity": "largest_difference", "value": 0.26}]))
    assert "differ by no more than 0.26." in said
    assert "is the most probable value" not in said


def test_learning_that_loses_is_not_called_a_gain_and_a_tie_names_both() -> None:
    gains = (("learnt", -0.1), ("a", -0.05), ("b", -0.05))
    rows = [{"part": f"8x8 sigma 25: {what}", "quantity": "gain_db", "value": gain} for what, gain in gains]
    said = reading("learn-dct", iter(rows))
    assert "change PSNR by −0.100 dB" in said
    assert "The highest there is −0.050 dB, by “a” and “b”." in said
    assert "gain" not in said


def test_a_mean_that_has_a_threshold_is_not_said_to_have_none() -> None:
    part = {"part": "8x8 sigma 25: learnt"}
    rows = [{**part, "quantity": "threshold_over_sigma", "value": 2.0 + place, "repeat": place} for place in range(4)]
    rows.append({**part, "quantity": "gain_db", "value": 0.1})
    assert "has none" not in reading("learn-dct", iter(rows))


def colors(scores: dict[str, dict[str, float]], **case: Any) -> Iterator[Fields]:
    for options, images in scores.items():
        for image, psnr in images.items():
            name = {"variant": "dct default", "options": options, "image": image, "sigma_255": 25.0, **case}
            yield {**name, "quantity": "psnr_db", "value": psnr}


PLAIN, OPPONENT, WIDE = (
    '{"color_transform":"none"}',
    '{"color_transform":"opp"}',
    '{"block_size":16,"color_transform":"opp"}',
)


def test_means_of_colour_are_over_the_images_that_all_have() -> None:
    said = reading("color", colors({PLAIN: {"a": 20.0, "b": 40.0}, OPPONENT: {"a": 21.0}}))
    assert "Means over 1 image, of 2, that all variants restored: DCT 8×8, per channel 20.00 dB" in said
    assert "by +1.00 dB (1 image)." in said
    assert "nan" not in said


def test_a_colour_transform_is_compared_with_the_same_blocks_without_it() -> None:
    said = reading("color", colors({PLAIN: {"a": 20.0}, WIDE: {"a": 29.0}, OPPONENT: {"a": 21.0}}))
    assert "changes DCT 8×8 by +1.00 dB" in said
    assert "16×16 by" not in said


def test_colours_at_two_sigmas_are_not_said_to_be_at_one() -> None:
    rows = [*colors({PLAIN: {"a": 20.0}}), *colors({PLAIN: {"a": 10.0}}, sigma_255=50.0)]
    said = reading("color", iter(rows))
    assert "Colour denoising, sigma 25, 50." in said
    assert "Means over 2 cases: DCT 8×8, per channel 15.00 dB." in said


def reduced(scores: dict[str, dict[str, float]], image: str = "a") -> Iterator[Fields]:
    for variant, kinds in scores.items():
        for degradation, psnr in kinds.items():
            case = {"variant": variant, "degradation": degradation, "image": image, "task": "upscale"}
            yield {**case, "quantity": "psnr_db", "value": psnr}


def test_every_network_is_compared_with_bicubic_and_one_degradation_is_named_once() -> None:
    said = reading("sr-distribution", reduced({"mine": {"x": 31.0}, "bicubic": {"x": 30.0}, "yours": {"x": 29.0}}))
    assert (
        "mine against bicubic: +1.00 dB on x input; it falls behind on 0 of 1 degradation (means over 1 image)." in said
    )
    assert (
        "yours against bicubic: −1.00 dB on x input; it falls behind on 1 of 1 degradation: x (means over 1 image)."
        in said
    )


def test_degradations_are_compared_on_the_images_that_both_have() -> None:
    rows = [*reduced({"mine": {"x": 31.0}, "bicubic": {"x": 30.0}}), *reduced({"bicubic": {"x": 50.0}}, image="b")]
    assert "mine against bicubic: +1.00 dB" in reading("sr-distribution", iter(rows))


def test_widths_of_blur_that_are_equally_good_are_all_named() -> None:
    rows = [*reduced({name: {"x": 30.0, "y": 30.0} for name in ("mine", "bicubic")})]
    rows += [
        {"degradation": kind, "quantity": "blur_std_pixels", "value": width} for kind, width in (("x", 0.4), ("y", 0.8))
    ]
    assert "mine best at 0.4 and 0.8, bicubic best at 0.4 and 0.8." in reading("sr-distribution", iter(rows))


def test_a_loss_that_rises_is_not_said_to_fall_and_weights_above_zero_do_not_begin_there() -> None:
    rows = [{"part": "loss", "quantity": name, "value": value, "repeat": place, "variant": "free"}
            for place in range(2) for name, value in (("step", float(place)), ("loss", 1.0 + place))]  # fmt: skip
    rows += [
        {"part": "found", "quantity": "kernel_weight", "value": 0.25, "repeat": place, "variant": "free"}
        for place in range(4)
    ]
    rows += [
        {"part": "found", "quantity": name, "value": 0.5, "variant": "free"} for name in ("profile", "offset_pixels")
    ]
    said = reading("kernel-estimation", iter(rows))
    assert "The loss goes from 1 to 2." in said
    assert "2 × 2 weights from 0.250 to 0.250." in said
    assert "Against the true kernel: ." not in said
    assert "With free weights: ." not in said


def test_more_curves_than_are_said_are_counted() -> None:
    rows = [{"part": f"p{part}", "quantity": "height", "value": float(place), "repeat": place}
            for part in range(8) for place in range(2)]  # fmt: skip
    assert "0 to 1 (p5); and 2 more." in reading("mine", iter(rows))
