"""What the terminal shows: how far it is where there is no bar, and tables that fit it."""

from __future__ import annotations

import pytest

from bench.commands.console import progress_bar, show_narrow


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


def test_a_narrow_table_fits_80_columns_and_folds_long_names(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"method": "a rather long name of a method, engine dense, stride 8, and more"}
    show_narrow([{**names, "dB": "29.16", "over DCT 8×8": "+1.54 ±0.12", "ms/MP": "17.1", "95 %": "16.5 to 17.4"}] * 2)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    for text in ("29.16", "+1.54 ±0.12", "16.5 to 17.4", "17.1"):
        assert printed.count(text) == 2
