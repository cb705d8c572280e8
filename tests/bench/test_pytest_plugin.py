"""The fixture puts quality beside time, fails with one line where it should, and costs nothing where it is not used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

PLUGIN = "bench.pytest_plugin"

SUITE = """
import numpy as np
import pytest
from torch import nn

FLAT = np.full((40, 48), 128, np.uint8)
calls = []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, noisy, sigma):
        return noisy - 0 * sigma * self.conv(noisy)


def late(noisy):
    calls.append(1)
    return noisy.mul_(0.5) if len(calls) > 60 else noisy.clone()


def same(noisy):
    return noisy.clone()


def test_network(restoration_benchmark):
    figures = restoration_benchmark(Net(), FLAT, sigma=51)
    assert abs(figures.psnr_db - 14) < 1  # 20 log10(255 / 51)
    assert figures.psnr_db == figures.degraded_psnr_db
    assert figures.restored.shape == (1, 40, 48)
    assert figures.seconds is None or figures.seconds > 0


def test_denoiser(restoration_benchmark):
    assert restoration_benchmark("dct", FLAT, options={"block_size": 4}).case.variant == "block_size=4"


def test_upscaler(restoration_benchmark):
    figures = restoration_benchmark("bicubic", FLAT, scale=2)
    assert (figures.case.sigma_255, figures.degraded_psnr_db) == (0, None)
    assert figures.record()["psnr_db"] == "inf"
    assert "luma" in figures.conventions


def test_nan(restoration_benchmark):
    restoration_benchmark(lambda noisy: noisy * float("nan"), FLAT)


def test_shape(restoration_benchmark):
    restoration_benchmark(lambda noisy: noisy[..., 1:], FLAT)


def test_range(restoration_benchmark):
    restoration_benchmark(lambda noisy: 255 * noisy, FLAT)


def test_written(restoration_benchmark):
    restoration_benchmark(lambda noisy: noisy.mul_(0.5), FLAT)


def test_written_late(restoration_benchmark):
    restoration_benchmark(late, FLAT)


def test_unknown(restoration_benchmark):
    restoration_benchmark("dtc", FLAT)


def test_number(restoration_benchmark):
    restoration_benchmark(3, FLAT)


def test_list(restoration_benchmark):
    restoration_benchmark("dct", [[1, 2]])


def test_raising(restoration_benchmark):
    restoration_benchmark(lambda noisy: 1 / 0, FLAT)


def test_floor_of_all(restoration_benchmark):
    restoration_benchmark(same, FLAT, sigma=30)


@pytest.mark.restoration_min_psnr(10)
def test_floor_of_a_marker(restoration_benchmark):
    restoration_benchmark(same, FLAT)


@pytest.mark.restoration_min_psnr(10)
def test_own_floor(restoration_benchmark):
    restoration_benchmark(same, FLAT, min_psnr=35)


@pytest.mark.restoration_min_psnr()
def test_floor_of_nothing(restoration_benchmark):
    restoration_benchmark(same, FLAT)


@pytest.mark.parametrize("floor", [float("nan"), "30"])
def test_floor_no_number(restoration_benchmark, floor):
    restoration_benchmark(same, FLAT, min_psnr=floor)


def test_other():
    pass
"""

FAILING: dict[str, str] = {
    "test_nan": "lambda: 1,920 of 1,920 restored values are NaN or infinite",
    "test_shape": "lambda: returned a tensor of shape (1, 1, 40, 47), expected (1, 1, 40, 48)",
    "test_range": "expected some in [0, 1]; is it scaled to 255?",
    "test_written": "lambda: wrote into the image it was shown; let it work on a copy",
    "test_written_late": "late: wrote into the image it was shown; let it work on a copy",
    "test_unknown": "unknown method 'dtc'; did you mean dct",
    "test_number": "'int' is a int; expected a Method, a torch module or a callable",
    "test_list": "a list is no image; expected a tensor, an array, a file or a bundled name",
    "test_floor_of_all": "dB on the image (sigma 30), below the floor of 20 dB",
    "test_own_floor": "dB on the image (sigma 25), below the floor of 35 dB",
    "test_floor_of_nothing": "takes one number, as in restoration_min_psnr(28.5)",
    "test_floor_no_number[nan]": "the floor of the PSNR is nan; expected a number of decibels",
    "test_floor_no_number[30]": "the floor of the PSNR is '30'; expected a number of decibels",
}
"""The tests that fail, and the line that says why."""

PASSING = {"test_denoiser", "test_upscaler", "test_floor_of_a_marker", "test_other"}


@dataclass(frozen=True)
class Ran:
    """A suite that was run."""

    status: int
    printed: str
    outcomes: dict[str, str] = field(default_factory=dict)
    """By test: nothing where it passed, else what it said."""
    benchmarks: dict[str, Any] = field(default_factory=dict)


def ran(folder: Path, code: str, *arguments: str) -> Ran:
    """Runs a test file of this code with the plug-in, in a process of its own."""
    (folder / "test_it.py").write_text(code)
    paths = os.pathsep.join(path for path in sys.path if path)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", "-p", "no:xdist", "-c", "/dev/null",
            "--strict-markers", "--rootdir", str(folder), "--junitxml=found.xml", "test_it.py", *arguments,
        ],
        cwd=folder, env={**variables, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    outcomes, benchmarks = {}, {}
    if (folder / "found.xml").is_file():
        for case in ET.parse(folder / "found.xml").iter("testcase"):  # noqa: S314 - pytest's own
            outcomes[str(case.get("name"))] = "".join(
                f"{part.tag}: {part.get('message')}\n{part.text}" for part in case
            )
    if (folder / "b.json").is_file():
        found = json.loads((folder / "b.json").read_text())["benchmarks"]
        benchmarks = {one["name"]: one for one in found}
    return Ran(done.returncode, done.stdout + done.stderr, outcomes, benchmarks)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The suite above, timed as little as can be."""
    folder = tmp_path_factory.mktemp("suite")
    quick = ("--benchmark-max-time=0.001", "--benchmark-min-rounds=50", "--benchmark-json=b.json")
    return ran(folder, SUITE, *quick, "--restoration-min-psnr=20")


def test_quality_operations_and_memory_stand_beside_the_time(tmp_path: Path) -> None:
    done = ran(tmp_path, SUITE, "--benchmark-max-time=0.001", "--benchmark-json=b.json", "-k", "network")
    assert done.outcomes == {"test_network": ""}, done.printed
    found = done.benchmarks["test_network"]
    extra = found["extra_info"]
    assert found["stats"]["median"] > 0
    assert extra["method"] == "Net"
    assert (extra["sigma_255"], extra["seed"]) == (51, 0)
    assert (extra["macs_per_pixel"], extra["macs_counter"]) == (9, "fvcore")
    assert extra["peak_bytes"] >= 2 * 4 * 40 * 48
    assert "PSNR over all pixels" in extra["conventions"]
    assert extra["min_psnr_db"] is None


def test_built_in_methods_go_by_name_and_upscalers_are_scored_as_upscalers(suite: Ran) -> None:
    assert {name for name, said in suite.outcomes.items() if not said} == PASSING, suite.printed
    assert suite.benchmarks["test_upscaler"]["extra_info"]["degradation"] == "bicubic"


@pytest.mark.parametrize("name", FAILING)
def test_what_is_wrong_fails_with_one_line(suite: Ran, name: str) -> None:
    said = suite.outcomes[name]
    assert FAILING[name] in said
    assert said.startswith("failure: Failed: ")
    assert len([line for line in said.split("\n", 1)[1].splitlines() if line]) == 1


def test_a_floor_that_is_missed_keeps_its_figures(suite: Ran) -> None:
    extra = suite.benchmarks["test_own_floor"]["extra_info"]
    assert extra["psnr_db"] < extra["min_psnr_db"] == 35
    assert suite.benchmarks["test_network"]["extra_info"]["min_psnr_db"] == 20


def test_what_the_restorer_raises_is_shown_where_it_was_raised(suite: Ran) -> None:
    assert "restoration_benchmark(lambda noisy: 1 / 0, FLAT)" in suite.outcomes["test_raising"]
    assert "ZeroDivisionError" in suite.outcomes["test_raising"]


def test_where_nothing_is_timed_quality_is_still_held(tmp_path: Path) -> None:
    done = ran(tmp_path, SUITE, "--benchmark-disable", "-k", "network or own_floor")
    assert done.outcomes["test_network"] == ""
    assert "below the floor of 35 dB" in done.outcomes["test_own_floor"]


LIGHT = "def test_other():\n    pass\ndef test_it(restoration_benchmark):\n    pass\n"


def test_an_option_that_is_no_number_ends_the_session(tmp_path: Path) -> None:
    done = ran(tmp_path, LIGHT, "--restoration-min-psnr=nan")
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert "--restoration-min-psnr nan: expected a number of decibels" in done.printed


def test_without_pytest_benchmark_only_what_needs_it_fails(tmp_path: Path) -> None:
    done = ran(tmp_path, LIGHT, "-p", "no:benchmark")
    assert done.outcomes["test_other"] == ""
    assert (
        "restoration_benchmark needs pytest-benchmark, which is not installed or switched off"
        in (done.outcomes["test_it"])
    )


def test_only_benchmarks_are_chosen_with_it(tmp_path: Path) -> None:
    outcomes = ran(tmp_path, LIGHT, "--benchmark-only").outcomes
    assert outcomes["test_it"] == ""
    assert outcomes["test_other"].startswith("skipped")


def test_loading_it_imports_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "pandas", "scipy", "matplotlib", "pydantic", "typer", "restoration", "reports")
    code = f"import {PLUGIN}\nimport sys\nprint(*(name for name in {heavy!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_entry_point_bears_the_modules_name_so_that_it_is_loaded_once() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}
