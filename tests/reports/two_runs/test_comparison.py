"""Two runs: what moved is found, what did not is not, and other machines get no verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import synthetic

from reports import compare_reports
from reports.__main__ import main
from reports.two_runs.comparison import aa_floor, exact_changes, quality_changes, read_pair, time_changes

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
    assert set(qualities.loc[qualities["label"] == "wavelet", "verdict"]) == {"worse"}
    assert set(qualities.loc[qualities["label"] != "wavelet", "verdict"]) == {"unchanged"}
    assert set(exact["label"]) == {"RDN"}


def test_another_machine_gets_no_verdict_on_time(base: Path, tmp_path: Path) -> None:
    head = changed(base, tmp_path / "head", lambda _: None, fingerprint="other")
    assert set(time_changes(read_pair(base, head))["verdict"]) == {"no verdict: other machine"}


def test_the_floor_is_what_halves_of_a_run_differ_by(base: Path) -> None:
    assert 0.001 < aa_floor(read_pair(base, base).after.named["time"]) < 0.05


def test_the_page_of_two_runs_and_a_longer_history(base: Path, tmp_path: Path) -> None:
    page = compare_reports(base, base, out=tmp_path, earlier=[base]).read_text(encoding="utf-8")
    assert 'id="fig-history"' in page
    assert "A/A floor" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_a_history_beside_the_runs_is_drawn_and_a_broken_one_is_said(base: Path) -> None:
    path = base.parent / "history.jsonl"
    for number in range(3):
        point = {"metric": "seconds", "value": 1.0 + number, "samples": 9}
        entry = {"schema": 1, "run": f"run-{number}", "fingerprint": "9f" * 16, "series": {"seconds dct": point}}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    assert "3 runs from run-0 to run-2" in compare_reports(base, base).read_text(encoding="utf-8")
    path.write_text("{broken\n", encoding="utf-8")
    assert "is no history of runs" in compare_reports(base, base).read_text(encoding="utf-8")
    path.unlink()


def test_runs_with_nothing_in_common_get_no_verdict(base: Path, tmp_path: Path) -> None:
    empty = synthetic.write_run(tmp_path / "empty", synthetic.Content(kinds=()))
    assert "no successful case in common" in compare_reports(base, empty).read_text(encoding="utf-8")


def test_a_comparison_in_another_format_is_refused(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(base), str(base), "--format", "csv"]) == 2
    assert "written as html" in capsys.readouterr().err
