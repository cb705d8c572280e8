"""The arrows of the architecture, read from the imports; how long a module may be; what a bare import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import bench
import reports
import restoration

ROOTS = {package.__name__: Path(str(package.__file__)).parent for package in (restoration, bench, reports)}
MODULES = {
    ".".join((package, *path.relative_to(root).with_suffix("").parts)): path
    for package, root in ROOTS.items()
    for path in sorted(root.rglob("*.py"))
}

FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "restoration": (
        "__init__",
        "version",
        "errors",
        "method",
        "quality",
        "shapes",
        "thresholding",
        "degradation",
        "images",
        "image_sets",
        "tiles",
        "compiled",
        "dct",
        "checkpoints",
        "weights",
        "runtimes",
        "kernel_estimation",
        "ffdnet",
        "dct_network",
        "learn_network",
        "rdn",
        "rrdn",
        "span",
        "waifu2x",
        "baselines",
        "ffmpeg",
        "dfttest2",
        "model_files",
        "community",
        "callables",
        "upscalers",
        "builtin",
        "source_files",
        "lookup",
        "objects",
        "catalog",
        "metrics",
        "degradations",
    ),
    "bench": ("reports",),
    "reports": ("restoration", "bench", "torch"),
}
"""What no module of a package imports, the exceptions below apart."""

BOTH_SIDES = ("bench.commands.", "bench.api")
"""The commands, and their like from Python, show what they have measured: they alone call both sides."""

SHARED_WORDS = "reports.derive.verdict_words"
"""The words of a verdict, the tolerances and the rule that counts a change: one set for `compare` and for a report of
two runs, so one module, of which `bench` reads that one set and no more."""

FLOORS: Mapping[str, tuple[str, ...]] = {
    "restoration": (
        "__init__", "version", "errors", "method", "quality", "shapes", "thresholding", "degradation", "images",
        "image_sets", "tiles", "compiled", "dct", "checkpoints", "weights", "runtimes", "kernel_estimation", "ffdnet",
        "dct_network", "learn_network", "rdn", "rrdn", "span", "waifu2x", "baselines", "ffmpeg", "dfttest2",
        "model_files",
        "community", "callables", "upscalers", "builtin", "source_files", "lookup", "objects", "catalog", "metrics",
        "degradations",
    ),
    "bench": (
        "__init__", "errors", "interrupts", "talk", "machine", "progress", "plan", "record", "measure", "suite",
        "experiments", "run", "regress", "checks", "selftest", "on_cuda", "pytest_plugin", "api", "commands",
        "__main__",
    ),
    "reports": (
        "errors", "files", "read", "derive", "draw", "studies", "sections", "two_runs", "page", "export", "terminal",
        "notebook", "__init__", "gallery", "__main__",
    ),
}  # fmt: skip
"""The folders and modules of a package, from the lowest: each imports from itself and from those before it."""

LONGEST_MODULE = 400
LONG_MODULES = ("restoration/compiled", "restoration/dct")
"""Generated vector code is read as one piece: a strip beside the loops that call it."""

LONGEST_FUNCTION = 40
LONG_FUNCTIONS: Mapping[str, str] = {}
"""Functions that are longer, each with the reason."""

BROAD: Mapping[str, str] = {
    "bench.checks.contract": "a user's method is tried; what it raises is an outcome",
    "bench.machine.fresh_process": "a child is asked; what its target raises is the answer",
    "bench.measure.inputs": "a user's degradation is tried",
    "bench.measure.operators": "a tracer runs a user's code and raises what that raises",
    "bench.measure.paired": "a peer that fails is a row, the others go on",
    "bench.measure.quality": "an image that cannot be used is a row of each of its cases",
    "bench.measure.scores": "a user's metric is called; what it raises is a row, the others are kept",
    "bench.record.attempt": "a case that fails is a row",
    "bench.measure.restorer": "a user's restorer is counted at other sizes; what it raises is why it has no count",
    "bench.regress.exact": "an image that cannot be used is a finding of each of its cases",
    "bench.regress.rehearsal": "a user's method is tried; what it raises is an answer, or a reason to measure it",
    "bench.run.scheduler": "what a thread raises is carried to the thread that waits",
    "bench.run.timekeeper": "what a cluster's worker raises is told apart from a worker that is gone",
    "restoration.checkpoints.exported": "a stranger's file is read",
    "restoration.checkpoints.pickles": "a stranger's file is read",
    "restoration.checkpoints.spandrel": "a stranger's file is recognised",
    "restoration.runtimes.graph": "a user's network is traced; what it raises is why it cannot be",
    "restoration.checkpoints.torch": "a stranger's file is read",
    "restoration.images": "a stranger's file is read",
    "restoration.lookup": "a user's module is imported",
    "restoration.runtimes.probe": "a stranger's file is read and run",
    "restoration.runtimes.onnx": "a user's network is translated",
    "restoration.runtimes.traced": "a user's network is traced",
    "restoration.objects": "a user's object is pickled, and loaded again",
}
"""The modules that catch broadly, and what they call there; what they catch is never dropped."""

HEAVY = ("torch", "numpy", "pandas", "numba", "matplotlib", "skimage", "scipy", "pytest", "pyarrow")


def imported(path: Path) -> Iterator[str]:
    """The modules of all absolute imports, at whatever depth they stand; `from a import b` is `a.b` too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_package(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way_between_the_packages(package: str) -> None:
    for module, path in MODULES.items():
        if not of_package(module, package) or module.startswith(BOTH_SIDES) or module == "bench.__main__":
            continue
        found = [name for name in imported(path) if not name.startswith(SHARED_WORDS)]
        wrong = [name for name in found for other in FORBIDDEN[package] if of_package(name, other)]
        assert not wrong, f"{module} imports {', '.join(wrong)}"


def test_the_shared_words_need_nothing_but_the_standard_library() -> None:
    for name in imported(MODULES[SHARED_WORDS]):
        assert name.partition(".")[0] in sys.stdlib_module_names, name


@pytest.mark.parametrize("package", FLOORS)
def test_imports_point_one_way_inside_a_package(package: str) -> None:
    floors = FLOORS[package]
    for module, path in MODULES.items():
        if not of_package(module, package) or (module == f"{package}.__init__" and package not in floors):
            continue
        own = floor(module, package)
        for name in imported(path):
            if of_package(name, package) and floors.index(floor(name, package)) > floors.index(own):
                pytest.fail(f"{module} imports {name}, which lies above it")


def floor(name: str, package: str) -> str:
    """The folder or module of its package that `name` belongs to."""
    part = f"{name}.".split(".")[1]
    return part if part in FLOORS[package] else "__init__"


def test_the_floors_are_all_there_is() -> None:
    for package, floors in FLOORS.items():
        parts = {path.relative_to(ROOTS[package]).parts[0].removesuffix(".py") for path in ROOTS[package].rglob("*.py")}
        assert parts - {"__init__"} == set(floors) - {"__init__"}


def test_no_module_takes_what_another_keeps_private() -> None:
    for module, path in MODULES.items():
        for name in imported(path):
            private = [part for part in name.split(".")[1:] if part.startswith("_") and not part.startswith("__")]
            assert not private or name.partition(".")[0] not in ROOTS, f"{module} imports {name}"


def test_no_module_is_too_long_to_read() -> None:
    for path in MODULES.values():
        if not any(folder in path.as_posix() for folder in LONG_MODULES):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE, path


def test_no_function_is_too_long_to_read() -> None:
    long = {}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) and first.end_lineno else 0
                length = (node.end_lineno or 0) - node.lineno + 1 - docstring
                if length > LONGEST_FUNCTION:
                    long[f"{module}.{node.name}"] = length
    assert long.keys() == LONG_FUNCTIONS.keys(), long


def test_only_where_strangers_code_or_files_are_met_is_everything_caught() -> None:
    broad = {"Exception", "BaseException"}
    found = {
        module
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and (node.type is None or broad.intersection(_names(node.type)))
    }
    assert found == BROAD.keys()


def _names(caught: ast.expr) -> set[str]:
    """What a handler catches: a name, or a tuple of them."""
    return {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)}


def test_only_the_clock_module_reads_a_timer() -> None:
    for package in ("restoration", "bench"):
        for path in ROOTS[package].rglob("*.py"):
            if path.name != "clock.py":
                assert "perf_counter" not in path.read_text(encoding="utf-8"), path


def test_only_one_module_starts_a_fresh_interpreter_to_ask_it() -> None:
    asking = {module for module, path in MODULES.items() if "pass_fds" in path.read_text("utf-8")}
    joining = {module for module, path in MODULES.items() if '"PYTHONPATH"' in path.read_text("utf-8")}
    assert asking == {"bench.machine.fresh_process"}
    assert joining == asking | {"bench.on_cuda"}  # which runs where nothing of this project can be imported yet


def test_only_one_module_asks_how_many_cores_there_are() -> None:
    asking = {module for module, path in MODULES.items() if "len(os.sched_getaffinity" in path.read_text("utf-8")}
    assert asking == {"bench.machine.threads"}


@pytest.mark.parametrize("statement", ["import restoration, restoration.catalog", "import bench.commands.command_line"])
def test_listing_methods_and_help_import_nothing_heavy(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_module_of_the_three_packages_has_a_docstring() -> None:
    for path in MODULES.values():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
