"""Two comparisons never run at the same time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.regress.comparison_lock import comparison_lock


def test_a_second_comparison_is_refused_and_told_who_is_running(tmp_path: Path) -> None:
    with (
        comparison_lock(tmp_path, "restobench compare main"),
        pytest.raises(BenchError, match=rf"process {os.getpid()}, `restobench compare main`, in"),
        comparison_lock(tmp_path, "restobench compare other"),
    ):
        pass
    with comparison_lock(tmp_path, "again"):
        pass
