"""How far it is, said where there is no terminal."""

from __future__ import annotations

import pytest

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
