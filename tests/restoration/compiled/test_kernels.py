"""Compiled kernels are shared by what they are made of, and by nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restoration.compiled.kernels import FOLDER, made_of

SOURCE = """
from restoration.compiled.kernels import compiled

def kernel(factor):
    @compiled("void(f4[::1])")
    def scale(values):
        for k in range(len(values)):
            values[k] *= factor
    return scale
"""


def kernel_in(folder: Path, factor: float, source: str = SOURCE) -> Any:
    """The kernel of a source file in a folder of its own."""
    folder.mkdir(exist_ok=True)
    file = folder / "scaling.py"
    file.write_text(source)
    spec = spec_from_file_location("scaling", file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.kernel(factor)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept" / FOLDER


def scaled(kernel: Callable[[Any], None]) -> float:
    values = np.ones(3, np.float32)
    kernel(values)
    return float(values.max())


def test_equal_sources_share_a_kernel_wherever_they_lie(tmp_path: Path, kept: Path) -> None:
    first, second = kernel_in(tmp_path / "one", 3.0), kernel_in(tmp_path / "two", 3.0)
    assert (first.stats.cache_misses.total(), second.stats.cache_misses.total()) == (1, 0)
    assert second.stats.cache_hits.total() == 1
    assert scaled(first) == scaled(second) == 3.0
    assert len(list(kept.glob("*.nbi"))) == len(list(kept.glob("*.nbc"))) == 1


def test_other_constants_and_other_sources_have_files_of_their_own(tmp_path: Path, kept: Path) -> None:
    kernels = [kernel_in(tmp_path / "one", 3.0), kernel_in(tmp_path / "one", 4.0)]
    kernels += [kernel_in(tmp_path / "one", 3.0, SOURCE.replace("*= factor", "*= factor + 2"))]
    assert [scaled(kernel) for kernel in kernels] == [3.0, 4.0, 5.0]
    assert len(list(kept.glob("*.nbi"))) == 3


def test_what_has_no_checksum_may_not_be_enclosed() -> None:
    table = np.zeros(3)

    def kernel(values: Any) -> None:
        values += table

    with pytest.raises(TypeError, match=r"kernel: encloses what has no checksum: \[array"):
        made_of(kernel)


def test_where_nothing_can_be_written_numba_finds_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", "/dev/null/nowhere")
    assert scaled(kernel_in(tmp_path / "one", 3.0)) == 3.0
    assert list((tmp_path / "one" / "__pycache__").glob("scaling*.nbi"))


def test_without_a_word_from_the_user_they_lie_in_the_users_cache(tmp_path: Path) -> None:
    code = "from restoration.compiled import pointwise; print(pointwise.sums().stats.cache_path)"
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(tmp_path / "cache" / "restobench" / FOLDER)
