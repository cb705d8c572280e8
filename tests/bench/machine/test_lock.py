"""One process at a time holds a lock, and the others are told who it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.machine.lock import LockHeldError, locked
from bench.machine.timing_lock import timing_lock

HOLD = """
import sys
from pathlib import Path
from bench.machine.lock import locked
sys.argv = ["/usr/bin/restobench", "run", "--spec", "quick"]
with locked(Path({path!r})):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input is closed."""
    command = [sys.executable, "-c", HOLD.format(path=str(path))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_holds_it_is_said(path: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(LockHeldError) as caught, locked(path):
        pass
    assert str(caught.value).startswith(f"process {other.pid}, `restobench run --spec quick`, in {Path.cwd()}, since 2")


def test_a_killed_holder_has_given_it_back_and_what_it_wrote_is_replaced(
    path: Path, other: subprocess.Popen[str]
) -> None:
    other.kill()
    other.wait()
    assert path.exists()
    with locked(path):
        assert f'"process": {os.getpid()}' in path.read_text()
    assert not path.exists()


def test_waiting_for_times_names_the_holder_and_how_to_go_on_without(
    path: Path, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTOBENCH_LOCK", str(path))
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        assert other.stdin
        other.stdin.close()  # it ends

    with timing_lock(say):
        assert path.exists()
    assert len(said) == 1
    assert said[0].startswith(f"process {other.pid}, `restobench run --spec quick`, in ")
    assert f"set RESTOBENCH_LOCK to another file than {path}" in said[0]


def test_a_file_without_words_is_named_itself(path: Path, other: subprocess.Popen[str]) -> None:
    path.write_text("")
    with pytest.raises(LockHeldError, match=f"a process that holds {path}"), locked(path):
        pass
    assert other.poll() is None
