"""A set of one's own from the command line: described, written, measured, refused; and figures expected of it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from in_process import call
from PIL import Image

from restoration.image_sets import read_set


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two photographs."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for level, name in enumerate(("a.png", "b.png")):
        pixels = np.tile(np.linspace(40 * level, 200, 32), (32, 1)).astype(np.uint8)
        Image.fromarray(pixels).save(f"photos/{name}")
    return tmp_path


def test_a_set_is_described_and_never_replaced_unasked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    describe = ("images", "--describe", "photos", "--format", "json")
    assert call(monkeypatch, *describe) == 0
    assert [record["image"] for record in json.loads(capsys.readouterr().out)] == ["a.png", "b.png"]
    assert read_set(Path("set.toml")).name == "photos"
    assert call(monkeypatch, *describe) == 0  # it says the same
    before = Path("set.toml").read_bytes()
    Path("photos/b.png").unlink()
    assert call(monkeypatch, *describe) == 2
    assert "say --overwrite" in capsys.readouterr().err
    assert Path("set.toml").read_bytes() == before
    assert call(monkeypatch, *describe, "--overwrite") == 0
    assert list(read_set(Path("set.toml")).files) == ["a.png"]


def test_a_run_names_its_set_and_refuses_another_file(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "images", "--describe", "photos") == 0
    Path("own.toml").write_text('name = "own"\n[[quality]]\nmethod = "noisy"\n')
    run = ("run", "--spec", "own.toml", "--images", here / "set.toml", "--jobs", "1", "--out", "results")
    assert call(monkeypatch, *run) == 0
    (about,) = Path("results").glob("*/run.json")
    known = read_set(Path("set.toml"))
    assert json.loads(about.read_text())["image_set"] == {"name": "photos", "sha256": known.sha256}
    assert known.sha256 in (about.parent / "report.html").read_text()
    Image.new("L", (32, 32)).save("photos/a.png")
    capsys.readouterr()
    assert call(monkeypatch, *run) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"restobench: {here}/set.toml: photos/a.png is another file now")
    assert error.count("\n") == 1


def test_a_set_that_lists_an_image_twice_is_measured_as_the_one_without(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "images", "--describe", "photos") == 0
    known, text = read_set(Path("set.toml")), Path("set.toml").read_text()
    Path("set.toml").write_text(text + text[text.index("[[image]]") :])
    Path("own.toml").write_text('name = "own"\n[[quality]]\nmethod = "noisy"\n')
    assert call(monkeypatch, "run", "--spec", "own.toml", "--images", "set.toml", "--jobs", "1", "--out", "out") == 0
    (about,) = Path("out").glob("*/run.json")
    told = json.loads(about.read_text())
    assert [image["name"] for image in told["images"]] == ["a.png", "b.png"]
    assert told["image_set"] == {"name": "photos", "sha256": known.sha256}


FIGURE = '[[figure]]\nmethod = "noisy"\nimages = "{images}"\npublished = {published}\ntolerance = 0.5\n'


@pytest.mark.parametrize(
    ("images", "published", "status", "outcome"),
    [("photos", 20.17, 0, "passed"), ("photos", 25, 1, "failure"), ("elsewhere", 20.17, 3, "error")],
)
def test_own_figures_pass_fail_or_could_not_be_measured(
    images: str, published: float, status: int, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("published.toml").write_text(FIGURE.format(images=images, published=published))
    assert call(monkeypatch, "verify", ".", "--published", "published.toml", "--junit", "verify.xml") == status
    whole = fromstring(Path("verify.xml").read_bytes())  # noqa: S314 - our own
    (case,) = whole.iter("testcase")
    assert next((child.tag for child in case), "passed") == outcome


def test_a_table_that_cannot_be_meant_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("published.toml").write_text(FIGURE.format(images="photos", published=20) + "sigma = 25\n")
    assert call(monkeypatch, "verify", ".", "--published", "published.toml") == 2
    error = capsys.readouterr().err
    assert error.startswith("restobench: published.toml:6: figure.0.sigma: ")
    assert error.count("\n") == 1
