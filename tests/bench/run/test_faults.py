"""Whatever ends a run, what it had finished stays, and going on gives the tables of a run that nothing disturbed."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.errors import RowsError
from bench.measure.image_set import ImageSet
from bench.plan.case import GIVEN, Case, Reading
from bench.plan.spec import Spec
from bench.record.attempt import END
from bench.record.case_hash import _image_facts, code
from bench.record.rows import Row, RowFile, read_rows
from bench.run.execute import execute
from bench.run.plan import Plan
from bench.run.prepare import prepare

SPEC = """
name = "faults"
threads = 1
[[cost]]
method = ["noisy", "dct"]
size = 32
[[quality]]
method = ["noisy", "dct"]
sigma_255 = [15, 25]
seed = [0, 1, 2, 3, 4, 5, 6, 7]
pictures = true
"""

KILLS = int(os.environ.get("RESTOBENCH_KILLS", "2"))
"""50 in a long run; the moments differ by RESTOBENCH_KILL_SEED."""

NOT_SECONDS = ("elapsed_seconds", "measured_seconds")


def quiet(*_: object) -> None:
    """No progress shown."""


def prepared(images: ImageSet, out: Path, spec: dict[str, Any], *, resume: bool = False) -> Plan:
    parsed = Spec.model_validate({"name": "faults", "threads": 1, **spec})
    return prepare(parsed, images=images, out=out, command="", resume=resume, say=lambda _: None)


def table(directory: Path) -> list[tuple[Case, str, str, float | None, str]]:
    """Everything but times, in the order of the file."""
    return [
        (row.case, row.reading.quantity, row.reading.part, row.reading.value, row.error)
        for row in read_rows(directory)
        if row.reading.quantity not in NOT_SECONDS
    ]


def start(spec: Path, images: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench", "run", "--spec", str(spec), "--images", str(images), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--jobs", "1", *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Waits for the end: status, and what was said if that is not 0."""
    _, said = process.communicate()
    return process.returncode, said if process.returncode else ""


def rows_so_far(directory: Path) -> int:
    path = directory / "rows.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.slow
@pytest.mark.timeout(60 * 60)
def test_killed_at_random_moments_a_resumed_run_gives_the_same_tables(folder: Path, tmp_path: Path) -> None:
    spec = tmp_path / "faults.toml"
    spec.write_text(SPEC)
    whole = tmp_path / "whole"
    assert ended(start(spec, folder, whole)) == (0, "")
    expected = table(next(whole.glob("faults-*")))
    random_moment = random.Random(int(os.environ.get("RESTOBENCH_KILL_SEED", "0")))
    done = 0
    while done < KILLS:
        out = tmp_path / f"killed-{done}"
        process = start(spec, folder, out)
        while not list(out.glob("faults-*/run.json")) and process.poll() is None:
            time.sleep(0.01)
        directory = next(out.glob("faults-*"))
        while process.poll() is None and done < KILLS:
            enough = rows_so_far(directory) + random_moment.randrange(1, 60)
            while process.poll() is None and rows_so_far(directory) < enough:
                time.sleep(0.002)
            time.sleep(random_moment.random() * 0.02)
            if process.poll() is not None:  # it was done before its moment came
                break
            os.killpg(process.pid, signal.SIGKILL)
            ended(process)
            done += 1
            with (directory / "rows.jsonl").open("ab") as torn:
                torn.write(b'{"run": "fau')
            process = start(spec, folder, directory, "--resume")
        assert ended(process) == (0, "")
        assert table(directory) == expected


def test_ctrl_c_is_one_line_that_says_how_to_go_on(folder: Path, tmp_path: Path) -> None:
    spec = tmp_path / "faults.toml"
    spec.write_text(SPEC.replace("7]", f"{', '.join(map(str, range(7, 400)))}]"))
    process = start(spec, folder, tmp_path / "out")
    while not any(rows_so_far(found) for found in (tmp_path / "out").glob("faults-*")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 3, said
    last = said.strip().splitlines()[-1]
    assert "interrupted; every finished case is kept; go on with" in last
    assert "Traceback" not in said


def test_a_full_disk_is_one_line_and_leaves_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row("r", Case("quality", "dct"), Reading("psnr_db", 30.0, "dB"))
    with RowFile(tmp_path) as file:
        file.append([row])

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("bench.record.files.os.fsync", full)
        with pytest.raises(RowsError, match="No space left on device; every finished case is kept") as caught:
            file.append([row] * 3)
    assert "\n" not in str(caught.value)
    assert list(read_rows(tmp_path)) == [row]


def test_a_disk_that_fills_up_in_a_run_says_so_though_the_manifest_cannot_be_written_either(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = prepared(ImageSet(folder), tmp_path, {"quality": [{"method": ["noisy"], "sigma_255": [15]}]})

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bench.record.files.os.fsync", full)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(RowsError, match=r"rows\.jsonl: No space left on device; every finished case is kept"):
        execute(made, progress=quiet, jobs=1)
    assert sorted(path.name for path in made.directory.iterdir()) == ["images", "rows.jsonl", "run.json"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_case_whose_picture_finds_no_room_is_not_finished(folder: Path, tmp_path: Path, jobs: int) -> None:
    spec = {"quality": [{"method": ["noisy"], "sigma_255": [15, 25], "pictures": True}]}
    made = prepared(ImageSet(folder), tmp_path, spec)
    (made.directory / "images").rmdir()
    (made.directory / "images").symlink_to("/dev/full/images")  # no picture can be written there, by whatever process
    with pytest.raises(RowsError, match="every finished case is kept; make room") as caught:
        execute(made, progress=quiet, jobs=jobs)
    assert "\n" not in str(caught.value)
    (made.directory / "images").unlink()
    rest = prepared(ImageSet(folder), made.directory, spec, resume=True)
    assert rest.cases == made.cases
    execute(rest, progress=quiet, jobs=jobs)
    named = {row.reading.note for row in read_rows(made.directory) if row.reading.quantity == "picture"}
    assert named == {f"images/{path.name}" for path in (made.directory / "images").iterdir()} != set()
    assert not [row.error for row in read_rows(made.directory) if row.error]


def test_memory_that_runs_out_fails_its_case_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greedy_module.py").write_text(
        "def greedy(noisy, sigma):\n    if sigma > 0.15:\n        raise MemoryError('10 EiB asked for')\n"
        "    return noisy\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = {"quality": [{"method": ["greedy_module:greedy", "noisy"], "sigma_255": [15, 50]}]}
    made = prepared(ImageSet(folder), tmp_path, spec)
    execute(made, progress=quiet, jobs=1)
    failed = [row for row in read_rows(made.directory) if row.error]
    assert {(row.case.method, row.case.sigma_255) for row in failed} == {("greedy_module:greedy", 50.0)}
    assert all("MemoryError: 10 EiB" in row.error for row in failed)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "faults.toml").write_text(SPEC)
    process = start(tmp_path / "faults.toml", folder, tmp_path / "file")
    _, said = process.communicate()
    assert process.returncode == 2
    assert said.strip().count("\n") <= 1
    assert "Traceback" not in said


def finished(directory: Path) -> Counter[Case]:
    return Counter(row.case for row in read_rows(directory) if row.reading.quantity == END)


def test_a_cell_is_measured_again_when_its_image_or_its_code_has_changed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = {"quality": [{"method": ["noisy"], "sigma_255": [15, 25]}]}
    made = prepared(ImageSet(folder), tmp_path, spec)
    execute(made, progress=quiet, jobs=1)
    assert prepared(ImageSet(folder), made.directory, spec, resume=True).cases == ()
    Image.fromarray(np.full((40, 48), 7, np.uint8)).save(folder / "ramp.png")
    _image_facts.cache_clear()  # a process reads an image once
    rest = prepared(ImageSet(folder), made.directory, spec, resume=True)
    assert {case.image for case in rest.cases} >= {"ramp.png"}
    execute(rest, progress=quiet, jobs=1)
    assert set(finished(made.directory).values()) == {1}
    assert list(finished(made.directory)) == list(made.cases)
    before = code()
    monkeypatch.setattr("bench.record.case_hash.code", lambda: before + "changed")
    assert prepared(ImageSet(folder), made.directory, spec, resume=True).cases == made.cases


def test_pairs_of_reference_and_degraded_images_are_restored_as_they_are(folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    small = np.asarray(Image.open(folder / "three.png"))[::2, ::2].copy()
    Image.fromarray(small).save(given / "threex2.png")
    spec = {"quality": [{"method": "bicubic", "channels": 3, "scale": 2, "degradation": ["bicubic", "decimate"]}]}
    made = prepared(ImageSet(folder, given), tmp_path, spec)
    assert [(case.image, case.degradation) for case in made.cases] == [("three.png", GIVEN)]
    execute(made, progress=quiet, jobs=1)
    rows = [row for row in read_rows(made.directory) if row.reading.quantity == "psnr_db"]
    assert len(rows) == 1
    Image.fromarray(small[:-1]).save(given / "threex2.png")
    again = prepared(ImageSet(folder, given), tmp_path / "again", spec)
    execute(again, progress=quiet, jobs=1)
    assert any("expected (3, 20, 24)" in row.error for row in read_rows(again.directory))
