"""Metrics equal others' figures, are found by name wherever they lie, and give one number or say why not."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from restoration import Metric, add_gaussian_noise, metrics
from restoration.degradation import gaussian_blur
from restoration.errors import OptionError, RangeError, ShapeError, UnknownMetricError
from restoration.images import bundled_image
from restoration.quality import gmsd, ms_ssim

MODULE = """\
from restoration import Metric
offset = Metric("offset", lambda restored, reference: (restored - reference).mean(), "smaller")
same = Metric("ssim", lambda restored, reference: 1.0, "bigger")
def plain(restored, reference):
    return 1.0
"""


def spoilt(channels: int, kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    clean = bundled_image("astronaut", channels=channels).pixels
    noisy = add_gaussian_noise(clean, 25 / 255, seed=0) if kind == "noise" else gaussian_blur(clean, 2.0)
    return noisy.clamp(0, 1), clean


@pytest.mark.parametrize(
    ("channels", "kind", "structure", "gradient"),
    [
        # pytorch-msssim 1.0.0, ms_ssim(..., data_range=1); piq 0.8.0, gmsd(..., data_range=1)
        (1, "noise", 0.8362568684, 0.1747023662),
        (1, "blur", 0.9543786245, 0.1148172764),
        (3, "noise", 0.8391359030, 0.1153242183),
        (3, "blur", 0.9535716673, 0.1148222747),
    ],
)
def test_ms_ssim_and_gmsd_equal_what_other_programs_compute(
    channels: int, kind: str, structure: float, gradient: float
) -> None:
    """Within 2e-5: their windows are of float32, one weighs channels apart, and the other divides by N, not N - 1."""
    restored, clean = spoilt(channels, kind)
    assert ms_ssim(restored, clean) == pytest.approx(structure, abs=2e-5)
    assert gmsd(restored, clean) == pytest.approx(gradient, abs=5e-6)


def test_gmsd_is_the_formula_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 24, 32))
    means = [255 * (a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) / 4 for a in (one, other)]
    across = np.array([[1, 0, -1]] * 3) / 3
    magnitudes = [
        np.hypot(convolve2d(mean, across, mode="same"), convolve2d(mean, across.T, mode="same")) for mean in means
    ]
    likeness = (2 * magnitudes[0] * magnitudes[1] + 170) / (magnitudes[0] ** 2 + magnitudes[1] ** 2 + 170)
    images = [torch.from_numpy(image)[None] for image in (one, other)]
    assert gmsd(*images) == pytest.approx(likeness.std(ddof=1), abs=1e-12)


def test_equal_images_are_best_and_small_ones_are_refused() -> None:
    image = torch.rand(3, 180, 176, generator=torch.Generator().manual_seed(0))
    assert ms_ssim(image, image) == pytest.approx(1)
    assert gmsd(image, image) == 0
    with pytest.raises(ShapeError, match="at least 176"):
        ms_ssim(image[:, :175], image[:, :175])
    with pytest.raises(ShapeError, match="at least 8"):
        gmsd(image[:, :7], image[:, :7])


def test_an_own_metric_is_found_in_a_module_a_file_and_by_an_entry_point(
    tmp_path: Path, install: Callable[[dict[str, str], str], None]
) -> None:
    install({"own_metrics_of_a_test": MODULE}, "[restoration.metrics]\nmine = own_metrics_of_a_test:offset\n")
    assert "mine" in metrics.names()
    for name in ("mine", "own_metrics_of_a_test:offset", f"{tmp_path}/own_metrics_of_a_test.py:offset"):
        found = metrics.get(name)
        assert found(torch.ones(1, 2, 2), torch.zeros(1, 2, 2)) == 1
        assert metrics.source_of(name) == tmp_path / "own_metrics_of_a_test.py"
    with pytest.raises(UnknownMetricError, match=r"is a function; expected a Metric.*bigger or smaller"):
        metrics.get("own_metrics_of_a_test:plain")
    with pytest.raises(UnknownMetricError, match="did you mean psnr_db"):
        metrics.get("psnr")
    with pytest.raises(OptionError, match="the built-in ssim and own_metrics_of_a_test:same are both called ssim"):
        metrics.chosen(["own_metrics_of_a_test:same"])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (math.nan, "returned nan"),
        (np.zeros(3), r"a ndarray of shape \(3,\)"),
        (torch.zeros(1), r"a Tensor of shape \(1,\)"),
        ("good", "a str, expected one number"),
        (None, "a NoneType"),
        (True, "a bool"),
        (1.5, "returned 1.5, expected a number from 0 to 1"),
        (math.inf, "returned inf"),
    ],
)
def test_what_is_no_number_in_the_range_is_refused(value: object, said: str) -> None:
    metric = Metric("mine", lambda *_: value, "bigger", range=(0, 1))
    with pytest.raises(RangeError, match=f"metric mine: returned.*{said.removeprefix('returned ')}"):
        metric(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2))


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.5), torch.tensor(0.5), 1 + 1e-9])
def test_a_number_of_any_kind_is_taken(value: object) -> None:
    metric = Metric("mine", lambda *_: value, "bigger", range=(0, 1))
    assert isinstance(metric(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)), float)


def test_a_metric_cannot_spoil_the_image_for_the_next_and_one_without_reference_gets_none() -> None:
    image = torch.ones(1, 2, 2)
    Metric("writes", lambda restored, _: float(restored.zero_().sum()), "bigger")(image, image)
    assert image.sum() == 4
    alone = Metric("alone", lambda restored: restored.mean(), "bigger", needs_reference=False)
    assert alone(image, image) == alone(image, None) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "My metric"}, "small letters"),
        ({"name": "seconds"}, "none of other columns"),
        ({"better": "higher"}, "'bigger', 'smaller' or ''"),
        ({"range": (1, 0)}, "range"),
        ({"digits": -1}, "0 to 12 digits"),
    ],
)
def test_a_record_that_tables_cannot_show_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Metric(**{"name": "mine", "function": lambda *_: 1.0, "better": "bigger", **fields})  # type: ignore[arg-type]  # wrong on purpose


def test_what_is_not_installed_is_named() -> None:
    assert "no_such_package is not installed" in Metric("a", print, "bigger", requires=("no_such_package",)).missing()
    assert Metric("a", print, "bigger", lacking=lambda: "no file").missing() == "no file"
    assert Metric("a", print, "bigger").missing() == ""
