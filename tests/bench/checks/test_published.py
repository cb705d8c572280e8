"""Published figures: what is checked, what passes, what fails, what cannot run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.checks.published import SETS, BestRatio, Denoising, Figure, Upscaling, failed, find_set, published, verify
from bench.errors import BenchError
from restoration.errors import WeightsMissingError
from restoration.weights import find


def mean_level(images: Sequence[torch.Tensor], _: int) -> float:
    return float(torch.stack([image.mean() for image in images]).mean())


def just_within(*_: object) -> float:
    return 2.8


def missing(*_: object) -> float:
    raise WeightsMissingError("weights x: get them there")


def ends(*_: object) -> float:
    os._exit(9)


FIGURE = Figure("level", "Set5", 0.5, 0.01, "mean of all pixels", "nobody", mean_level, unit="")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a Set5 of constant grey images."""
    folder = tmp_path / "benchmark" / "set_5"
    folder.mkdir(parents=True)
    for index in range(5):
        Image.fromarray(np.full((24, 26), 126 + index, np.uint8)).save(folder / f"{index}.png")
    return tmp_path


def test_a_figure_within_its_tolerance_passes(data: Path) -> None:
    (check,) = verify(data, figures=[FIGURE])
    assert check.status == "pass"
    assert check.measured == pytest.approx(128 / 255)
    assert check.difference == pytest.approx(128 / 255 - 0.5, abs=1e-6)
    assert not failed([check])


def test_a_figure_further_off_fails(data: Path) -> None:
    (check,) = verify(data, figures=[replace(FIGURE, published=0.6)])
    assert check.status == "fail"
    assert failed([check])


def test_the_tolerance_itself_still_passes(data: Path) -> None:
    figures = [replace(FIGURE, published=2.7, tolerance=0.1, measure=just_within)]
    assert verify(data, figures=figures)[0].status == "pass"


def test_what_cannot_run_is_listed_with_its_reason(data: Path) -> None:
    (data / "Set14").mkdir()
    (data / "Set12").mkdir()
    Image.new("L", (8, 8)).save(data / "Set12" / "01.png")
    figures = [
        replace(FIGURE, images="Kodak24"),
        replace(FIGURE, images="Set14"),
        replace(FIGURE, images="Set12"),
        replace(FIGURE, measure=missing),
        replace(FIGURE, measure=ends),
        FIGURE,
    ]
    checks = verify(data, figures=figures)
    assert [check.status for check in checks] == ["not run"] * 5 + ["pass"]
    reasons = [
        "no folder Kodak24", "no images in this folder", "Set12 has 12 images, this folder 1", "get them there",
        "ended with status 9",
    ]  # fmt: skip
    for check, reason in zip(checks, reasons, strict=False):
        assert reason in check.reason
        assert check.measured is None
    assert not failed(checks)


def test_a_broken_image_keeps_its_set_from_running_and_no_other(data: Path) -> None:
    (data / "benchmark" / "set_5" / "3.png").write_bytes(b"broken")
    (check,) = verify(data, figures=[FIGURE])
    assert check.status == "not run"
    assert "3.png" in check.reason


@pytest.mark.parametrize("name", ["Set5", "set5", "SET-5", "set_5"])
def test_sets_are_found_whatever_their_case(tmp_path: Path, name: str) -> None:
    (tmp_path / "deep" / name).mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    assert find_set(tmp_path, "Set5") == tmp_path / "deep" / name
    assert find_set(tmp_path / "deep" / name, "Set5") == tmp_path / "deep" / name
    assert find_set(tmp_path, "Set14") is None


def test_a_data_folder_that_is_not_there_is_bad_use(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="absent: no such folder"):
        verify(tmp_path / "absent")


def test_every_published_figure_states_its_set_convention_and_source() -> None:
    figures = published()
    assert {figure.images for figure in figures} == set(SETS)
    assert len({(figure.what, figure.images) for figure in figures}) == len(figures)
    for figure in figures:
        assert figure.convention
        assert figure.source
        assert 0 < figure.tolerance <= 0.15


def test_progress_names_what_comes_next(data: Path) -> None:
    told: list[tuple[str, int, int]] = []
    verify(data, figures=[FIGURE, FIGURE], progress=lambda *step: told.append(step))
    assert told == [("level on Set5", 0, 2), ("level on Set5", 1, 2)]


def test_bicubic_on_set5_passes(shared: Path) -> None:
    figures = [f for f in published() if isinstance(f.measure, Upscaling) and f.measure.method == "bicubic"]
    checks = verify(shared / "data", figures=figures)
    assert [check.status for check in checks if check.images == "Set5"] == ["pass"] * 6


def test_the_zebra_prefers_the_published_ratio(shared: Path) -> None:
    figures = [f for f in published() if isinstance(f.measure, BestRatio) or "DCT" in f.what]
    checks = verify(shared / "data", figures=figures)
    assert [check.status for check in checks] == ["pass"] * 4, checks


def test_ffdnet_on_set12_passes(shared: Path) -> None:
    if find("ipol-gray") is None:
        pytest.skip("the weights ipol-gray are not on this machine")
    figures = [f for f in published() if f.images == "Set12" and f.measure == Denoising("ffdnet", 25)]
    (check,) = verify(shared / "data", figures=figures)
    assert check.status == "pass", check


def test_gray_images_of_a_color_set_are_scored_as_they_are() -> None:
    """Studio-range luma would shrink their error by 219 / 255, which is 1.32 dB."""
    gray = torch.rand(1, 24, 24)
    nearest = Upscaling("nearest", 2, "bicubic", shave=2)
    as_color = nearest([gray.expand(3, 24, 24).contiguous()], 1)
    assert as_color - nearest([gray], 1) == pytest.approx(1.32, abs=0.01)
