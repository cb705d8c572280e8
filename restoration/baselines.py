"""What a user would pick instead: classical upscalers and denoisers, most of them other people's programs.

Those run on the CPU in NumPy arrays, one image at a time, at the number of threads the setup gives where they know
threads at all (OpenCV, BM3D); scikit-image's run on one. Each takes sigma as known and gives unclipped output.

Every denoiser has one option that says how strongly it smooths, `strength`, or `ratio` where it is a threshold, to be
swept as the DCT's ratio is. How far each lies from the best of a sweep on
Set12 stands in `docs/conventions.md`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restoration.degradation import bicubic_resize, lanczos_resize
from restoration.errors import OptionError, PackageMissingError, RangeError
from restoration.method import Restore, Setup

Plane = NDArray[np.float32]
"""An image (H, W), or (H, W, 3) in colour."""

_XPHOTO_RATIO = 3.0
"""Threshold over sigma inside OpenCV (xphoto's `dct_image_denoising.cpp`)."""


def bicubic(setup: Setup) -> Restore:
    """MATLAB's bicubic enlargement (see `bicubic_resize`)."""
    return lambda low: bicubic_resize(low, setup.scale)


def lanczos(setup: Setup) -> Restore:
    """Lanczos enlargement of three lobes (see `lanczos_resize`)."""
    return lambda low: lanczos_resize(low, setup.scale)


def nearest(setup: Setup) -> Restore:
    """Every pixel repeated."""
    return lambda low: low.repeat_interleave(setup.scale, -2).repeat_interleave(setup.scale, -1)


def wavelet(setup: Setup) -> Restore:
    """Soft thresholding of an orthogonal wavelet transform, the threshold of each band by BayesShrink (Chang 2000).

    BayesShrink is told a noise of strength x sigma; 1, the default, is the noise that there is.
    """
    pywt = needed("pywt", "peers")
    from skimage.restoration import denoise_wavelet

    check_sigma(setup)
    sigma = float(setup.options["strength"]) * setup.sigma
    named = {"sigma": sigma, "wavelet": str(setup.options["wavelet"]), "rescale_sigma": False}
    known = [name for name in pywt.wavelist(kind="discrete") if pywt.Wavelet(name).orthogonal]
    if named["wavelet"] not in known:
        raise OptionError(f"wavelet: an orthogonal wavelet is needed, got {named['wavelet']!r}; {', '.join(known)}")
    return per_image(lambda noisy: denoise_wavelet(noisy, **named, channel_axis=_channel_axis(noisy)))


def nlm(setup: Setup) -> Restore:
    """Non-local means (Buades 2005; the integral-image form of Darbon 2008), h = strength x sigma.

    The default, 0.6, is that of scikit-image's own example for this form and a known sigma.
    """
    from skimage.restoration import denoise_nl_means

    check_sigma(setup)
    named = {
        "sigma": setup.sigma,
        "h": float(setup.options["strength"]) * setup.sigma,
        "patch_size": int(setup.options["patch_size"]),
        "patch_distance": int(setup.options["patch_distance"]),
        "fast_mode": True,
    }
    return per_image(lambda noisy: denoise_nl_means(noisy, **named, channel_axis=_channel_axis(noisy)))


def tv(setup: Setup) -> Restore:
    """Total variation (Rudin 1992) by Chambolle's projection (2004), its weight being strength x sigma.

    No source gives the default, 0.9: it is the best of a sweep on Set12 at sigma 50, and 0.8 is at sigma 25.
    """
    from skimage.restoration import denoise_tv_chambolle

    check_sigma(setup)
    weight = float(setup.options["strength"]) * setup.sigma
    return per_image(lambda noisy: denoise_tv_chambolle(noisy, weight=weight, channel_axis=_channel_axis(noisy)))  # type: ignore[no-untyped-call]  # typed in part


def bm3d(setup: Setup) -> Restore:
    """BM3D, both steps, by its authors' package; colour in their opponent space.

    It is told a noise of strength x sigma; 1, the default, is the noise that there is.
    """
    package = needed("bm3d", "bm3d")
    check_sigma(setup)
    profile = package.BM3DProfile()
    profile.num_threads = setup.threads
    named = {"sigma_psd": float(setup.options["strength"]) * setup.sigma, "profile": profile}
    return per_image(lambda noisy: (package.bm3d_rgb if noisy.ndim == 3 else package.bm3d)(noisy, **named))  # noqa: PLR2004 - colour


def xphoto_dct(setup: Setup) -> Restore:
    """OpenCV's sliding DCT (Yu and Sapiro 2011), hard threshold at ratio x sigma; colour through a 3-point DCT.

    OpenCV's own threshold is 3 sigma, the default; another ratio is had by telling it another sigma. The last row and
    column get no value from it; they are left as they came.
    """
    cv2 = needed("cv2", "peers")
    if not hasattr(cv2, "xphoto"):
        raise PackageMissingError("this OpenCV has no xphoto module: pip install opencv-contrib-python-headless")
    check_sigma(setup)
    cv2.setNumThreads(setup.threads)
    size = int(setup.options["block_size"])
    sigma = float(setup.options["ratio"]) / _XPHOTO_RATIO * setup.sigma

    def restore(noisy: Plane) -> Plane:
        restored = noisy.copy()
        cv2.xphoto.dctDenoising(noisy, restored, sigma, size)
        restored[-1], restored[:, -1] = noisy[-1], noisy[:, -1]
        return restored

    return per_image(restore)


def per_image(restore: Callable[[Plane], Any]) -> Restore:
    """`restore` of one NumPy image as a function of a batch (N, C, H, W)."""

    def batch(noisy: Tensor) -> Tensor:
        planes = noisy.detach().to("cpu", torch.float32).movedim(1, -1).contiguous().numpy()  # (N, H, W, C)
        restored = [restore(plane[..., 0] if plane.shape[-1] == 1 else plane) for plane in planes]
        stacked = np.stack(restored).astype(np.float32).reshape(planes.shape)
        return torch.from_numpy(stacked).movedim(-1, 1).contiguous().to(noisy)

    return batch


def _channel_axis(noisy: Plane) -> int | None:
    return None if noisy.ndim == 2 else -1  # noqa: PLR2004 - axes of a grey image


def check_sigma(setup: Setup) -> None:
    """Raises `RangeError` for a sigma that is not positive."""
    if not setup.sigma > 0:
        raise RangeError(f"sigma must be positive (25 on the 8-bit scale is 25 / 255), got {setup.sigma}")


def needed(package: str, extra: str) -> Any:
    """The optional package, imported; raises `PackageMissingError` with the command that installs it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise PackageMissingError(
            f"the package {package} is not installed: pip install 'restobench[{extra}]' ({error})"
        ) from error
