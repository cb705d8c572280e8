"""Two comparisons never run at the same time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.regress.comparison_lock import comparison_lock


def test_a_second_comparison_is_refused_and_told_who_is_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/restobench", "compare", "main"])
    with (
        comparison_lock(tmp_path),
        pytest.raises(BenchError, match=rf"process {os.getpid()}, `restobench compare main`, in .*, since 2"),
        comparison_lock(tmp_path),
    ):
        pass
    with comparison_lock(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
