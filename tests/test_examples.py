"""The example package is installed as a user would install it, and goes through everything a built-in method does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "own_methods"
METHODS = ("local-wiener", "sharp-bilinear", "box")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example package."""
    source = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("source") / "own_methods")
    made = tmp_path_factory.mktemp("site")
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *flags, "--target", str(made), str(source)],
        check=True,
        capture_output=True,
    )
    return made


def restobench(site: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_installed_methods_are_listed_with_their_options(site: Path) -> None:
    listed = {record["method"]: record for record in json.loads(restobench(site, "methods", "--format", "json").stdout)}
    assert set(METHODS) <= set(listed)
    assert listed["local-wiener"]["options"] == "radius=2 strength=1.0"
    assert listed["sharp-bilinear"]["task"] == "upscale"


@pytest.mark.parametrize("method", METHODS)
def test_each_keeps_the_contract(site: Path, method: str) -> None:
    done = restobench(site, "check", method)
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_are_measured_like_any_other(site: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(images / "noise.png")
    arguments = [
        "run",
        "--spec",
        str(EXAMPLE / "own.toml"),
        "--images",
        str(images),
        "--out",
        str(tmp_path),
        "--jobs",
        "1",
    ]
    done = restobench(site, *arguments)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in next(tmp_path.glob("own-*/rows.jsonl")).read_text().splitlines()]
    assert [row["error"] for row in rows if row["error"]] == []
    assert {"cost", "time", "memory", "layers", "quality"} == {row["kind"] for row in rows}
    assert {row["variant"] for row in rows if row["method"] == "local-wiener" and row["kind"] == "quality"} == {
        f"radius={radius} strength=1.0" for radius in (1, 2, 3)
    }
    assert next(tmp_path.glob("own-*/report.html")).stat().st_size > 0


def test_uninstalled_they_are_found_from_the_folder_they_lie_in(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "own_methods")
    done = restobench(tmp_path, "check", "own_methods:BOX", "--set", "radius=2", "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    findings = {record["check"]: record["finding"] for record in json.loads(done.stdout)}
    assert findings["count"] == "25 MAC/px by closed form and by count"
