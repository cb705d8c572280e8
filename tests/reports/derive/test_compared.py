"""What is compared: one setting of each method, over the images that all have; what failed stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import synthetic
from hypothesis import given, settings, strategies as st
from synthetic import tried

from reports.derive.summary import Summary, summarise
from reports.read.run import load_run
from reports.read.tables import all_tables

BAD = "OutputError: the output is NaN"


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """The summary of a run of these rows."""

    def make(*rows: Iterable[Mapping[str, Any]]) -> Summary:
        run = load_run(synthetic.write_rows(tmp_path / "run", [row for part in rows for row in part]))
        return summarise(all_tables(run), run.methods)

    return make


def line(summary: Summary, label: str, board: int = 0) -> Any:
    table = summary.comparison.lines
    (found,) = table[(table["label"] == label) & (table["board"] == board)].itertuples()
    return found


def test_a_half_failed_method_is_not_compared_and_the_others_keep_their_images(made: Any) -> None:
    summary = made(
        tried("ffdnet", {"a": 40.0, "b": BAD}),
        tried("nlm", {"a": 30.0, "b": 20.0}),
        tried("tv", {"a": 29.0, "b": 19.0}),
    )
    failed, nlm = line(summary, "FFDNet"), line(summary, "non-local means")
    assert (failed.compared, failed.failed, failed.asked, failed.error) == (False, 1, 2, BAD)
    assert (failed.psnr_db, failed.n) == (40.0, 1)
    assert (nlm.compared, nlm.psnr_db, nlm.n) == (True, 25.0, 2)


def test_a_method_that_failed_everywhere_has_a_line(made: Any) -> None:
    summary = made(tried("ffdnet", {"a": BAD, "b": BAD}), tried("nlm", {"a": 30.0, "b": 20.0}))
    found = line(summary, "FFDNet")
    assert (found.compared, found.failed, found.n) == (False, 2, 0)
    assert pd.isna(found.psnr_db)


def test_an_image_without_a_finite_score_counts_for_nobody(made: Any) -> None:
    summary = made(tried("ffdnet", {"a": float("inf"), "b": 30.0}), tried("nlm", {"a": 60.0, "b": 20.0}))
    assert (line(summary, "FFDNet").psnr_db, line(summary, "non-local means").psnr_db) == (30.0, 20.0)


def test_seeds_are_matched_and_an_image_counts_once(made: Any) -> None:
    summary = made(
        tried("ffdnet", {"a": 30.0, "b": 20.0}, seed=1),
        tried("ffdnet", {"a": 90.0, "b": 90.0}, seed=2),
        tried("nlm", {"a": 29.0, "b": 19.0}, seed=1),
    )
    assert (line(summary, "FFDNet").psnr_db, line(summary, "FFDNet").n) == (25.0, 2)


def test_a_failure_at_one_seed_is_a_failure(made: Any) -> None:
    summary = made(
        tried("ffdnet", {"a": 30.0}, seed=1), tried("ffdnet", {"a": BAD}, seed=2),
        tried("nlm", {"a": 29.0}, seed=1), tried("nlm", {"a": 29.0}, seed=2),
    )  # fmt: skip
    assert not line(summary, "FFDNet").compared


def test_an_image_of_more_seeds_weighs_no_more(made: Any) -> None:
    found = line(
        made(tried("nlm", {"a": 30.0, "b": 20.0}, seed=1), tried("nlm", {"a": 40.0}, seed=2)), "non-local means"
    )
    assert (found.psnr_db, found.n) == (27.5, 2)


def test_a_case_with_a_score_and_an_error_has_failed(made: Any) -> None:
    found = line(made(tried("nlm", {"a": 30.0}), tried("nlm", {"a": BAD})), "non-local means")
    assert (found.compared, found.failed, found.n) == (False, 1, 0)


def test_a_ratio_that_is_not_the_default_leaves_a_method_as_it_is_built(made: Any) -> None:
    assert line(made(tried("dct", {"a": 30.0}, **ratio(3.0))), "DCT 8×8").as_built


def test_sigmas_degradations_and_channels_are_compared_apart(made: Any) -> None:
    summary = made(
        tried("ffdnet", {"a": 30.0, "b": 20.0}), tried("nlm", {"a": 29.0, "b": 19.0}),
        tried("ffdnet", {"a": 28.0}, sigma_255=50.0), tried("nlm", {"a": 27.0}, sigma_255=50.0),
        tried("ffdnet", {"c": 26.0}, channels=3), tried("nlm", {"c": 25.0}, channels=3),
    )  # fmt: skip
    lines = summary.comparison.main
    assert sorted(lines.loc[lines["label"] == "FFDNet", "psnr_db"]) == [25.0, 26.0, 28.0]
    assert lines["compared"].all()


def ratio(value: float) -> dict[str, Any]:
    return {"options": {"block_size": 8, "stride": 1, "ratio": value}}


def test_the_default_ratio_is_compared_though_another_is_better_on_these_images(made: Any) -> None:
    summary = made(
        *(tried("dct", {"a": psnr}, **ratio(value)) for value, psnr in ((2.4, 31.0), (2.7, 30.0), (3.0, 29.0)))
    )
    found = line(summary, "DCT 8×8")
    assert (found.ratio, found.psnr_db, found.default, found.settings, found.as_built) == (2.7, 30.0, True, 3, True)


def test_where_the_default_was_not_tried_the_best_is_compared_and_says_so(made: Any) -> None:
    summary = made(*(tried("dct", {"a": psnr}, **ratio(value)) for value, psnr in ((2.4, 31.0), (3.0, 32.0))))
    found = line(summary, "DCT 8×8")
    assert (found.ratio, found.default, found.settings) == (3.0, False, 2)


def test_the_best_of_a_sweep_is_the_best_on_the_same_images(made: Any) -> None:
    summary = made(
        tried("dct", {"easy": 60.0}, **ratio(2.4)),
        tried("dct", {"easy": 41.0, "hard": 20.0}, **ratio(3.0)),
        tried("dct", {"easy": 39.0, "hard": 24.0}, **ratio(3.3)),
    )
    assert line(summary, "DCT 8×8").ratio == 3.3


def test_a_default_that_failed_is_not_replaced_by_a_ratio_that_did_not(made: Any) -> None:
    summary = made(tried("dct", {"a": BAD}, **ratio(2.7)), tried("dct", {"a": 31.0}, **ratio(3.0)))
    found = line(summary, "DCT 8×8")
    assert (found.ratio, found.compared) == (2.7, False)


def test_a_front_is_of_one_board(made: Any) -> None:
    timed = [
        synthetic.row(
            "time", method, task="denoise", height=512, width=512, quantity="seconds", value=value, phase="measure"
        )
        for method, value in (("ffdnet", 1.0), ("nlm", 2.0), ("tv", 3.0))
    ]
    scores = (
        tried("ffdnet", {"a": 40.0, "b": BAD}),
        tried("nlm", {"a": 30.0, "b": 20.0}),
        tried("tv", {"a": 28.0, "b": 18.0}),
    )
    summary = made(timed, *scores)
    assert summary.standings.set_index("label")["front"].to_dict() == {
        "FFDNet": False, "non-local means": True, "total variation": False,
    }  # fmt: skip
    assert "FFDNet" not in set(summary.traded["label"])


SCORE = st.one_of(st.floats(10, 50), st.just(BAD), st.just(float("inf")))


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), SCORE, min_size=1), min_size=1, max_size=4))
def test_every_mean_that_is_compared_is_over_the_same_images_and_no_failure(
    tmp_path_factory: pytest.TempPathFactory, tries: list[dict[str, float | str]]
) -> None:
    names = ("ffdnet", "nlm", "tv", "wavelet")
    rows = [row for name, images in zip(names, tries, strict=False) for row in tried(name, images)]
    for row in rows:
        row["value"] = str(row["value"]) if row["value"] == float("inf") else row["value"]
    run = load_run(synthetic.write_rows(tmp_path_factory.mktemp("run"), rows))
    comparison = summarise(all_tables(run), run.methods).comparison
    assert set(comparison.lines["method"]) == set(names[: len(tries)])
    for _, board in comparison.lines[comparison.lines["compared"]].groupby("board"):
        images = set(comparison.images(board))
        assert (board["n"] == len(images)).all()
        for found in board.itertuples():
            scored = dict(zip(names, tries, strict=False))[found.method]
            assert images <= {image for image, value in scored.items() if isinstance(value, float) and value < 60}
            assert found.psnr_db == pytest.approx(sum(scored[image] for image in images) / len(images))
