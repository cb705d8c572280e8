"""A run with a user's own metrics and degradations: all scores are kept, what is none is refused or says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.errors import SpecError
from bench.measure.image_set import ImageSet
from bench.plan.spec import Spec
from bench.record.rows import Row, read_rows
from bench.run.execute import execute
from bench.run.prepare import prepare
from reports import terminal
from reports.page import make_report

PACKAGE = """\
import torch
from restoration import Metric

worst = Metric("worst_error", lambda a, b: (a - b).abs().max(), "smaller", title="worst error", digits=3)
sharp = Metric("sharpness", lambda a: (a[..., 1:] - a[..., :-1]).abs().mean(), "bigger", needs_reference=False)
nan = Metric("nan", lambda a, b: float("nan"), "bigger")
array = Metric("array", lambda a, b: a - b, "bigger")
text = Metric("text", lambda a, b: "good", "bigger")
raising = Metric("raising", lambda a, b: 1 / 0, "bigger")
absent = Metric("absent", lambda a, b: 1.0, "bigger", requires=("no_such_package",))

def darker(image, gain: float = 0.5):
    return image * gain

def cropped(image):
    return image[..., 1:]

def random(image):
    return image + torch.randn_like(image)

def broken(image):
    raise OSError("no lens")

def broken_on_small(image):
    if image.shape[-1] < 96:
        raise OSError("no lens")
    return image
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A user's file in the folder where they stand."""
    (tmp_path / "judge_of_a_run.py").write_text(PACKAGE)
    monkeypatch.chdir(tmp_path)
    return "judge_of_a_run.py"


def spec(**section: object) -> Spec:
    whole = {"method": ["noisy", "dct"], "sigma_255": 20, "images": ["ramp.png"], **section}
    return Spec.model_validate({"name": "own", "threads": 1, "quality": [whole]})


def run(made: Spec, folder: Path, out: Path, said: list[str] | None = None) -> tuple[Path, list[Row]]:
    say = (said if said is not None else []).append
    plan = prepare(made, images=ImageSet(folder), out=out, command="restobench", say=say)
    execute(plan, progress=lambda *_: None, jobs=1)
    return plan.directory, list(read_rows(plan.directory))


def test_own_metrics_and_degradations_stand_in_rows_tables_and_the_terminal(
    own: str, folder: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    names = ["psnr_db", *(f"{own}:{name}" for name in ("worst", "sharp", "nan", "array", "text", "raising", "absent"))]
    damage = {"degradation": f"{own}:darker", "degradation_options": {"gain": [0.5, 0.9]}}
    directory, rows = run(spec(metrics=names, **damage), folder, tmp_path / "out", said)
    errors = {row.reading.quantity: row.error for row in rows if row.error}
    assert errors == {
        "nan": "RangeError: metric nan: returned nan, expected a number from -inf to inf",
        "array": "RangeError: metric array: returned a Tensor of shape (1, 40, 48), expected one number",
        "text": "RangeError: metric text: returned a str, expected one number",
        "raising": "metric raising: ZeroDivisionError: division by zero",
    }
    assert said == [
        f"metric {own}:absent is left out: the package no_such_package is not installed: pip install no_such_package"
    ]
    values = {(row.case.method, row.case.degradation, row.reading.quantity): row.reading.value for row in rows}
    assert values["noisy", f"{own}:darker gain=0.9", "worst_error"] == pytest.approx(
        18 / 255, abs=1e-4
    )  # the brightest has 180
    assert {row.reading.note for row in rows if row.reading.quantity == "told_sigma_255"} == {"as the spec names it"}
    report = make_report(directory)
    quality = report.summary.tables["quality"]
    assert len(quality) == 4
    assert quality["psnr_db"].notna().all()
    assert quality["worst_error"].notna().all()
    best = terminal.best(report)
    assert {line["degraded by"] for line in best} == {f"{own}:darker gain={gain}, told sigma 20" for gain in (0.5, 0.9)}
    assert all(line["worst_error"] is not None and "nan" not in line for line in best)
    assert report.status.failed
    about = json.loads((directory / "run.json").read_text())
    (worst,) = (one for one in about["metrics"] if one["name"] == "worst_error")
    assert (worst["better"], worst["digits"], worst["source"]) == ("smaller", 3, f"{own}:worst")
    assert {one["name"]: one["sigma"] for one in about["degradations"]} == {
        f"{own}:darker gain={gain}": "what denoisers are told" for gain in (0.5, 0.9)
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "cropped",
            r"^degradation judge_of_a_run.py:cropped: returned \(1, 96, 95\) of an image \(1, 96, 96\).*keeps the size",
        ),
        ("random", "two images for one seed; draw all chance from its parameter seed"),
        ("broken", "^degradation judge_of_a_run.py:broken: OSError: no lens$"),
    ],
)
def test_a_degradation_that_is_none_ends_the_run_before_it_begins(
    own: str, folder: Path, tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        run(spec(degradation=f"{own}:{name}"), folder, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_degradation_that_fails_later_is_named_by_the_rows(own: str, folder: Path, tmp_path: Path) -> None:
    _, rows = run(spec(degradation=f"{own}:broken_on_small"), folder, tmp_path / "out")
    assert {row.error for row in rows if row.error} == {f"degradation {own}:broken_on_small: OSError: no lens"}


def test_images_that_come_degraded_and_alone_are_judged_without_a_reference(
    own: str, folder: Path, tmp_path: Path
) -> None:
    directory, rows = run(spec(metrics=f"{own}:sharp", degradation="given"), folder, tmp_path / "out")
    sharp = {row.case.method: row.reading.value for row in rows if row.reading.quantity == "sharpness"}
    assert not [row.error for row in rows if row.error]
    assert sharp["noisy"] is not None
    assert sharp["dct"] is not None
    assert sharp["dct"] < sharp["noisy"]
    report = make_report(directory)
    assert [(line["psnr_db"], line["sharpness"]) for line in terminal.best(report)] == [
        (None, round(value or 0, 4)) for value in sharp.values()
    ]


def test_a_metric_that_needs_a_reference_is_refused_where_there_is_none(own: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"psnr_db needs a reference.*--degraded, or name metrics that need none"):
        run(spec(metrics=["psnr_db", f"{own}:sharp"], degradation="given"), folder, tmp_path / "out")


def test_images_that_come_degraded_and_are_not_named_may_come_with_references_or_without() -> None:
    with pytest.raises(SpecError, match=r"name them by --images, .* need no reference, or the references by --images"):
        prepare(spec(degradation="given", images="all"), images=ImageSet(), out=Path("out"), command="restobench")


def test_upscalers_are_judged_on_what_their_conventions_leave(own: str, folder: Path, tmp_path: Path) -> None:
    section = {"method": "bicubic", "scale": 2, "channels": 3, "images": "all", "metrics": ["gmsd", f"{own}:worst"]}
    _, rows = run(spec(**section), folder, tmp_path / "out")
    assert not [row.error for row in rows if row.error]
    assert {row.reading.quantity for row in rows} >= {"gmsd", "worst_error"}
