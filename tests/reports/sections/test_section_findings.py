"""Every section opens with what its data show; one method, ties and missing values make it another sentence or none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import said
import synthetic
from said import counts, scored, timed

from reports.page import make_report
from reports.sections import (
    challenge,
    denoising,
    energy,
    images,
    latency,
    memory,
    methods,
    notices,
    peers,
    ratio,
    roofline,
    stream,
    times,
    tradeoff,
    upscaling,
    weights,
)

NAN = float("nan")
UNSAID = {"conventions"}
"""Sections that show no data."""


def found(module: Any, directory: Path, rows: said.Rows, **about: Any) -> str:
    """What the section says first."""
    return " ".join(said.section(module, directory, rows, **about).findings)


def test_every_section_that_shows_something_opens_with_a_finding(run: Path) -> None:
    shown = [section for section in make_report(run).sections if not section.empty]
    assert len(shown) > 20
    assert {section.anchor for section in shown if not section.findings} == UNSAID


def test_the_fastest_is_that_of_the_size_that_most_were_timed_at(tmp_path: Path) -> None:
    rows = [*timed("dct", 0.01), *timed("ffdnet", 0.4), *timed("dct", 0.001, size=64)]
    assert found(times, tmp_path / "a", rows) == (
        "Fastest at 256 × 256: DCT 8×8, 10 ms; slowest: FFDNet, 400 ms, 40 times as long (medians of 9 calls or more)."
    )
    assert found(times, tmp_path / "b", timed("dct", 0.01)) == (
        "At 256 × 256 DCT 8×8 took 10 ms (medians of 9 calls or more)."
    )
    tied = found(times, tmp_path / "c", [*timed("dct", 0.01), *timed("nlm", 0.01)])
    assert tied.startswith("At 256 × 256 DCT 8×8 and non-local means took 10 ms")
    assert found(times, tmp_path / "d", [*timed("dct", 0.01), *timed("noisy", 0.001)]).startswith(
        "At 256 × 256 DCT 8×8"
    )
    assert found(times, tmp_path / "e", timed("dct", NAN)) == ""


def test_upscalers_and_denoisers_of_one_size_are_not_set_against_each_other(tmp_path: Path) -> None:
    rows = [*timed("dct", 0.01), *timed("ffdnet", 0.1), *timed("bicubic", 0.001, task="upscale", scale=2)]
    said_first = found(times, tmp_path, rows)
    assert said_first.startswith("Fastest at 256 × 256 (denoising, 1 channel): DCT 8×8, 10 ms; slowest: FFDNet, ")
    assert "bicubic" not in said_first


def test_operations_are_set_against_each_other_where_they_differ(tmp_path: Path) -> None:
    two = [*counts("dct", closed_form=100), *counts("ffdnet", closed_form=5000)]
    assert found(methods, tmp_path / "a", two) == (
        "Operations for a pixel: 50 times as many with FFDNet as with DCT 8×8, by closed form."
    )
    one = found(methods, tmp_path / "b", counts("dct", closed_form=100))
    assert one == "DCT 8×8: 100 operations per pixel by closed form."
    assert found(methods, tmp_path / "c", counts("dct", closed_form=NAN)) == ""


def swept(psnr: dict[float, float]) -> said.Rows:
    for value, decibels in psnr.items():
        yield from scored("dct", [decibels, decibels], options={"block_size": 8, "stride": 1, "ratio": value})


def test_what_the_default_ratio_loses_is_said_only_where_it_was_tried(tmp_path: Path) -> None:
    tried = found(ratio, tmp_path / "a", swept({2.0: 29.0, 2.5: 30.0, 2.7: 29.9}))
    assert tried.startswith("DCT 8×8: PSNR is highest at ratio 2.5 at sigma 25 (2 images).")
    assert tried.endswith("Its default, 2.7, loses 0.10 dB or less beside that.")
    assert "default" not in found(ratio, tmp_path / "b", swept({2.0: 29.0, 2.5: 30.0, 3.0: 29.9}))


def test_memory_is_set_against_each_other_where_it_differs(tmp_path: Path) -> None:
    def peak(method: str, value: float, part: str = "measured") -> dict[str, Any]:
        return synthetic.row(
            "memory", method, quantity="peak_bytes", part=part, value=value * 64**2, height=64, width=64
        )

    two = [peak("dct", 8.0), peak("ffdnet", 80.0), peak("nlm", 1.0, "predicted")]
    assert found(memory, tmp_path / "a", two) == (
        "Memory for a pixel: 10 times as much with FFDNet as with DCT 8×8, measured, each at its largest size."
    )
    assert "with 8 bytes per pixel, predicted" in found(memory, tmp_path / "b", [peak("dct", 8.0, "predicted")])
    assert found(memory, tmp_path / "c", [peak("dct", NAN)]) == ""


def probed(peak: float) -> said.Rows:
    case = {"quantity": "macs_per_second", "part": "float32"}
    return [synthetic.row("experiment", "roofline", value=peak, **case)]


def test_the_nearest_to_the_limit_needs_a_limit(tmp_path: Path) -> None:
    rows = [*timed("dct", 1.0), *counts("dct", closed_form=100), *timed("nlm", 1.0), *counts("nlm", closed_form=400)]
    shares = found(roofline, tmp_path / "a", [*rows, *probed(400 * 256**2 * 2)])
    assert shares == "Nearest to its limit: non-local means, at 50 % of it; farthest: DCT 8×8, at 12 %."
    assert found(roofline, tmp_path / "b", rows).startswith("This run did not probe the machine's limits")
    one = [*timed("dct", 1.0), *counts("dct", closed_form=100), *probed(200 * 256**2)]
    assert found(roofline, tmp_path / "c", one) == "DCT 8×8: 50 % of the limit."


def test_a_tail_takes_enough_calls(tmp_path: Path) -> None:
    def calls(*seconds: float) -> said.Rows:
        return [
            row for at, each in enumerate(seconds) for row in timed("dct", each, count=1) if not row.update(repeat=at)
        ]  # type: ignore[func-returns-value]  # updated in place

    slow = [1.0] * 40 + [2.0] * 10
    assert found(latency, tmp_path / "a", calls(*slow)) == (
        "The longest tail of 1 case: DCT 8×8, with a 90th percentile of 2 times the median."
    )
    assert found(latency, tmp_path / "b", calls(*[1.0] * 50)).startswith("Of no case (1 case with enough calls)")
    assert found(latency, tmp_path / "c", calls(1.0, 2.0)).startswith("No case has the 36 calls")


def test_of_a_single_stream_the_quickest_holds_the_floor(tmp_path: Path) -> None:
    rules = {"queries": 64, "round_seconds": 1, "floor_db": {"denoise": 28}}
    rows = [*timed("dct", 0.06), *scored("dct", 29.0), *timed("nlm", 0.01), *scored("nlm", 20.0)]
    assert found(stream, tmp_path / "a", rows, spec=rules) == (
        "Of 2 cases the floor holds for 1; of these the quickest: DCT 8×8, with 60 ms."
    )
    assert found(stream, tmp_path / "b", rows[9:], spec=rules | {"floor_db": {"denoise": 40}}) == (
        "Of 1 case none gives a result."
    )


def upscaler(name: str, seconds: float) -> said.Rows:
    case = {"task": "upscale", "scale": 4, "channels": 3}
    yield from timed(name, seconds, size=1024, **case)
    yield from counts(name, fvcore=9.4, **case, height=1024, width=1024)
    yield synthetic.row("cost", name, quantity="parameters", value=100.0, height=1024, width=1024, **case)


def test_no_score_is_said_to_beat_a_baseline_that_it_does_not_beat(tmp_path: Path) -> None:
    spec = {"baseline": "span"}
    fast = found(challenge, tmp_path / "a", [*upscaler("span", 0.5), *upscaler("mine", 0.25)], spec=spec)
    assert fast.endswith(", of mine; the baseline has 7.389.")
    slow = found(challenge, tmp_path / "b", [*upscaler("span", 0.5), *upscaler("mine", 0.75)], spec=spec)
    assert slow.startswith("Nothing scores better than the baseline's 7.389; the next: ")
    alone = found(challenge, tmp_path / "c", upscaler("span", 0.5), spec=spec)
    assert alone == "Nothing beside the baseline has a score."


def joules(method: str, value: float, **case: Any) -> said.Rows:
    yield from timed(method, 0.25, size=1000, **case)
    sized = {"height": 1000, "width": 1000, "task": "denoise", **case}
    yield synthetic.row("time", method, quantity="joules", unit="J", part="package", value=value, **sized)


def test_energy_names_both_ends_by_counter_and_task(tmp_path: Path) -> None:
    two = [*joules("dct", 2.0), *joules("ffdnet", 9.0), *joules("bicubic", 0.1, task="upscale", scale=2)]
    assert found(energy, tmp_path / "a", two) == (
        "By the counter package, to denoise a megapixel takes from 2 J (DCT 8×8) to 9 J (FFDNet), by the median of the "
        "cases of each. By the counter package: 0.1 J per megapixel, of bicubic."
    )
    assert found(energy, tmp_path / "b", timed("dct", 0.1)) == "Energy of 1 case: not recorded."
    assert found(energy, tmp_path / "c", []) == ""


def in_turn(label: str, ratios: Iterable[float]) -> said.Rows:
    for block, at in enumerate(ratios):
        for method, value in (("dct", 1.0), (label, at)):
            case = {"quantity": "seconds", "phase": "measure", "height": 64, "width": 64, "part": "group"}
            yield synthetic.row("paired", method, value=value, repeat=block, **case)


def test_peers_name_the_least_ratio_and_those_that_may_be_one(tmp_path: Path) -> None:
    steady, unsure = [0.5, 0.5, 0.5, 0.5], [0.8, 1.3, 0.9, 1.2]
    one = found(peers, tmp_path / "a", in_turn("nlm", steady))
    assert one == "non-local means is 2 times as fast as DCT 8×8 [2 to 2] over 4 rounds."
    rows = [row for row in in_turn("tv", unsure) if row["method"] == "tv"]
    both = found(peers, tmp_path / "b", [*in_turn("nlm", steady), *rows])
    assert both.startswith("The least of 2 ratios: non-local means is 2 times as fast as DCT 8×8")
    assert both.endswith("Their intervals do not tell total variation from DCT 8×8.")
    assert found(peers, tmp_path / "c", []) == ""


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ([{"name": "a", "present": True}], "Of 1 file of weights none was missing."),
        ([{"name": "a", "present": True}, {"name": "b"}], "Of 2 files of weights these were missing: b."),
        ([], ""),
    ],
)
def test_weights_that_are_absent_are_named(tmp_path: Path, records: list[dict[str, Any]], sentence: str) -> None:
    assert found(weights, tmp_path, [], weights=records) == sentence


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ([{"width": 500, "height": 400}, {"width": 1000, "height": 1000}], "2 images of 0.2 to 1 megapixels."),
        ([{"width": 500, "height": 400}], "1 image of 0.2 megapixels."),
        ([{"width": "wide"}], ""),
    ],
)
def test_images_say_their_sizes_where_they_are_known(
    tmp_path: Path, records: list[dict[str, Any]], sentence: str
) -> None:
    assert found(images, tmp_path, [], images=records) == sentence


def test_notices_are_counted(tmp_path: Path) -> None:
    assert found(notices, tmp_path / "a", [], notices=[]) == "Nothing was left out."
    assert found(notices, tmp_path / "b", [], notices=["x"]) == "The run and its report have 1 notice."


def test_the_price_of_a_decibel_is_that_of_both_ends_of_the_front(tmp_path: Path) -> None:
    rows = [*timed("dct", 0.01), *scored("dct", [29.0, 31.0]), *timed("ffdnet", 1.0), *scored("ffdnet", [31.0, 33.0])]
    assert found(tradeoff, tmp_path / "a", rows) == (
        "The front (sigma 25) runs from DCT 8×8 (30.00 dB, 153 ms) to FFDNet (32.00 dB, 15.3 s): 2.00 dB more (2 "
        "images), 100 times as long, a factor of 10 for each decibel."
    )
    worse = [*timed("nlm", 0.1), *scored("nlm", [28.0, 30.0]), *rows[:11]]
    assert found(tradeoff, tmp_path / "b", worse) == (
        "Nothing (sigma 25) is surely better than the fastest, DCT 8×8 (30.00 dB, 153 ms) (means over 2 images)."
    )
    unsure = [*rows[:22], *scored("ffdnet", [29.0, 35.0])]
    assert found(tradeoff, tmp_path / "g", unsure).endswith(
        "(means over 2 images). The mean of FFDNet is 2.00 dB higher, which 2 images do not show for sure."
    )
    small = [*timed("dct", 0.01, size=512), *timed("ffdnet", 1.0, size=160), *scored("dct", [29.0, 31.0])]
    apart = found(tradeoff, tmp_path / "e", [*small, *scored("ffdnet", [31.0, 33.0])])
    assert apart.endswith("2.00 dB more (2 images), timed at 160 × 160 and 512 × 512, which gives no ratio.")
    less = [*timed("dct", 0.01), *scored("dct", [29.0, 31.0]), *timed("ffdnet", 1.0), *scored("ffdnet", [29.5, 31.5])]
    assert found(tradeoff, tmp_path / "f", less).endswith("0.50 dB more (2 images), 100 times as long.")
    assert found(tradeoff, tmp_path / "c", rows[:11]) == ""
    assert found(tradeoff, tmp_path / "d", [*scored("dct", 29.0), *scored("nlm", 28.0)]) == ""


def left(method: str, deviation: float) -> said.Rows:
    case = {"task": "denoise", "sigma_255": 25.0, "degradation": "awgn", "image": "image0"}
    yield from scored(method, 30.0)
    yield synthetic.row("quality", method, quantity="residual_std_255", value=deviation, **case)


def test_what_is_left_of_the_noise_is_said_where_it_was_measured(tmp_path: Path) -> None:
    assert found(denoising, tmp_path / "a", [*left("dct", 9.0), *left("nlm", 10.0), *left("noisy", 25.0)]) == (
        "A deviation from the clean image of 9.00 / 255 is left by DCT 8×8, the least, and of 10.00 by non-local "
        "means, the most (sigma 25, means over 1 image)."
    )
    assert "is left by DCT 8×8 (sigma 25" in found(denoising, tmp_path / "b", left("dct", 9.0))
    assert found(denoising, tmp_path / "c", [*scored("dct", 30.0), *left("nlm", NAN)]).startswith("The highest PSNR is")
    assert found(denoising, tmp_path / "d", scored("noisy", 20.0)).startswith("No denoiser has a score")
    assert found(denoising, tmp_path / "e", []) == ""


def test_gains_over_bicubic_need_bicubic_and_may_be_losses(tmp_path: Path) -> None:
    case = {"task": "upscale", "scale": 2, "sigma_255": 0.0, "degradation": "bicubic"}
    rows = [*scored("bicubic", [30.0, 31.0], **case), *scored("rdn", [29.0, 31.0], **case)]
    assert found(upscaling, tmp_path / "a", rows) == (
        "The best over bicubic: on bicubic ×2 input none, RDN coming nearest with −0.50 dB (2 images)."
    )
    gained = [*rows[:2], *scored("rdn", [30.5, 31.5], **case)]
    assert found(upscaling, tmp_path / "f", gained).endswith("on bicubic ×2 input RDN, +0.50 dB (2 images).")
    assert "no gain over it is known" in found(upscaling, tmp_path / "b", rows[2:])
    assert "no gain over it is known" in found(upscaling, tmp_path / "c", rows[:2])
    lost = [synthetic.row("quality", "rdn", quantity="failure", error="lost", image="image0", **case)]
    assert found(upscaling, tmp_path / "d", lost) == "No upscaler has a score that can be compared."
    assert found(upscaling, tmp_path / "e", []) == ""


def test_it_is_said_of_each_scored_upscaler_what_it_was_trained_for(tmp_path: Path) -> None:
    case = {"task": "upscale", "scale": 4, "sigma_255": 0.0, "degradation": "bicubic"}
    kinds = {"bicubic": "", "sharp": "psnr", "crisp": "psnr", "pretty": "looks", "silent": "unsaid", "absent": "looks"}
    records = [{"name": name, "title": name.title(), "trained_for": kind} for name, kind in kinds.items()]
    rows = [row for name in kinds if name != "absent" for row in scored(name, 30.0, **case)]
    assert found(upscaling, tmp_path / "a", rows, methods=records).endswith(
        "Trained for small errors of pixels, which is what PSNR measures: Sharp and Crisp. "
        "Trained for looks, not for PSNR: Pretty. Trained for what their authors do not say: Silent."
    )
    grid, *_ = said.section(methods, tmp_path / "b", rows, methods=records).grids
    column = grid.columns.index("trained for")
    assert [line.cells[column].text for line in grid.lines] == ["", "PSNR", "PSNR", "looks", "not said", "looks"]


def test_tables_have_the_best_first_and_marked_within_what_may_be_compared(tmp_path: Path) -> None:
    rows = [*timed("nlm", 0.3), *timed("dct", 0.1), *timed("dct", 0.01, size=64), *timed("noisy", 0.05)]
    (table,) = said.section(times, tmp_path / "times", rows).grids
    assert [(line.series, line.best) for line in table.lines] == [
        ("DCT 8×8", False), ("noisy input", False), ("DCT 8×8", True), ("non-local means", False),
    ]  # fmt: skip
    rows = [*scored("noisy", 40.0), *scored("nlm", 28.0), *scored("dct", 30.0)]
    table = said.section(denoising, tmp_path / "scores", rows).grids[0]
    assert [line.series for line in table.lines if line.best] == ["DCT 8×8"]
