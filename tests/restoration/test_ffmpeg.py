"""Filters of ffmpeg as methods: what comes back, how strongly they smooth, and how a program that fails is told."""

from __future__ import annotations

import gc
import os
import stat
import sys
from pathlib import Path

import psutil
import pytest
import torch

from restoration import Setup, add_gaussian_noise, ffmpeg as module, get, psnr, quantize
from restoration.errors import OptionError, PackageMissingError, ProgramError, RangeError
from restoration.images import bundled_image
from restoration.method import Option, Restore

SIGMA = 25 / 255
FILTERS = ("ffmpeg-dctdnoiz", "ffmpeg-nlmeans", "ffmpeg-bm3d")

pytest.importorskip("imageio_ffmpeg", reason="the package imageio-ffmpeg is not installed")


def built(name: str, channels: int = 1, sigma: float = SIGMA, **options: Option) -> Restore:
    method = get(name)
    return method.build(method.checked(Setup(channels=channels, sigma=sigma, options=options)))


def children() -> list[psutil.Process]:
    return psutil.Process().children()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_gains_decibels_on_a_batch_and_on_another_size(name: str, channels: int) -> None:
    clean = bundled_image("astronaut", channels=channels).pixels[:, 60:109, 200:253]
    restore = built(name, channels)
    for batch in (torch.stack([clean, clean.flip(-1)]), clean[None, :, :40, :37]):
        noisy = add_gaussian_noise(batch, SIGMA, seed=0)
        restored = restore(noisy)
        assert restored.shape == noisy.shape
        assert restored.dtype == torch.float32
        assert psnr(restored, batch) > psnr(quantize(noisy), batch) + 3
    assert len(children()) == 1, "the process for the first size is still there"


@pytest.mark.parametrize("channels", [1, 3])
def test_without_a_filter_the_image_comes_back_in_8_bits(channels: int) -> None:
    image = torch.rand(2, channels, 5, 7) * 1.4 - 0.2
    assert torch.equal(built("ffmpeg-null", channels)(image), quantize(image))


def test_the_channels_of_a_colour_image_keep_their_places() -> None:
    image = torch.tensor([0.2, 0.5, 0.8])[None, :, None, None].expand(1, 3, 24, 24)
    for name in FILTERS:
        torch.testing.assert_close(built(name, 3)(image), image, atol=1.5 / 255, rtol=0)


def test_a_grey_dctdnoiz_has_the_threshold_that_the_ratio_says() -> None:
    """Both transform all blocks of 8 x 8 and take the mean: within the 8 bits they are the same at the same ratio."""
    noisy = quantize(add_gaussian_noise(bundled_image("camera").pixels[None, :, 80:160, 200:290], SIGMA, seed=0))
    ours = built("dct", ratio=2.7)(noisy)[..., 8:-8, 8:-8]
    at = {ratio: built("ffmpeg-dctdnoiz", ratio=ratio)(noisy)[..., 8:-8, 8:-8] for ratio in (2.2, 2.7, 3.2)}
    apart = {ratio: float((one - ours).square().mean().sqrt()) * 255 for ratio, one in at.items()}
    assert apart[2.7] < 1
    assert min(apart, key=apart.__getitem__) == 2.7


def test_the_first_pass_of_bm3d_has_the_threshold_that_the_ratio_says() -> None:
    noise = add_gaussian_noise(torch.full((1, 1, 96, 96), 0.5), SIGMA, seed=0)
    left = {ratio: float(built("ffmpeg-bm3d", passes=1, ratio=ratio)(noise).std()) for ratio in (0.0, 4.5)}
    assert left[0.0] == pytest.approx(float(noise.std()), rel=0.01)
    assert left[4.5] < float(noise.std()) / 5  # but the mean of a block nothing passes


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("ffmpeg-dctdnoiz", {"block_size": 12}, OptionError, "block_size must be 8 or 16, got 12"),
        ("ffmpeg-dctdnoiz", {"stride": 9}, OptionError, "stride must be from 1 to 8, the block's size, got 9"),
        ("ffmpeg-nlmeans", {"strength": 2.0}, RangeError, "must be from 1 to 30 on the 8-bit scale, got 50"),
        ("ffmpeg-bm3d", {"passes": 3}, OptionError, "passes must be 1 or 2, got 3"),
    ],
)
def test_what_a_filter_does_not_have_is_refused(
    name: str, options: dict[str, Option], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        built(name, **options)


@pytest.mark.parametrize("name", FILTERS)
def test_sigma_has_to_be_positive(name: str) -> None:
    with pytest.raises(RangeError, match="sigma must be positive"):
        built(name, sigma=0.0)


def test_what_ffmpeg_says_of_a_filter_is_in_the_error() -> None:
    with pytest.raises(ProgramError, match=r"ended with status .* after 0 of 256 bytes of a frame: .*block"):
        built("ffmpeg-bm3d", block_size=65)(torch.rand(1, 1, 8, 16))


def test_the_process_ends_when_the_method_is_dropped() -> None:
    restore = built("ffmpeg-null")
    restore(torch.rand(1, 1, 8, 8))
    assert len(children()) == 1
    del restore
    gc.collect()
    assert not children()


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(PackageMissingError, match=r"pip install 'restobench\[peers\]'"):
        built("ffmpeg-null")
    assert get("ffmpeg-null").requires == ("imageio_ffmpeg",)


def test_a_missing_executable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/no/such/ffmpeg")
    with pytest.raises(PackageMissingError, match="/no/such/ffmpeg is no executable; IMAGEIO_FFMPEG_EXE"):
        built("ffmpeg-null")
    lacking = get("ffmpeg-null").lacking
    assert lacking
    assert lacking(Setup()).startswith("/no/such/ffmpeg is no executable")


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Puts a script in the executable's place."""
    program = folder / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))


FRAME = 64 * 2048
"""Bytes of a frame that no pipe holds."""


@pytest.mark.skipif(os.name == "nt", reason="scripts are started by their first line")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sys.exit('No such filter')", f"ended with status 1 after 0 of {FRAME} bytes of a frame: No such filter"),
        ("sys.exit(0)", f"ended with status 0 after 0 of {FRAME} bytes of a frame: it said nothing"),
        (
            f"sys.stdin.buffer.read({FRAME}); os.write(1, bytes(10))",
            f"ended with status 0 after 10 of {FRAME} bytes of a frame",
        ),
        (f"sys.stdin.buffer.read({FRAME}); os.kill(os.getpid(), 11)", "ended with status -11 after 0"),
        ("time.sleep(600)", "gave no whole frame within 0.2 s and was ended"),
        (f"sys.stdin.buffer.read({FRAME}); os.write(1, bytes(9)); time.sleep(600)", "gave no whole frame within 0.2 s"),
        (f"sys.stdout.buffer.write(bytes({FRAME})); time.sleep(600)", "gave no whole frame within 0.2 s"),
        (f"sys.stdin.buffer.read({FRAME}); os.close(1); time.sleep(600)", "(closed its output|within 0.2 s)"),
    ],
)
def test_a_program_that_fails_is_one_line_and_no_process_stays(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, text)
    monkeypatch.setattr(module, "PATIENCE", 0.2 if "sleep" in text else 3600.0)
    monkeypatch.setattr(module, "_GRACE", 60.0 if "sleep" not in text else 0.1)
    with pytest.raises(ProgramError, match=said) as caught:
        built("ffmpeg-null")(torch.zeros(1, 1, 64, 2048))
    assert "\n" not in str(caught.value)
    assert not children()


@pytest.mark.skipif(os.name == "nt", reason="scripts are started by their first line")
def test_after_a_failure_the_next_frame_has_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = tmp_path / "once"
    fake(
        tmp_path,
        monkeypatch,
        f"first = not os.path.exists({str(once)!r}); open({str(once)!r}, 'w').close()\n"
        "first and sys.exit('once')\nos.write(1, sys.stdin.buffer.read(64))",
    )
    restore, image = built("ffmpeg-null"), quantize(torch.rand(1, 1, 8, 8))
    with pytest.raises(ProgramError, match="once"):
        restore(image)
    assert torch.equal(restore(image), image)


@pytest.mark.skipif(os.name == "nt", reason="scripts are started by their first line")
def test_a_program_that_cannot_be_started_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, monkeypatch, "")
    (tmp_path / "ffmpeg").write_text("#!/no/such/interpreter\n")
    with pytest.raises(ProgramError, match="cannot be started"):
        built("ffmpeg-null")(torch.rand(1, 1, 8, 8))
