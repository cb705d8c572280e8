"""The DCT with a network behind it: how it is learnt, the file that holds it, what it buys on images not learnt on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.functional import interpolate

from restoration import Setup, add_gaussian_noise, dct_denoise, get, psnr
from restoration.dct_network import SHIPPED, Architecture, Corrector, guide_for, load_corrector, save_corrector
from restoration.errors import CheckpointError, DivergedError, ImageError, RangeError, ShapeError
from restoration.images import bundled_image
from restoration.learn_network import Schedule, learn_network, main
from restoration.method import Restore

TINY = Architecture(features=4, depth=3)
QUICK = Schedule(steps=40, crops=4, crop_size=32, saved_every=10, rate=5e-3)
SIGMA = 25 / 255


def shades(seed: int) -> torch.Tensor:
    """Smooth shades (1, 96, 96), from which noise is easily told."""
    generator = torch.Generator().manual_seed(seed)
    return interpolate(torch.rand(1, 1, 4, 4, generator=generator), 96, mode="bilinear")[0]


def restorer(sigma: float = SIGMA, **options: str | int) -> Restore:
    """The method, built."""
    method = get("dct-network")
    return method.build(method.checked(Setup(channels=1, sigma=sigma, options=options)))


def squares(seed: int) -> torch.Tensor:
    """Squares of one shade each (1, 96, 96), at whose edges the DCT rings."""
    generator = torch.Generator().manual_seed(seed)
    return interpolate(torch.rand(1, 1, 12, 12, generator=generator), 96, mode="nearest")[0]


def test_learning_betters_what_the_dct_leaves() -> None:
    schedule = replace(QUICK, steps=200, rate=5e-3)
    network = learn_network([squares(0)], architecture=Architecture(features=8, depth=3), schedule=schedule)
    noisy = add_gaussian_noise(squares(1), SIGMA, seed=0)[None]
    guide = guide_for(noisy, SIGMA)
    with torch.no_grad():
        restored = network(noisy, guide, torch.tensor(SIGMA))
    assert psnr(restored, squares(1)[None]) > psnr(guide, squares(1)[None]) + 0.2


def test_a_descent_taken_up_again_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    class Stopped(Exception):  # noqa: N818 - no error
        pass

    def stop(step: int, _: float) -> None:
        if step == 24:
            raise Stopped

    unbroken = learn_network([shades(0)], architecture=TINY, schedule=QUICK).state_dict()
    with pytest.raises(Stopped):
        learn_network([shades(0)], architecture=TINY, schedule=QUICK, state=tmp_path / "state", progress=stop)
    resumed = learn_network([shades(0)], architecture=TINY, schedule=QUICK, state=tmp_path / "state").state_dict()
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"diverged at step \d+: loss nan"):
        learn_network([shades(0) * float("nan")], architecture=TINY, schedule=QUICK)
    with pytest.raises(ShapeError, match="crops of 100 x 100"):
        learn_network([shades(0)], architecture=TINY, schedule=replace(QUICK, crop_size=100))
    with pytest.raises(ImageError, match=str(tmp_path)):
        main(str(tmp_path))
    with pytest.raises(RangeError, match="sigma must be positive"):
        restorer(0.0)


def test_a_saved_network_is_read_back_and_another_file_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    torch.manual_seed(0)
    network = Corrector(TINY).half().float()
    save_corrector(network, tmp_path / "net.safetensors")
    again = load_corrector(tmp_path / "net.safetensors")
    assert again.architecture == TINY
    assert all(torch.equal(tensor, again.state_dict()[key]) for key, tensor in network.state_dict().items())
    save_file({"other.weight": torch.zeros(3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="not a network behind the DCT: found"):
        load_corrector(tmp_path / "other.safetensors")


def test_a_hard_threshold_knows_no_scale() -> None:
    noisy = add_gaussian_noise(shades(2), SIGMA, seed=0)[None]
    torch.testing.assert_close(
        guide_for(noisy, torch.full((1, 1, 1, 1), SIGMA)), dct_denoise(noisy, SIGMA), atol=1e-4, rtol=0
    )


def test_the_shipped_network_is_the_one_said() -> None:
    architecture = load_corrector().architecture
    assert architecture == Architecture()
    assert architecture.macs_per_pixel == 10_152
    assert SHIPPED.stat().st_size < 100_000


@pytest.mark.parametrize("runtime", ["plain", "torch", "winograd"])
def test_every_runtime_and_every_tile_gives_the_same(runtime: str) -> None:
    noisy = add_gaussian_noise(shades(3)[:, :75, :90], SIGMA, seed=0)[None]
    whole = restorer(runtime="plain")(noisy)
    torch.testing.assert_close(restorer(runtime=runtime)(noisy), whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(restorer(runtime=runtime, tile=32)(noisy), whole, atol=1e-5, rtol=0)


def test_an_odd_image_keeps_its_size() -> None:
    noisy = add_gaussian_noise(shades(4)[:, :33, :47], SIGMA, seed=0)[None]
    assert restorer()(noisy).shape == noisy.shape


@pytest.mark.parametrize("sigma_255", [15, 25, 50])
def test_the_shipped_network_beats_the_dct_on_images_it_was_not_learnt_on(sigma_255: int) -> None:
    restore = restorer(sigma_255 / 255)
    for name in ("camera", "chelsea", "astronaut"):
        clean = bundled_image(name, channels=1).pixels[None, :, 128:, 128:]
        noisy = add_gaussian_noise(clean, sigma_255 / 255, seed=0)
        assert psnr(restore(noisy), clean) > psnr(dct_denoise(noisy, sigma_255 / 255), clean) + 0.3
