"""RDN: equal to two other programs, its sizes read from its checkpoints, its counts exact."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from restoration import Setup, get, load_rdn, rdn, weights
from restoration.errors import CheckpointError, ScaleError, ShapeError
from restoration.rdn import RDN, Architecture


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_equals_another_program(shared: Path, scale: int) -> None:
    golden = np.load(shared / "golden" / f"rdn_yjn870_x{scale}.npz")
    state = {key.removeprefix("state/"): torch.from_numpy(golden[key]) for key in golden if key.startswith("state/")}
    network = rdn.network_of(state).requires_grad_(False)
    assert network.architecture == Architecture(scale, blocks=2, layers=3, growth=8, features=8)
    # The same layers in the same order: only the order of sums within a convolution may differ.
    np.testing.assert_allclose(network(torch.from_numpy(golden["input"])).numpy(), golden["output"], atol=1e-5, rtol=0)


def test_equals_tensorflowjs_on_real_weights(shared: Path) -> None:
    if weights.find("psnr-small-x2") is None:
        pytest.skip("weights psnr-small-x2 are not on this machine")
    golden = np.load(shared / "golden" / "rdn_upscalerjs_psnr_small_x2.npz")
    network = load_rdn().requires_grad_(False)
    assert network.architecture == rdn.ARCHITECTURES["psnr-small-x2"]
    upscaled = network(torch.from_numpy(golden["input"]).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    # 36 convolutions in a row, summed in another order by the other program.
    np.testing.assert_allclose(upscaled.numpy(), golden["output"], atol=1e-4, rtol=0)


def test_has_the_published_keys_and_shapes(shared: Path) -> None:
    published = json.loads((shared / "golden" / "rdn_x2_d16c8g64_state_shapes.json").read_text())
    with torch.device("meta"):
        network = RDN()
    assert {key: list(tensor.shape) for key, tensor in network.state_dict().items()} == published


@pytest.mark.parametrize(
    ("name", "scale", "macs", "count"),
    [
        ("rdn", 2, 5_529_712, 22_123_395),
        ("rdn", 3, 2_479_089 + 7 / 9, 22_308_035),
        ("rdn", 4, 1_420_588, 22_271_107),
        ("rdn-psnr-small", 2, 654_420, 2_619_635),
    ],
)
def test_its_records_count_without_weights(name: str, scale: int, macs: float, count: int) -> None:
    method = get(name)
    setup = method.checked(Setup(channels=3, scale=scale))
    assert method.macs_per_pixel is not None
    assert method.parameters is not None
    assert method.macs_per_pixel(setup) == pytest.approx(macs, rel=1e-12)
    assert method.parameters(setup) == count


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(2, 1, 2, 4, 8),
        Architecture(3, 2, 1, 4, 6, channels=1),
        Architecture(4, 2, 3, 5, 4),
        Architecture(2, 2, 2, 4, 6, upsampling="nearest"),
        Architecture(3, 1, 2, 4, 6, upsampling="nearest"),
    ],
    ids=str,
)
def test_any_size_is_read_from_a_checkpoint(tmp_path: Path, architecture: Architecture) -> None:
    network = RDN(architecture).eval().requires_grad_(False)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "net.pth")
    loaded = load_rdn(tmp_path / "net.pth").requires_grad_(False)
    low = torch.rand(1, architecture.channels, 7, 9)
    assert loaded.architecture == architecture
    assert loaded(low).shape == (1, architecture.channels, 7 * architecture.scale, 9 * architecture.scale)
    torch.testing.assert_close(loaded(low), network(low), atol=0, rtol=0)


def test_random_weights_are_the_same_in_every_run() -> None:
    method = get("rdn")
    small = {"blocks": 1, "layers": 1, "growth": 4, "features": 4}
    setup = method.checked(Setup(channels=3, scale=2, options=small))
    state = torch.random.get_rng_state()
    low = torch.rand(1, 3, 6, 6)
    torch.random.set_rng_state(state)
    torch.testing.assert_close(method.build(setup)(low), method.build(setup)(low), atol=0, rtol=0)
    assert torch.equal(state, torch.random.get_rng_state())


def test_refuses_another_networks_checkpoint(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"other\.pth: not an RDN: found 1 tensors: conv.weight"):
        load_rdn(tmp_path / "other.pth")


def test_refuses_a_scale_that_it_or_its_checkpoint_lacks(tmp_path: Path) -> None:
    with pytest.raises(ScaleError, match="scale must be 2, 3 or 4, got 5"):
        Architecture(scale=5)
    torch.save(RDN(Architecture(3, 1, 1, 4, 4)).state_dict(), tmp_path / "net.pth")
    method = get("rdn-psnr-small")
    setup = method.checked(Setup(channels=3, scale=2, options={"checkpoint": str(tmp_path / "net.pth")}))
    with pytest.raises(ScaleError, match="upscales by 3, got scale 2"):
        method.build(setup)


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (3, 8, 8)])
def test_refuses_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"expected \(N, 3, H, W\)"):
        RDN(Architecture(2, 1, 1, 4, 4))(torch.rand(shape))


def test_refuses_the_name_of_nothing() -> None:
    with pytest.raises(CheckpointError, match="known names: ipol-gray"):
        load_rdn("psnr-huge")
