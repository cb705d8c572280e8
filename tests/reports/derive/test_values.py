"""What other programs follow: the run's medians and means with their intervals, under names that stay."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic
from scipy import stats

from reports.derive.summary import summarise
from reports.derive.values import Value, values
from reports.read.run import load_run
from reports.read.tables import all_tables


def found(folder: Path, *rows: dict[str, object]) -> dict[tuple[str, str], Value]:
    run = load_run(synthetic.write_rows(folder / "run", rows))
    return {(value.metric, value.name): value for value in values(summarise(all_tables(run), run.methods))}


def test_time_is_the_median_with_its_interval(tmp_path: Path) -> None:
    samples = [0.3, 0.1, 0.2, 0.5, 0.4, 0.6, 0.7]
    case = {"height": 64, "width": 32, "task": "denoise", "quantity": "seconds", "phase": "measure"}
    rows = [synthetic.row("time", "mine", **case, value=value, repeat=at) for at, value in enumerate(samples)]
    (value,) = found(tmp_path, *rows).values()
    assert value.name == "mine default 64x32 1ch x1 cpu float32 threads 2"
    assert (value.low, value.value, value.high) == (0.1, 0.4, 0.7)


def test_quality_is_the_mean_over_images_and_seeds_enter_their_image(tmp_path: Path) -> None:
    rows = [*synthetic.tried("mine", {"a": 30.0, "b": 33.0}), *synthetic.tried("mine", {"a": 32.0}, seed=1)]
    (value,) = found(tmp_path, *rows).values()
    assert (value.value, value.images) == (32.0, ("a", "b"))
    half = stats.t.ppf(0.975, 1) * 2**0.5 / 2**0.5
    assert value.high - value.value == pytest.approx(half)


def test_operations_and_memory_are_named_by_size(tmp_path: Path) -> None:
    case = {"height": 64, "width": 64}
    count = synthetic.row("cost", "mine", **case, quantity="macs_per_pixel", part="fvcore", value=9.0)
    exact = synthetic.row("cost", "mine", **case, quantity="macs_per_pixel", part="closed_form", value=8.0)
    peak = [
        synthetic.row("memory", "mine", **case, quantity="peak_bytes", part=part, value=2.0)
        for part in ("measured", "predicted")
    ]
    all_of = found(tmp_path, count, exact, *peak)
    assert {metric: value.value for (metric, _), value in all_of.items()} == {"macs_per_pixel": 8.0, "peak_bytes": 2.0}
