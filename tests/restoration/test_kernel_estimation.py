"""The reduction kernel, found through upscalers for which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

import restoration.kernel_estimation as estimation
from restoration import bicubic_resize, estimate_kernel
from restoration.degradation import reduce_by
from restoration.errors import DivergedError, OptionError, RangeError, RestorationError, ShapeError, WeightsMissingError
from restoration.images import bundled_image
from restoration.kernel_estimation import bicubic_kernel, box_kernel, compare_kernels
from restoration.weights import find

SIZE = 8


def blurred_kernel() -> Tensor:
    """A kernel unlike the box that the search starts from."""
    line = torch.tensor([0.0, 0.05, 0.15, 0.3, 0.3, 0.15, 0.05, 0.0])
    return torch.outer(line, line)


class Oracle(nn.Module):
    """An upscaler that restores perfectly what `kernel` reduced, and moves away with any other low resolution."""

    def __init__(self, crop: Tensor, kernel: Tensor) -> None:
        super().__init__()
        self.crop, self.low = crop, reduce_by(crop, kernel, 2)
        self.gain = nn.Parameter(torch.tensor(3.0))

    def forward(self, low: Tensor) -> Tensor:
        wrong = (low - self.low).repeat_interleave(2, -1).repeat_interleave(2, -2)
        return self.crop + self.gain * wrong


@pytest.fixture(scope="module")
def crop() -> Tensor:
    """White noise: every weight of a kernel matters alike."""
    return torch.from_numpy(np.random.RandomState(0).rand(1, 48, 48)).float()


@pytest.mark.parametrize("generator", ["free", "linear"])
def test_both_generators_find_the_kernel_an_oracle_was_made_with(generator: str, crop: Tensor) -> None:
    oracle = Oracle(crop[None], blurred_kernel())
    estimate = estimate_kernel(oracle, [crop], size=SIZE, steps=200, generator=generator, learning_rate=5e-3)  # type: ignore[arg-type]  # literals
    start = compare_kernels(box_kernel(SIZE, 2), blurred_kernel())
    found = compare_kernels(estimate.kernel, blurred_kernel())
    assert found.correlation > 0.98
    assert found.relative_error < start.relative_error / 2
    assert estimate.kernel.sum().item() == pytest.approx(1, abs=1e-5)
    assert len(estimate.losses) == 200
    assert estimate.losses[-1] < estimate.losses[0] / 5


def test_an_image_that_is_only_harder_than_another_is_no_divergence(crop: Tensor) -> None:
    soft = 0.5 + 0.1 * (crop - 0.5)  # a hundredth of the error
    found = estimate_kernel(lambda low: bicubic_resize(low, 2), [soft, crop], size=SIZE, steps=6)
    assert found.losses[1] > 20 * found.losses[0]


def test_the_upscaler_is_not_changed(crop: Tensor) -> None:
    oracle = Oracle(crop[None], blurred_kernel())
    estimate_kernel(oracle, [crop], size=SIZE, steps=3)
    assert oracle.gain.grad is None
    assert oracle.gain.item() == 3


def test_any_differentiable_function_will_do_and_each_step_is_told(crop: Tensor) -> None:
    told: list[int] = []
    estimate = estimate_kernel(
        lambda low: bicubic_resize(low, 3),
        [crop, crop],
        size=9,
        scale=3,
        steps=4,
        on_step=lambda step, *_: told.append(step),
    )
    assert told == [0, 1, 2, 3]
    assert estimate.kernel.shape == (9, 9)


def test_the_seed_decides_the_linear_generator(crop: Tensor) -> None:
    def found(seed: int) -> Tensor:
        upscaler = Oracle(crop[None], blurred_kernel())
        return estimate_kernel(upscaler, [crop], size=SIZE, steps=3, generator="linear", seed=seed).kernel

    assert torch.equal(found(1), found(1))
    assert not torch.equal(found(1), found(2))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_linear_generator_starts_near_a_box(scale: int) -> None:
    size = scale + 8
    kernel = estimation._generator("linear", size, scale, seed=0)()
    assert compare_kernels(kernel.detach(), box_kernel(size, scale)).correlation > 0.6


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_bicubic_kernel_is_matlabs(scale: int) -> None:
    image = torch.rand(1, 12 * scale, 12 * scale)
    size = 4 * scale if scale != 3 else 13
    torch.testing.assert_close(reduce_by(image, bicubic_kernel(size, scale), scale), bicubic_resize(image, 1 / scale))


def test_kernels_are_compared_after_alignment() -> None:
    true = bicubic_kernel(12, 2)
    match = compare_kernels(true.roll((1, -2), (0, 1)), true)
    assert match.shift == (-1, 2)
    assert match.correlation == pytest.approx(1)
    assert match.relative_error == pytest.approx(0, abs=1e-6)
    with pytest.raises(ShapeError, match=r"\(12, 12\) against \(10, 10\)"):
        compare_kernels(true, bicubic_kernel(10, 2))


def test_divergence_is_an_error_with_its_loss(crop: Tensor) -> None:
    with pytest.raises(DivergedError, match=r"diverged at step \d+: loss"):
        estimate_kernel(Oracle(crop[None], blurred_kernel()), [crop], size=SIZE, steps=50, learning_rate=10)
    with pytest.raises(DivergedError, match="loss nan"):
        estimate_kernel(lambda low: bicubic_resize(low, 2) * torch.nan, [crop], size=SIZE, steps=2)


@pytest.mark.parametrize(
    ("named", "error", "complaint"),
    [
        ({"size": 60}, ShapeError, r"60 x 60 kernel .*\(1, 48, 48\)"),
        ({"size": 7}, RangeError, "parity"),
        ({"size": 0}, RangeError, "size 0"),
        ({"steps": 0}, RangeError, "steps"),
        ({"scale": 4}, ShapeError, "its scale is not 4"),
        ({"generator": "deep"}, OptionError, "free, linear"),
    ],
)
def test_bad_use_is_one_clear_error(
    named: dict[str, object], error: type[RestorationError], complaint: str, crop: Tensor
) -> None:
    with pytest.raises(error, match=complaint):
        estimate_kernel(lambda low: bicubic_resize(low, 2), [crop], **named)  # type: ignore[arg-type]  # wrong on purpose


def test_an_upscaler_without_gradient_is_named(crop: Tensor) -> None:
    with pytest.raises(RestorationError, match="no gradient"):
        estimate_kernel(lambda low: bicubic_resize(low.detach(), 2), [crop])
    with pytest.raises(ShapeError, match="at least one image"):
        estimate_kernel(lambda low: low, [])


def test_a_real_network_leads_from_the_box_towards_matlabs_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps on small crops; the experiment takes more of both."""
    if find("psnr-small-x2") is None:
        pytest.skip(str(WeightsMissingError("psnr-small-x2 is not on this machine")))
    from restoration import load_rdn

    monkeypatch.setattr(estimation, "CROP", 32)
    images = [bundled_image(name).pixels for name in ("astronaut", "coffee")]
    estimate = estimate_kernel(load_rdn("psnr-small-x2"), images, steps=30, learning_rate=6e-3)
    start = compare_kernels(box_kernel(), bicubic_kernel())
    found = compare_kernels(estimate.kernel, bicubic_kernel())
    assert found.correlation > start.correlation + 0.02
    assert found.relative_error < start.relative_error - 0.1
    assert mse_loss(estimate.kernel, bicubic_kernel()) < mse_loss(box_kernel(), bicubic_kernel())
