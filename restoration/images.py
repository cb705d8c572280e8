"""Image files <-> float32 tensors (C, H, W) in [0, 1]; the bundled images and a user's own folder.

Conventions: 8-bit values are divided by 255, 16-bit ones by 65535. Grey from colour is Pillow's mode "L": (19595 R +
38470 G + 7471 B) / 65536 (BT.601, full range), rounded to the file's own depth. Whatever else had to be converted is
said in `Picture.note`.
"""

from __future__ import annotations

import tokenize
import warnings
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from restoration.errors import ImageError
from restoration.quality import quantize

Kind = Literal["gray", "color"]

BUNDLED = MappingProxyType({
    "gray": (
        "camera.png", "coins.png", "moon.png", "brick.png", "grass.png", "gravel.png", "clock_motion.png", "page.png",
        "astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg",
    ),
    "color": ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "ihc.png"),
})  # fmt: skip
"""The bundled images: files inside scikit-image's wheel, never downloaded. The last five grey ones come from colour."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".npy")
"""The files of a folder that are taken as images; others are passed over."""

MAX_PIXELS = 150_000_000
"""Larger images are refused from their header, before anything is decoded."""

_GRAY_WEIGHTS = (19595, 38470, 7471)  # / 65536: Pillow's L24 in libImaging/Convert.c


@dataclass(frozen=True, eq=False)
class Picture:
    """An image and where it came from."""

    name: str
    pixels: Tensor
    """float32 (C, H, W) in [0, 1], C = 1 or 3."""
    note: str = ""
    """What was converted on loading, in words; empty for plain 8-bit grey and RGB files."""
    source: str = ""
    """The file, or the package that carries it."""
    bits: int = 8
    """Of one sample as it was decoded: 8, 16, or 32 where the file holds floats."""


def bundled(kind: Kind) -> tuple[Picture, ...]:
    """The bundled images of one kind, always the same and in the same order (see `BUNDLED`)."""
    channels = 1 if kind == "gray" else 3
    return tuple(bundled_image(Path(file).stem, channels=channels) for file in BUNDLED[kind])


def bundled_image(name: str, *, channels: int | None = None) -> Picture:
    """The bundled image of that name (a file's stem, see `BUNDLED`); raises `ImageError` with the known names."""
    picture = load_image(bundled_path(name), channels=channels)
    return replace(picture, source=f"scikit-image {version('scikit-image')}")


def bundled_path(name: str) -> Path:
    """The file of the bundled image of that name; raises `ImageError` with the known names."""
    import skimage

    files = {Path(file).stem: file for file in (*BUNDLED["gray"], *BUNDLED["color"])}
    if name not in files:
        raise ImageError(f"no bundled image {name!r}; expected one of {', '.join(sorted(files))}")
    return Path(skimage.__file__).parent / "data" / files[name]


def load_image(path: Path | str, *, channels: int | None = None) -> Picture:
    """The image in a file, as it is or converted to 1 or 3 `channels`.

    PNG, JPEG, WebP, TIFF, BMP, and NPY arrays (H, W), (H, W, C) or (C, H, W): 8 or 16 bits, or floats in [0, 1]. The
    integers of an array are of 8 bits where none is above 255, whatever its type. The first frame of several.
    Transparent pixels are laid over white. Raises `ImageError`, one line, for anything that
    cannot be read in full.
    """
    path = Path(path)
    if not path.is_file():
        raise ImageError(f"{path}: {'a link to no file' if path.is_symlink() else 'no such image file'}")
    read = _read_array if path.suffix.lower() == ".npy" else _read_file
    array, notes = read(path)
    if channels is not None:
        array, converted = _with_channels(array, channels)
        notes += converted
    return Picture(path.stem, _as_pixels(path, array), "; ".join(notes), str(path), 8 * array.dtype.itemsize)


def image_of(given: Tensor | NDArray[Any] | Path | str) -> Picture:
    """An image as anyone may hold it: a tensor or an array (see `load_image`), a file, or a bundled image's name.

    Raises `ImageError`.
    """
    if isinstance(given, Tensor | np.ndarray):
        array = given.detach().cpu().numpy() if isinstance(given, Tensor) else given
        pixels, notes = _as_given(Path("image"), array)
        return Picture("", _as_pixels(Path("image"), pixels), "; ".join(notes))
    if not isinstance(given, str | Path):
        raise ImageError(f"a {type(given).__name__} is no image; expected a tensor, an array, a file or a bundled name")
    known = {Path(file).stem for files in BUNDLED.values() for file in files}
    return bundled_image(str(given)) if str(given) in known else load_image(given)


def image_size(path: Path | str) -> tuple[int, int]:
    """Height and width of the image in a file, from its header alone; raises `ImageError` where that says none."""
    path = Path(path)
    try:
        if path.suffix.lower() == ".npy":
            shape = np.load(path, mmap_mode="r", allow_pickle=False).squeeze().shape
            height, width = shape[1:] if len(shape) == 3 and shape[0] == 3 and shape[-1] != 3 else shape[:2]  # noqa: PLR2004 - (C, H, W)
            return height, width
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return image.height, image.width
    except Exception as error:  # a broken file raises from anywhere
        raise ImageError(f"{path}: its header tells no size: {' '.join(str(error).split())}") from error


def image_paths(folder: Path | str) -> tuple[Path, ...]:
    """The image files of `folder` (not of folders inside it), sorted by name; raises `ImageError` if there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(f"{folder}: no such image folder")
    paths = tuple(sorted(filter(is_image, folder.iterdir())))
    if not paths:
        raise ImageError(f"{folder}: no images in this folder; expected files named {', '.join(SUFFIXES)}")
    return paths


def is_image(path: Path) -> bool:
    """Whether a path is taken for an image: a file so named, or a link so named to what is gone, which then fails."""
    return path.suffix.lower() in SUFFIXES and (path.is_file() or (path.is_symlink() and not path.exists()))


def save_image(path: Path | str, image: Tensor) -> None:
    """Writes an image (C, H, W) or (1, C, H, W), clipped to [0, 1] and rounded to 8 bits, in the suffix's format."""
    pixels = image.detach().reshape(image.shape[-3:])
    array = (quantize(pixels.float()).cpu() * 255).round().to(torch.uint8).movedim(0, -1).numpy()  # (H, W, C)
    try:
        Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array).save(path)
    except (OSError, ValueError) as error:
        raise ImageError(f"{path}: cannot write the image: {error}") from error


def _read_file(path: Path) -> tuple[NDArray[Any], list[str]]:
    """The first frame as (H, W) or (H, W, 3) of uint8, uint16 or float32, and what was converted."""
    try:
        with warnings.catch_warnings():
            # What is broken ends in an error, what is converted in a note; Pillow's warnings would repeat them.
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                _check_size(path, *image.size)
                return _read_tiff(path) if _is_deep_tiff(image) else _decoded(path, image)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f"{path}: too large: {error}") from error
    except UnidentifiedImageError as error:
        if path.suffix.lower() in {".tif", ".tiff"}:
            return _read_tiff(path)
        raise ImageError(f"{path}: not an image that can be read, whatever its name says") from error
    except Exception as error:  # a broken file raises from anywhere: TypeError and struct.error, too
        raise ImageError(f"{path}: broken image: {' '.join(str(error).split())}") from error


def _read_tiff(path: Path) -> tuple[NDArray[Any], list[str]]:
    """What Pillow has no mode for, or reduces to 8 bits: 16-bit and float colour."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            _check_size(path, *page.shape[:2])
            array = page.asarray()
    except ImageError:
        raise
    except Exception as error:  # a broken TIFF raises from anywhere: struct, zlib, index and type errors alike
        raise ImageError(f"{path}: broken or unsupported TIFF: {error}") from error
    return _as_image(path, array)


def _read_array(path: Path) -> tuple[NDArray[Any], list[str]]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, TypeError, EOFError, OverflowError, SyntaxError, tokenize.TokenError) as error:
        raise ImageError(f"{path}: not a NumPy array of numbers: {error}") from error
    return _as_given(path, array)


def _as_given(path: Path, array: NDArray[Any]) -> tuple[NDArray[Any], list[str]]:
    """As `_as_image`, of an array whose integers are of 8 bits where none is above 255, whatever its type."""
    _check_size(path, 1, array.size // 3 if array.ndim == 3 else array.size)  # noqa: PLR2004 - axes of a colour array
    if array.size and array.dtype.kind in "iu" and array.dtype != np.uint8 and array.min() >= 0 and array.max() <= 255:  # noqa: PLR2004 - 8 bits
        said = f"{array.dtype} of {array.min()} to {array.max()}, taken as 8-bit"  # a type says nothing of the range
        return _as_image(path, array.astype(np.uint8))[0], [said]
    return _as_image(path, array)


def _decoded(path: Path, image: Image.Image) -> tuple[NDArray[Any], list[str]]:
    """An opened file's first frame; the notes name every conversion."""
    notes = []
    if getattr(image, "n_frames", 1) > 1:
        notes.append(f"first of {getattr(image, 'n_frames', 1)} frames")
    if image.format == "PNG" and image.mode in {"RGB", "RGBA", "LA"} and _png_depth(path) == 16:  # noqa: PLR2004 - bits
        notes.append("16-bit colour, reduced to 8 bits by the decoder")
    upright = ImageOps.exif_transpose(image)
    if upright.size != image.size or image.getexif().get(0x0112, 1) != 1:
        notes.append("turned upright as its EXIF orientation says")
    if upright.mode.startswith(("I", "F")):
        array, said = _as_image(path, np.asarray(upright))
        return array, notes + said
    plain, said = _plain(upright)
    return np.asarray(plain), notes + said


def _plain(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """`image` in mode L or RGB, and what that took."""
    if image.mode in {"L", "RGB"} and "transparency" not in image.info:
        return image, []
    notes = []
    if image.mode == "P":
        notes.append("palette, converted to RGB")
    if "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "La", "RGBa"}:
        return _over_white(image, notes)
    if image.mode == "1":
        return image.convert("L"), ["1-bit, converted to 8-bit grey"]
    if image.mode != "P":
        notes.append(f"{image.mode}, converted to RGB")
    return image.convert("RGB"), notes


def _over_white(image: Image.Image, notes: list[str]) -> tuple[Image.Image, list[str]]:
    mode = "L" if image.mode in {"L", "LA", "La"} else "RGB"
    layer = image.convert("RGBA")
    opaque = layer.getchannel("A").getextrema() == (255, 255)
    white = Image.new("RGBA", image.size, "white")
    note = "opaque alpha channel dropped" if opaque else "transparent, laid over white"
    return Image.alpha_composite(white, layer).convert(mode), [*notes, note]


def _as_image(path: Path, array: NDArray[Any]) -> tuple[NDArray[Any], list[str]]:
    """An array of any layout as (H, W) or (H, W, 3) of uint8, uint16 or float32; refuses what is no image."""
    layout = array.squeeze()
    if layout.ndim == 3 and layout.shape[-1] != 3 and layout.shape[0] == 3:  # noqa: PLR2004 - axes, channels
        layout = np.moveaxis(layout, 0, -1)
    if layout.ndim not in {2, 3} or (layout.ndim == 3 and layout.shape[-1] != 3) or 0 in layout.shape:  # noqa: PLR2004
        raise ImageError(f"{path}: an array {array.shape}; expected (H, W), (H, W, 3) or (3, H, W)")
    if layout.dtype == np.uint8:
        return np.asarray(layout), []
    if np.issubdtype(layout.dtype, np.integer):
        if layout.min() < 0 or layout.max() > 65535:  # noqa: PLR2004 - 16 bits
            raise ImageError(f"{path}: integers from {layout.min()} to {layout.max()}; expected 0 to 65535 (16 bits)")
        return layout.astype(np.uint16), ["16-bit, converted to float"]
    if not np.issubdtype(layout.dtype, np.floating):
        raise ImageError(f"{path}: an array of {layout.dtype}; expected 8 or 16-bit integers, or floats in [0, 1]")
    if not np.isfinite(layout).all():
        raise ImageError(f"{path}: holds NaN or infinite values; expected floats in [0, 1]")
    if layout.min() < 0 or layout.max() > 1:
        raise ImageError(f"{path}: floats from {layout.min():g} to {layout.max():g}; expected [0, 1]")
    return layout.astype(np.float32), ["stored as floats"]


def _with_channels(array: NDArray[Any], channels: int) -> tuple[NDArray[Any], list[str]]:
    """`array` as (H, W) or (H, W, 3)."""
    if channels not in {1, 3}:
        raise ImageError(f"images have 1 or 3 channels, got channels={channels}")
    if channels == (1 if array.ndim == 2 else 3):  # noqa: PLR2004 - axes of a grey array
        return array, []
    if channels == 3:  # noqa: PLR2004 - RGB
        return np.stack([array] * 3, axis=-1), ["grey, repeated in three channels"]
    mixed = array.astype(np.float64) @ np.array(_GRAY_WEIGHTS) / 65536
    rounded = mixed if array.dtype == np.float32 else np.floor(mixed + 0.5)
    return rounded.astype(array.dtype), ["colour, converted to grey (BT.601, full range)"]


def _as_pixels(path: Path, array: NDArray[Any]) -> Tensor:
    """(H, W) or (H, W, C) -> float32 (C, H, W) in [0, 1]."""
    _check_size(path, *array.shape[:2])
    peak = {"uint8": 255, "uint16": 65535}.get(array.dtype.name, 1)
    pixels = torch.from_numpy(array.astype(np.float32) / np.float32(peak))
    return pixels[None] if pixels.ndim == 2 else pixels.movedim(-1, 0).contiguous()  # noqa: PLR2004 - axes


def _check_size(path: Path, height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise ImageError(f"{path}: {height * width:,} pixels; at most {MAX_PIXELS:,} are decoded")


def _is_deep_tiff(image: Image.Image) -> bool:
    """Whether Pillow would reduce a colour TIFF of more than 8 bits a sample to 8."""
    bits = getattr(image, "tag_v2", {}).get(258, (8,))  # 258: BitsPerSample
    return image.format == "TIFF" and image.mode == "RGB" and max(bits) > 8  # noqa: PLR2004 - bits


def _png_depth(path: Path) -> int:
    """Bits per sample, byte 24 of every PNG: signature 8, IHDR length and name 8, width and height 8."""
    with path.open("rb") as file:
        return file.read(25)[24]
