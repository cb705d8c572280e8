"""A fresh interpreter answers, fails or dies, and each of them is told apart."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from bench.machine.fresh_process import Failure, FreshProcess, ProcessDiedError


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
    ("target", "question", "argument", "ended"),
    [("os", "_exit", 7, 7), ("sys", "exit", "broken", 1), ("signal", "raise_signal", signal.SIGKILL, -9)],
)
def test_a_process_that_ends_is_an_error_with_its_status(
    target: str, question: str, argument: object, ended: int
) -> None:
    with FreshProcess(target) as process, pytest.raises(ProcessDiedError) as caught:
        process.ask(question, argument)
    assert caught.value.ended == ended
    assert "Traceback" not in str(caught.value)


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
    import sys

    paths = [str(tmp_path), *sys.path]
    with FreshProcess("mine", paths=paths, folder=tmp_path) as process:
        assert Path(process.ask("where")) == tmp_path


def test_a_process_whose_parent_is_gone_ends_by_itself() -> None:
    with FreshProcess("operator") as process:
        process.ask("add", 1, 1)
        process._connection.close()
        assert process._child.wait(30) == 0
