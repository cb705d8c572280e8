"""A random choice of blocks: covers, keeps its distance, and is the same for the same seed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, strategies as st
from torch.nn.functional import conv_transpose2d

from restoration.dct.sampling import random_blocks
from restoration.errors import RangeError, ShapeError


@given(st.integers(8, 70), st.integers(8, 70), st.integers(2, 8), st.floats(1, 8), st.integers(0, 2**32))
def test_every_pixel_is_covered(height: int, width: int, block_size: int, spacing: float, seed: int) -> None:
    spacing = min(spacing, block_size)
    mask = random_blocks(height, width, block_size=block_size, spacing=spacing, seed=seed)
    assert mask.shape == (height - block_size + 1, width - block_size + 1)
    kernel = torch.ones(1, 1, block_size, block_size)
    assert bool((conv_transpose2d(mask[None, None].float(), kernel) > 0).all())


@pytest.mark.parametrize(("spacing", "share"), [(2, 0.17), (3, 0.07), (4, 0.04)])
def test_blocks_keep_their_distance_and_fill_the_image(spacing: int, share: float) -> None:
    mask = random_blocks(200, 300, block_size=16, spacing=spacing, seed=1)
    inside = mask[20:-20, 20:-20]  # away from the edges, where coverage asks for more
    starts = inside.nonzero().float()
    apart = torch.pdist(starts[:800])
    assert float(apart.min()) >= spacing
    assert share <= float(inside.float().mean()) <= 1.2 * share


def test_a_spacing_of_1_takes_all_blocks() -> None:
    assert bool(random_blocks(20, 30, block_size=8, spacing=1, seed=0).all())


def test_the_seed_decides() -> None:
    first, again, other = (random_blocks(64, 64, block_size=8, spacing=3, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_what_cannot_be_sampled_is_refused() -> None:
    with pytest.raises(ShapeError, match="7 x 30 is smaller than a block of 8 x 8"):
        random_blocks(7, 30, block_size=8, spacing=2, seed=0)
    with pytest.raises(RangeError, match=r"spacing must be in 1\.\.8"):
        random_blocks(64, 64, block_size=8, spacing=9, seed=0)
