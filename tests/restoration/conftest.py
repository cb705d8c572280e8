"""What tests of several tables share: a package of somebody else's that is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str], str], None]:
    """Puts a package with these modules (name -> code) and entry points (text) on Python's path."""

    def installed(modules: dict[str, str], entry_points: str) -> None:
        for name, code in modules.items():
            (tmp_path / f"{name}.py").write_text(code)
        facts = tmp_path / "of_a_test-1.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: of-a-test\nVersion: 1\n")
        (facts / "entry_points.txt").write_text(entry_points)
        monkeypatch.syspath_prepend(str(tmp_path))

    return installed
