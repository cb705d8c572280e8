"""How far it is, said where there is no terminal, and drawn in a notebook."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bench import progress as progress_module
from bench.progress import progress_bar


def test_without_a_terminal_a_line_a_minute_says_how_much_time_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    with progress_bar("compare", clock=lambda: now) as progress:
        for done in range(1, 10):
            now += 20.0
            progress(f"step {done}", done, 30)
    assert capsys.readouterr().err.splitlines() == [
        "compare: 3 of 30, 0:09:00 left (step 3)",
        "compare: 6 of 30, 0:08:00 left (step 6)",
        "compare: 9 of 30, 0:07:00 left (step 9)",
    ]


def test_the_time_left_goes_by_the_share_of_the_work_and_not_by_the_number_of_cases(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    with progress_bar("standard", clock=lambda: now) as progress:
        for done, share in ((1, 0.1), (2, 0.5), (3, 0.9)):
            now += 60.0
            progress(f"step {done}", done, 1000, share)
    assert capsys.readouterr().err.splitlines() == [
        "standard: 1 of 1000 (step 1)",
        "standard: 2 of 1000, 0:01:15 left (step 2)",
        "standard: 3 of 1000, 0:00:15 left (step 3)",
    ]


def test_another_total_is_another_pace(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    with progress_bar("compare", clock=lambda: now) as progress:
        progress("quick", 1, 2)
        now += 100.0
        progress("slow", 1, 10)
        now += 100.0
        progress("slow", 2, 10)
    assert capsys.readouterr().err.splitlines() == [
        "compare: 1 of 10 (slow)",
        "compare: 2 of 10, 0:13:20 left (slow)",
    ]


def test_in_a_notebook_a_bar_follows_and_goes_when_the_work_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[str] = []

    def display(html: str, *, display_id: bool) -> SimpleNamespace:
        assert display_id
        drawn.append(html)
        return SimpleNamespace(update=drawn.append)

    monkeypatch.setattr(progress_module, "_notebook", lambda: SimpleNamespace(display=display, HTML=str))
    now = 0.0
    with progress_bar("quick", clock=lambda: now) as progress:
        for done in range(1, 4):
            now += 1.0
            progress("time <b>", done, 4)
        progress("too soon after", 4, 4)
    assert drawn == [
        "<progress></progress> quick: preparing",
        '<progress value="1" max="4"></progress> quick: 1 of 4 (time &lt;b&gt;)',
        '<progress value="2" max="4"></progress> quick: 2 of 4, 0:00:02 left (time &lt;b&gt;)',
        '<progress value="3" max="4"></progress> quick: 3 of 4, 0:00:01 left (time &lt;b&gt;)',
        "",
    ]
    assert capsys.readouterr().err == ""


def test_a_session_of_ipython_without_a_notebook_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(progress_module.sys.modules, "IPython", SimpleNamespace(get_ipython=object))
    assert progress_module._notebook() is None
