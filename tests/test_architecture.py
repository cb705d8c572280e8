"""The arrows of the architecture, read from the imports, and what a bare import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench
import reports
import restoration

ROOTS = {package.__name__: Path(str(package.__file__)).parent for package in (restoration, bench, reports)}
FORBIDDEN = {
    "restoration": {"bench", "reports"},
    "bench": {"reports"},
    "reports": {"restoration", "bench", "torch"},
}
HEAVY = ("torch", "numpy", "pandas", "numba", "matplotlib", "skimage", "scipy", "pytest", "pyarrow")


def imported(path: Path) -> Iterator[str]:
    """The top-level names of all absolute imports of a module, at whatever depth they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way(package: str) -> None:
    for path in ROOTS[package].rglob("*.py"):
        if path == ROOTS["bench"] / "__main__.py":
            continue  # the command line calls both sides
        assert not FORBIDDEN[package].intersection(imported(path)), path


def test_only_the_clock_module_reads_a_timer() -> None:
    for package in ("restoration", "bench"):
        for path in ROOTS[package].rglob("*.py"):
            if path.name != "clock.py":
                assert "perf_counter" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("statement", ["import restoration, restoration.catalog", "import bench.__main__"])
def test_listing_methods_and_help_import_nothing_heavy(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_module_of_the_three_packages_has_a_docstring() -> None:
    for root in ROOTS.values():
        for path in root.rglob("*.py"):
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
