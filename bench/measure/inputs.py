"""What a method is shown and how its answer is scored: images, degradation, settings, scores, pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import RowsError
from bench.plan.case import Case, Reading
from restoration.errors import ImageError

if TYPE_CHECKING:
    import torch

    from restoration.images import Picture


GIVEN = "given"
"""The degradation of images that come degraded, in a folder of their own."""


@dataclass(frozen=True)
class ImageSet:
    """The bundled images, or a user's own; loaded one at a time, when asked for."""

    source: Path | str | None = None
    """A folder, pattern, list file, file or standard set (see `restoration.image_sets`); None: the bundled images."""
    degraded: Path | None = None
    """A folder of the same images as they are to be restored; None: they are degraded here."""

    def names(self) -> Mapping[int, Sequence[str]]:
        """Image names by channels. A user's files are all listed, readable or not, so that none goes missing.

        Every colour image is also a grey one.
        """
        from restoration.images import BUNDLED

        if self.source is None:
            return {1: [Path(file).stem for file in BUNDLED["gray"]], 3: [Path(file).stem for file in BUNDLED["color"]]}
        files = self._files()
        return {1: [*files], 3: [name for name, path in files.items() if _may_be_color(path)]}

    def picture(self, name: str, channels: int) -> Picture:
        """The image called `name` in 1 or 3 channels; raises `ImageError`."""
        return _picture(self, name, channels)

    def get(self, name: str, channels: int) -> torch.Tensor:
        """Its pixels: float32 (C, H, W) in [0, 1]."""
        return self.picture(name, channels).pixels

    def given(self, case: Case, clean: torch.Tensor) -> torch.Tensor:
        """The degraded image that came with `clean`, on the case's device and in its dtype; raises `ImageError`."""
        from restoration.images import load_image

        path = self._degraded_files().get(case.image)
        if path is None:
            raise ImageError(f"{self.degraded}: no degraded file for {case.image}; the stems must agree")
        found = load_image(path, channels=case.channels).pixels
        expected = (case.channels, *(side // case.scale for side in clean.shape[-2:]))
        if found.shape != expected:
            raise ImageError(f"{path}: {tuple(found.shape)}, expected {expected}: 1/{case.scale} of {case.image}")
        return found.to(device=case.device, dtype=case.setup().torch_dtype)

    def paths(self, name: str) -> Sequence[Path]:
        """The files that the image called `name` is made of: itself, and its degraded one."""
        from restoration.images import bundled_path

        own = bundled_path(name) if self.source is None else self._files().get(name)
        degraded = self._degraded_files().get(name) if self.degraded else None
        return [path for path in (own, degraded) if path]

    def pictures(self, channels: int) -> Iterator[Picture | ImageError]:
        """Every image of that many channels, or the error that says why it cannot be used."""
        for name in self.names()[channels]:
            try:
                yield self.picture(name, channels)
            except ImageError as error:
                yield error

    def _files(self) -> Mapping[str, Path]:
        from restoration.image_sets import find_images

        return find_images(self.source or "")

    def _degraded_files(self) -> Mapping[str, Path]:
        from restoration.image_sets import find_degraded

        return find_degraded(self.degraded or Path(), [*self._files()])


def _may_be_color(path: Path) -> bool:
    """False only for an image that is readable and grey: a broken one is to be reported, not passed over."""
    from restoration.images import load_image

    try:
        return bool(load_image(path).pixels.shape[0] > 1)
    except ImageError:
        return True


@lru_cache(maxsize=4)
def _picture(images: ImageSet, name: str, channels: int) -> Picture:
    from restoration.images import bundled_image, load_image

    if images.source is None:
        return bundled_image(name, channels=channels)
    if (path := images._files().get(name)) is None:  # noqa: SLF001 - a method's cache, outside for its hash
        raise ImageError(f"{images.source}: no image {name!r} there")
    return replace(load_image(path, channels=channels), name=name)


def degraded(case: Case, clean: torch.Tensor) -> torch.Tensor:
    """`clean` (C, H, W) degraded as the case says, on its device and in its dtype."""
    from restoration.degradation import degrade

    image = degrade(clean, case.degradation, sigma=case.sigma_255 / 255, scale=case.scale, seed=case.seed)
    return image.to(device=case.device, dtype=case.setup().torch_dtype)


def batch_for(case: Case) -> torch.Tensor:
    """A degraded batch (1, C, h, w) for a case that has a size and no image: a bundled image, mirrored to fill it."""
    import torch

    from restoration.images import bundled_image

    image = bundled_image("astronaut", channels=case.channels).pixels
    for axis, size in ((1, case.height), (2, case.width)):
        repeats = -(-size // image.shape[axis])
        mirrored = [image if i % 2 == 0 else image.flip(axis) for i in range(repeats)]
        image = torch.cat(mirrored, dim=axis).narrow(axis, 0, size)
    kind = "awgn" if case.task == "denoise" else "bicubic"
    return degraded(replace(case, degradation=kind), image)[None]


def scores(case: Case, restored: torch.Tensor, clean: torch.Tensor) -> Iterator[Reading]:
    """PSNR, SSIM, residual deviation and mean offset of `restored` (C, sH, sW) against `clean`.

    Denoising is scored as it comes, neither clipped nor rounded, on all channels and pixels; upscaling clipped and
    rounded to 8 bits, on luma, with `scale` pixels removed at each border.
    """
    from restoration.degradation import align, crop_to_multiple
    from restoration.quality import luma, mean_offset, psnr, quantize, residual_std, ssim

    restored, shave = restored.float(), 0
    if case.task == "upscale":
        clean, shave = crop_to_multiple(clean, case.scale), case.scale
        restored = quantize(align(restored, case.degradation, scale=case.scale))
        if case.channels == 3:  # noqa: PLR2004 - RGB
            restored, clean = luma(restored), luma(clean)
    yield Reading("psnr_db", psnr(restored, clean, shave=shave), "dB")
    yield Reading("ssim", ssim(restored, clean, shave=shave))
    yield Reading("residual_std_255", 255 * residual_std(restored, clean, shave=shave), "1/255")
    yield Reading("mean_offset_255", 255 * mean_offset(restored, clean, shave=shave), "1/255")


def save_picture(directory: Path, case: Case, part: str, image: torch.Tensor) -> Reading:
    """Writes `image` (C, H, W) below the run directory and returns the reading that names the file.

    Raises `RowsError` where it cannot: the case is not done then.
    """
    from restoration.images import save_image

    name = hashlib.sha256(f"{case}{part}".encode()).hexdigest()[:16]
    path = directory / "images" / f"{name}.png"
    try:
        path.parent.mkdir(exist_ok=True)
        save_image(path, image)
    except (OSError, ImageError) as error:
        raise RowsError(f"{error}; every finished case is kept; make room, and go on with --resume") from error
    return Reading("picture", None, part=part, note=f"images/{path.name}")
