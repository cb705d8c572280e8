"""A fresh interpreter answers, fails or dies, and each of them is told apart."""

from __future__ import annotations

import operator
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.errors import BenchError, one_line
from bench.machine.fresh_process import Failure, FreshProcess, Part, ProcessDiedError, answer, known
from bench.plan.case import Case
from bench.record.attempt import attempt


def test_a_module_answers_question_after_question() -> None:
    with FreshProcess("operator") as process:
        assert process.ask("add", 1, 2) == 3
        process.send("mul", 2, 3)
        process.send("mul", 3, 4)
        assert [process.receive(), process.receive()] == [6, 12]


def test_an_object_keeps_its_state_between_questions() -> None:
    with FreshProcess("collections:Counter") as process:
        process.ask("update", ["a", "a"])
        assert process.ask("most_common", 1) == [("a", 2)]


def test_what_the_target_raises_is_an_answer_with_its_kinds() -> None:
    with FreshProcess("operator") as process:
        answer = process.ask("truediv", 1, 0)
        assert answer == Failure(
            "ZeroDivisionError: division by zero",
            ("ZeroDivisionError", "ArithmeticError", "Exception", "BaseException", "object"),
            "division by zero",
        )
        assert process.ask("add", 1, 1) == 2  # it goes on


@pytest.mark.parametrize(
    ("target", "question", "argument", "ended", "words"),
    [
        ("os", "_exit", 7, 7, "the process ended with status 7 before it had answered"),
        ("signal", "raise_signal", signal.SIGKILL, -9, "ended by SIGKILL, for want of memory perhaps"),
        ("signal", "raise_signal", signal.SIGSEGV, -11, "ended by SIGSEGV"),
    ],
)
def test_a_process_that_ends_is_an_error_with_its_status(
    target: str, question: str, argument: object, ended: int, words: str
) -> None:
    with FreshProcess(target) as process, pytest.raises(ProcessDiedError, match=words) as caught:
        process.ask(question, argument)
    assert caught.value.ended == ended
    assert "Traceback" not in str(caught.value)


def test_a_target_that_exits_is_an_answer_like_any_other_exception() -> None:
    with FreshProcess("sys") as process:
        assert process.ask("exit", 0).error == "SystemExit: 0"
        assert process.ask("getrecursionlimit") > 0


def test_an_answer_in_parts_comes_part_by_part(tmp_path: Path) -> None:
    (tmp_path / "counting.py").write_text(
        "def count(last, keep):\n    for number in range(last):\n        keep(number)\n    return 'done'\n"
    )
    with FreshProcess("counting", paths=[str(tmp_path), *sys.path]) as process:
        process.send("count", 2, in_parts=True)
        assert [process.receive() for _ in range(3)] == [Part(0), Part(1), "done"]


def test_one_question_to_a_process_of_its_own() -> None:
    assert answer("operator", "add", 1, 2) == 3
    with pytest.raises(BenchError, match="ZeroDivisionError"):
        answer("operator", "truediv", 1, 0)
    with pytest.raises(BenchError, match="no answer within 0 s"):
        answer("time", "sleep", 60, patience=0.1)


def test_an_error_there_is_the_error_that_it_would_be_here() -> None:
    case = Case("memory", "mine")
    with FreshProcess("operator") as process:
        there = attempt("r", case, lambda: known(process.ask("truediv", 1, 0), "mine: in a fresh process: "))
    here = attempt("r", case, lambda: operator.truediv(1, 0))
    assert there[0].error == here[0].error == "ZeroDivisionError: division by zero"


def test_one_told_on_survives_the_way_between_processes() -> None:
    told = ProcessDiedError("mine: it died; try a smaller size", -9, "ProcessDiedError: it died")
    again = pickle.loads(pickle.dumps(told))  # noqa: S301 - our own
    assert (str(again), again.ended, one_line(again)) == (str(told), -9, "ProcessDiedError: it died")
    assert one_line(ProcessDiedError("it died")) == "ProcessDiedError: it died"


def test_ctrl_c_at_the_terminal_does_not_reach_it() -> None:
    with FreshProcess("os") as process:
        assert process.ask("getpgrp") != os.getpgrp()


def test_it_ends_with_a_parent_that_is_killed_while_it_is_busy(tmp_path: Path) -> None:
    parent = (
        "import os, pathlib, signal\nfrom bench.machine.fresh_process import FreshProcess\n"
        "process = FreshProcess('time')\nprocess.ask('time')\nprocess.send('sleep', 600)\n"
        f"pathlib.Path({str(tmp_path / 'child')!r}).write_text(str(process._child.pid))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", parent], check=False, env=variables)
    child = int((tmp_path / "child").read_text())
    psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [])
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_a_target_that_cannot_be_imported_says_so_in_its_last_line() -> None:
    with FreshProcess("no_such_module") as process, pytest.raises(ProcessDiedError, match="No module named"):
        process.ask("anything")


def test_patience_ends(tmp_path: Path) -> None:
    with (
        FreshProcess("time", folder=tmp_path) as process,
        pytest.raises(ProcessDiedError, match="no answer within 0 s"),
    ):
        process.ask("sleep", 60, patience=0.1)


def test_it_imports_from_the_paths_and_runs_in_the_folder_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import os\n\ndef where() -> str:\n    return os.getcwd()\n")
    paths = [str(tmp_path), *sys.path]
    with FreshProcess("mine", paths=paths, folder=tmp_path) as process:
        assert Path(process.ask("where")) == tmp_path


def test_a_process_whose_parent_is_gone_ends_by_itself() -> None:
    with FreshProcess("operator") as process:
        process.ask("add", 1, 1)
        process._connection.close()
        assert process._child.wait() == 0
