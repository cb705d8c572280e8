"""Numbers read well."""

from __future__ import annotations

import pytest

from reports.draw.number_text import seconds_text


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.61e-3, "2.61 ms"), (1.0, "1 s"), (125.4, "125 s"), (3e-6, "3 µs"), (5e-9, "5 ns")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
