"""Plants do what they say, and the tally counts them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import bench
from bench.errors import BenchError
from bench.measure.image_set import ImageSet
from bench.measure.inputs import degraded
from bench.measure.scores import scores
from bench.plan.case import Case, options_text
from bench.plan.spec_files import read_spec
from bench.regress.checkouts import Checkout, Repository, git
from bench.regress.findings import Comparison, Finding
from bench.selftest import plants
from bench.selftest.gate import in_turn
from bench.selftest.gate_table import records, said_of, write_table
from bench.selftest.planted import Change, planting
from bench.selftest.plants import LOSSES, Plant, amplitude_for, plant_commit
from bench.selftest.trials import Trial, gate_check
from reports.derive.verdict_words import Word
from restoration.catalog import get
from restoration.method import Method, Option, Restore, Setup

ROOT = Path(str(bench.__file__)).parents[1]

QUALITY = Case(
    "quality", "dct", variant="block_size=8", options=options_text({"block_size": 8, "engine": "separable"}),
    task="denoise", image="camera", sigma_255=25.0, degradation="awgn",
)  # fmt: skip


def identity() -> Method:
    return Method("m", "denoise", build=lambda _: lambda image: image, options={"a": 1, "b": "x"})


def changed(method: Method, change: Change) -> Method:
    """The method as a catalog returns it that `change` was planted into."""
    return planting({method.name: method}.__getitem__, [change])(method.name)


def built(method: Method, **options: Option) -> Restore:
    return method.build(method.checked(Setup(options=options)))


@pytest.mark.parametrize("loss_db", LOSSES)
def test_a_planted_loss_costs_what_it_says(loss_db: float) -> None:
    amplitude = amplitude_for(QUALITY, loss_db)
    clean = ImageSet().get("camera", 1)
    method = get("dct")
    setup = method.checked(Setup(sigma=25 / 255, options=QUALITY.option_values()))
    restored = method.build(setup)(degraded(QUALITY, clean)[None])[0]
    rows, columns = (torch.arange(side) for side in restored.shape[-2:])
    lossy = restored + amplitude * (1 - 2.0 * ((rows[:, None] + columns) % 2))
    before, after = (next(scores(QUALITY, image, clean)).value or 0.0 for image in (restored, lossy))
    assert before - after == pytest.approx(loss_db, rel=0.05)


def test_a_plant_touches_only_its_method_with_its_options() -> None:
    change = Change(method="m", options={"a": 2}, kind="quality", size=0.1)
    image = torch.full((1, 1, 4, 4), 0.5)
    other = replace(identity(), name="other")
    assert changed(other, change) is other
    others: tuple[dict[str, Option], ...] = ({"a": 1}, {"a": 2, "b": "y"})  # the plant leaves b at its default
    for options in others:
        assert torch.equal(built(changed(identity(), change), **options)(image), image)
    lossy = built(changed(identity(), change), a=2)(image)
    assert (lossy - image).abs().allclose(torch.tensor(0.1))


def test_a_planted_operation_is_one_per_pixel_and_changes_no_output() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    change = Change(method="m", options={}, kind="operations", size=1)
    image = torch.rand(1, 1, 8, 8)
    with FlopCounterMode(display=False) as counter:
        restored = built(changed(identity(), change))(image)
    assert counter.get_total_flops() == 2 * 64
    assert torch.equal(restored, image)


def test_planted_time_and_memory_change_no_output() -> None:
    image = torch.rand(1, 1, 8, 8)
    for kind, size in (("time", 0.03), ("memory", 100)):
        change = Change(method="m", options={}, kind=kind, size=size)
        assert torch.equal(built(changed(identity(), change))(image), image)


def test_a_planted_commit_is_the_base_with_the_plants_in_its_catalog(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "restoration", root / "restoration", ignore=shutil.ignore_patterns("__pycache__"))
    git(tmp_path, "init", "-q", str(root))
    git(root, "add", "--all")
    git(root, "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", "x")
    found, base = Repository.around(root), git(root, "rev-parse", "HEAD")
    plant = Plant("quality", 0.25, Case("quality", "noisy"), "-? dB")
    head = plant_commit(found, base, [plant])
    assert git(root, "diff", "--name-only", base, head).split() == [
        f"restoration/{name}" for name in ("catalog.py", "planted.json", "planted.py")
    ]
    assert json.loads(git(root, "show", f"{head}:restoration/planted.json")) == [plant.change()]
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "rev-parse", "HEAD") == base
    git(root, "checkout", "-q", head)
    code = (
        "import torch, restoration.catalog as c; from restoration.method import Setup; m = c.get('noisy'); "
        "print(c.__file__, *m.build(m.checked(Setup()))(torch.zeros(1, 1, 1, 2)).flatten().tolist())"
    )
    variables = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(root / "restoration" / "catalog.py"), "0.25", "-0.25"]


def test_half_of_the_cases_stay_unplanted_and_each_comparison_plants_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plants, "_as_planted", lambda _kind, size, _case: size)
    spec = read_spec("gate")
    first, second = ([*plants.plants_for(spec, number)] for number in (0, 1))
    assert Counter(plant.kind for plant in first) == {"time": 6, "quality": 3, "operations": 2, "memory": 2}
    assert {plant.stated for plant in first} == {
        "+2% time", "+3% time", "+5% time", "+10% time", "-0.005 dB", "-0.01 dB", "-0.05 dB", "+1 MAC/px", "+10 MAC/px",
        "+5% memory", "+10% memory",
    }  # fmt: skip
    assert len({(plant.case.method, plant.case.options) for plant in first}) == len(first)
    assert [plant.case for plant in first] != [plant.case for plant in second]


def comparison(*words: tuple[str, Word]) -> Comparison:
    side = Checkout("base", "HEAD", "a" * 40, Path())
    findings = (Finding(Case("time", method), "seconds", word) for method, word in words)
    return Comparison(side, side, "gate", tuple(findings), {}, "f", "", 1.0, 3)


def test_the_table_counts_plants_found_and_alarms_where_nothing_was_planted(tmp_path: Path) -> None:
    plant = Plant("time", 0.03, Case("time", "a"), "+3% time")
    trials = [
        Trial.of(comparison(("a", Word.SLOWER), ("b", Word.UNCHANGED)), [plant], kind="planted"),
        Trial.of(comparison(("a", Word.NO_VERDICT), ("b", Word.UNCHANGED)), [plant], kind="detect"),
        Trial.of(comparison(("a", Word.UNCHANGED), ("b", Word.SLOWER)), [], peer=(2, 1)),
        Trial.of(comparison(("a", Word.UNCHANGED), ("b", Word.UNCHANGED)), [], peer=(2, 0)),
        Trial.of(comparison(("a", Word.NO_VERDICT)), [], kind="busy", load=1.5),
    ]
    for trial in trials:
        trial.append_to(tmp_path / "deep" / "trials.jsonl")
    assert Trial.read(tmp_path / "deep" / "trials.jsonl") == trials
    lines = {str(line["planted"]): tuple(line.values())[1:] for line in records(trials)}
    assert lines == {
        "+3% time": (2, 1, 50.0, 1),
        "nothing: cases": (6, 1, 16.7, 0),
        "nothing: whole comparisons": (2, 1, 50.0, 0),
        "nothing, one core busy: cases": (1, 0, 0.0, 1),
        "nothing, one core busy: whole comparisons": (1, 0, 0.0, 1),
        "nothing: cases, by `--benchmark-compare-fail=median:5%`": (4, 1, 25.0, 0),
        "nothing: whole runs, by `--benchmark-compare-fail=median:5%`": (2, 1, 50.0, 0),
    }


def test_a_trial_says_which_case_raised_an_alarm() -> None:
    trial = Trial.of(comparison(("a", Word.UNCHANGED), ("b", Word.SLOWER)), [])
    assert [(said.case, said.word) for said in trial.said if said.word == Word.SLOWER] == [
        ("b default 1ch x1 cpu float32: seconds", "slower")
    ]
    assert trial.alarmed
    assert trial.status == 1


def test_the_table_names_the_machines_and_days_of_its_trials() -> None:
    first = replace(Trial.of(comparison(), []), started="2026-11-30T23:00:00Z", machine="2 cores, A", seconds=100.0)
    second = replace(first, started="2026-12-02T01:00:00Z", seconds=300.0)
    other = replace(first, machine="4 cores, B", fingerprint="g", seconds=120.0)
    assert said_of([first]) == (
        "1 comparison (2 cores, A, environment f), 100 to 100 s each, 100 s in the middle, 2026-11-30."
    )
    assert said_of([second, first, other]) == (
        "3 comparisons (2 cores, A, environment f; 4 cores, B, environment g), 100 to 300 s each, "
        "120 s in the middle, 2026-11-30 to 2026-12-02."
    )


def test_a_slow_down_to_detect_moves_on_from_method_to_method() -> None:
    spec = read_spec("gate")
    plants_made = [plants.plant_to_detect(spec, number, 0.01) for number in range(4)]
    assert len({plant.case.method for plant in plants_made}) == 4
    assert {(plant.stated, plant.size, plant.case.kind) for plant in plants_made} == {
        ("+1% time, --detect 1%", 0.01, "time")
    }


def test_kinds_of_trials_take_turns() -> None:
    assert list(in_turn({"empty": 4, "planted": 2, "busy": 1, "detect": 0})) == [
        "empty", "planted", "empty", "busy", "empty", "planted", "empty",
    ]  # fmt: skip


def test_the_table_goes_between_its_markers_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- gate-check: begin -->\nold\n<!-- gate-check: end -->\nafter\n")
    write_table([{"planted": "x", "found": 1}], page, said="Said.")
    text = page.read_text()
    assert text.startswith("before\n<!-- gate-check: begin -->\n")
    assert text.endswith("<!-- gate-check: end -->\nafter\n")
    assert "Said.\n\n| planted | found |\n| --- | --- |\n| x | 1 |" in text
    assert "old" not in text
    page.write_text("no markers")
    with pytest.raises(BenchError, match="expected the lines"):
        write_table([], page, said="")


def test_another_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", str(tmp_path))
    with pytest.raises(BenchError, match="is not this project's repository"):
        next(gate_check(tmp_path, "gate", ["empty"]))


def test_outside_a_repository_the_command_ends_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.selftest.gate"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("restobench: ")
    assert done.stderr.count("\n") == 1
