"""A whole run: nothing goes missing, a failed case is a row, an interrupted run goes on where it stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.measure.image_set import ImageSet, image_facts
from bench.plan.spec import Spec
from bench.record.attempt import END, MEASURED
from bench.record.manifest import read_manifest
from bench.record.rows import FILE_NAME, Row, keep_rows, read_rows
from bench.run.execute import execute
from bench.run.plan import Plan
from bench.run.prepare import prepare

SPEC = Spec.model_validate(
    {
        "name": "tiny",
        "threads": 1,
        "round_seconds": 0.001,
        "cost": [{"method": "noisy", "size": 16}],
        "time": [{"method": ["noisy", "dct"], "size": 32}],
        "paired": [{"group": "g", "blocks": 2, "entry": [{"method": ["noisy", "dct"], "size": 32}]}],
        "quality": [{"method": ["noisy", "dct"], "sigma_255": [25]}],
    }
)


def quiet(*_: object) -> None:
    """No progress shown."""


def planned(folder: Path, out: Path, *, spec: Spec = SPEC, resume: bool = False) -> Plan:
    return prepare(spec, images=ImageSet(folder), out=out, command="restobench", resume=resume, say=lambda _: None)


def run(folder: Path, out: Path) -> Path:
    made = planned(folder, out)
    execute(made, progress=quiet, jobs=1)
    return made.directory


def ended(rows: list[Row]) -> list[object]:
    return sorted(row.case for row in rows if row.reading.quantity == END)


def test_a_run_measures_every_case_once(folder: Path, tmp_path: Path) -> None:
    directory = run(folder, tmp_path)
    rows = list(read_rows(directory))
    assert not [row.error for row in rows if row.error]
    assert ended(rows) == sorted(SPEC.cases(ImageSet(folder).names()))
    manifest = read_manifest(directory)
    assert manifest.status == "complete"
    assert 0 < manifest.seconds["measured"] <= manifest.seconds["total"]
    assert (directory / "benchmark.json").is_file()


def test_seconds_that_several_processes_measured_at_once_count_once(folder: Path, tmp_path: Path) -> None:
    cost = {"method": ["noisy", "dct"], "size": 16}
    made = planned(folder, tmp_path, spec=Spec.model_validate({"name": "tiny", "threads": 1, "cost": [cost]}))
    execute(made, progress=quiet, jobs=2)
    rows = [row.reading for row in read_rows(made.directory)]
    together = sum(reading.value or 0.0 for reading in rows if reading.quantity == MEASURED)
    assert read_manifest(made.directory).seconds["measured"] == pytest.approx(together / 2)


def test_timed_samples_say_which_phase_they_are_of(folder: Path, tmp_path: Path) -> None:
    rows = [row for row in read_rows(run(folder, tmp_path)) if row.case.kind == "time" and row.case.method == "dct"]
    phases = [row.reading.phase for row in rows if row.reading.quantity == "seconds"]
    assert phases[:4] == ["build", "first", "warmup", "warmup"]
    assert phases.count("measure") >= 5


def test_a_bad_image_and_a_missing_method_are_rows_and_the_run_is_complete(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n....")
    rows = list(read_rows(run(folder, tmp_path)))
    failed = {(row.case.method, row.case.image) for row in rows if row.error}
    assert failed == {("noisy", "broken.png"), ("dct", "broken.png")}


def test_ctrl_c_that_python_dropped_ends_the_run_after_the_case(folder: Path, tmp_path: Path) -> None:
    def deaf(*_: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    made = planned(folder, tmp_path)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        execute(made, progress=deaf, jobs=1)
    assert signal.getsignal(signal.SIGINT) is before
    assert len(ended(list(read_rows(made.directory)))) == 1
    assert read_manifest(made.directory).status == "interrupted"


class Stop(Exception):  # noqa: N818 - stands for a crash
    """Ends a run in the middle."""


@pytest.mark.parametrize("after", range(1, 8))
def test_a_run_killed_anywhere_is_resumed_to_the_same_cases(folder: Path, tmp_path: Path, after: int) -> None:
    made = planned(folder, tmp_path)

    def stop(_: str, done: int, *__: object) -> None:
        if done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(made, progress=stop, jobs=1)
    assert read_manifest(made.directory).status == "interrupted"
    path = made.directory / FILE_NAME
    path.write_bytes(path.read_bytes()[:-9])  # and the last line is torn
    again = planned(folder, made.directory, resume=True)
    execute(again, progress=quiet, jobs=1)
    assert ended(list(read_rows(made.directory))) == sorted(SPEC.cases(ImageSet(folder).names()))
    assert read_manifest(made.directory).status == "complete"


def test_rows_that_an_interrupt_met_while_they_were_kept_are_there_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.run.execute.MOMENT", 0.0)  # every group is written by itself
    made = planned(folder, tmp_path)
    before = len(made.cases) - len(made.of("quality"))

    def stop(_: str, done: int, *__: object) -> None:
        if done > before:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(made, progress=stop, jobs=1)
    rows = list(read_rows(made.directory))
    assert len({id(case) for case in ended(rows)}) == len(set(ended(rows)))


def test_a_run_ended_while_it_looked_at_its_images_can_be_resumed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Stop

    monkeypatch.setattr("bench.run.prepare.image_facts", killed)
    with pytest.raises(Stop):
        planned(folder, tmp_path)
    monkeypatch.setattr("bench.run.prepare.image_facts", image_facts)
    directory = next(tmp_path.glob("tiny-*"))
    again = planned(folder, directory, resume=True)
    assert again.directory == directory
    assert {fact["name"] for fact in read_manifest(directory).images} == {"ramp.png", "three.png"}
    execute(again, progress=quiet, jobs=1)
    assert ended(list(read_rows(directory))) == sorted(SPEC.cases(ImageSet(folder).names()))


def test_a_directory_in_which_nothing_was_begun_says_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"holds no run\.json: nothing was measured there; start anew"):
        planned(folder, tmp_path, resume=True)


def test_a_run_that_another_process_measures_is_not_resumed(folder: Path, tmp_path: Path) -> None:
    directory = run(folder, tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\nfrom bench.run.run_lock import lock_run\nlock_run(Path(sys.argv[1]))\n"
        "print('held', flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        before = (directory / FILE_NAME).read_bytes()
        with pytest.raises(BenchError, match=rf"is being measured by process {other.pid}, .*; wait for it, or end it"):
            planned(folder, directory, resume=True)
        assert (directory / FILE_NAME).read_bytes() == before
        other.communicate()
    assert planned(folder, directory, resume=True).cases == ()


def test_resuming_a_finished_run_measures_nothing(folder: Path, tmp_path: Path) -> None:
    directory = run(folder, tmp_path)
    before = (directory / FILE_NAME).read_bytes()
    again = planned(folder, directory, resume=True)
    assert again.cases == ()
    execute(again, progress=quiet, jobs=1)
    assert (directory / FILE_NAME).read_bytes() == before


def test_another_spec_does_not_resume(folder: Path, tmp_path: Path) -> None:
    directory = run(folder, tmp_path)
    with pytest.raises(BenchError, match="another spec"):
        planned(folder, directory, spec=SPEC.model_copy(update={"seed": 1}), resume=True)


def test_rows_of_an_unfinished_case_are_dropped_on_resume(folder: Path, tmp_path: Path) -> None:
    directory = run(folder, tmp_path)
    rows = list(read_rows(directory))
    case = next(row.case for row in rows if row.case.kind == "quality")
    keep_rows(directory, (row for row in rows if not (row.case == case and row.reading.quantity == END)))
    again = planned(folder, directory, resume=True)
    assert again.cases == (case,)
    execute(again, progress=quiet, jobs=1)
    scores = [row for row in read_rows(directory) if row.case == case and row.reading.quantity == "psnr_db"]
    assert len(scores) == 1
