"""A user's own figures are measured as a run measures, and what is wrong with their table is said with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.checks.own_figures import read_figures
from bench.checks.published import verify
from bench.errors import SpecError
from restoration import add_gaussian_noise, bicubic_resize, dct_denoise, psnr, quantize, ssim
from restoration.images import load_image

DENOISED = '[[figure]]\nmethod = "dct"\nimages = "photos"\npublished = 0\ntolerance = 0\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two grey images of edges in `photos`."""
    (tmp_path / "photos").mkdir()
    for step in (4, 6):
        pixels = np.kron(np.indices((32 // step, 32 // step)).sum(0) % 2, np.ones((step, step))) * 120 + 60
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / f"{step}.png")
    return tmp_path


def measured(data: Path, text: str) -> float:
    table = data / "published.toml"
    table.write_text(text)
    (check,) = verify(data, figures=read_figures(table))
    assert check.measured is not None, check.reason
    return check.measured


def clean(data: Path) -> list[torch.Tensor]:
    return [load_image(data / "photos" / f"{step}.png").pixels for step in (4, 6)]


@pytest.mark.parametrize("metric", ["psnr_db", "ssim"])
def test_a_denoiser_s_figure_is_the_direct_computation(data: Path, metric: str) -> None:
    found = measured(data, f'{DENOISED}sigma_255 = 40\nseed = 3\noptions = {{ ratio = 2.5 }}\nmetric = "{metric}"\n')
    score = {"psnr_db": psnr, "ssim": ssim}[metric]
    scores = []
    for image in clean(data):
        noisy = add_gaussian_noise(image, 40 / 255, seed=3)
        scores.append(score(dct_denoise(noisy[None], 40 / 255, ratio=2.5)[0], image))
    assert found == pytest.approx(np.mean(scores), abs=1e-4)


def test_an_upscaler_s_figure_is_the_direct_computation(data: Path) -> None:
    found = measured(data, DENOISED.replace("dct", "bicubic") + "scale = 2\n")
    cropped = [image[..., : image.shape[-2] // 2 * 2, : image.shape[-1] // 2 * 2] for image in clean(data)]
    low = [quantize(bicubic_resize(image, 0.5)) for image in cropped]
    scores = [psnr(quantize(bicubic_resize(a, 2)), b, shave=2) for a, b in zip(low, cropped, strict=True)]
    assert found == pytest.approx(np.mean(scores), abs=1e-4)


def test_conventions_and_names_are_said(data: Path) -> None:
    (data / "published.toml").write_text(DENOISED + DENOISED.replace("dct", "bicubic") + 'scale = 3\nwhat = "mine"\n')
    first, second = read_figures(data / "published.toml")
    assert first.what == "psnr_db of dct, sigma 25"
    assert first.convention.startswith("awgn; noise seeded and not clipped")
    assert second.what == "mine"
    assert "3 pixels removed at each border" in second.convention


def test_a_metric_of_one_s_own_is_measured_in_its_unit_by_its_name(data: Path) -> None:
    judge = data / "judge.py"
    judge.write_text(
        "from restoration import Metric\n"
        'FAR = Metric("far", lambda restored, clean: 255 * (restored - clean).abs().max(), "smaller", "1/255")\n'
    )
    table = data / "published.toml"
    table.write_text(DENOISED.replace("dct", "noisy") + f'metric = "{judge}:FAR"\n')
    (check,) = verify(data, figures=read_figures(table))
    noisy = [add_gaussian_noise(image, 25 / 255, seed=0) - image for image in clean(data)]
    assert check.measured == pytest.approx(np.mean([255 * float(noise.abs().max()) for noise in noisy]), rel=1e-5)
    assert (check.unit, check.what) == ("1/255", "far of noisy, sigma 25")


def test_a_degradation_says_by_itself_what_denoisers_are_told_unless_the_table_does(data: Path) -> None:
    spoiled = DENOISED + 'degradation = "salt-and-pepper density=0.04"\n'
    (data / "published.toml").write_text(spoiled + spoiled + "sigma_255 = 40\n")
    by_itself, named = read_figures(data / "published.toml")
    assert by_itself.what == "psnr_db of dct, sigma 25.5"  # 255 * 0.5 * sqrt(0.04)
    assert named.what == "psnr_db of dct, sigma 40"
    assert by_itself.convention.startswith("salt-and-pepper density=0.04; sigma told; output neither clipped nor")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("channels = 3", "no image of 3 channels"),
    ],
)
def test_what_cannot_be_measured_says_why(data: Path, more: str, reason: str) -> None:
    (data / "published.toml").write_text(f"{DENOISED}{more}\n")
    (check,) = verify(data, figures=read_figures(data / "published.toml"))
    assert check.status == "not run"
    assert reason in check.reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("figure = ", ": cannot read the published figures: "),
        ("", ":1: figure: "),
        (DENOISED.replace("tolerance = 0", "tolerance = -1"), ":5: figure.0.tolerance: "),
        (DENOISED.replace("published = 0\n", ""), ":1: figure.0.published: "),
        (DENOISED.replace("published = 0", "published = nan"), ":4: figure.0.published: "),
        (DENOISED + DENOISED.replace("dct", "no-such"), ":6: "),
        (DENOISED + "scale = 2\n", ":1: "),
        (DENOISED + 'degradation = "melt"\n', ":1: degradation"),
        (DENOISED + 'degradation = "jpeg"\n', ":1: degradation jpeg does not say how strong it is as noise"),
        (DENOISED + 'metric = "psnr"\n', ":1: metrics: unknown metric 'psnr'; did you mean psnr_db"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_with_its_line(data: Path, text: str, said: str) -> None:
    table = data / "published.toml"
    table.write_text(text)
    with pytest.raises(SpecError) as raised:
        read_figures(table)
    assert f"{table}{said}" in str(raised.value)


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        (
            "tolerance = 0",
            "tolerence = 0.1",
            "5: figure.0.tolerence: Extra inputs .* got '0.1'; did you mean tolerance",
        ),
        ("published = 0", "published = 'high'", "4: figure.0.published: .* got 'high'"),
        ("published = 0", "published = nan", "4: figure.0.published: .* got 'nan'"),
        ("tolerance = 0", "tolerance = -1", "5: figure.0.tolerance: .* got '-1'"),
        ("published = 0\n", "", "1: figure.0.published: Field required"),
        (
            "tolerance = 0",
            "tolerance = 0\noptions = { ratio = [2] }",
            "6: figure.0.options.ratio: expected true, false,",
        ),
    ],
)
def test_one_mistake_is_told_once_where_it_was_made(data: Path, written: str, instead: str, said: str) -> None:
    table = data / "published.toml"
    table.write_text(DENOISED.replace(written, instead))
    with pytest.raises(SpecError, match=f":{said}") as raised:
        read_figures(table)
    assert "more)" not in str(raised.value)
