"""Quality sweeps: work is shared, nothing goes missing, and one bad image or case does not stop the rest."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from bench.measure.image_set import ImageSet
from bench.measure.inputs import batch_for
from bench.measure.quality import grouped
from bench.measure.scores import scores
from bench.plan.case import Case
from bench.plan.sections import QualitySection
from bench.plan.spec import Spec
from bench.record.attempt import END
from bench.record.rows import Row
from bench.run.crew import Crew
from bench.run.prepare import prepare
from bench.run.scheduler import Scheduler
from bench.run.sweep import sweep


def cases_of(folder: Path, **section: object) -> list[Case]:
    parsed = QualitySection.model_validate(section)
    return list(parsed.cases("cpu", 1, ImageSet(folder).names()))


def swept(folder: Path, cases: list[Case], *, jobs: int = 1, pictured: frozenset[Case] = frozenset()) -> list[Row]:
    spec = Spec.model_validate({"name": "s", "threads": 1, "quality": [{"method": "noisy"}]})
    plan = prepare(spec, images=ImageSet(folder), out=folder.parent / "out", command="", say=lambda _: None)
    (folder.parent / "images").mkdir(exist_ok=True)
    plan = replace(plan, cases=tuple(cases), pictured=pictured, directory=folder.parent)
    with Crew() as crew:
        return [row for rows in sweep(plan, crew, Scheduler(), jobs=jobs) for row in rows]


def values(rows: list[Row], quantity: str) -> dict[tuple[str, str, float], float]:
    found = (row for row in rows if row.reading.quantity == quantity)
    return {(row.case.image, row.case.variant, row.case.sigma_255): row.reading.value or 0.0 for row in found}


def test_cases_that_see_the_same_noise_are_one_group(folder: Path) -> None:
    cases = cases_of(folder, method=["noisy", "dct"], sigma_255=[15, 25])
    groups = grouped(cases)
    assert sorted(case for group in groups for case in group) == sorted(cases)
    assert len(groups) == 2 * 2  # images x sigma


def test_sharing_the_transform_over_ratios_changes_no_score(folder: Path) -> None:
    ratios = {"block_size": 8, "ratio": [0.0, 2.0, 2.7, 3.5]}
    together = values(swept(folder, cases_of(folder, method="dct", options=ratios)), "psnr_db")
    alone: dict[tuple[str, str, float], float] = {}
    for case in cases_of(folder, method="dct", options=ratios):
        alone |= values(swept(folder, [case]), "psnr_db")
    assert together.keys() == alone.keys()
    assert all(math.isclose(together[key], alone[key], abs_tol=2e-3) for key in alone)


def test_two_processes_give_the_rows_of_one(folder: Path) -> None:
    cases = cases_of(folder, method=["noisy", "dct"], sigma_255=[15, 25, 50])
    together = swept(folder, cases, jobs=2)
    assert not [row.error for row in together if row.error]
    assert values(together, "psnr_db") == values(swept(folder, cases), "psnr_db")


def test_every_case_ends_with_the_row_that_says_so(folder: Path) -> None:
    cases = cases_of(folder, method=["noisy", "dct"])
    rows = swept(folder, cases)
    assert sorted(row.case for row in rows if row.reading.quantity == END) == sorted(cases)


def test_the_noisy_image_is_scored_unclipped(folder: Path) -> None:
    found = values(swept(folder, cases_of(folder, method="noisy", sigma_255=25)), "residual_std_255")
    assert all(24 < value < 26 for value in found.values())


def test_a_broken_image_is_an_error_in_its_cases_alone(folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"not a picture")
    rows = swept(folder, cases_of(folder, method=["noisy", "dct"], channels=1))
    failed = {(row.case.image, row.case.method) for row in rows if row.error}
    assert failed == {("broken.png", "noisy"), ("broken.png", "dct")}
    assert {row.case.image for row in rows if row.reading.quantity == "psnr_db"} == {"ramp.png", "three.png"}


def test_a_failing_case_names_the_reason_and_the_others_go_on(folder: Path) -> None:
    options = {"block_size": [8, 32], "ratio": [2.0, 2.7]}
    small = folder / "small.png"
    from PIL import Image

    Image.new("L", (20, 20), 128).save(small)
    rows = swept(folder, cases_of(folder, method="dct", options=options))
    failed = [row for row in rows if row.error]
    assert {(row.case.image, row.case.option_values()["block_size"]) for row in failed} == {("small.png", 32)}
    assert len(failed) == 2
    assert all("ShapeError" in row.error and "32" in row.error and "20" in row.error for row in failed)


def test_pictures_are_written_for_the_cases_asked_for(folder: Path) -> None:
    cases = cases_of(folder, method=["noisy", "dct"])
    shown = frozenset(case for case in cases if case.image == "ramp.png")
    rows = [row for row in swept(folder, cases, pictured=shown) if row.reading.quantity == "picture"]
    assert sorted(row.reading.part for row in rows) == ["clean", "degraded", "restored", "restored"]
    assert all((folder.parent / row.reading.note).is_file() for row in rows)
    assert {row.case.image for row in rows} == {"ramp.png"}


@pytest.mark.parametrize("size", [(16, 24), (600, 700), (33, 1100)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_of_any_size_is_filled_with_picture(size: tuple[int, int], channels: int) -> None:
    case = Case("time", "dct", task="denoise", channels=channels, height=size[0], width=size[1], sigma_255=25.0)
    batch = batch_for(case)
    assert batch.shape == (1, channels, *size)
    assert batch.isfinite().all()
    assert batch.std() > 0.05


def test_upscalers_are_scored_on_luma_and_denoisers_on_all_channels() -> None:
    import torch

    clean = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0))
    upscaled = Case("quality", "bicubic", task="upscale", channels=3, scale=2, degradation="bicubic")
    denoised = Case("quality", "dct", task="denoise", channels=3, degradation="awgn")
    assert {r.quantity: r.value for r in scores(upscaled, clean, clean)}["residual_std_255"] == pytest.approx(
        0.0, abs=0.3
    )
    brighter = (clean * 0.5 + 0.25).clamp(0, 1)
    by_luma = {r.quantity: r.value for r in scores(upscaled, brighter, clean)}
    by_color = {r.quantity: r.value for r in scores(denoised, brighter, clean)}
    assert by_luma["psnr_db"] != by_color["psnr_db"]
