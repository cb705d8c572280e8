"""Whatever a method does to its process costs its own case alone; the rest is measured as if it were not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.measure.image_set import ImageSet
from bench.plan.spec import Spec
from bench.record.attempt import END, SETTINGS
from bench.record.rows import Row, read_rows
from bench.run.crew import MOST_LATE, Crew
from bench.run.execute import execute
from bench.run.plan import Plan
from bench.run.prepare import prepare

METHODS = """
import ctypes, os, sys, time, torch

def halves(noisy):
    noisy *= 0.5
    return noisy

def exits(noisy):
    sys.exit(0)

def ends(noisy):
    os._exit(0)

def crashes(noisy):
    ctypes.string_at(0)

def hangs(noisy):
    time.sleep(600)

def interrupts(noisy):
    raise KeyboardInterrupt

def fails(noisy):
    raise ValueError("this image I do not like")

def twice(noisy):
    return noisy.double()

def narrow(noisy):
    return noisy[..., 1:]

def nothing(noisy):
    return noisy * float("nan")

def bytes_of(noisy):
    return noisy * 255

def numpy(noisy):
    return noisy.numpy()

def moves(noisy):
    os.chdir("/")
    torch.set_default_dtype(torch.float64)
    return noisy.clone()

def late(noisy, seen=[]):
    seen.append(1)
    if len(seen) > 6:
        os._exit(5)
    return noisy
"""

REASONS = {
    "exits": "SystemExit: 0",
    "ends": "ProcessDiedError: the process ended with status 0 before it had answered",
    "crashes": "ProcessDiedError: the process was ended by SIGSEGV",
    "interrupts": "CaseError: KeyboardInterrupt: no message",
    "fails": "ValueError: this image I do not like",
    "twice": "returned torch.float64 for an image in torch.float32; convert it back",
    "narrow": "returned a tensor of shape",
    "nothing": "restored values are NaN or infinite",
    "bytes_of": "is it scaled to 255?",
    "numpy": "returned a ndarray, expected one tensor (N, C, H, W)",
}


@pytest.fixture
def _strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `strange` of methods that break the contract, where child processes find it."""
    (tmp_path / "strange.py").write_text(METHODS)
    monkeypatch.syspath_prepend(str(tmp_path))


def planned(spec: dict[str, Any], folder: Path, out: Path) -> Plan:
    parsed = Spec.model_validate({"name": "strange", "threads": 1, "round_seconds": 0.01} | spec)
    return prepare(parsed, images=ImageSet(folder), out=out, command="", say=lambda _: None)


def executed(spec: dict[str, Any], folder: Path, out: Path, **more: Any) -> list[Row]:
    plan = replace(planned(spec, folder, out), **more)
    execute(plan, progress=lambda *_: None, jobs=2)
    rows = list(read_rows(plan.directory))
    assert [row.case for row in rows if row.reading.quantity == END] == list(plan.cases)
    return rows


def errors(rows: list[Row], kind: str) -> dict[str, str]:
    return {row.case.method.removeprefix("strange:"): row.error for row in rows if row.error and row.case.kind == kind}


def scores(rows: list[Row]) -> dict[tuple[str, str], float | None]:
    return {(row.case.method, row.case.image): row.reading.value for row in rows if row.reading.quantity == "psnr_db"}


@pytest.mark.usefixtures("_strange")
def test_each_way_to_fail_is_a_row_with_its_reason_and_the_others_are_scored_as_ever(
    folder: Path, tmp_path: Path
) -> None:
    names = [f"strange:{name}" for name in REASONS]
    rows = executed({"quality": [{"method": [*names, "noisy", "dct"]}]}, folder, tmp_path)
    found = errors(rows, "quality")
    assert found.keys() == REASONS.keys()
    for name, reason in REASONS.items():
        assert reason in found[name]
    assert scores(rows) == scores(executed({"quality": [{"method": ["noisy", "dct"]}]}, folder, tmp_path))


@pytest.mark.usefixtures("_strange")
def test_what_is_timed_fails_alone_too(folder: Path, tmp_path: Path) -> None:
    methods = [f"strange:{name}" for name in ("crashes", "exits", "nothing")]
    section = [{"method": [*methods, "noisy"], "size": 16}]
    spec = {"time": section, "cost": section, "memory": section, "paired": [{"group": "g", "entry": section}]}
    spec["paired"][0]["blocks"] = 2
    rows = executed(spec, folder, tmp_path)
    for kind in ("time", "cost", "memory", "paired"):
        assert errors(rows, kind).keys() == {"crashes", "exits", "nothing"}, kind
    measured = [row for row in rows if row.reading.phase == "measure" and row.case.kind == "paired"]
    assert {row.case.method for row in measured} == {"noisy"}
    assert sorted(row.reading.repeat for row in measured) == [0, 1]  # each block once, though the group began anew


@pytest.mark.usefixtures("_strange")
def test_a_group_whose_process_ends_between_its_blocks_fails_together(folder: Path, tmp_path: Path) -> None:
    entry = [{"method": ["noisy", "strange:late"], "size": 16}]
    rows = executed({"paired": [{"group": "g", "blocks": 9, "entry": entry}]}, folder, tmp_path)
    assert {row.case.method for row in rows if row.error} == {"noisy", "strange:late"}
    assert not [row for row in rows if row.reading.phase == "measure"]


@pytest.mark.usefixtures("_strange")
def test_no_method_changes_what_another_is_shown(folder: Path, tmp_path: Path) -> None:
    spec = {
        "quality": [{"method": ["strange:halves", "noisy", "dct"]}],
        "time": [{"method": "strange:halves", "size": 16}],
        "paired": [{"group": "g", "blocks": 2, "entry": [{"method": ["strange:halves", "noisy"], "size": 16}]}],
    }
    rows = executed(spec, folder, tmp_path)
    assert not errors(rows, "quality")
    alone = scores(executed({"quality": [{"method": ["noisy", "dct"]}]}, folder, tmp_path))
    assert {key: value for key, value in scores(rows).items() if key[0] != "strange:halves"} == alone
    written = [row.case for row in rows if row.reading.quantity == "input_written"]
    assert {(case.kind, case.method) for case in written} == {
        (kind, "strange:halves") for kind in ("quality", "time", "paired")
    }


@pytest.mark.usefixtures("_strange")
def test_no_method_changes_where_another_works_or_with_which_numbers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = Path(folder.name)
    entry = {"method": ["strange:moves", "noisy"], "size": 16}
    spec = {
        "quality": [{"method": ["strange:moves", "noisy", "dct"], "pictures": True}],
        "time": [entry],
        "paired": [{"group": "g", "blocks": 2, "entry": [entry]}],
    }
    rows = executed(spec, relative, Path("out"))
    assert not [row.error for row in rows if row.error]
    alone = scores(executed({"quality": [{"method": ["noisy", "dct"]}]}, relative, Path("out")))
    assert {key: value for key, value in scores(rows).items() if key[0] != "strange:moves"} == alone
    named = {(row.case.kind, row.case.method): row.reading.note for row in rows if row.reading.quantity == SETTINGS}
    said = "the working directory, torch's default type"
    assert named == dict.fromkeys(((kind, "strange:moves") for kind in ("quality", "time", "paired")), said)


@pytest.mark.usefixtures("_strange")
def test_a_case_that_takes_too_long_is_stopped_and_soon_not_tried_any_more(folder: Path, tmp_path: Path) -> None:
    section = {"method": ["strange:hangs", "noisy"], "seed": list(range(MOST_LATE))}
    rows = executed({"quality": [section]}, folder, tmp_path, timeout=10.0)
    late = [row.error for row in rows if row.error]
    assert {row.case.method for row in rows if row.error} == {"strange:hangs"}
    assert len(late) == 2 * MOST_LATE  # two images
    assert late.count("TimeLimitError: stopped after 10 s; --timeout allows more") >= MOST_LATE
    assert sum("not tried" in error for error in late) > 0


@pytest.fixture
def crew() -> Iterator[Crew]:
    with Crew() as made:
        yield made


def test_processes_stay_for_the_next_parts(folder: Path, tmp_path: Path, crew: Crew) -> None:
    plan = planned({"cost": [{"method": ["noisy", "dct"], "size": 16}]}, folder, tmp_path)
    for _ in range(2):
        ended = [row.case for rows in crew.measure(plan.each()) for row in rows if row.reading.quantity == END]
        assert ended == list(plan.cases)
        assert len(crew._idle) == 1
