"""waifu2x's upconv_7: equal to ncnn's run of the same file; ncnn's files are read as they are, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from restoration import tiles, waifu2x, weights
from restoration.checkpoints.state import read_state
from restoration.errors import CheckpointError, ShapeError
from restoration.runtimes import ncnn
from restoration.waifu2x import GEOMETRY, WIDTHS, UpConv7, load_waifu2x

FLOAT16 = (0x01306B47).to_bytes(4, "little")


def lines_of() -> Iterator[str]:
    """The published `.param`: convolutions that shrink the maps, and one that enlarges them."""
    yield from ("7767517", "8 8", "Input input 0 1 Input1 0=156 1=156 2=3")
    blob = "Input1"
    for number, (before, after) in enumerate(pairwise(WIDTHS), 1):
        leaky = "9=2 -23310=1,0.100000"
        yield f"Convolution conv{number}_layer 1 1 {blob} maps{number} 0={after} 1=3 5=1 6={9 * before * after} {leaky}"
        blob = f"maps{number}"
    yield f"Deconvolution conv7_layer 1 1 {blob} Eltwise4 0=3 1=4 3=2 4=3 5=1 6={16 * 3 * WIDTHS[-1]}"


def written(folder: Path, *, tag: bytes) -> Path:
    """A model with random weights, packed as the tag says."""
    path = folder / "model.param"
    path.write_text("\n".join(lines_of()) + "\n")
    random, content = np.random.RandomState(0), b""
    shapes = [(after, before, 3, 3) for before, after in pairwise(WIDTHS)] + [(3, WIDTHS[-1], 4, 4)]
    for shape in shapes:
        kernel = random.randn(*shape) / np.sqrt(np.prod(shape[1:]))
        content += tag + kernel.astype("<f2" if any(tag) else "<f4").tobytes()
        content += (random.randn(shape[0]) / 10).astype("<f4").tobytes()
    path.with_suffix(".bin").write_bytes(content)
    return path


def by_ncnn(path: Path, low: Tensor) -> Tensor:
    """The model in `path` run by ncnn on `low` continued by its border pixels, as its authors' programs do."""
    return ncnn.opened(path, 1).run([pad(low, [7] * 4, mode="replicate")])


@pytest.mark.parametrize("tag", [bytes(4), FLOAT16], ids=["float32", "float16"])
def test_equals_ncnn(tmp_path: Path, tag: bytes) -> None:
    pytest.importorskip("ncnn")
    path = written(tmp_path, tag=tag)
    low = torch.rand(1, 3, 13, 18, generator=torch.Generator().manual_seed(0))
    found = load_waifu2x(path).requires_grad_(False)(low)
    assert found.shape == (1, 3, 26, 36)
    # Seven layers in float32, summed in another order.
    torch.testing.assert_close(found, by_ncnn(path, low), atol=1e-5, rtol=0)


def test_real_weights_equal_ncnn() -> None:
    pytest.importorskip("ncnn")
    path = weights.find("waifu2x-photo-x2")
    if path is None:
        pytest.skip("weights waifu2x-photo-x2 are not on this machine")
    low = torch.rand(1, 3, 24, 27, generator=torch.Generator().manual_seed(0))
    found = load_waifu2x().requires_grad_(False)(low)
    torch.testing.assert_close(found, by_ncnn(path, low), atol=1e-5, rtol=0)


@pytest.mark.parametrize("tile", [5, 16])
def test_tiles_equal_the_whole(tile: int) -> None:
    network = UpConv7().requires_grad_(False)
    low = torch.rand(1, 3, 33, 40)
    torch.testing.assert_close(tiles.tiled(network, low, GEOMETRY, tile=tile), network(low), atol=1e-6, rtol=0)


def test_refuses_another_shape_and_another_network(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match=r"expected \(N, 3, H, W\)"):
        UpConv7()(torch.rand(3, 8, 8))
    torch.save({"sfe1.weight": torch.zeros(1)}, tmp_path / "rdn.pth")
    with pytest.raises(CheckpointError, match="not upconv_7 of waifu2x: it has a layer sfe1"):
        waifu2x.load_waifu2x(tmp_path / "rdn.pth")


def test_a_file_of_ncnn_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, tag=FLOAT16)
    content = path.with_suffix(".bin").read_bytes()
    for damaged, complaint in (
        (content[:-4], "numbers of 12 bytes, and 8 bytes left"),
        (content + b"more", "holds 4 bytes more than its layers describe"),
        (b"\x38\x4b\x0d\x00" + content[4:], "packed as 0x000d4b38; expected float32 or float16"),
    ):
        path.with_suffix(".bin").write_bytes(damaged)
        with pytest.raises(CheckpointError, match=complaint):
            read_state(path)
    path.with_suffix(".bin").write_bytes(content)
    for line, complaint in (("PReLU p 1 1 a b 0=3", "layer p of kind PReLU"), ("Convolution c 1 1 a b 0=3", "'6'")):
        path.write_text(f"7767517\n1 1\n{line}\n")
        with pytest.raises(CheckpointError, match=complaint):
            read_state(path)
    path.write_text("42\n")
    with pytest.raises(CheckpointError, match="expected 7767517"):
        read_state(path)
