"""RRDN: equal to its Keras graph run layer by layer, its sizes read from its checkpoints, its counts exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras_graph
import pytest
import torch
from torch import Tensor

from restoration import Setup, get, rrdn, tiles, weights
from restoration.errors import CheckpointError, ScaleError, ShapeError
from restoration.rdn import ARCHITECTURES, load_rdn
from restoration.rrdn import RRDN, Architecture

SMALL = Architecture(2, blocks=2, dense=2, layers=3, growth=5, features=4)


def layers_of(sizes: Architecture) -> Iterator[tuple[str, str, list[str], dict[str, Any]]]:
    """The Keras program's layers: class, name, inputs and what else stands in the file."""
    linear = {"activation": "linear"}
    yield "InputLayer", "LR_input", [], {}
    yield "Conv2D", "Pre_blocks_conv", ["LR_input"], linear
    outer = "Pre_blocks_conv"
    for block in range(1, sizes.blocks + 1):
        inner = outer
        for dense in range(1, sizes.dense + 1):
            seen = inner
            for layer in range(1, sizes.layers + 1):
                name = f"{block}_{dense}_{layer}"
                yield "Conv2D", f"F_{name}", [seen], linear
                yield "Activation", f"F_{name}_Relu", [f"F_{name}"], {"activation": "relu"}
                yield "Concatenate", f"RDB_Concat_{name}", [seen, f"F_{name}_Relu"], {}
                seen = f"RDB_Concat_{name}"
            yield "Conv2D", f"LFF_{block}_{dense}", [seen], linear
            yield "MultiplyBeta", f"beta_{block}_{dense}", [f"LFF_{block}_{dense}"], {}
            yield "Add", f"LRL_{block}_{dense}", [inner, f"beta_{block}_{dense}"], {}
            inner = f"LRL_{block}_{dense}"
        yield "MultiplyBeta", f"beta_{block}", [inner], {}
        yield "Add", f"RRDB_{block}_out", [outer, f"beta_{block}"], {}
        outer = f"RRDB_{block}_out"
    yield "Conv2D", "post_blocks_conv", [outer], linear
    yield "Add", "GRL", ["post_blocks_conv", "Pre_blocks_conv"], {}
    yield "Conv2D", "PreShuffle", ["GRL"], linear
    yield f"PixelShuffle{sizes.scale}x", "pixel_shuffle", ["PreShuffle"], {"scale": sizes.scale}
    yield "Conv2D", "SR", ["pixel_shuffle"], linear


def random_weights(sizes: Architecture) -> dict[str, Tensor]:
    """Keras kernels (height, width, in, out) and biases for the sizes."""
    grown = [sizes.features + index * sizes.growth for index in range(sizes.layers + 1)]
    widths = {
        "Pre_blocks_conv": (3, sizes.features), "post_blocks_conv": (sizes.features, sizes.features),
        "PreShuffle": (sizes.features, 3 * sizes.scale**2), "SR": (3, 3),
    }  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    found = {}
    for kind, name, _, _ in layers_of(sizes):
        if kind == "Conv2D":
            inside = (grown[-1], sizes.features) if name.startswith("LFF") else None
            before, after = widths.get(name) or inside or (grown[int(name.split("_")[-1]) - 1], sizes.growth)
            found[f"{name}/kernel"] = torch.randn(3, 3, before, after, generator=generator, dtype=torch.float64) / 5
            found[f"{name}/bias"] = torch.randn(after, generator=generator, dtype=torch.float64) / 5
    return found


def as_read(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the reader of TensorFlow.js files makes of them."""
    return {key: (held.permute(3, 2, 0, 1) if held.ndim == 4 else held).float() for key, held in state.items()}


@pytest.mark.parametrize("scale", rrdn.SCALES)
def test_equals_the_keras_graph(scale: int) -> None:
    sizes = Architecture(scale, 2, 2, 3, 5, 4)
    state, low = random_weights(sizes), torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(1))
    layers = [
        {"class_name": kind, "config": {"name": name, **config}, "inbound_nodes": [[[source] for source in sources]]}
        for kind, name, sources, config in layers_of(sizes)
    ]
    network = rrdn.network_of(as_read(state)).requires_grad_(False)
    assert network.architecture == sizes
    expected = keras_graph.graph(layers, state, low.double())["SR"]
    assert expected.std() > 0.1
    torch.testing.assert_close(network(low).double(), expected, atol=1e-5, rtol=0)  # float32 beside float64


LOADERS = dict.fromkeys(ARCHITECTURES, load_rdn) | dict.fromkeys(rrdn.ARCHITECTURES, rrdn.load_rrdn)


@pytest.mark.parametrize("name", LOADERS)
def test_real_weights_equal_their_own_graph(name: str) -> None:
    path = weights.find(name)
    if path is None:
        pytest.skip(f"weights {name} are not on this machine")
    network = LOADERS[name](name).requires_grad_(False)
    assert network.architecture == {**ARCHITECTURES, **rrdn.ARCHITECTURES}[name]
    low = torch.rand(1, 3, 9, 11, generator=torch.Generator().manual_seed(2))
    # Up to 154 convolutions in a row, in float32 beside float64.
    torch.testing.assert_close(network(low).double(), keras_graph.run(path, low), atol=2e-5, rtol=0)


@pytest.mark.parametrize(
    ("name", "macs", "count"),
    [
        ("rdn-slim", 15_772, 233_451),
        ("rdn-medium", 45_148, 704_611),
        ("rrdn-thick", 453_501, 7_260_740),
        ("rrdn-gans", 260_775, 4_176_100),
        ("waifu2x", 137_964, 552_483),
    ],
)
def test_records_count_without_weights(
    name: str, macs: float, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTOBENCH_CACHE", str(tmp_path))
    method = get(name)
    setup = method.checked(Setup(channels=3, scale=method.scales[0]))
    assert method.macs_per_pixel is not None
    assert method.parameters is not None
    assert method.algorithms is not None
    assert method.macs_per_pixel(setup) == macs
    assert method.parameters(setup) == count
    assert method.algorithms(setup)["direct"] == macs


def test_tiles_equal_the_whole() -> None:
    network = rrdn.network_of(as_read(random_weights(SMALL))).requires_grad_(False)
    low = torch.rand(1, 3, 41, 50)
    found = tiles.tiled(network, low, SMALL.geometry, tile=16)
    torch.testing.assert_close(found, network(low), atol=1e-5, rtol=0)


def test_refuses_other_files_and_scales(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not an RRDN: found 1 tensors: a"):
        rrdn.network_of({"a": torch.zeros(1)})
    odd = as_read(random_weights(SMALL)) | {"PreShuffle/kernel": torch.zeros(15, 4, 3, 3)}
    with pytest.raises(CheckpointError, match="15 maps to shuffle; expected 12, 27 or 48"):
        rrdn.network_of(odd)
    torch.save(as_read(random_weights(SMALL)), tmp_path / "net.pth")
    method = get("rrdn-thick")
    setup = method.checked(Setup(channels=3, scale=4, options={"checkpoint": str(tmp_path / "net.pth")}))
    with pytest.raises(ScaleError, match="upscales by 2, got scale 4"):
        method.build(setup)


def test_refuses_another_shape() -> None:
    with pytest.raises(ShapeError, match=r"expected \(N, 3, H, W\)"):
        RRDN(SMALL)(torch.rand(1, 1, 8, 8))
