"""The two steps in the fused engine: against the dense form, alike in any number of threads, and what they hold."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from restoration.dct import dense, fused_steps
from restoration.dct.dense import DENSE
from restoration.dct.steps import Steps
from restoration.dct.wiener import mirrored, trimmed, two_steps
from restoration.errors import OptionError

CLEAR = 5e-6
"""A coefficient nearer than this to its threshold may be kept by one engine and removed by the other: rounding."""

SIGMA = 0.1
SIZES = st.tuples(st.integers(16, 90), st.integers(16, 150))
MORE = settings(max_examples=25)


def images(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Noise and a smooth scene."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(shape[-2]), torch.arange(shape[-1]), indexing="ij")
    return 0.5 + 0.3 * torch.sin(x / 5) * torch.cos(y / 7) + SIGMA * torch.randn(shape, generator=generator)


def tables(block_size: int, seed: int = 0, *, thresholds: bool = True) -> Steps:
    """Other numbers for each frequency; some keep whatever comes."""
    generator = torch.Generator().manual_seed(seed)
    first, *others = (torch.rand(block_size, block_size, generator=generator) for _ in range(4))
    for table in (first, *others):
        table[0, 0] = 0
    others[1][-1, 0] = 0
    return Steps(4 * first * thresholds, *others)


def comparable(noisy: Tensor, steps: Steps, passes: int) -> Tensor:
    """The pixels (N, C, H, W) that no block with a coefficient near its threshold has a part in."""
    size = len(steps.thresholds)
    limits = (steps.thresholds * SIGMA).reshape(-1, 1, 1)
    coefficients = dense.forward(mirrored(noisy, size).reshape(-1, 1, *(n + size for n in noisy.shape[-2:])), size, 1)
    near = ((coefficients.abs() - limits).abs() < CLEAR) & (limits > 0)
    reached = max_pool2d(pad(near.any(1, keepdim=True).float(), [size - 1] * 4), size, stride=1)
    reached = trimmed(reached, size)
    if passes > 1:
        reached = max_pool2d(reached, 2 * size - 1, stride=1, padding=size - 1)
    return reached.reshape(noisy.shape) == 0


def assert_same(restored: Tensor, reference: Tensor, where: Tensor) -> None:
    """Equal within 1e-4, the tolerance that the engines promise, at most pixels and those that can be compared."""
    assert bool(where.any())
    torch.testing.assert_close(restored[where], reference[where], rtol=0, atol=1e-4)


@given(st.sampled_from([4, 5, 8, 16]), SIZES, st.sampled_from([(1, 1), (1, 3), (2, 1)]), st.integers(0, 9), st.data())
@MORE
def test_the_first_step_equals_the_dense_form(
    block_size: int, size: tuple[int, int], stack: tuple[int, int], seed: int, data: Any
) -> None:
    noisy, steps, stride = (
        images((*stack, *size), seed),
        tables(block_size, seed),
        data.draw(st.integers(1, block_size)),
    )
    restored = fused_steps.two_steps(noisy, sigma=SIGMA, steps=steps, passes=1, stride=stride)
    reference = two_steps(noisy, sigma=SIGMA, steps=steps, transforms=[DENSE], stride=stride)
    assert_same(restored, reference, comparable(noisy, steps, 1))


@given(st.sampled_from([4, 5, 8, 16]), SIZES, st.sampled_from([(1, 1), (1, 3), (2, 1)]), st.integers(0, 9), st.data())
@MORE
def test_the_second_step_equals_the_dense_form(
    block_size: int, size: tuple[int, int], stack: tuple[int, int], seed: int, data: Any
) -> None:
    """Guided by the noisy image itself, where no coefficient is near a threshold."""
    noisy, steps = images((*stack, *size), seed), tables(block_size, seed, thresholds=False)
    stride = data.draw(st.integers(1, block_size))
    restored = fused_steps.two_steps(noisy, sigma=SIGMA, steps=steps, passes=2, stride=stride)
    reference = two_steps(noisy, sigma=SIGMA, steps=steps, transforms=[DENSE] * 2, stride=stride)
    torch.testing.assert_close(restored, reference, rtol=0, atol=1e-4)
    assert float((restored - noisy).abs().max()) > 0.01


@pytest.mark.parametrize("stride", [1, 3])
def test_both_steps_equal_the_dense_form(stride: int) -> None:
    noisy, steps = images((2, 1, 70, 91)), tables(8)
    restored = fused_steps.two_steps(noisy, sigma=SIGMA, steps=steps, passes=2, stride=stride)
    reference = two_steps(noisy, sigma=SIGMA, steps=steps, transforms=[DENSE] * 2, stride=stride)
    assert_same(restored, reference, comparable(noisy, steps, 2))


@pytest.mark.parametrize("passes", [1, 2])
def test_an_image_of_one_block_is_enough(passes: int) -> None:
    noisy, steps = images((1, 1, 8, 8)), Steps.of_ratio(8, 3)
    restored = fused_steps.two_steps(noisy, sigma=SIGMA, steps=steps, passes=passes)
    reference = two_steps(noisy, sigma=SIGMA, steps=steps, transforms=[DENSE] * passes)
    torch.testing.assert_close(restored, reference, rtol=0, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2])
def test_the_number_of_threads_changes_nothing(stride: int) -> None:
    noisy = images((2, 1, 300, 200))
    first, second = (
        fused_steps.two_steps(noisy, sigma=SIGMA, steps=tables(8), passes=2, stride=stride, threads=threads)
        for threads in (1, 5)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("sigma", [1e-30, 1e-12, 1e12])
def test_noise_of_any_strength_gives_numbers(sigma: float) -> None:
    steps = Steps.of_ratio(8, 3)
    restored = fused_steps.two_steps(images((1, 1, 30, 30)), sigma=sigma, steps=steps, passes=2)
    assert bool(restored.isfinite().all())
    if sigma < SIGMA:
        torch.testing.assert_close(restored, images((1, 1, 30, 30)), rtol=0, atol=1e-5)


def test_memory_is_a_few_images_and_never_all_blocks() -> None:
    noisy, steps = images((1, 1, 1500, 2000)), tables(8)
    fused_steps.two_steps(noisy[..., :100, :100], sigma=SIGMA, steps=steps, passes=2)
    tracemalloc.start()
    fused_steps.two_steps(noisy, sigma=SIGMA, steps=steps, passes=2, threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 1.1 * 5 * noisy.nbytes  # the mirrored image and guide, two sums, the result


def test_gradients_are_refused_rather_than_lost() -> None:
    steps = tables(8)
    for given_steps, noisy in (
        (steps, images((1, 1, 30, 30)).requires_grad_()),
        (
            Steps(steps.thresholds, steps.kept_costs, steps.noise.requires_grad_(), steps.gain_costs),
            images((1, 1, 30, 30)),
        ),
    ):
        with pytest.raises(OptionError, match="no gradients"):
            fused_steps.two_steps(noisy, sigma=SIGMA, steps=given_steps, passes=2)
