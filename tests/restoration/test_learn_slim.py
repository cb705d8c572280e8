"""Learning the slim FFDNet, the file that holds it, and what it buys on images that it was not learnt on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from restoration import add_gaussian_noise, dct_denoise, get, load_ffdnet, psnr
from restoration.errors import DivergedError, ImageError, ShapeError
from restoration.ffdnet import SLIM, SLIM_FILE, Architecture, save_ffdnet
from restoration.images import bundled_image
from restoration.learn_slim import Schedule, learn_slim, main
from restoration.method import Setup

TINY = Architecture(features=4, depth=3)
QUICK = Schedule(steps=40, crops=4, crop_size=32, saved_every=10, rate=1e-2, settled_at=20, settled_on=3)
SIGMA = 25 / 255


def ramps(seed: int) -> torch.Tensor:
    """Smooth shades (1, 96, 96), from which noise is easily told."""
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.interpolate(torch.rand(1, 1, 4, 4, generator=generator), 96, mode="bilinear")[0]


def test_learning_removes_noise_that_is_not_removed_at_first() -> None:
    losses: list[float] = []
    learn_slim([ramps(0)], architecture=TINY, schedule=QUICK, progress=lambda _, loss: losses.append(loss))
    assert len(losses) == QUICK.steps
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_a_descent_taken_up_again_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    class Stopped(Exception):  # noqa: N818 - no error
        pass

    def stop(step: int, _: float) -> None:
        if step == 24:
            raise Stopped

    unbroken = learn_slim([ramps(0)], architecture=TINY, schedule=QUICK).state_dict()
    with pytest.raises(Stopped):
        learn_slim([ramps(0)], architecture=TINY, schedule=QUICK, state=tmp_path / "state", progress=stop)
    resumed = learn_slim([ramps(0)], architecture=TINY, schedule=QUICK, state=tmp_path / "state").state_dict()
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)


def test_bad_input_is_named() -> None:
    with pytest.raises(DivergedError, match=r"diverged at step \d+: loss nan"):
        learn_slim([ramps(0) * float("nan")], architecture=TINY, schedule=QUICK)
    with pytest.raises(ShapeError, match="crops of 100 x 100"):
        learn_slim([ramps(0)], architecture=TINY, schedule=replace(QUICK, crop_size=100))


def test_a_saved_network_is_read_back_to_sixteen_bits(tmp_path: Path) -> None:
    network = learn_slim([ramps(0)], architecture=TINY, schedule=QUICK)
    save_ffdnet(network, tmp_path / "net.safetensors")
    again = load_ffdnet(tmp_path / "net.safetensors")
    assert again.architecture == TINY
    noisy = add_gaussian_noise(ramps(1), SIGMA, seed=0)[None]
    torch.testing.assert_close(again(noisy, SIGMA), network(noisy, SIGMA), atol=2e-3, rtol=0)


def test_the_command_says_which_folder_holds_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=str(tmp_path)):
        main(str(tmp_path))


def test_the_shipped_network_is_the_one_said() -> None:
    network = load_ffdnet("slim-gray")
    assert network.architecture == SLIM
    assert SLIM.macs_per_pixel == 14_472
    assert SLIM_FILE.stat().st_size < 140_000


@pytest.mark.parametrize("sigma_255", [15, 25, 50])
def test_the_shipped_network_beats_the_dct_on_images_it_was_not_learnt_on(sigma_255: int) -> None:
    restore = get("ffdnet-slim").build(Setup(channels=1, sigma=sigma_255 / 255, options=get("ffdnet-slim").options))
    gains = []
    for name in ("camera", "chelsea", "astronaut"):
        clean = bundled_image(name, channels=1).pixels[None, :, 128:, 128:]
        noisy = add_gaussian_noise(clean, sigma_255 / 255, seed=0)
        gains.append(psnr(restore(noisy), clean) - psnr(dct_denoise(noisy, sigma_255 / 255), clean))
    assert min(gains) > 0.3
