"""The images of a run: those that come with the package, or a user's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.plan.case import GIVEN, Case
from bench.plan.experiments import channels_of
from restoration.errors import ImageError

if TYPE_CHECKING:
    import torch

    from restoration.images import Picture

_LOOKED_AT = 8
"""Given pairs whose sizes and noise are looked at before a run."""


@dataclass(frozen=True)
class ImageSet:
    """The bundled images, or a user's own; loaded one at a time, when asked for."""

    source: Path | str | None = None
    """A folder, pattern, list or set file, image or standard set (see `restoration.image_sets`); None: the bundled."""
    degraded: Path | None = None
    """A folder of the same images as they are to be restored; None: they are degraded here."""

    def identity(self) -> Mapping[str, str]:
        """Name and SHA-256 of the set, where `source` is a set file; else nothing."""
        from restoration.image_sets import is_set, read_set

        if self.source is None or not is_set(self.source):
            return {}
        found = read_set(Path(self.source))
        return {"name": found.name, "sha256": found.sha256}

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
        """The files that the image called `name` is made of: itself, and its degraded one; none for an empty name."""
        return _paths(self, name) if name else ()

    def pixels(self, name: str) -> int:
        """How many pixels the image called `name` has, by its file's header; 0 where that cannot be read."""
        return _pixels(self, name)

    def pictures(self, channels: int, names: Sequence[str] | None = None) -> Iterator[Picture | ImageError]:
        """Every image of that many channels (or those `names`), or the error that says why it cannot be used."""
        for name in self.names()[channels] if names is None else names:
            try:
                yield self.picture(name, channels)
            except ImageError as error:
                yield error

    def _files(self) -> Mapping[str, Path]:
        from restoration.image_sets import find_images

        return find_images(self.source or "")

    def _degraded_files(self) -> Mapping[str, Path]:
        return _degraded_files(self)


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


@lru_cache(maxsize=4)
def _degraded_files(images: ImageSet) -> Mapping[str, Path]:
    from restoration.image_sets import find_degraded

    return find_degraded(images.degraded or Path(), images._files())  # noqa: SLF001 - as above


@lru_cache(maxsize=65536)
def _pixels(images: ImageSet, name: str) -> int:
    from restoration.images import image_size

    try:
        height, width = image_size(images.paths(name)[0])
    except (ImageError, IndexError):
        return 0
    return height * width


@lru_cache(maxsize=65536)
def _paths(images: ImageSet, name: str) -> Sequence[Path]:
    from restoration.images import bundled_path

    own = bundled_path(name) if images.source is None else images._files().get(name)  # noqa: SLF001 - as above
    degraded = images._degraded_files().get(name) if images.degraded else None  # noqa: SLF001 - as above
    return tuple(path for path in (own, degraded) if path)


def _used(images: ImageSet, cases: Iterable[Case] | None) -> Mapping[int, Sequence[str]]:
    """Names by channels of the images that the cases restore; an experiment may use any of the channels it asks for."""
    known = images.names()
    if cases is None:
        return known
    used = {(case.channels, case.image) for case in cases}
    studied = {channels for case in cases if case.kind == "experiment" for channels in channels_of(case.method)}
    return {
        channels: [name for name in names if channels in studied or (channels, name) in used]
        for channels, names in known.items()
    }


def image_facts(images: ImageSet, cases: Iterable[Case] | None = None) -> tuple[list[dict[str, Any]], list[str]]:
    """What is known of each image that `cases` use, and a notice for each of them that was converted or is no use.

    Without cases, of each image in each number of channels that it can have.
    """
    from restoration.quality import SSIM_WINDOW

    facts, notices = [], []
    for channels, names in _used(images, cases).items():
        for picture in images.pictures(channels, names):
            if isinstance(picture, ImageError):
                notices.append(str(picture))
                continue
            height, width = picture.pixels.shape[-2:]
            facts.append(
                {"name": picture.name, "channels": channels, "height": height, "width": width,
                 "source": picture.source, "note": picture.note}
            )  # fmt: skip
            if picture.note:
                notices.append(f"image {picture.name}: {picture.note}")
            if min(height, width) < SSIM_WINDOW:
                notices.append(f"image {picture.name}: {height} x {width} pixels, too small for SSIM: it has none")
    return facts, list(dict.fromkeys(notices))


def served(images: ImageSet, cases: Sequence[Case]) -> tuple[list[Case], list[str]]:
    """The cases that given pairs can serve, and notices: what is left out, and how much noise the pairs hold.

    The first few pairs decide: a scale that none of them has is left out, unless they have none at all; then each case
    says what is wrong with its pair. Raises `ImageError` where it is ambiguous which files are a pair.
    """
    given = [case for case in cases if case.degradation == GIVEN] if images.degraded else []
    if given:
        _degraded_files(images)  # what is ambiguous ends the run before it begins
    seen = {scale: _differences(images, [case for case in given if case.scale == scale]) for scale in _scales(given)}
    absent = {scale for scale, pairs in seen.items() if not pairs} if any(seen.values()) else set()
    notices = [
        f"given pairs: the degraded images are not 1/{scale} of their references: scale {scale} is left out"
        for scale in sorted(absent)
    ]
    if (told := {case.sigma_255 for case in given if case.task == "denoise"}) and (found := seen.get(1)):
        mean, pairs = sum(found) / len(found), "pair" if len(found) == 1 else f"{len(found)} pairs"
        notices.append(
            f"given pairs: denoisers are told sigma {', '.join(f'{sigma:g}' for sigma in sorted(told))}; the degraded "
            f"images differ from their references by {mean:.1f} / 255 (standard deviation, first {pairs})"
        )
    return [case for case in cases if case.degradation != GIVEN or case.scale not in absent], notices


def _scales(cases: Sequence[Case]) -> list[int]:
    return list(dict.fromkeys(case.scale for case in cases))


def _differences(images: ImageSet, cases: Sequence[Case]) -> list[float]:
    """For the first few pairs whose sizes fit: how far they lie apart (/ 255) where they are of one size, else 0."""
    pairs = {(case.image, case.channels): case for case in cases}
    found = []
    for case in [*pairs.values()][:_LOOKED_AT]:
        try:
            clean = images.get(case.image, case.channels)
            degraded = images.given(case, clean).float().cpu()
        except ImageError:
            continue
        found.append(255 * float((degraded - clean).std(correction=0)) if case.scale == 1 else 0.0)
    return found
