"""The leaderboard: paired gains, ratios of times, a method and its variants, and what candidates are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
import said
import synthetic

from reports.derive.candidates import candidates, kinds
from reports.derive.choice import Candidate
from reports.derive.leaderboard import Leaderboard, leaderboards
from reports.derive.summary import Summary
from reports.sections.leaderboard import apart_words, matched_text, size_cell, size_words

ABOUT = [
    {"name": "dct", "title": "DCT", "options": {"block_size": 8, "stride": 1, "ratio": 2.7}},
    {"name": "ffdnet", "title": "FFDNet", "options": {}, "licence": "weights: GPL-3.0"},
    {"name": "bm3d", "title": "BM3D", "options": {}, "licence": "bm3d: non-commercial use only"},
]


def made(directory: Path) -> tuple[Summary, tuple[Candidate, ...]]:
    """Three methods on two images: FFDNet gains 1 and 2 dB over DCT 8×8 and takes ten times as long."""
    strided = {"block_size": 8, "stride": 4}
    rows = [
        *said.scored("dct", [28.0, 30.0]),
        *said.scored("dct", [27.0, 29.0], options=strided),
        *said.scored("ffdnet", [29.0, 32.0]),
        *said.scored("bm3d", [20.0, 21.0]),
        *said.timed("dct", 0.001, size=1000),
        *said.timed("dct", 0.0005, size=1000, options=strided),
        *said.timed("ffdnet", 0.01, size=1000),
        synthetic.row("memory", "ffdnet", height=500, width=500, quantity="peak_bytes", part="measured", value=2.0**20),
    ]
    material = said.material(directory / "run", rows, methods=ABOUT)
    return material.summary, candidates(material.summary, ABOUT)


@pytest.fixture
def board(tmp_path: Path) -> Leaderboard:
    summary, found = made(tmp_path)
    (one,) = leaderboards(summary, found)
    return one


def test_the_best_comes_first_and_variants_stand_below_their_method(board: Leaderboard) -> None:
    assert [entry.head.candidate.name for entry in board.entries] == ["FFDNet", "DCT 8×8", "BM3D"]
    assert [place.candidate.name for place in board.entries[1].variants] == ["DCT 8×8, stride 4"]
    assert (board.reference.name, board.images) == ("DCT 8×8", 2)


def test_of_equally_good_ones_the_fastest_comes_first_and_what_was_not_timed_last(tmp_path: Path) -> None:
    plan = (("dct", "{}", 0.1), ("dct", '{"stride":8}', 0), ("dct", '{"stride":4}', 0.3), ("dct", '{"stride":2}', 0.2))
    plan += (("tv", "{}", 0), ("nlm", "{}", 0.02), ("wavelet", "{}", 0.01))
    rows = [row for method, options, _ in plan for row in said.scored(method, 28.0, options=options)]
    for method, options, seconds in plan:
        rows += said.timed(method, seconds, options=options) if seconds else ()
    summary = said.material(tmp_path, rows).summary
    (one,) = leaderboards(summary, candidates(summary, ABOUT))
    assert [entry.head.candidate.method for entry in one.entries] == ["wavelet", "nlm", "dct", "tv"]
    dct = one.entries[2]
    assert [place.candidate.ms is None for place in (dct.head, *dct.variants)] == [False, False, False, True]
    assert [place.candidate.name for place in dct.variants[:2]] == ["DCT 8×8, stride 2", "DCT 8×8, stride 4"]


def test_gains_are_paired_by_image_and_times_are_multiples(board: Leaderboard) -> None:
    head = board.entries[0].head
    assert head.gain.mean == pytest.approx(1.5)
    assert head.gain.high - head.gain.mean == pytest.approx(12.706 * 0.5, rel=1e-3)
    assert head.times is not None
    assert (head.times.value, head.times.size) == (pytest.approx(10.0), "1000 × 1000")
    assert board.entries[2].head.times is None


def test_a_method_that_never_reaches_the_reference_says_so(board: Leaderboard) -> None:
    matched = [entry.matched for entry in board.entries]
    assert matched[0] is not None
    assert matched[0].at_most
    assert matched[1] is not None
    assert matched[1].ms == pytest.approx(1.0)
    assert matched[2] is None
    assert matched_text(board.entries[2], board.reference.db) == "not reached"


def test_a_method_that_reaches_the_reference_but_was_not_timed_is_not_said_to_miss_it(tmp_path: Path) -> None:
    rows = [*said.scored("dct", 28.0), *said.timed("dct", 0.001), *said.scored("bm3d", 30.0)]
    summary = said.material(tmp_path, rows).summary
    (one,) = leaderboards(summary, candidates(summary, ABOUT))
    assert matched_text(one.entries[0], one.reference.db) == "not timed"


def test_kinds_of_input_that_differ_in_their_channels_name_them(tmp_path: Path) -> None:
    rows = [row for channels in (1, 3) for row in said.scored("dct", 28.0 + channels, channels=channels)]
    summary = said.material(tmp_path, rows).summary
    assert set(kinds(candidates(summary, ABOUT), summary)) == {"denoise, 1 channel", "denoise, 3 channels"}


def test_candidates_have_what_is_written_of_time_memory_and_licence(tmp_path: Path) -> None:
    summary, found = made(tmp_path)
    by = {one.name: one for one in found}
    assert (by["FFDNet"].ms, by["FFDNet"].mib, by["FFDNet"].restricted) == (10.0, 4.0, {"gpl"})
    assert (by["BM3D"].ms, by["BM3D"].mib, by["BM3D"].restricted) == (None, None, {"noncommercial"})
    assert kinds(found, summary) == {"denoise": (25.0,)}


def test_what_the_images_do_not_tell_apart_is_said_and_what_they_do(board: Leaderboard, tmp_path: Path) -> None:
    assert board.tested == 2
    assert board.alike == (("FFDNet", "DCT 8×8"), ("BM3D", "DCT 8×8"))  # BM3D alone would be told apart
    (said_of,) = apart_words(board)
    assert said_of.endswith("for 2 comparisons, do not tell FFDNet from DCT 8×8 and BM3D from DCT 8×8.")
    dct, network = [28.0, 30.0, 27.0], [29.0, 31.1, 28.0]
    summary = said.material(tmp_path / "apart", [*said.scored("dct", dct), *said.scored("ffdnet", network)]).summary
    (apart,) = leaderboards(summary, candidates(summary, ABOUT))
    assert "tell every method from DCT 8×8 and from the next" in next(apart_words(apart))
    summary = said.material(tmp_path / "one", [*said.scored("dct", 28.0), *said.scored("ffdnet", 29.0)]).summary
    (one,) = leaderboards(summary, candidates(summary, ABOUT))
    assert list(apart_words(one)) == ["A single image tells no methods apart."]
    summary = said.material(tmp_path / "alone", said.scored("dct", 28.0)).summary
    (alone,) = leaderboards(summary, candidates(summary, ABOUT))
    assert list(apart_words(alone)) == []


def test_a_board_says_at_which_sizes_its_times_were_taken(board: Leaderboard, tmp_path: Path) -> None:
    assert list(size_words(board)) == ["All times are of 1000 × 1000 pixels."]
    rows = [*said.scored("dct", [28.0, 30.0]), *said.scored("ffdnet", [29.0, 32.0]), *said.scored("bm3d", [29.0, 30.0])]
    times = [*said.timed("dct", 0.01, size=512), *said.timed("dct", 0.001, size=128), *said.timed("bm3d", 0.1, size=96)]
    summary = said.material(tmp_path, [*rows, *times, *said.timed("ffdnet", 0.02, size=128)]).summary
    (apart,) = leaderboards(summary, candidates(summary, ABOUT))
    heads = {entry.head.candidate.name: entry.head for entry in apart.entries}
    ratio = heads["FFDNet"].times
    assert ratio is not None
    assert (ratio.value, ratio.size) == (pytest.approx(20.0, rel=0.01), "128 × 128")
    assert (size_cell(heads["DCT 8×8"]), heads["BM3D"].times) == ("", None)
    sizes, alone = size_words(apart)
    assert "128 × 128 for FFDNet" in sizes
    assert "512 × 512 for DCT 8×8" in sizes
    assert alone == "Not timed at one size with DCT 8×8: BM3D."
