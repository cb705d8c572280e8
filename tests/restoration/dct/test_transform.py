"""The sliding denoiser with any matrix in the DCT's place, how one is learnt, and the one that ships."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from restoration import dct_denoise
from restoration.catalog import get
from restoration.dct import overlap
from restoration.dct.basis import kernels
from restoration.dct.learn import TRAINING
from restoration.dct.learn_transform import Schedule, guided_denoise, learn_transform, smooth_denoise
from restoration.dct.steps import Steps
from restoration.dct.transform import RATIO, SHIPPED, load_transforms, save_transforms, transform_denoise
from restoration.dct.wiener import dct_wiener
from restoration.degradation import add_gaussian_noise
from restoration.errors import CheckpointError, DivergedError, RangeError, RestorationError, ShapeError
from restoration.images import bundled_image
from restoration.method import Setup
from restoration.quality import psnr

SIGMA = 25 / 255
QUICK = Schedule(steps=6, crops=2, crop_size=24, sizes=(1.0,))


def dct(size: int) -> torch.Tensor:
    """The DCT as a matrix (B*B, B*B)."""
    return kernels(size, torch.float32, torch.device("cpu")).flatten(1)


def picture(seed: int, side: int = 48) -> torch.Tensor:
    """Stripes and noise. (1, side, side)."""
    noise = torch.rand(1, side, side, generator=torch.Generator().manual_seed(seed))
    return 0.9 * (torch.arange(side) // 6 % 2).expand(1, side, side) + 0.01 * noise


@pytest.mark.parametrize(("size", "channels"), [(4, 1), (5, 3)])
def test_the_dct_as_a_matrix_is_the_plain_denoiser(size: int, channels: int) -> None:
    noisy = picture(0).expand(channels, -1, -1).contiguous()
    found = transform_denoise(noisy, SIGMA, matrix=dct(size))
    expected = dct_denoise(noisy, SIGMA, block_size=size, ratio=RATIO, aggregation="adaptive", engine="dense")
    inside = (..., slice(size, -size), slice(size, -size))  # the border is mirrored in the one and not in the other
    torch.testing.assert_close(found[inside], expected[inside], rtol=0, atol=1e-5)


def test_the_dct_as_a_matrix_in_two_steps_is_the_two_step_denoiser() -> None:
    noisy = picture(0)
    found = transform_denoise(noisy, SIGMA, matrix=dct(5), second=dct(5), scales=2)
    expected = dct_wiener(noisy, SIGMA, steps=Steps.of_ratio(5, RATIO), scales=2, engine="dense")
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_longer_rows_of_the_second_matrix_filter_less() -> None:
    noisy = add_gaussian_noise(picture(0), SIGMA, seed=0)
    changes = [
        float((transform_denoise(noisy, SIGMA, matrix=dct(4), second=length * dct(4)) - noisy).square().mean())
        for length in (0.5, 1.0, 2.0)
    ]
    assert changes == sorted(changes, reverse=True)
    assert changes[0] > 1.02 * changes[-1]


def test_learning_starts_from_the_plain_denoiser() -> None:
    noisy = picture(1)[None]
    sharp = smooth_denoise(noisy, torch.full((1, 1, 1, 1), SIGMA), dct(4), stride=1, exponent=1e6)
    plain = dct_denoise(noisy, SIGMA, block_size=4, ratio=RATIO, aggregation="adaptive", engine="dense")
    torch.testing.assert_close(sharp, plain, rtol=0, atol=1e-4)


def test_learning_the_second_matrix_starts_from_the_two_step_denoiser() -> None:
    noisy = picture(1)[None]
    guide = dct_denoise(noisy, SIGMA, block_size=4, ratio=RATIO, aggregation="adaptive", engine="dense")
    found = guided_denoise(noisy, guide, torch.full((1, 1, 1, 1), SIGMA), dct(4), stride=1)
    plain = transform_denoise(noisy, SIGMA, matrix=dct(4), second=dct(4))
    inside = (..., slice(4, -4), slice(4, -4))  # the one mirrors the image at its border, the other does not
    torch.testing.assert_close(found[inside], plain[inside], rtol=0, atol=1e-4)


def test_the_second_matrix_learns_what_the_first_left() -> None:
    clean = picture(3)
    learnt = learn_transform([clean], first=dct(4), schedule=replace(QUICK, steps=100, rate=1e-2))
    noisy = add_gaussian_noise(clean, SIGMA, seed=9)
    start, end = (psnr(transform_denoise(noisy, SIGMA, matrix=dct(4), second=one), clean) for one in (dct(4), learnt))
    assert end > start + 0.1


def test_every_row_but_the_means_learns() -> None:
    matrix = dct(4).requires_grad_()
    smooth_denoise(picture(2)[None], torch.full((1, 1, 1, 1), SIGMA), matrix, stride=2, exponent=12).sum().backward()
    assert matrix.grad is not None
    assert bool((matrix.grad.abs().amax(1) > 0).all())


def test_a_descent_taken_up_again_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    whole = learn_transform([picture(3)], block_size=4, schedule=replace(QUICK, saved_every=2))
    state = tmp_path / "state"

    def stop(step: int, *_: object) -> None:
        if step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_transform([picture(3)], block_size=4, schedule=replace(QUICK, saved_every=2), state=state, progress=stop)
    again = learn_transform([picture(3)], block_size=4, schedule=replace(QUICK, saved_every=2), state=state)
    assert torch.equal(whole, again)
    assert not torch.allclose(whole, dct(4), atol=1e-4)
    torch.testing.assert_close(whole[1:].sum(1), torch.zeros(15), rtol=0, atol=1e-5)


def test_learning_that_runs_away_is_reported_with_its_loss() -> None:
    with pytest.raises(DivergedError, match=r"learning diverged.* loss.* sigma\^2"):
        learn_transform([picture(4)], block_size=4, schedule=replace(QUICK, rate=1e3, steps=30))


def test_an_image_smaller_than_a_crop_is_named() -> None:
    with pytest.raises(ShapeError, match=r"crops of 24 x 24, got an image of \(1, 20, 20\)"):
        learn_transform([picture(4, side=20)], block_size=4, schedule=QUICK)


def test_bands_give_the_whole_images_result(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, noisy = load_transforms(SHIPPED)[0], add_gaussian_noise(picture(5, side=60), SIGMA, seed=0)
    whole = transform_denoise(noisy, SIGMA, matrix=matrix)
    monkeypatch.setattr(overlap, "BAND", 61 * 169 * 7)
    torch.testing.assert_close(transform_denoise(noisy, SIGMA, matrix=matrix), whole, rtol=0, atol=1e-5)


def test_a_flat_image_is_left_alone() -> None:
    flat = torch.full((1, 30, 40), 0.6)
    first, second = load_transforms(SHIPPED)
    for step in (None, second):
        found = transform_denoise(flat, SIGMA, matrix=first, second=step)
        torch.testing.assert_close(found, flat, rtol=0, atol=1e-3)  # half precision leaves rows' sums of up to 1e-3


def test_the_shipped_matrix_beats_one_threshold_for_all_on_an_image_not_learnt_on() -> None:
    assert "chelsea" not in TRAINING
    clean = bundled_image("chelsea", channels=1).pixels[:, 60:188, 120:248]
    noisy = add_gaussian_noise(clean, SIGMA, seed=0)
    learnt = get("dct-learnt-transform")
    restored = learnt.build(learnt.checked(Setup(sigma=SIGMA)))(noisy[None])[0]
    uniform = max(psnr(dct_denoise(noisy, SIGMA, ratio=ratio), clean) for ratio in (2.5, 2.7, 2.9))
    assert psnr(restored, clean) > uniform + 0.2


def test_operations_are_two_products_with_the_whole_matrix() -> None:
    method = get("dct-learnt-transform")
    assert method.macs_per_pixel is not None
    assert method.parameters is not None
    for passes in (1, 2):
        assert method.parameters(method.checked(Setup(options={"passes": passes}))) == passes * 169**2
    first, second, weights = 2 * 169**2, 3 * 169**2, 169 + 26
    for options, expected in (
        ({"scales": 1}, first + weights),
        ({"scales": 2}, 1.25 * (first + weights)),
        ({"scales": 1, "passes": 2}, first + second + 2 * weights),
    ):
        assert method.macs_per_pixel(method.checked(Setup(options=options))) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sigma": 0}, RangeError, "sigma must be positive"),
        ({"noisy": torch.zeros(1, 3, 30)}, ShapeError, "3 x 30 is smaller than a block of 4 x 4"),
        ({"matrix": torch.eye(17)}, ShapeError, r"got the shape \(17, 17\)"),
        ({"matrix": torch.zeros(16, 16)}, RangeError, "condition number must be at most 10000, got nan"),
        ({"matrix": torch.full((16, 16), float("nan"))}, RangeError, "got nan"),
        ({"second": dct(5)}, ShapeError, "blocks of the same size, got 4 and 5"),
        ({"scales": 9}, RangeError, r"scales must be in 1\.\.4 .* got 9"),
    ],
)
def test_bad_input_is_named(options: dict[str, Any], error: type[RestorationError], message: str) -> None:
    named: dict[str, Any] = {"noisy": picture(6), "sigma": SIGMA, "matrix": dct(4), **options}
    with pytest.raises(error, match=message):
        transform_denoise(**named)


def test_a_file_gives_back_the_matrix_in_half_precision(tmp_path: Path) -> None:
    save_transforms(tmp_path / "one.npz", dct(4))
    save_transforms(tmp_path / "two.npz", dct(4), 2 * dct(4))
    (one,), (first, second) = load_transforms(tmp_path / "one.npz"), load_transforms(tmp_path / "two.npz")
    assert torch.equal(one, dct(4).half().float())
    assert torch.equal(first, one)
    assert torch.equal(second, 2 * one)


@pytest.mark.parametrize(
    ("passes", "error", "message"),
    [
        (2, CheckpointError, "2 passes need as many matrices, it holds 1"),
        (3, RangeError, "passes must be 1 or 2, got 3"),
    ],
)
def test_passes_that_cannot_be_made_are_refused(
    passes: int, error: type[RestorationError], message: str, tmp_path: Path
) -> None:
    save_transforms(tmp_path / "one.npz", dct(4))
    method = get("dct-learnt-transform")
    setup = Setup(sigma=SIGMA, options={"matrix": str(tmp_path / "one.npz"), "passes": passes})
    with pytest.raises(error, match=message):
        method.build(method.checked(setup))


@pytest.mark.parametrize("content", ["nothing", "text", "object", "other", "singular"])
def test_a_file_that_is_no_matrix_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "matrix.npz"
    if content == "text":
        path.write_text("P1")
    if content == "object":
        np.savez(path, matrix=np.array([{}], dtype=object))
    if content == "other":
        np.savez(path, table=np.eye(16))
    if content == "singular":
        np.savez(path, matrix=np.zeros((16, 16)))
    with pytest.raises(CheckpointError, match=r"matrix\.npz: ") as refused:
        load_transforms(path)
    assert "unsafely" not in str(refused.value)  # NumPy's advice to unpickle what is no archive
