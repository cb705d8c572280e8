"""The experiments on thresholds: the family, the threshold found back, the tables learnt."""

from __future__ import annotations

import pytest
import torch

from bench.errors import SpecError
from bench.experiments import learn_threshold
from bench.experiments.learn_dct import held_out
from bench.experiments.learn_threshold import Descent, averaged, find_threshold, gaussian
from bench.experiments.scene import FAILURE, Scene
from bench.experiments.thresholds import posterior_maximum
from bench.plan.case import Case, Reading
from bench.plan.experiments import module_of
from restoration import soft_threshold
from restoration.dct.learn import TRAINING
from restoration.errors import DivergedError, RangeError
from restoration.images import Picture
from restoration.method import Option


def scene(*names: str) -> Scene:
    """Grey pictures of those names, in steps across."""
    steps = torch.linspace(0, 1, 4).repeat_interleave(12).expand(1, 48, 48).contiguous()
    return Scene(
        tuple(Picture(name, steps) for name in names),
        (),
        seed=0,
        threads=1,
        device="cpu",
        save_picture=lambda name, _: name,
    )


def readings(name: str, where: Scene | None = None, **options: Option) -> list[tuple[Case, Reading]]:
    """All that an experiment yields."""
    return list(module_of(name).run(options, where or scene()))


def test_soft_thresholding_is_the_posterior_maximum() -> None:
    x = torch.linspace(-6, 6, 101, dtype=torch.float64)
    for sigma in (0.5, 1.0, 2.0):
        torch.testing.assert_close(posterior_maximum(x, sigma), soft_threshold(x, sigma**2), rtol=0, atol=1e-6)


def test_the_family_is_drawn_and_the_estimate_compared() -> None:
    found = [reading for _, reading in readings("thresholds", points=41)]
    parts = {reading.part for reading in found if reading.quantity == "output"}
    assert {"hard", "soft", "temperature 0.05", "temperature 3"} <= parts
    assert [reading.value for reading in found if reading.quantity == "largest_difference"] == [
        pytest.approx(0, abs=1e-6)
    ]


@pytest.mark.parametrize("start", [0.5, 8.0])
def test_the_threshold_is_found_from_both_ends(start: float) -> None:
    path = find_threshold(2.4, start=start, seed=3)
    assert averaged(path) == pytest.approx(2.4, abs=0.05)
    assert path[0].threshold == pytest.approx(start)
    assert path[-1].loss < path[0].loss


def test_each_seed_ends_with_a_threshold_and_a_curve() -> None:
    found = readings("learn-threshold", seeds=2, steps=30, batch=256)
    assert [case.seed for case, reading in found if reading.quantity == "found_threshold"] == [0, 1]
    for quantity in ("step", "threshold", "loss", "temperature"):
        numbers = [r.repeat for _, r in found if r.quantity == quantity and r.part == "from 0.5"]
        assert numbers == list(range(30))


def test_stratified_values_are_normal() -> None:
    values = gaussian(4096, torch.Generator().manual_seed(0))
    assert values.mean().item() == pytest.approx(0, abs=1e-3)
    assert values.std().item() == pytest.approx(1, abs=0.01)
    assert (values.abs() < 0.3).float().mean().item() == pytest.approx(0.2358, abs=1e-3)


def test_a_descent_that_runs_away_is_reported_with_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    wild = Descent(steps=50, batch=256, rate=50.0)
    with pytest.raises(DivergedError, match=r"diverged at step \d+: loss .*, threshold"):
        find_threshold(2.4, descent=wild)
    monkeypatch.setattr(learn_threshold, "Descent", lambda **_: wild)
    found = readings("learn-threshold", seeds=1)
    assert [(reading.quantity, reading.value) for _, reading in found] == [("failure", None)]
    assert "loss" in found[0][1].note


def test_a_threshold_that_is_not_positive_is_refused() -> None:
    with pytest.raises(RangeError, match="threshold must be positive, got -1"):
        find_threshold(-1)


def test_what_was_learnt_on_is_not_scored() -> None:
    pictures = scene(*TRAINING, "chelsea", "holiday").gray
    assert len(held_out(pictures, count=9, crop=16)) == 2
    assert held_out(pictures, count=9, crop=16)[0].shape == (1, 16, 16)
    with pytest.raises(SpecError, match="every grey image is one of those learnt on"):
        readings("learn-dct", scene(*TRAINING))


def test_learnt_tables_are_scored_beside_the_best_ratio() -> None:
    found = readings("learn-dct", scene("chelsea"), others=False, steps=3, crop=32)
    scored = {reading.part: reading.value for _, reading in found if reading.quantity == "psnr_db"}
    prefix = "8x8 sigma 25: "
    for part in ("best uniform", "learnt", "adaptive", "two steps", "learnt two steps"):
        assert scored[prefix + part] is not None, part
    thresholds = [reading for _, reading in found if reading.quantity == "threshold_over_sigma"]
    assert [reading.repeat for reading in thresholds] == list(range(64))
    assert {case.method for case, _ in found} == {"learn-dct"}
    assert thresholds[0].part == prefix + "learnt"


def test_learning_that_runs_away_is_a_failure_with_its_loss() -> None:
    found = readings("learn-dct", scene("chelsea"), others=False, steps=4, crop=32, rate=1000.0)
    (reason,) = [reading.note for _, reading in found if reading.quantity == FAILURE]
    assert "diverged" in reason
    assert "loss" in reason
    assert not [reading for _, reading in found if reading.part.endswith(": learnt") and reading.quantity == "psnr_db"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("thresholds", {"sigma": -1.0}, "sigma positive, got points 161, sigma -1"),
        ("thresholds", {"points": 1}, "points must be 2 or more"),
        ("learn-threshold", {"steps": 0}, "steps must be positive, got 0"),
        ("learn-threshold", {"rate": 0.0}, "rate must be positive, got 0"),
        ("learn-dct", {"images": 0}, "images must be 1 or more, got 0"),
        ("learn-dct", {"rate": -1.0}, "positive rate, got steps 400, rate -1"),
    ],
)
def test_a_number_out_of_range_is_named(name: str, options: dict[str, float], message: str) -> None:
    with pytest.raises((RangeError, SpecError), match=message):
        readings(name, scene("chelsea"), **options)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(SpecError, match="no option 'sharpness'"):
        readings("thresholds", sharpness=1)
