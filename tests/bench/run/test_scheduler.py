"""Wherever a sweep runs it gives the same rows, each once: through worker loss, and through a scheduler's too."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bench.errors import NoVerdictError
from bench.machine.environment import Environment, Machine
from bench.measure.image_set import ImageSet
from bench.plan.case import Case
from bench.plan.experiments import names
from bench.plan.spec import Spec
from bench.record.attempt import END
from bench.record.manifest import read_manifest
from bench.record.rows import Row, read_rows
from bench.run.crew import Crew
from bench.run.execute import _placed, execute
from bench.run.plan import Plan, takes_time
from bench.run.prepare import prepare
from bench.run.scheduler import Scheduler, SchedulerError, WorkersLostError
from bench.run.sweep import sweep
from bench.run.timekeeper import Timekeeper, _WorkerGoneError

MODULE = """
import fcntl, os, psutil, time
from pathlib import Path

def slow(noisy, sigma):
    time.sleep(0.1)
    return noisy * 0.9

def deadly(noisy, sigma):
    if sigma > 0.15:
        os._exit(9)
    return noisy

def watched(noisy, sigma):
    Path(__file__).with_name("worker").write_text(str(psutil.Process().ppid()))
    if "MALLOC_TRIM_THRESHOLD_" in os.environ:
        raise AssertionError("Dask's settings are in force")
    with open(os.environ["RESTOBENCH_LOCK"], "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return noisy
    raise AssertionError("nobody holds the lock")

def dying(noisy, sigma):
    os._exit(9)
"""

CLUSTER = """
import sys, time
from distributed import LocalCluster

if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    print(cluster.scheduler_address, *[nanny.pid for nanny in cluster.workers.values()], flush=True)
    time.sleep(600)
"""

SECTION = {"method": ["slow_module:slow", "noisy"], "sigma_255": [15, 25], "seed": list(range(12))}
VALUES = ("psnr_db", "ssim", "residual_std_255", "mean_offset_255")


@pytest.fixture
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of methods that workers find as well."""
    (tmp_path / "slow_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


class Cluster:
    """A Dask cluster in a process of its own, so that all of it can be killed."""

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("distributed")
        script = folder / "cluster.py"
        script.write_text(CLUSTER)
        self.process = subprocess.Popen(
            [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        with self.process.stdout as said:
            address, *workers = said.readline().split()
        self.scheduler = Scheduler.parse(address)
        self.workers = [int(worker) for worker in workers]
        self.timers: list[subprocess.Popen[bytes]] = []

    def offer(self, *more: str, **variables: str) -> None:
        """Starts a worker that takes times."""
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.scheduler.address, "--no-dashboard"]
        command += ["--nworkers", "1", "--nthreads", "1", "--resources", "TIMING=1", *more]
        quiet: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        with self.scheduler.connected() as client:
            keeper = Timekeeper(client, print)
            before = len(keeper._offering())
            self.timers.append(subprocess.Popen(command, env=os.environ | variables, start_new_session=True, **quiet))
            while len(keeper._offering()) == before:  # workers that offer nothing may come meanwhile, too
                assert self.timers[-1].poll() is None
                time.sleep(0.1)

    def kill_timer(self, process: int) -> None:
        """Ends a process of a worker that takes times, and no other: the times may have been taken here instead."""
        assert os.getsid(process) in {timer.pid for timer in self.timers}
        os.kill(process, signal.SIGKILL)

    def kill(self) -> None:
        """Ends the scheduler and its workers at once."""
        for process in (self.process, *self.timers):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def cluster(tmp_path: Path, _module: None) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.kill()


def scored(rows: list[Row]) -> dict[tuple[Case, str], float | None]:
    found = [((row.case, row.reading.quantity), row.reading.value) for row in rows if row.reading.quantity in VALUES]
    assert len(found) == len(dict(found))
    return dict(found)


def swept(folder: Path, section: dict[str, Any], scheduler: Scheduler = Scheduler()) -> Iterator[Sequence[Row]]:  # noqa: B008 - frozen
    with Crew() as crew:
        yield from sweep(planned({"quality": [section]}, folder, folder.parent), crew, scheduler, jobs=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("local", Scheduler()),
        ("local:4", Scheduler(workers=4)),
        ("slurm:16", Scheduler("slurm", workers=16)),
        ("tcp://127.0.0.1:8786", Scheduler("dask", "tcp://127.0.0.1:8786")),
    ],
)
def test_a_scheduler_is_read(text: str, expected: Scheduler) -> None:
    assert Scheduler.parse(text) == expected


@pytest.mark.parametrize("text", ["", "loca", "tcp://x", "slurm:", "local:-1", "tcp://a b:1", "http://x:1"])
def test_another_scheduler_is_refused(text: str) -> None:
    with pytest.raises(SchedulerError, match="expected local"):
        Scheduler.parse(text)


def test_a_scheduler_that_does_not_answer_is_said_to() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(SchedulerError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1"):
        next(Scheduler.parse("tcp://127.0.0.1:1").run([]))


def test_slurm_without_slurm_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("dask_jobqueue") is None:
        pytest.skip("dask_jobqueue is not installed")
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SchedulerError) as caught:
        next(Scheduler.parse("slurm:1").run([]))
    assert "\n" not in str(caught.value)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
@pytest.mark.usefixtures("_module")
def test_a_case_that_ends_its_process_fails_alone(folder: Path) -> None:
    (folder / "three.png").unlink()
    rows = [row for rows in swept(folder, {"method": "slow_module:deadly", "sigma_255": [15, 50]}) for row in rows]
    assert {row.case.sigma_255 for row in rows if row.error} == {50.0}
    assert all("ended with status 9" in row.error for row in rows if row.error)
    assert sorted(row.case.sigma_255 for row in rows if row.reading.quantity == END) == [15.0, 50.0]


@pytest.mark.slow
def test_a_cluster_gives_the_bits_of_this_machine_though_a_worker_is_killed(folder: Path, cluster: Cluster) -> None:
    rows: list[Row] = []
    for number, group in enumerate(swept(folder, SECTION, scheduler=cluster.scheduler)):
        rows += group
        if number == 5:
            os.kill(cluster.workers[0], signal.SIGKILL)
    here = [row for group in swept(folder, SECTION) for row in group]
    assert scored(rows) == scored(here)
    assert not [row.error for row in rows if row.error]


@pytest.mark.slow
def test_a_scheduler_that_disappears_costs_nothing_that_was_finished(
    folder: Path, cluster: Cluster, tmp_path: Path
) -> None:
    spec = Spec.model_validate({"name": "lost", "threads": 1, "quality": [SECTION]})

    def prepared(out: Path, *, resume: bool = False) -> Any:
        return prepare(spec, images=ImageSet(folder), out=out, command="", resume=resume, say=lambda _: None)

    def kill_when_some_are_done(_: str, done: int, *__: object) -> None:
        if done >= 8 and cluster.process.poll() is None:
            threading.Thread(target=cluster.kill).start()

    first = prepared(tmp_path)
    with pytest.raises(WorkersLostError, match="kept"):
        execute(first, progress=kill_when_some_are_done, jobs=2, scheduler=cluster.scheduler)
    assert issubclass(WorkersLostError, NoVerdictError)
    assert read_manifest(first.directory).status == "interrupted"
    rest = prepared(first.directory, resume=True)
    assert 8 <= rest.known < len(first.cases)
    execute(rest, progress=lambda *_: None, jobs=2)
    rows = list(read_rows(first.directory))
    assert [row.case for row in rows if row.reading.quantity == END] == list(first.cases)
    undisturbed = prepared(tmp_path / "again")
    execute(undisturbed, progress=lambda *_: None, jobs=2)
    assert scored(rows) == scored(list(read_rows(undisturbed.directory)))


TIMES: dict[str, Any] = {
    "name": "times",
    "threads": 1,
    "round_seconds": 0.01,
    "time": [{"method": "slow_module:watched", "size": [16, 24]}],
    "paired": [{"group": "g", "blocks": 2, "entry": [{"method": ["noisy", "slow_module:watched"], "size": 16}]}],
    "quality": [{"method": "noisy", "images": ["ramp.png"]}],
}


def planned(spec: dict[str, Any], folder: Path, out: Path, *, resume: bool = False) -> Plan:
    parsed = Spec.model_validate({"name": "x", "threads": 1} | spec)
    return prepare(parsed, images=ImageSet(folder), out=out, command="", resume=resume, say=lambda _: None)


@pytest.fixture
def _lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTOBENCH_LOCK", str(tmp_path / "lock"))


def ended(directory: Path) -> list[Case]:
    return [row.case for row in read_rows(directory) if row.reading.quantity == END]


@pytest.mark.slow
@pytest.mark.usefixtures("_lock")
def test_times_are_taken_alone_on_the_worker_that_offers_it_though_it_is_killed(
    folder: Path, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.offer(OMP_PLACES="cores")
    killed: list[int] = []

    def kill_once(*_: object) -> None:
        if not killed:
            killed.append(int((tmp_path / "worker").read_text()))
            cluster.kill_timer(killed[0])

    spec = TIMES | {"memory": [{"method": "slow_module:dying", "size": 16}]}
    made, said = planned(spec, folder, tmp_path), []
    execute(made, progress=kill_once, jobs=1, scheduler=cluster.scheduler, say=said.append)
    rows = list(read_rows(made.directory))
    assert ended(made.directory) == list(made.cases)
    assert {row.case.method for row in rows if row.error} == {"slow_module:dying"}
    manifest = read_manifest(made.directory)
    assert manifest.environment["stable"]["variable_OMP_PLACES"] == "cores"
    assert manifest.fingerprint != made.manifest.fingerprint == manifest.started_on["fingerprint"]
    assert len(said) == 2  # where times are taken: before it was killed, and after
    assert manifest.timed_on in said[1]
    assert sum("were taken by tcp://" in notice for notice in manifest.notices) == 2
    benchmarks = json.loads((made.directory / "benchmark.json").read_text())["benchmarks"]
    assert [one["name"].count("16x16") for one in benchmarks] == [1, 0]
    assert int((tmp_path / "worker").read_text()) != killed[0]


@pytest.mark.slow
@pytest.mark.usefixtures("_lock")
def test_times_of_a_run_are_never_those_of_two_machines(
    folder: Path, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.run.timekeeper._RETURN", 1)
    places = {"cores", "threads"}
    for place in places:
        cluster.offer("--no-nanny", OMP_PLACES=place)
    made = planned(TIMES, folder, tmp_path)
    where = {"progress": lambda *_: None, "jobs": 1}

    def kill(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            cluster.kill_timer(int((tmp_path / "worker").read_text()))

    execute(made, progress=kill, jobs=1, scheduler=cluster.scheduler)
    lost = [row for row in read_rows(made.directory) if row.error]
    assert len(lost) == 3
    assert "no worker of an equal machine" in lost[0].error
    assert ended(made.directory) == [made.cases[0], made.cases[-1]]
    rest = planned(TIMES, folder, made.directory, resume=True)
    assert len(rest.cases) == 3
    execute(rest, **where)  # not here, either
    errors = [row.error for row in read_rows(made.directory) if row.error]
    assert ["times of this run are of another machine" in error for error in errors] == [True] * 3
    taken = read_manifest(made.directory).environment["stable"]["variable_OMP_PLACES"]
    cluster.offer(OMP_PLACES=taken)
    rest = planned(TIMES, folder, made.directory, resume=True)
    execute(rest, **where, scheduler=cluster.scheduler)
    assert ended(made.directory) == list(made.cases)
    assert not [row.error for row in read_rows(made.directory) if row.error]
    assert read_manifest(made.directory).environment["stable"]["variable_OMP_PLACES"] == taken


class Client:
    """Stands for Dask's; knows one worker."""

    status = "running"

    def __init__(self, **worker: object) -> None:
        self.worker = {"nthreads": 1, "resources": {"TIMING": 1.0}, "host": "h"} | worker

    def scheduler_info(self) -> dict[str, Any]:
        return {"workers": {"tcp://h:1": self.worker}}


def test_a_worker_that_runs_several_tasks_takes_no_times() -> None:
    with pytest.raises(SchedulerError, match="would run 4 tasks at once; start it with --nworkers 1 --nthreads 1"):
        Timekeeper(Client(nthreads=4), print).choose(1)
    assert Timekeeper(Client(nthreads=4, resources={}), print).choose(1) is None


def test_a_worker_with_other_code_takes_no_times(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine("tcp://h:1", Environment({}, {}), (), code="another")
    monkeypatch.setattr(Timekeeper, "_asked", lambda *_: machine)
    with pytest.raises(SchedulerError, match="runs other code or other versions"):
        Timekeeper(Client(), print).choose(1)


def test_experiments_that_take_time_are_timed_where_the_rest_is() -> None:
    named = {name: Case("experiment", name) for name in names()}
    assert {name for name, case in named.items() if takes_time(case)} == {
        "precision",
        "ratio-sweep",
        "roofline",
        "tiles",
    }


def test_where_no_worker_takes_times_the_manifest_says_so(folder: Path, tmp_path: Path) -> None:
    timed = {"method": "noisy", "size": 16}
    made = planned({"cost": [timed], "memory": [timed]}, folder, tmp_path)
    assert (
        "no worker of the cluster offered" in _placed(made, None, Scheduler("dask", "tcp://h:1")).manifest.notices[-1]
    )
    assert _placed(made, None, Scheduler()).manifest == made.manifest


def test_a_worker_that_goes_away_while_it_is_asked_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def goes_away(*_: object) -> Machine:
        raise _WorkerGoneError

    monkeypatch.setattr(Timekeeper, "_asked", goes_away)
    made = planned({"memory": [{"method": "noisy", "size": 16}]}, folder, tmp_path)
    keeper = Timekeeper(Client(), print)
    said = _placed(made, keeper, Scheduler("dask", "tcp://h:1")).manifest.notices[-1]
    assert said == (
        "tcp://h:1 offered TIMING and went away while asked about its machine: the machine that started the run took "
        "the times itself"
    )


def test_one_process_at_a_time_takes_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.machine.timing_lock import timing_lock

    monkeypatch.setenv("RESTOBENCH_LOCK", str(tmp_path / "lock"))
    said: list[str] = []
    order: list[str] = []

    def second() -> None:
        with timing_lock(said.append):
            order.append("second")

    with timing_lock(said.append):
        thread = threading.Thread(target=second)
        thread.start()
        while not said:
            time.sleep(0.01)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting for it" in said[0]
