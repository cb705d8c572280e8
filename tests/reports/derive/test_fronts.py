"""The front of quality against time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import said

from reports.derive.candidates import candidates
from reports.derive.choice import Question, choose
from reports.derive.scores import RIVALS
from reports.derive.summary import Summary, summarise
from reports.read.run import load_run
from reports.read.tables import all_tables


def front(directory: Path, *methods: tuple[str, float, Iterable[float]]) -> set[str]:
    """Which of the methods, with so many seconds and a PSNR for each image, are on the front."""
    rows = [row for name, seconds, psnr in methods for row in (*said.timed(name, seconds), *said.scored(name, psnr))]
    table = said.material(directory, rows).summary.standings
    return set(table.loc[table["front"].astype(bool), "label"])


def load(directory: Path) -> Summary:
    """The summary of a run directory."""
    run = load_run(directory)
    return summarise(all_tables(run), run.methods)


def test_what_is_faster_than_all_that_are_as_good_is_on_the_front(summary: Summary) -> None:
    timed = summary.standings[summary.standings["compared"] & (summary.standings["per_megapixel"] > 0)]
    assert not timed.loc[timed["method"] == "noisy", "front"].any()
    timed = timed[timed["method"] != "noisy"]
    for _, group in timed.groupby([*RIVALS, "board"], observed=True):
        steps = group[group["front"]].sort_values("per_megapixel")
        assert steps["psnr_db"].is_monotonic_increasing
        assert steps["per_megapixel"].iloc[0] == group["per_megapixel"].min()


def test_a_gain_that_two_decimals_do_not_show_is_no_step_however_sure_it_is(tmp_path: Path) -> None:
    fast, slow = ("fast", 0.01, [30.0, 31.0, 29.0]), ("slow", 0.02, [30.009, 31.009, 29.009])
    assert front(tmp_path / "few", fast, slow) == {"fast"}
    assert front(tmp_path / "more", fast, ("slow", 0.02, [30.1, 31.1, 29.1])) == {"fast", "slow"}


def test_a_gain_within_its_interval_over_images_is_no_step(tmp_path: Path) -> None:
    fast, slow = ("fast", 0.01, [30.0, 31.0, 29.0]), ("slow", 0.02, [30.9, 30.8, 29.2])
    assert front(tmp_path, fast, slow) == {"fast"}


def test_no_step_is_worse_than_what_is_faster_though_that_is_no_step_itself(tmp_path: Path) -> None:
    fast, unsure = ("fast", 0.01, [30.0, 31.0, 29.0]), ("unsure", 0.02, [33.0, 31.2, 28.8])
    assert front(tmp_path / "behind", fast, unsure, ("slow", 0.03, [30.5, 31.5, 29.5])) == {"fast"}
    assert front(tmp_path / "ahead", fast, unsure, ("slow", 0.03, [31.5, 32.5, 30.5])) == {"fast", "slow"}


def test_the_interval_of_a_batch_is_about_its_time_for_a_megapixel_of_all_its_images(tmp_path: Path) -> None:
    rows = [*said.timed("nlm", 1.0, size=1000, batch=4), *said.scored("nlm", 30.0)]
    (line,) = said.material(tmp_path, rows).summary.standings.to_dict("records")
    assert (line["time_low"], line["per_megapixel"], line["time_high"]) == (0.25, 0.25, 0.25)


def test_the_front_of_the_chooser_is_that_of_the_tables(tmp_path: Path) -> None:
    fast, unsure = ("fast", 0.01, [30.0, 31.0, 29.0]), ("unsure", 0.02, [33.0, 31.2, 28.8])
    ways = (fast, unsure, ("near", 0.021, [30.009, 31.009, 29.009]), ("slow", 0.03, [31.5, 32.5, 30.5]))
    assert front(tmp_path / "all", *ways) == {"fast", "slow"}
    found = candidates(load(tmp_path / "all"), ())
    assert [one.name for one in choose(found, Question("denoise", 25.0)).front] == ["fast", "slow"]
    assert [one.name for one in choose(found[1:], Question("denoise", 25.0)).front] == ["unsure"]


def test_on_one_image_the_gain_alone_decides(tmp_path: Path) -> None:
    assert front(tmp_path, ("fast", 0.01, [30.0]), ("slow", 0.02, [30.5])) == {"fast", "slow"}


def test_a_method_of_fewer_images_is_on_the_front_of_its_own_board_alone(summary: Summary) -> None:
    quality = summary.tables["quality"]
    fewer = quality[~((quality["method"] == "ffdnet") & (quality["image"] != "camera"))]
    found = summarise({**summary.tables, "quality": fewer}, summary.methods)
    assert "ffdnet" not in set(found.traded["method"])
    ffdnet = found.standings[found.standings["method"] == "ffdnet"]
    assert (ffdnet["board"] == 1).all()
    assert (ffdnet["n"] == 1).all()
