"""Each sentence that makes a claim, with data that would have made it false were it written down once for all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import said
import synthetic
from said import counts, scored, text, timed

from reports.sections import (
    conventions,
    denoising,
    doctor,
    environment,
    layers,
    memory,
    methods,
    peers,
    ratio,
    roofline,
    scaling,
    stride,
    times,
    weights,
)

Rows = Iterator[dict[str, Any]]


# Methods and cost


def test_a_network_that_enlarges_three_times_is_not_said_to_work_on_a_grid_half_as_fine(tmp_path: Path) -> None:
    why = "the layers work on a grid 3 times coarser per axis"
    rows = counts("rdn", closed_form=100.0, parameters=899.8, residue=why, scale=3, task="upscale")
    words = text(said.section(methods, tmp_path, rows))
    assert "exceeds the closed form for RDN ×3 8.998 times" in words
    assert "The column “residue” says why." in words
    assert "half" not in words
    assert "one output pixel in four" not in words


def test_an_estimate_that_is_too_small_is_not_said_to_overstate(tmp_path: Path) -> None:
    words = text(said.section(methods, tmp_path, counts("dct", closed_form=100.0, parameters=39.86)))
    assert "below the closed form for DCT 8×8 0.3986 times" in words
    assert "exceeds" not in words
    assert "says why" not in words  # there is no residue


def test_counts_that_differ_by_the_rounding_of_a_sum_agree(tmp_path: Path) -> None:
    words = text(said.section(methods, tmp_path, counts("dct", closed_form=8192.0, fvcore=8192.0000001)))
    assert "agree for 1 method." in words
    assert "departs" not in words


def test_a_small_departure_is_not_said_to_be_nothing(tmp_path: Path) -> None:
    words = text(said.section(methods, tmp_path, counts("dct", closed_form=3040.0, fvcore=3039.93)))
    assert "−0.07 (DCT 8×8)" in words


def test_one_method_is_no_range_and_equal_counts_are_no_order(tmp_path: Path) -> None:
    one = said.section(methods, tmp_path / "one", counts("dct", closed_form=8192.0)).charts[0].finding
    assert one == "DCT 8×8: 8,192 operations per pixel by closed form."
    both = chain(counts("dct", closed_form=8192.0), counts("mine", closed_form=8192.0))
    assert said.section(methods, tmp_path / "two", both).charts[0].finding.startswith("DCT 8×8 and mine: 8,192")


def test_the_dearest_method_is_named_though_it_has_no_closed_form(tmp_path: Path) -> None:
    rows = chain(counts("dct", closed_form=8192.0, torch=8192.0), counts("mine", torch=1e6))
    finding = said.section(methods, tmp_path, rows).charts[0].finding
    assert finding == "From 8,192 operations per pixel (DCT 8×8) to 1,000,000 (mine), by torch."


def test_counters_that_counted_nothing_are_not_explained(tmp_path: Path) -> None:
    words = text(said.section(methods, tmp_path, counts("dct", closed_form=8192.0)))
    assert "traced" not in words
    assert "every weight" not in words


def test_operations_per_byte_are_not_called_the_same_where_they_are_not(tmp_path: Path) -> None:
    rows = [*counts("dct", closed_form=8192.0, executed=400.0), *timed("dct", 0.01)]
    cost, roof = (said.section(module, tmp_path / module.__name__, rows) for module in (methods, roofline))
    named = [
        {column for grid in shown.grids for column in grid.columns if "per byte" in column} for shown in (cost, roof)
    ]
    assert named == [{"counted multiply-adds per byte"}, {"executed multiply-adds per byte"}]
    cells = [line.cells[roof.grids[0].columns.index("executed multiply-adds per byte")] for line in roof.grids[0].lines]
    assert [cell.key for cell in cells] == [50.0]


# The machine's limit


def many(count: int) -> Rows:
    """Methods of which the last one is the fastest."""
    for number in range(count):
        yield from counts(f"mine{number}", closed_form=8192.0)
        yield from timed(f"mine{number}", 0.1 / (number + 1))


def many_of(method: str) -> Rows:
    """One slow method."""
    yield from counts(method, closed_form=8192.0)
    yield from timed(method, 1.0)


def test_the_roofline_draws_every_method_the_networks_first(tmp_path: Path) -> None:
    (chart,) = said.section(roofline, tmp_path, chain(many(26), *(many_of("ffdnet"), many_of("rdn")))).charts
    assert "by mine25." in chart.finding
    drawn = list(dict.fromkeys(mark.series for mark in chart.marks.values() if mark.tips))
    assert set(drawn[:2]) == {"FFDNet", "RDN"}
    assert set(drawn[2:]) == {f"mine{number}" for number in range(26)}
    assert "want of room" not in chart.finding


def test_of_equal_speeds_none_is_the_highest_alone(tmp_path: Path) -> None:
    rows = chain.from_iterable([*counts(name, closed_form=8192.0), *timed(name, 0.01)] for name in ("mine", "dct"))
    assert said.section(roofline, tmp_path, rows).charts[0].finding.endswith("by mine and DCT 8×8.")


def test_a_limit_that_was_not_probed_is_not_said_to_be_infinite(tmp_path: Path) -> None:
    peak = {"quantity": "flops_per_second", "part": "float32", "value": 1e11}
    rows = [*counts("dct", closed_form=8192.0), *timed("dct", 0.01), synthetic.row("experiment", "roofline", **peak)]
    words = text(said.section(roofline, tmp_path, rows))
    assert "50 (float32) billion multiply-adds a second" in words
    assert "DCT 8×8 reaches 53.7 billion executed multiply-adds per second, 107 % of the limit there." in words
    assert "inf" not in words.split()
    assert "billion bytes" not in words


# Redundancy


def redundancies(*cases: tuple[int, str, float, float]) -> Rows:
    """DCTs of so many pixels per block with one more option, so many seconds and decibels."""
    for block, option, seconds, psnr in cases:
        options = f'{{"block_size":{block}{option}}}'
        yield from timed("dct", seconds, options=options, size=512)
        yield from scored("dct", [psnr, psnr + 1], options=options, block_size=block)


def test_the_finding_on_redundancy_names_the_full_one_that_beats_fewer_larger_blocks(tmp_path: Path) -> None:
    half = (8, ',"spacing":2.0', 0.02, 28.0)
    rows = redundancies((4, "", 0.002, 28.8), (8, ',"stride":2', 0.003, 28.7), (8, "", 0.01, 29.1), half)
    (finding,) = said.section(stride, tmp_path / "beats", rows).findings
    assert "DCT 4×4 (29.30 dB, 7.63 ms per megapixel) is better and faster than DCT 8×8, stride 2" in finding
    assert "Of 1 random subset 1 is slower and worse than a grid of blocks of its size" in finding
    rows = redundancies((4, "", 0.002, 28.6), (8, ',"stride":2', 0.003, 28.7), (8, "", 0.01, 29.1))
    (finding,) = said.section(stride, tmp_path / "loses", rows).findings
    assert "better and faster" not in finding
    assert "random" not in finding


# Denoising


def test_psnr_is_drawn_over_that_of_the_reference_where_that_is_there(tmp_path: Path) -> None:
    rows = chain(scored("dct", [30.0, 31.0]), scored("ffdnet", [31.5, 32.5]), scored("noisy", [20.0, 20.0]))
    drawn, alone = (
        said.section(denoising, tmp_path / name, own).charts[0]
        for name, own in (("both", rows), ("alone", scored("ffdnet", [31.5, 32.5])))
    )
    heights = [[float(y) for y in line.get_ydata()] for line in drawn.figure.axes[0].lines]
    assert heights == [[0.0], [1.5]]
    assert drawn.finding.endswith("Drawn over the PSNR of DCT 8×8 on the same images.")
    assert "Drawn" not in alone.finding


# Time


def test_times_of_five_calls_claim_no_interval_and_no_width_of_nothing(tmp_path: Path) -> None:
    rows = chain(timed("dct", 0.01, count=5), timed("dct", 0.04, size=512, count=1))
    shown = said.section(times, tmp_path, rows)
    assert any(tip.startswith("DCT 8×8: 10 ms at 256 × 256") for tip in said.tips(shown))
    assert not any("nan" in cell.text for grid in shown.grids for line in grid.lines for cell in line.cells)


def test_exponents_are_those_of_the_lines_that_are_drawn_each_with_its_scale(tmp_path: Path) -> None:
    rows = [
        row
        for scale in (2, 3)
        for size in (128, 256, 512, 1024)
        for row in timed("bicubic", 1e-9 * size**scale, size=size, scale=scale)
    ]
    finding = said.section(times, tmp_path, rows).charts[0].finding
    assert (
        finding == "Exponents of time against pixels: bicubic ×2 1.00 [1.00 to 1.00], bicubic ×3 1.50 [1.50 to 1.50]."
    )


def against_operations(directory: Path, cases: tuple[tuple[str, float, float], ...]) -> str:
    """What is said of methods with so many operations per pixel and so many seconds."""
    rows = [row for name, macs, seconds in cases for row in (*counts(name, closed_form=macs), *timed(name, seconds))]
    charts = {chart.name: chart.finding for chart in said.section(times, directory, rows).charts}
    return charts["time-operations"]


def test_time_that_falls_with_operations_is_not_said_to_grow(tmp_path: Path) -> None:
    cases = (("mine", 100.0, 3e-3), ("yours", 1000.0, 2e-3), ("theirs", 10000.0, 1e-3))
    rows = [row for name, macs, seconds in cases for row in (*counts(name, closed_form=macs), *timed(name, seconds))]
    finding = next(
        chart for chart in said.section(times, tmp_path, rows).charts if chart.name == "time-operations"
    ).finding
    assert "grows" not in finding
    assert "to the power \N{MINUS SIGN}0.24" in finding
    assert "no time per operation" in finding


def test_a_cost_model_with_a_negative_constant_says_so(tmp_path: Path) -> None:
    cases = (("mine", 1000.0, 1e-3), ("yours", 2000.0, 4e-3), ("theirs", 4000.0, 12e-3))
    rows = [row for name, macs, seconds in cases for row in (*counts(name, closed_form=macs), *timed(name, seconds))]
    finding = next(
        chart for chart in said.section(times, tmp_path, rows).charts if chart.name == "time-operations"
    ).finding
    assert "a = \N{MINUS SIGN}" in finding
    assert "how well each method uses the machine" not in finding


def test_a_table_of_times_says_which_threads_it_leaves_out(tmp_path: Path) -> None:
    one = timed("dct", 0.02, threads=1)
    assert "ran on 2 threads" in text(
        said.section(times, tmp_path / "two", [*timed("dct", 0.01), *timed("nlm", 1.0), *one])
    )
    assert "ran on" not in text(said.section(times, tmp_path / "one", timed("dct", 0.01)))


def test_colour_is_not_charged_with_the_operations_of_grey(tmp_path: Path) -> None:
    rows = [*counts("ffdnet", closed_form=100.0), *timed("ffdnet", 1.0, channels=3)]
    assert said.material(tmp_path, rows).summary.operations.empty


def test_series_that_differ_in_their_channels_name_them(tmp_path: Path) -> None:
    rows = [row for channels in (1, 3) for size in (256, 512) for row in timed(
        "dct", 1e-8 * size**2 * channels, size=size, channels=channels
    )]  # fmt: skip
    names = {mark.series for chart in said.section(times, tmp_path, rows).charts for mark in chart.marks.values()}
    assert names == {"DCT 8×8, 1 channel", "DCT 8×8, 3 channels"}


# Scaling


def test_what_grows_faster_than_the_pixels_is_not_said_to_show_a_fixed_cost(tmp_path: Path) -> None:
    rows = [row for size in (128, 256, 512, 1024) for row in timed("dct", 1e-9 * size**3, size=size)]
    finding = said.section(scaling, tmp_path, rows).charts[0].finding
    assert finding == "Fitted: DCT 8×8 with exponent 1.50 [1.50 to 1.50]."


def test_an_exponent_of_three_sizes_or_with_a_wide_interval_is_no_finding(tmp_path: Path) -> None:
    three = [row for size in (128, 256, 512) for row in timed("dct", 1e-9 * size, size=size)]
    wild = [row for size, at in ((64, 1.0), (128, 9.0), (256, 1.0), (512, 9.0)) for row in timed("dct", at, size=size)]
    for name, rows in (("three", three), ("wild", wild)):
        shown = said.section(scaling, tmp_path / name, rows)
        assert not [chart for chart in shown.charts if chart.name == "exponents"]
        assert shown.findings[0].startswith("No exponent of time against pixels is a finding: of 1 fitted")
        assert shown.grids
        assert "No exponent is given" in said.section(times, tmp_path / f"{name} drawn", rows).charts[0].finding


def test_of_equal_exponents_none_is_the_steepest_alone(tmp_path: Path) -> None:
    rows = [
        row for name in ("dct", "nlm") for size in (128, 256, 512, 1024) for row in timed(name, 1e-9 * size, size=size)
    ]
    finding = said.section(scaling, tmp_path, rows).charts[0].finding
    assert finding.startswith("Steepest: DCT 8×8 and non-local means with exponent 0.50.")
    assert finding.endswith("Below 1, time grows less than the pixels do.")


def test_a_method_that_more_threads_slow_down_is_not_listed_as_faster(tmp_path: Path) -> None:
    rows = [*timed("dct", 0.01, threads=2), *timed("dct", 0.02, threads=4)]
    chart = said.section(scaling, tmp_path, rows).charts[-1]
    assert chart.finding == "DCT 8×8 on 4 threads is 2 times as slow as on 2."
    assert chart.figure.axes[0].get_ylabel() == "speed over that on the fewest threads"


def test_the_exponents_at_one_size_are_called_after_what_they_are_against(tmp_path: Path) -> None:
    rows = [*timed("dct", 0.01, threads=2), *timed("dct", 0.02, threads=4)]
    captions = [grid.caption for grid in said.section(scaling, tmp_path, rows).grids]
    assert captions == ["Exponent of time against threads"]


def test_an_exponent_that_is_written_as_one_is_not_below_it(tmp_path: Path) -> None:
    rows = [row for size in (128, 256, 512, 1024) for row in timed("dct", 1e-9 * size**1.9999, size=size)]
    assert "Below 1" not in said.section(scaling, tmp_path, rows).charts[0].finding


# Peers


def in_turn(group: str, ratio: float, *, rounds: int = 5) -> Rows:
    """Two methods, the second of which takes `ratio` times as long."""
    case = {"quantity": "seconds", "part": group, "height": 64, "width": 64, "task": "denoise"}
    for method, seconds in (("dct", 0.01), ("mine", 0.01 * ratio)):
        yield synthetic.row("paired", method, value=9.0, phase="warmup", repeat=rounds + 7, **case)
        for repeat in range(rounds):
            yield synthetic.row("paired", method, value=seconds, phase="measure", repeat=repeat, **case)


def test_what_takes_as_long_does_not_take_one_time_the_time(tmp_path: Path) -> None:
    finding = said.section(peers, tmp_path, in_turn("a", 1.001)).charts[0].finding
    assert finding == "mine takes about as long as DCT 8×8."


def test_warm_up_is_no_round_though_it_is_numbered_like_one(tmp_path: Path) -> None:
    (line,) = said.material(tmp_path, in_turn("a", 2.0)).summary.peers.to_dict("records")
    assert (line["rounds"], line["ratio"]) == (5, pytest.approx(2.0))


def test_two_rounds_have_no_interval_and_two_groups_are_told_apart(tmp_path: Path) -> None:
    shown = said.section(peers, tmp_path, [*in_turn("small", 2.0, rounds=2), *in_turn("large", 3.0)])
    assert "mine takes 2 times as long as DCT 8×8 (small)" in shown.charts[0].finding
    assert "(large)" in shown.charts[0].finding
    assert "nan" not in text(shown)


def test_the_command_that_repeats_a_section_is_that_of_its_run(tmp_path: Path) -> None:
    command = "restobench run --spec mine.toml"
    rows = [*in_turn("a", 2.0), *timed("dct", 0.01), *timed("dct", 0.02, size=512), *counts("dct", closed_form=1.0)]
    for module in (peers, scaling, methods, doctor, weights, environment):
        assert said.section(module, tmp_path / module.__name__, rows, command=command).command == command


def test_a_command_that_was_not_recorded_is_not_made_up(tmp_path: Path) -> None:
    assert said.section(peers, tmp_path, in_turn("a", 2.0), command=None).command == ""
    assert conventions.section(said.material(tmp_path, [])).command == ""


# Layers


def looked_at(method: str, layers: dict[str, float], *, size: int = 64, plain: float = 1.0) -> Rows:
    """Seconds of the layers of one call."""
    case = {"quantity": "seconds", "height": size, "width": size, "task": "denoise"}
    for part, seconds in layers.items():
        yield synthetic.row("layers", method, part=part, value=seconds, **case)
    for note in ("plain", "instrumented"):
        yield synthetic.row("layers", method, note=note, value=plain, **case)


def test_three_layers_have_no_five_slowest(tmp_path: Path) -> None:
    finding = said.section(layers, tmp_path, looked_at("ffdnet", {"a": 0.5, "b": 0.3, "c": 0.2})).charts[0].finding
    assert finding == "The largest share of the time, 50.0 %, goes to a."


def test_what_runs_between_layers_is_no_layer_and_equal_layers_are_named_together(tmp_path: Path) -> None:
    first = looked_at("ffdnet", {"(between layers)": 0.6, "a": 0.4})
    assert "goes to what runs between the layers" in said.section(layers, tmp_path / "a", first).charts[0].finding
    even = said.section(layers, tmp_path / "b", looked_at("ffdnet", dict.fromkeys("abcdefg", 0.1)))
    assert "14.3 % each, goes to a, b, c, d and 3 others." in even.charts[0].finding
    assert even.findings == ("FFDNet at 64 × 64: of 7 layers the five slowest take 71 % of the time.",)


def test_layers_of_one_size_are_not_added_to_those_of_another(tmp_path: Path) -> None:
    rows = [*looked_at("ffdnet", {"a": 1.0}), *looked_at("ffdnet", {"a": 4.0}, size=128, plain=4.0)]
    said_of = said.section(layers, tmp_path, rows).text
    assert [sentence.endswith("add up to 100 % of the first.") for sentence in said_of] == [True, True]
    assert "FFDNet at 128 × 128: 4 s as it runs" in said_of[1]


# Memory


def peak(method: str, size: int, each: float, part: str = "measured") -> dict[str, Any]:
    """A peak of so many bytes per pixel."""
    value = each * size**2
    return synthetic.row("memory", method, quantity="peak_bytes", part=part, value=value, height=size, width=size)


def test_bytes_per_pixel_are_those_of_the_largest_size_as_is_said(tmp_path: Path) -> None:
    rows = [peak("dct", 64, 900.0), peak("dct", 512, 8.5), peak("ffdnet", 64, 10.0), peak("ffdnet", 512, 300.0)]
    finding = said.section(memory, tmp_path, rows).charts[0].finding
    assert finding == "At the largest size of each, measured: from 8.5 bytes per pixel (DCT 8×8) to 300 (FFDNet)."


def test_predictions_alone_are_not_said_to_be_measured_nor_the_other_way_round(tmp_path: Path) -> None:
    predicted = said.section(memory, tmp_path / "a", [peak("dct", 64, 8.0, "predicted")])
    assert "fresh process" not in text(predicted)
    assert predicted.charts[0].finding == "At its largest size: DCT 8×8 with 8 bytes per pixel, predicted."
    assert "Predicted" not in text(said.section(memory, tmp_path / "b", [peak("dct", 64, 8.0)]))


# Ratio and stride


def swept(psnr: dict[float, float], **case: Any) -> Rows:
    """A sweep of the threshold ratio."""
    for value, decibels in psnr.items():
        yield from scored("dct", decibels, options={"block_size": 8, "stride": 1, "ratio": value}, **case)


def test_ratios_that_are_equally_good_are_all_named(tmp_path: Path) -> None:
    shown = said.section(ratio, tmp_path, swept({2.0: 29.0, 2.5: 30.0, 3.0: 30.0, 3.5: 29.0}))
    assert (
        shown.charts[0].finding
        == "At sigma 25 PSNR is highest at ratio 2.5 and 3 (30.00 dB). Means over 1 image or more."
    )
    assert shown.findings == ("DCT 8×8: PSNR is highest at ratio 2.5 and 3 at sigma 25 (1 image).",)


def test_grey_and_colour_are_not_one_sweep(tmp_path: Path) -> None:
    rows = [*swept({2.0: 29.0, 2.5: 30.0, 3.0: 29.0}), *swept({2.0: 29.0, 2.5: 30.0, 3.0: 31.0}, channels=3)]
    (sentence,) = said.section(ratio, tmp_path, rows).findings
    assert "highest at ratio 2.5 at sigma 25 (1 image)." in sentence
    assert "At the edge of what was tried: 1 of 2 best ratios" in sentence


def strided(psnr: dict[int, float], seconds: dict[int, float], **case: Any) -> Rows:
    """The DCT at several strides."""
    for at, decibels in psnr.items():
        yield from scored("dct", decibels, options={"block_size": 8, "stride": at, "ratio": 2.7}, **case)
    for at, each in seconds.items():
        yield from timed("dct", each, options={"block_size": 8, "stride": at})


def test_a_stride_that_gains_is_not_said_to_lose(tmp_path: Path) -> None:
    charts = said.section(stride, tmp_path, strided({1: 28.0, 8: 29.5}, {1: 0.01, 8: 0.01})).charts
    assert [chart.finding for chart in charts] == [
        "With 8×8 blocks PSNR at stride 8 is +1.50 dB beside that at stride 1. PSNR is the mean over 1 image.",
        "8×8 blocks at stride 8 are about as fast as at stride 1.",
        (
            "From DCT 8×8 (28.00 dB, 153 ms per megapixel) to DCT 8×8, stride 8 (29.50 dB, 153 ms per megapixel). "
            "PSNR is the mean over 1 image."
        ),
    ]


def test_where_the_fastest_is_as_good_as_any_nothing_is_bought(tmp_path: Path) -> None:
    charts = said.section(stride, tmp_path, strided({1: 28.0, 8: 28.0}, {1: 0.02, 8: 0.01})).charts
    assert charts[-1].finding.startswith("Nothing shown is better than the fastest, DCT 8×8, stride 8 (28.00 dB")


def test_block_sizes_alone_show_nothing_of_redundancy(tmp_path: Path) -> None:
    rows = [row for block in (8, 16) for row in (
        *scored("dct", 28.0 + block, options={"block_size": block, "stride": 1, "ratio": 2.7}),
        *timed("dct", 0.001 * block, options={"block_size": block, "stride": 1}),
    )]  # fmt: skip
    shown = said.section(stride, tmp_path, rows)
    assert shown.charts == ()
    assert shown.findings == ()
    assert shown.text == ()


def test_random_subsets_are_explained_only_where_there_are_some(tmp_path: Path) -> None:
    rows = [*strided({1: 28.0, 8: 27.0}, {1: 0.02, 8: 0.01})]
    assert "random subset" not in text(said.section(stride, tmp_path / "a", rows)).lower()
    spaced = {"block_size": 8, "stride": 1, "ratio": 2.7, "spacing": 2.0}
    more = [*rows, *scored("dct", 27.5, options=spaced)]
    assert "random subset" in text(said.section(stride, tmp_path / "b", more)).lower()


# Provenance


def test_a_machine_that_is_not_recorded_is_not_called_none(tmp_path: Path) -> None:
    shown = said.section(environment, tmp_path, [], started_on={"stable": {}}, timed_on=None)
    assert "None" not in text(shown)


def test_a_machine_that_was_fit_when_the_run_started_is_not_said_to_have_stayed_so(tmp_path: Path) -> None:
    found = [{"finding": "load", "value": "0", "verdict": "fit", "advice": ""}]
    assert said.section(doctor, tmp_path, [], doctor=found).findings == (
        "When the run started, the machine was fit to time on.",
    )
