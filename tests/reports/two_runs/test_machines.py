"""Runs of several machines: which ratios of methods are steady, which are not, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import said
import synthetic
from hypothesis import given, settings, strategies as st
from said import Rows, scored, timed

from reports import compare_reports
from reports.read.run import Run, load_run
from reports.two_runs.machine_sections import sections
from reports.two_runs.machines import Machines, read_machines, score_differences
from reports.two_runs.places import UNKNOWN, Place, machine_name, places_of, revision_name, told_apart

FACTS = {"cores_usable": 2, "package_torch": "2.1"}


def run_on(folder: Path, machine: str, rows: Rows, **about: Any) -> Run:
    """A run on a machine of that name."""
    stable = {"cpu": machine, **FACTS}
    facts = {"fingerprint": machine, "run": machine, "environment": {"stable": stable, "state": {}}, **about}
    return load_run(said.write_rows(folder / machine, rows, **facts))


def noisy(method: str, seconds: float, seed: int, *, noise: float = 0.01, count: int = 9, **case: Any) -> list[Any]:
    values = seconds * np.exp(np.random.default_rng(seed).normal(0, noise, count))
    return [
        row | {"value": float(value)}
        for row, value in zip(timed(method, 1.0, count=count, **case), values, strict=True)
    ]


def machines(folder: Path, times: Mapping[str, Mapping[str, float]], **options: Any) -> Machines:
    """The machines by name, each with the seconds of its methods."""
    runs = [
        run_on(
            folder,
            name,
            [row for at, (method, value) in enumerate(own.items()) for row in noisy(method, value, at, **options)],
        )
        for name, own in times.items()
    ]
    return read_machines(places_of(runs))


def verdicts(found: Machines) -> dict[tuple[str, str], tuple[str, str]]:
    return {(line.label, line.fast): (line.word, line.order) for line in found.pairs.itertuples()}


def text(found: Machines) -> str:
    return " ".join(said.text(section) for section in sections(found, {}, "make it"))


def test_the_ratio_that_moves_is_found_and_the_others_are_steady(tmp_path: Path) -> None:
    found = machines(
        tmp_path,
        {
            "Fast": {"dct": 0.001, "nlm": 0.002, "ffdnet": 0.1},
            "Slow": {"dct": 0.003, "nlm": 0.006, "ffdnet": 0.6},
            "Other": {"dct": 0.002, "nlm": 0.004, "ffdnet": 0.2},
        },
    )
    assert verdicts(found) == {
        ("FFDNet", "DCT 8×8"): ("not steady", "the same"),
        ("FFDNet", "non-local means"): ("not steady", "the same"),
        ("non-local means", "DCT 8×8"): ("steady", "the same"),
    }
    whole = text(found)
    assert "Of 3 pairs of methods" in whole
    assert "steady in 1: it differs by no more than 10 % from machine to machine. In 2 it is not steady." in whole
    least = re.search(
        r"FFDNet takes ([\d.]+)× the time of (?:DCT 8×8|non-local means) on Slow, and ([\d.]+)× on", whole
    )
    assert least
    assert float(least[1]) / float(least[2]) == pytest.approx(2, rel=0.02)
    assert re.search(r"Slow takes (2\.9\d?|3(\.0\d?)?) times as long as Fast \(median of 3 cases\), from", whole)


def test_methods_that_change_places_are_named(tmp_path: Path) -> None:
    found = machines(tmp_path, {"A": {"dct": 0.1, "nlm": 0.2}, "B": {"dct": 0.2, "nlm": 0.1}})
    assert list(found.pairs["order"]) == ["changes"]
    assert "is the same on all machines in 0 of 1 pair." in text(found)
    assert re.search(r"is slower than .* on [AB], and faster on [AB] \(256 × 256\)\.", text(found))


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_calls_make_no_ratio_steady(tmp_path: Path, count: int) -> None:
    times = {"A": {"dct": 0.1, "nlm": 0.2}, "B": {"dct": 0.1, "nlm": 0.2}}
    found = machines(tmp_path, times, count=count, noise=0.0)
    assert list(found.pairs["word"]) == ["not known"]
    assert "In 1 that is not known." in text(found)


def test_a_run_that_differs_from_itself_calls_no_smaller_difference_unsteady(tmp_path: Path) -> None:
    def rows(factor: float) -> Rows:
        for method, seconds in (("dct", 1.0), ("nlm", 2.0 * factor)):
            for row in timed(method, seconds):
                yield row | {"value": row["value"] * (1.5 if row["repeat"] % 2 else 1.0)}

    found = read_machines(places_of([run_on(tmp_path, "A", rows(1)), run_on(tmp_path, "B", rows(1.3))]))
    assert found.floor == pytest.approx(0.5)
    assert found.limit == found.floor
    assert "not steady" not in set(found.pairs["word"])


@settings(max_examples=20)
@given(st.floats(0.01, 100), st.floats(0.5, 2))
def test_a_machine_that_is_faster_at_everything_moves_no_ratio(factor: float, ratio: float) -> None:
    timed_lines = [("a", 1.0, 0), ("b", ratio, 0), ("a", factor, 1), ("b", ratio * factor, 1)]
    found = made(timed_lines)
    assert found.pairs["spread"].iloc[0] == pytest.approx(1)
    assert list(found.pairs["word"]) == ["steady"]


def made(lines: list[tuple[str, float, int]]) -> Machines:
    """Machines of exact times: method, seconds, number of the place."""
    case = {"task": "denoise", **dict.fromkeys(("channels", "scale", "height", "width", "batch", "threads"), 1.0)}
    rows = [
        {"label": name, **case, "method": name, "place": at, "median": value, "low": value, "high": value, "n": 9}
        for name, value, at in lines
    ]  # fmt: skip
    empty = Run(Path(), {}, pd.DataFrame())
    places = tuple(Place(str(at), empty, "cpu") for at in range(1 + max(at for *_, at in lines)))
    draws = np.log([[value] * 1000 for _, value, _ in lines])
    return Machines(places, pd.DataFrame(rows), draws, 0.0)


def test_three_machines_of_which_one_lacks_a_method_still_compare_the_others() -> None:
    found = made([("a", 1.0, 0), ("b", 2.0, 0), ("a", 1.0, 1), ("b", 4.0, 1), ("b", 3.0, 2)])
    (line,) = found.pairs.to_dict("records")
    assert (line["label"], line["fast"], line["spread"]) == ("b", "a", pytest.approx(2))
    assert (line["most"], line["least"]) == (1, 0)


def test_a_method_timed_on_other_threads_than_usual_is_not_dropped(tmp_path: Path) -> None:
    rows = [*timed("dct", 1.0, threads=8, count=20), *timed("dct", 5.0, threads=1), *timed("nlm", 2.0, threads=8)]
    found = read_machines(places_of([run_on(tmp_path, "A", [*rows, *timed("ffdnet", 3.0, threads=1)])]))
    assert dict(zip(found.timed["label"], found.timed["threads"], strict=True)) == {
        "DCT 8×8": 8, "non-local means": 8, "FFDNet": 1,
    }  # fmt: skip


def test_scores_are_compared_image_by_image_by_each_score_that_judges(tmp_path: Path) -> None:
    runs = [
        run_on(tmp_path, name, [*scored("dct", [30.0, last]), *timed("dct", 1.0)])
        for name, last in (("A", 29.0), ("B", 29.5))
    ]
    (line,) = score_differences(places_of(runs), runs[0].metrics).to_dict("records")
    assert (line["metric"], line["image"], line["off"], line["images"]) == ("psnr_db", "image1", 0.5, 2)
    assert "PSNR of 2 restored images differs between machines by up to 0.5 dB: DCT 8×8, image image1." in text(
        read_machines(places_of(runs))
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([*timed("dct", 1.0)], [*timed("nlm", 1.0)], ("no ratio can be compared", "Timed on A only: DCT 8×8.")),
        ([*timed("dct", 1.0)], [*scored("dct", 30.0)], ("Nothing was timed on B.",)),
        (
            [*scored("dct", 30.0)],
            [*scored("dct", 30.0)],
            ("No machine has a time", "PSNR of 1 restored image is the same"),
        ),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path: Path, first: Rows, second: Rows, expected: tuple[str, ...]) -> None:
    found = read_machines(places_of([run_on(tmp_path, "A", first), run_on(tmp_path, "B", second)]))
    whole = text(found)
    assert [words for words in expected if words not in whole] == []
    assert "steady where" not in whole


def test_the_page_warns_of_failures_other_revisions_and_unknown_machines(tmp_path: Path) -> None:
    bad = synthetic.row("time", "nlm", quantity="failure", error="RuntimeError: out of memory")
    run_on(tmp_path, "A", [*timed("dct", 1.0), bad], status="interrupted")
    run_on(tmp_path, "B", timed("dct", 2.0), revision="ffffffffffff")
    (tmp_path / "old").mkdir()
    (tmp_path / "old/run.json").write_text('{"schema": 0}')
    (tmp_path / "old/rows.jsonl").write_text((tmp_path / "B/rows.jsonl").read_text())
    page = compare_reports(*(tmp_path / name for name in ("A", "B", "old"))).read_text(encoding="utf-8")
    for words in (
        "A: The run did not finish (status: interrupted)",
        "In 1 case something failed (nlm), most often: RuntimeError: out of memory",
        "old does not say on which machine it was made",
        "The runs are of different revisions",
        "3 runs on 3 machines",
    ):
        assert words in page


def test_names_of_machines_are_short_and_no_two_alike() -> None:
    assert machine_name({"cpu": "Intel(R) Xeon(R) Platinum 8480+ CPU @ 2.00GHz"}) == "Intel Xeon Platinum 8480+"
    assert machine_name({"cpu": "AMD EPYC 7B13 64-Core Processor", "gpu": "H200"}, "cuda:0") == "H200"
    assert machine_name({}) == UNKNOWN
    names = told_apart(
        ["x", "x", "x", "y"],
        [{"cores": "2", "torch": "1"}, {"cores": "2", "torch": "2"}, {"cores": "4", "torch": "1"}, {}],
    )
    assert names == ["x, 2, 1", "x, 2, 2", "x, 4", "y"]
    assert told_apart(["x", "x"], [{}, {}]) == ["x (1)", "x (2)"]


@pytest.mark.parametrize(
    ("revision", "subject", "name"),
    [
        ("0123456789abcdef", "Its subject", "0123456 Its subject"),
        ("0123456789ab+", "", "0123456+"),
        ("012+", "S", "012+ S"),
        ("", "S", ""),
        (None, None, ""),
    ],
)
def test_a_revision_is_named_by_commit_and_subject(revision: object, subject: object, name: str) -> None:
    assert revision_name(revision, subject) == name
