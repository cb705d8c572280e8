"""The `model-index` of one method is what huggingface_hub reads, with the run's own means and conventions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import synthetic
import yaml

from reports.derive.summary import summarise
from reports.errors import ReportError
from reports.export.model_index import model_index
from reports.read.run import load_run
from reports.read.tables import all_tables

PSNR = {"camera": 30.0, "coins": 32.5, "moon": 31.0}


def text(folder: Path, method: str, rows: list[dict[str, Any]], **described: Any) -> str:
    run = load_run(synthetic.write_rows(folder / "run", rows, **described))
    return model_index(run, summarise(all_tables(run), run.methods), method)


def results(said: str) -> list[Mapping[str, Any]]:
    (entry,) = yaml.safe_load(said)["model-index"]
    return list(entry["results"])


def rows() -> list[dict[str, Any]]:
    low = synthetic.tried("mine", PSNR)
    high = synthetic.tried("mine", {"camera": 27.0, "coins": "ValueError: broken"}, sigma_255=50.0)
    ssim = synthetic.row(
        "quality",
        "mine",
        image="camera",
        task="denoise",
        sigma_255=25.0,
        degradation="awgn",
        quantity="ssim",
        value=0.9,
    )
    return [*low, ssim, *high, *synthetic.tried("other", PSNR)]


def test_each_input_is_a_result_with_task_dataset_metrics_and_convention(tmp_path: Path) -> None:
    first, second = results(text(tmp_path, "mine", rows()))
    assert first["task"] == {"type": "image-to-image", "name": "Image denoising, sigma 25 of 255, grey"}
    assert first["dataset"]["name"] == "images bundled with scikit-image (3 images)"
    assert first["dataset"]["args"]["images"] == list(PSNR)
    psnr = first["metrics"][0]
    assert (psnr["type"], psnr["value"]) == ("psnr", round(fmean(PSNR.values()), 2))
    assert "neither clipped nor rounded" in psnr["args"]["convention"]
    assert first["metrics"][1]["args"]["mean_over_images"] == 1  # no SSIM of the others
    assert second["metrics"][0]["value"] == 27.0
    assert second["dataset"]["args"]["images"] == ["camera"]  # the other failed


def test_a_set_with_hashes_is_the_dataset_and_its_revision(tmp_path: Path) -> None:
    described = {"image_set": {"name": "My Photos", "sha256": "ab" * 32}, "image_folder": "photos.toml"}
    for result in results(text(tmp_path, "mine", rows(), **described)):
        assert result["dataset"]["type"] == "my-photos"
        assert result["dataset"]["revision"] == "ab" * 32


def test_every_result_has_what_the_format_requires(tmp_path: Path) -> None:
    """The fields that hub-docs' modelcard.md marks as required; none is empty."""
    for result in results(text(tmp_path, "mine", rows())):
        assert result["task"]["type"]
        assert result["dataset"]["type"]
        assert result["dataset"]["name"]
        assert all(metric["type"] and isinstance(metric["value"], float) for metric in result["metrics"])
    configs = [result["dataset"]["config"] for result in results(text(tmp_path, "mine", rows()))]
    assert len(set(configs)) == len(configs)  # readers take results of one dataset, config and split for one


def test_damage_other_than_white_noise_is_named_with_what_was_told(tmp_path: Path) -> None:
    damaged = [
        row
        for damage, sigma in (("jpeg quality=60", 10.0), ("jpeg quality=20", 10.0), ("blur", 0.0))
        for row in synthetic.tried("mine", PSNR, degradation=damage, sigma_255=sigma)
    ]
    found = results(text(tmp_path, "mine", damaged))
    assert {result["dataset"]["config"] for result in found} == {
        "jpeg quality=60, told sigma 10 of 255, grey", "jpeg quality=20, told sigma 10 of 255, grey", "blur, grey"
    }  # fmt: skip
    assert len(found) == 3


def test_the_hub_s_own_library_reads_it(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="the format is that of this package")
    said = text(tmp_path, "mine", rows())
    card = hub.ModelCard(f"---\n{said}---\n# A model\n")
    assert [(found.metric_type, found.metric_value) for found in card.data.eval_results] == [
        ("psnr", 31.17), ("ssim", 0.9), ("psnr", 27.0)
    ]  # fmt: skip
    assert len(card.data.to_dict()["model-index"][0]["results"]) == 2


def test_a_method_that_is_not_there_or_was_not_judged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no method 'hers' in this run; expected one of mine, other"):
        text(tmp_path, "hers", rows())
    timed = synthetic.row("time", "fast", quantity="seconds", value=1.0, phase="measure")
    with pytest.raises(ReportError, match="no score of fast in this run"):
        text(tmp_path, "fast", [*rows(), timed])
