"""Tables that fit a terminal."""

from __future__ import annotations

import pytest

from bench.commands.console import elided, show_narrow


def test_a_narrow_table_fits_80_columns_and_elides_long_names(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"method": "a rather long name of a method, engine dense, stride 8, and more"}
    show_narrow([{**names, "dB": "29.16", "over DCT 8×8": "+1.54 ±0.12", "ms/MP": "17.1", "95 %": "16.5 to 17.4"}] * 2)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    for text in ("29.16", "+1.54 ±0.12", "16.5 to 17.4", "17.1"):
        assert printed.count(text) == 2
    assert len(printed.splitlines()) == 4
    assert printed.count("…") == 2


def test_names_keep_both_ends_and_what_tells_them_apart() -> None:
    long = [{"method": f"DCT 16×16, spacing 2.0, engine dense, stride {number}", "dB": "29.16"} for number in (4, 8)]
    assert [line["method"] for line in elided(long, 30)] == ["DCT 16×16,…, stride 4", "DCT 16×16,…, stride 8"]
    assert elided(long, 80) == long
    same = [{"method": f"{'a' * 20}{middle}{'b' * 20}", "dB": "1"} for middle in "xy"]
    assert elided(same, 30) == same
    assert elided([]) == []
