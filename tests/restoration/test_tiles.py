"""Tiles: equal to the whole image, with the receptive field as overlap and nothing less."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from restoration import rdn, tiles
from restoration.errors import RangeError
from restoration.ffdnet import Architecture, AtSigma, FFDNet
from restoration.rdn import RDN
from restoration.tiles import Geometry, side_for, tiled, within_memory


def denoiser(form: str = "ipol", channels: int = 1) -> tuple[AtSigma, Geometry]:
    torch.manual_seed(1)
    architecture = Architecture(channels, 6, 4, form)  # type: ignore[arg-type]
    return AtSigma(FFDNet(architecture).eval().requires_grad_(False), 0.1), architecture.geometry


UPSCALERS = [
    rdn.Architecture(2, 2, 2, 4, 4),
    rdn.Architecture(3, 1, 2, 4, 4),
    rdn.Architecture(4, 1, 3, 4, 4),
    rdn.Architecture(2, 2, 1, 4, 4, upsampling="nearest"),
]


def upscaler(architecture: rdn.Architecture) -> RDN:
    torch.manual_seed(2)
    return RDN(architecture).eval().requires_grad_(False)


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(2, 60), width=st.integers(2, 60), tile=st.integers(1, 40), form=st.sampled_from(["ipol", "kair"])
)
def test_ffdnet_on_tiles_equals_the_whole(height: int, width: int, tile: int, form: str) -> None:
    network, geometry = denoiser(form)
    image = torch.rand(1, 1, height, width)
    parts = tiled(network, image, geometry, tile=tile)
    torch.testing.assert_close(parts, network(image), atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", UPSCALERS, ids=str)
@pytest.mark.parametrize("tile", [5, 16])
def test_rdn_on_tiles_equals_the_whole(architecture: rdn.Architecture, tile: int) -> None:
    network, geometry = upscaler(architecture), architecture.geometry
    image = torch.rand(2, 3, 37, 41)
    parts = tiled(network, image, geometry, tile=tile)
    torch.testing.assert_close(parts, network(image), atol=1e-5, rtol=0)


def reach(network: torch.nn.Module, size: int, channels: int, scale: int) -> int:
    """How many pixels away the furthest input is that the middle cell's outputs depend on."""
    for parameter in network.parameters():
        parameter.abs_()  # nothing cancels, no ReLU is shut
    image = torch.rand(1, channels, size, size).requires_grad_()
    middle = size // 2 // 2 * 2
    rows = slice(scale * middle, scale * (middle + (2 if scale == 1 else 1)))
    network(image)[..., rows, rows].sum().backward()
    assert image.grad is not None
    seen = image.grad.abs().sum((0, 1, 2)).nonzero().flatten()
    return middle - int(seen.min())


def test_the_overlap_is_ffdnets_receptive_field() -> None:
    network, geometry = denoiser()
    assert reach(network, 41, 1, 1) == geometry.overlap


@pytest.mark.parametrize("architecture", UPSCALERS, ids=str)
def test_the_overlap_is_rdns_receptive_field(architecture: rdn.Architecture) -> None:
    assert reach(upscaler(architecture), 41, 3, architecture.scale) == architecture.geometry.overlap


def test_no_step_sees_more_than_a_tile_and_its_overlap() -> None:
    sizes = []

    def restore(image: Tensor) -> Tensor:
        sizes.append(max(image.shape[-2:]))
        return image

    image = torch.rand(1, 1, 300, 500)
    torch.testing.assert_close(within_memory(restore, Geometry(overlap=7, multiple=2), tile=50)(image), image)
    assert max(sizes) == 50 + 2 * 8


def test_an_image_is_cut_only_where_it_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = Geometry(overlap=10, bytes_per_pixel=100)
    monkeypatch.setattr(tiles, "_free_bytes", lambda _: 2 * 100 * 400 * 400)
    assert side_for(torch.empty(1, 3, 400, 400), geometry) == 400
    assert side_for(torch.empty(1, 3, 401, 401), geometry) == 400 - 2 * 10
    assert side_for(torch.empty(4, 3, 400, 400), geometry) == 200 - 2 * 10
    monkeypatch.setattr(tiles, "_free_bytes", lambda _: 1)
    assert side_for(torch.empty(1, 3, 400, 400), geometry) == 64


def test_refuses_a_tile_of_no_size() -> None:
    image = torch.rand(1, 1, 8, 8)
    with pytest.raises(RangeError, match="tile=0"):
        tiled(lambda part: part, image, Geometry(overlap=1), tile=0)
    with pytest.raises(RangeError, match="got -1"):
        within_memory(lambda part: part, Geometry(1), tile=-1)
