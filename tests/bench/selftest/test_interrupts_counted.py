"""The count of interrupted programs sees what it is to see."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.selftest.interrupted import MARK, Ended, Program, faults_of
from bench.selftest.interrupts import Trial, Whole, interrupted_run, table

LINE = "restobench: interrupted; every finished case is kept"


def ended(status: int = 3, said: tuple[str, ...] = (LINE,)) -> Ended:
    return Ended(status, said, seen=True, sent=True, spent=1.0, rows=Counter())


def test_another_status_or_another_line_is_a_fault() -> None:
    usual = frozenset({"# cases, about # seconds"})
    assert not list(faults_of(ended(said=("12 cases, about 3 seconds", LINE)), usual))
    assert not list(faults_of(ended(said=("small: 2 of 12, 0:01:00 left (cost dct)", LINE)), usual))
    busy = "The machine was unfit to take times on: load (1.13 cores busy with other processes)."
    assert not list(faults_of(ended(said=(busy, LINE)), usual))
    assert list(faults_of(ended(status=130), usual)) == ["status 130"]
    assert list(faults_of(ended(said=()), usual)) == ["said: nothing"]
    assert list(faults_of(ended(said=("Traceback", LINE)), usual)) == [f"said: Traceback / {LINE}"]
    assert list(faults_of(ended(said=(LINE, "12 cases, about 3 seconds")), usual)) == [f"said: {LINE}"]


def test_a_process_a_lock_and_a_file_that_are_left_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.selftest.interrupted._GRACE", 1.0)
    program = Program(tmp_path, as_module=True)
    (program.scratch / "left").write_text("")
    (program.scratch / "cache").write_text("")
    code = (
        "import sys\nfrom pathlib import Path\nfrom bench.machine.lock import locked\nwith locked(Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "run.lock")]
    with subprocess.Popen(
        command, env={**program.environment, MARK: str(tmp_path)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        faults = list(program.left_over(frozenset({"cache"})))
    assert [fault.partition(":")[0] for fault in faults] == ["orphans", "temporary file"]  # it is killed, with its lock


def test_the_table_counts_apart_what_came_before_the_first_module() -> None:
    trials = [
        Trial("run: SIGINT", "restobench", 0.1, seen, faults)
        for seen, faults in ((True, ()), (False, ()), (True, ("orphans",)))
    ]
    (line,) = table(trials)
    assert (line["tried"], line["before its first module"], line["as documented"], line["otherwise"]) == (3, 1, 1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("as_module", [True, False])
def test_a_real_run_that_is_interrupted_early_ends_as_documented(tmp_path: Path, *, as_module: bool) -> None:
    whole = Whole(1.0, frozenset(), frozenset(), Counter())
    trial = interrupted_run(tmp_path, whole, share=0.3, as_module=as_module, by=signal.SIGTERM)
    assert trial
    assert (trial.seen, trial.faults) == (True, ())
