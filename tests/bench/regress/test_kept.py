"""A comparison from Python: the same verdict as a table, and its files."""

from __future__ import annotations

from pathlib import Path

import pytest
from their_spec import SPEC

from bench import api
from bench.errors import BenchError


def test_what_changed_is_a_table_and_the_files_are_written(theirs: Path, tmp_path: Path) -> None:
    (theirs / "src" / "theirmethod" / "m.py").write_text("def restore(image):\n    return 0.5 * image\n")
    (tmp_path / "spec.toml").write_text(SPEC)
    found = api.compare("HEAD~1", spec=tmp_path / "spec.toml", out=tmp_path / "out", progress=False)
    assert (found.verdict, found.status) == ("worse", 1)
    quality = found.findings.set_index("metric").loc["psnr_db"]
    assert quality["change"] == pytest.approx(quality["head"] - quality["base"])
    assert quality["low"] <= quality["change"] <= quality["high"]
    assert list(found.changes["metric"]) == ["psnr_db"]
    assert set(found.findings["run"]) == {found.directory.name}
    assert (found.directory / "comparison.json").is_file()
    assert found.directory.parent == tmp_path / "out"
    assert "worse: " in found._repr_html_()
    assert repr(found).startswith(f"Comparison in {found.directory}: worse")


@pytest.mark.parametrize("detect", [0.0, -1.0, 0.9, float("nan")])
def test_a_change_that_nobody_can_detect_is_an_exception(theirs: Path, tmp_path: Path, detect: float) -> None:
    with pytest.raises(BenchError, match=f"detect={detect}: expected a change between 0.1% and 50%"):
        api.compare("HEAD", detect=detect, out=tmp_path, progress=False)
    assert theirs.is_dir()


def test_an_unknown_revision_is_an_exception(theirs: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="unknown revision 'nope'"):
        api.compare("nope", out=tmp_path, progress=False)
    assert theirs.is_dir()
