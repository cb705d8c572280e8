"""Tables that fit a terminal."""

from __future__ import annotations

import pytest

from bench.commands.console import show_narrow


def test_a_narrow_table_fits_80_columns_and_folds_long_names(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"method": "a rather long name of a method, engine dense, stride 8, and more"}
    show_narrow([{**names, "dB": "29.16", "over DCT 8×8": "+1.54 ±0.12", "ms/MP": "17.1", "95 %": "16.5 to 17.4"}] * 2)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    for text in ("29.16", "+1.54 ±0.12", "16.5 to 17.4", "17.1"):
        assert printed.count(text) == 2
