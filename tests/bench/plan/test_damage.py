"""Degradations in a quality section: grids over their options, and what denoisers are told under each."""

from __future__ import annotations

import pytest

from bench.errors import SpecError
from bench.plan.case import Case
from bench.plan.sections import QualitySection, combinations
from bench.plan.spec import Spec

PICTURES = {1: ["camera"], 3: ["chelsea"]}


def cases(**fields: object) -> list[Case]:
    section = QualitySection.model_validate({"method": "noisy", **fields})
    return list(section.cases("cpu", 1, PICTURES))


def told(**fields: object) -> list[tuple[str, float]]:
    return [(case.degradation, case.sigma_255) for case in cases(**fields)]


def test_options_of_a_degradation_are_a_grid() -> None:
    grid = {"quality": [10, 30]}
    assert told(degradation="jpeg", degradation_options=grid, sigma_255=[5, 9]) == [
        ("jpeg quality=10", 5.0), ("jpeg quality=30", 5.0), ("jpeg quality=10", 9.0), ("jpeg quality=30", 9.0),
    ]  # fmt: skip
    section = QualitySection.model_validate(
        {
            "method": "noisy",
            "degradation": "jpeg",
            "degradation_options": grid,
            "sigma_255": [5, 9],
            "metrics": ["ssim", "gmsd"],
        }
    )
    assert combinations(section) == len(list(section.cases("cpu", 1, PICTURES))) == 4


def test_what_denoisers_are_told_is_the_noise_what_it_says_of_itself_or_what_is_named() -> None:
    assert told(degradation="awgn") == [("awgn", 25.0)]
    assert told(degradation="poisson-gaussian") == [("poisson-gaussian", 18.71)]
    assert told(degradation="poisson-gaussian", sigma_255=[10, 20]) == [
        ("poisson-gaussian", 10.0), ("poisson-gaussian", 20.0),
    ]  # fmt: skip
    with pytest.raises(SpecError, match="jpeg does not say how strong it is as noise: name what denoisers are told"):
        told(degradation="jpeg")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"degradation": "jpeg", "degradation_options": {"qualty": [1]}, "sigma_255": 5}, "no option 'qualty'"),
        ({"degradation": "jpeg quality=high"}, "takes a int"),
        ({"metrics": ["psnr"]}, "did you mean psnr_db"),
        ({"method": "bicubic", "scale": 2, "degradation": "jpeg"}, "jpeg leaves images as large as they are"),
    ],
)
def test_a_wrong_one_is_refused_before_anything_is_measured(fields: dict[str, object], said: str) -> None:
    with pytest.raises((ValueError, SpecError), match=said):
        cases(**fields)


def test_metrics_are_of_the_case_and_none_named_are_the_usual_ones() -> None:
    (usual,), (own,) = cases(), cases(metrics=["psnr_db", "gmsd", "psnr_db"])
    assert usual.metrics == ""
    assert usual.metric_names() == ("psnr_db", "ssim", "residual_std_255", "mean_offset_255")
    assert own.metric_names() == ("psnr_db", "gmsd")


def test_given_images_take_no_option_of_a_degradation() -> None:
    section = {"method": "noisy", "degradation": "jpeg", "degradation_options": {"quality": [10, 20]}, "sigma_255": 5}
    spec = Spec.model_validate({"name": "x", "quality": [section]}).on_images(["a.png"], given=True)
    assert [case.degradation for case in spec.cases({1: ["a.png"], 3: []})] == ["given"]
