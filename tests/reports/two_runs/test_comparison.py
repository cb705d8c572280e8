"""Two runs: what moved is found, what did not is not, and other machines get no verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic

from reports import compare_reports
from reports.__main__ import main
from reports.derive.verdict_words import Tolerances
from reports.errors import ReportError
from reports.two_runs.changes import exact_changes, quality_changes, time_changes
from reports.two_runs.pair import aa_floor, read_pair

CONTENT = synthetic.Content(
    kinds=("cost", "time", "memory", "quality"),
    gray=("camera", "coins", "moon"),
    color=(),
    sigmas=(25.0,),
    pictures=False,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write_run(tmp_path_factory.mktemp("base") / "run", CONTENT)


def changed(base: Path, path: Path, change: Callable[[dict[str, Any]], None], **about: Any) -> Path:
    path.mkdir()
    rows = [json.loads(line) for line in (base / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        if row["value"] is not None:
            change(row)
    (path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (path / "run.json").write_text(json.dumps({**synthetic.about(CONTENT), **about}), encoding="utf-8")
    return path


def test_a_run_against_itself_has_changed_nothing(base: Path) -> None:
    pair = read_pair(base, base)
    assert set(time_changes(pair)["verdict"]) <= {"unchanged", "no verdict: too noisy"}
    assert set(quality_changes(pair)["verdict"]) == {"unchanged"}
    assert exact_changes(pair).empty


def test_what_was_planted_is_found_and_nothing_else(base: Path, tmp_path: Path) -> None:
    def plant(row: dict[str, Any]) -> None:
        if row["method"] == "ffdnet" and row["quantity"] == "seconds":
            row["value"] *= 1.5
        if row["method"] == "wavelet" and row["quantity"] == "psnr_db":
            row["value"] -= 0.05
        if row["method"] == "rdn" and row["quantity"] == "macs_per_pixel":
            row["value"] += 1

    pair = read_pair(base, changed(base, tmp_path / "head", plant))
    times, qualities, exact = time_changes(pair), quality_changes(pair), exact_changes(pair)
    assert set(times.loc[times["label"] == "FFDNet", "verdict"]) == {"slower"}
    assert "slower" not in set(times.loc[times["label"] != "FFDNet", "verdict"])
    planted = (qualities["label"] == "wavelet") & (qualities["metric"] == "psnr_db")
    assert set(qualities.loc[planted, "verdict"]) == {"worse"}
    assert set(qualities.loc[~planted, "verdict"]) == {"unchanged"}
    assert set(exact["label"]) == {"RDN"}


def judged(base: Path, head: Path) -> tuple[set[str], set[str], set[str]]:
    """The verdicts on FFDNet's time, the wavelet's quality, and every count."""
    pair = read_pair(base, head)
    times, qualities = time_changes(pair), quality_changes(pair)
    return (
        set(times.loc[times["label"] == "FFDNet", "verdict"]),
        set(qualities.loc[(qualities["label"] == "wavelet") & (qualities["metric"] == "psnr_db"), "verdict"]),
        set(exact_changes(pair)["verdict"]),
    )


def test_the_tolerances_of_the_heads_spec_decide_as_they_do_for_compare(base: Path, tmp_path: Path) -> None:
    def plant(row: dict[str, Any]) -> None:
        if row["method"] == "ffdnet" and row["quantity"] == "seconds":
            row["value"] *= 1.2
        if row["method"] == "wavelet" and row["quantity"] == "psnr_db":
            row["value"] -= 0.008
        if row["quantity"] in {"macs_per_pixel", "peak_bytes"}:
            row["value"] *= 1.04

    def spec(**tolerance: Any) -> dict[str, Any]:
        return {"name": "standard", "tolerance": tolerance}

    usual = changed(base, tmp_path / "usual", plant)
    wide = changed(base, tmp_path / "wide", plant, spec=spec(time=0.5, psnr_db=0.02, macs_per_pixel=1e9, memory=0.1))
    broken = changed(
        base, tmp_path / "broken", plant, spec=spec(time="0.5", psnr_db=None, macs_per_pixel=-1, memory=[])
    )
    assert judged(base, usual) == ({"slower"}, {"worse"}, {"slower", "worse"})
    assert judged(base, wide) == ({"unchanged"}, {"unchanged"}, set())
    assert judged(base, broken) == judged(base, usual)


def test_a_change_counts_from_two_thirds_of_its_tolerance(base: Path, tmp_path: Path) -> None:
    def plant(row: dict[str, Any]) -> None:
        if row["method"] == "ffdnet" and row["quantity"] == "seconds":
            row["value"] *= 1.2
        if row["method"] == "wavelet" and row["quantity"] == "psnr_db":
            row["value"] -= 0.1

    for factor, words in ((0.85, ({"slower"}, {"worse"}, set())), (0.6, ({"unchanged"}, {"unchanged"}, set()))):
        tolerance = {"time": 0.2 / factor, "psnr_db": 0.1 / factor}
        head = changed(base, tmp_path / f"{factor}", plant, spec={"name": "standard", "tolerance": tolerance})
        assert judged(base, head) == words


def test_a_change_within_the_floor_gets_no_verdict(base: Path, tmp_path: Path) -> None:
    def plant(row: dict[str, Any]) -> None:
        if row["quantity"] == "seconds":
            row["value"] *= 1.2

    pair = read_pair(base, changed(base, tmp_path / "head", plant))
    assert set(time_changes(pair)["verdict"]) == {"slower"}
    assert set(time_changes(replace(pair, floor=0.5))["verdict"]) == {"no verdict: too noisy"}


def test_a_time_is_unchanged_only_where_both_ends_of_its_interval_say_so(base: Path) -> None:
    pair = read_pair(base, base)
    ends = np.abs(np.log(time_changes(pair)[["low", "high"]].astype(float)))
    place = int((ends["low"] - ends["high"]).abs().argmax())
    between = float(np.expm1(ends.iloc[place].mean()))
    judged_by = replace(pair, tolerances=Tolerances(time=between))
    assert time_changes(judged_by)["verdict"].iloc[place] == "no verdict: too noisy"


def test_another_machine_gets_no_verdict_on_time(base: Path, tmp_path: Path) -> None:
    head = changed(base, tmp_path / "head", lambda _: None, fingerprint="other")
    assert set(time_changes(read_pair(base, head))["verdict"]) == {"no verdict: other machine"}


def test_the_floor_is_what_halves_of_a_run_differ_by(base: Path) -> None:
    assert 0.001 < aa_floor(read_pair(base, base).after.named["time"]) < 0.05


def test_the_page_of_two_runs_and_a_longer_history(base: Path, tmp_path: Path) -> None:
    page = compare_reports(base, base, base, out=tmp_path).read_text(encoding="utf-8")
    assert 'id="fig-history"' in page
    assert "A/A floor" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_a_history_beside_the_runs_is_drawn_and_a_broken_one_is_said(base: Path) -> None:
    path = base.parent / "history.jsonl"
    for number in range(3):
        point = {"metric": "seconds", "value": 1.0 + number, "samples": 9}
        entry = {"schema": 1 + number % 2, "run": f"run-{number}", "fingerprint": "9f" * 16}
        entry |= {"series": {"seconds dct": point}, **({"revision": "abcdef0123", "subject": "Go"} if number else {})}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    assert "3 runs from run-0 to abcdef0 Go" in compare_reports(base, base).read_text(encoding="utf-8")
    path.write_text("{broken\n", encoding="utf-8")
    assert "is no history of runs" in compare_reports(base, base).read_text(encoding="utf-8")
    path.unlink()


def test_runs_with_nothing_in_common_get_no_verdict(base: Path, tmp_path: Path) -> None:
    empty = synthetic.write_run(tmp_path / "empty", synthetic.Content(kinds=()))
    assert "no successful case in common" in compare_reports(base, empty).read_text(encoding="utf-8")


def test_a_comparison_in_another_format_is_refused(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(base), str(base), "--format", "csv"]) == 2
    assert "written as html" in capsys.readouterr().err


def test_scores_are_judged_by_their_records_whichever_way_is_better(base: Path, tmp_path: Path) -> None:
    def plant(row: dict[str, Any]) -> None:
        if row["method"] == "wavelet" and row["quantity"] in {"ssim", "residual_std_255", "mean_offset_255", "lpips"}:
            row["value"] += 0.1

    lpips = {"name": "lpips", "title": "LPIPS", "better": "smaller", "digits": 4}
    qualities = quality_changes(read_pair(base, changed(base, tmp_path / "head", plant, metrics=[lpips])))
    found = qualities[qualities["label"] == "wavelet"].set_index("metric")["verdict"]
    assert found.to_dict() == {"psnr_db": "unchanged", "ssim": "better", "residual_std_255": "worse"}


def test_a_score_of_a_users_own_is_judged_too(tmp_path: Path) -> None:
    record = {"name": "lpips", "title": "LPIPS", "better": "smaller", "digits": 3}
    runs = []
    for name, value in (("a", 0.2), ("b", 0.21)):
        rows = [synthetic.row("quality", "dct", quantity="lpips", value=value, image="camera", task="denoise")]
        runs.append(synthetic.write_rows(tmp_path / name, rows, metrics=[record]))
    (line,) = quality_changes(read_pair(*runs)).to_dict("records")
    assert (line["metric"], line["verdict"]) == ("lpips", "worse")
    assert "DCT 8×8 has +0.0100 LPIPS on the mean of its images" in compare_reports(*runs).read_text(encoding="utf-8")


def test_the_worst_regression_stands_first_with_its_interval_and_both_commits(base: Path, tmp_path: Path) -> None:
    def plant(row: dict[str, Any]) -> None:
        if row["quantity"] == "seconds":
            row["value"] *= {"ffdnet": 1.5, "nlm": 1.2}.get(row["method"], 1)
        if row["method"] == "wavelet" and row["quantity"] == "psnr_db":
            row["value"] -= 0.02

    head = changed(base, tmp_path / "head", plant, revision="fedcba9876+", subject="Split the tiles")
    subjects = {"0123456789abcdef0123456789abcdef01234567": "Take the fused engine"}
    page = compare_reports(base, head, subjects=subjects).read_text(encoding="utf-8")
    worst = "from 0123456 Take the fused engine to fedcba9+ Split the tiles: FFDNet takes 1.5"
    first, second = page.index("The worst of"), page.index("Another: wavelet has −0.020")
    assert worst in page[first:second]
    assert re.search(r"FFDNet takes 1\.5\d? times as long as the base \[1\.\d+× to 1\.\d+×\]", page[first:second])
    table = page[page.index('data-grid="time-changes"') :]
    verdicts = re.findall(
        r"<bdi>(slower|faster|unchanged|no verdict[^<]*|not slower)</bdi>", table[: table.index("</table>")]
    )
    ranks = [{"slower": 0, "faster": 2}.get(word, 1 if word.startswith("no v") else 3) for word in verdicts]
    assert ranks == sorted(ranks)
    assert set(ranks) >= {0, 3}


def test_where_nothing_is_worse_no_regression_is_claimed(base: Path, tmp_path: Path) -> None:
    same = compare_reports(base, base, out=tmp_path).read_text(encoding="utf-8")
    assert "No regression is sure in 0123456" in same
    assert "The worst of" not in same


def test_a_single_run_is_no_comparison(base: Path) -> None:
    with pytest.raises(ReportError, match="takes two runs or more, got 1"):
        compare_reports(base)
