"""An interrupted program ends with status 3 and one line, wherever the signal meets it."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bench import __main__ as program, interrupts

DEFAULT = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
"""As where the tests were not started with nohup."""

BEGIN = """
import signal, sys
from bench import interrupts
def ask(name="SIGINT"):
    signal.raise_signal(signal.Signals[name])
interrupts.take_over()
"""


def ended(code: str, *, as_module: Path | None = None) -> tuple[int, str, str]:
    """Status, standard output and standard error of a program that interrupts itself."""
    text = DEFAULT + BEGIN + textwrap.dedent(code)
    if as_module:
        (as_module / "itself.py").write_text(text)
    command = ["-m", "itself"] if as_module else ["-c", text]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, cwd=as_module)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_program_at_once_and_what_it_printed_stays(name: str) -> None:
    code = f"""
    print("printed")
    interrupts.last_words("interrupted; go on")
    try:
        ask("{name}")
    except BaseException:
        print("swallowed")
    """
    assert ended(code) == (3, "printed\n", "restobench: interrupted; go on\n")


def test_in_an_import_that_swallows_everything_too(tmp_path: Path) -> None:
    (tmp_path / "greedy.py").write_text(
        "import signal\ntry:\n    signal.raise_signal(2)\nexcept BaseException:\n    pass\n"
    )
    code = f"sys.path.insert(0, {str(tmp_path)!r})\nimport greedy\nprint('went on')"
    assert ended(code) == (3, "", "restobench: interrupted\n")


def test_what_a_string_given_to_exec_raised_does_not_change_the_status(tmp_path: Path) -> None:
    """CPython ends itself by SIGINT at exit where KeyboardInterrupt left such a string, as dataclasses run them."""
    code = """
    with interrupts.raising():
        exec("ask()")
    """
    assert ended(code, as_module=tmp_path) == (3, "", "restobench: interrupted\n")


def test_what_is_to_be_put_in_order_is_and_more_signals_do_not_disturb_it() -> None:
    code = """
    with interrupts.raising():
        try:
            ask()
        finally:
            ask()
            ask("SIGTERM")
            print("in order")
    print("went on")
    """
    assert ended(code) == (3, "in order\n", "restobench: interrupted\n")


def test_what_must_not_be_torn_apart_is_finished_first() -> None:
    code = """
    with interrupts.raising():
        with interrupts.held_back():
            ask()
            print("whole")
        print("went on")
    """
    assert ended(code) == (3, "whole\n", "restobench: interrupted\n")
    assert ended(code.replace("interrupts.raising()", "interrupts.held_back()")) == (
        3, "whole\nwent on\n", "restobench: interrupted\n",
    )  # fmt: skip


def test_an_interrupt_that_a_destructor_drops_is_raised_again_in_silence() -> None:
    code = """
    class Dropping:
        def __del__(self):
            ask()
    with interrupts.raising():
        Dropping()
        while True:
            pass
    """
    assert ended(code) == (3, "", "restobench: interrupted\n")


def test_an_interrupt_that_was_swallowed_is_noticed_at_the_next_step_or_at_the_end() -> None:
    swallowed = """
    with interrupts.raising() as interrupted:
        try:
            ask()
        except BaseException:
            print("swallowed")
        interrupted()
        print("went on")
    interrupts.leave(0)
    """
    assert ended(swallowed) == (3, "swallowed\n", "restobench: interrupted\n")
    until_the_end = swallowed.replace("interrupted()", "pass")
    assert ended(until_the_end) == (3, "swallowed\nwent on\n", "restobench: interrupted\n")


def test_a_signal_after_all_is_said_changes_nothing() -> None:
    assert ended("print('all')\ninterrupts.leave(4)\nask()\nsys.exit(4)") == (4, "all\n", "")
    assert ended("interrupts.leave(0)\nask('SIGTERM')")[::2] == (0, "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_nor_does_one_while_the_interpreter_takes_itself_apart(name: str) -> None:
    code = f"""
    class Last:
        def __del__(self, send=signal.raise_signal, number=signal.{name}):
            send(number)
    last = Last()
    interrupts.leave(4)
    sys.exit(4)
    """
    assert ended(code) == (4, "", "")


def test_sighup_that_nohup_ignores_stays_ignored() -> None:
    code = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}{BEGIN}\nask('SIGHUP')\nprint('went on')"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "went on\n")


def test_as_a_library_it_raises_and_leaves_the_handler_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts.raising():
        signal.raise_signal(signal.SIGINT)
    interrupts.check()
    assert signal.getsignal(signal.SIGINT) is before


def test_called_by_another_program_main_leaves_its_signals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["restobench", "--version"])
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(SystemExit):
        program.main()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_nothing_heavy_is_imported_before_the_handler_is_there() -> None:
    code = "import sys\nbefore = set(sys.modules)\nimport bench.__main__\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    assert ours == {"bench", "bench.__main__", "bench.interrupts"}
