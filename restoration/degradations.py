"""What may be done to an image, by name: the record `Degradation`, those that are built in, and a user's own.

A degradation is written as its name and the options that are chosen: `jpeg quality=10`. The name is a built-in one, an
entry point of the group `restoration.degradations`, `package.module:OBJECT`, or `path/to/file.py:OBJECT`; the object
is a `Degradation` or a function of the image.
"""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import Tensor

from restoration.callables import Needs, needs
from restoration.degradation import (
    Weights,
    add_gaussian_noise,
    add_poisson_gaussian_noise,
    add_salt_and_pepper,
    bicubic_resize,
    compress_jpeg,
    convolve,
    crop_to_multiple,
    decimate,
    gaussian_blur,
    register,
)
from restoration.errors import OptionError, RangeError, ShapeError, UnknownDegradationError
from restoration.lookup import Lookup
from restoration.method import Option, variant_of
from restoration.quality import quantize

GROUP = "restoration.degradations"
"""The entry-point group through which an installed package offers its own degradations."""

FACTS = ("sigma", "scale", "seed")
"""Parameters of these names receive what the case says: the noise in image units, the factor, the seed."""

_CHOSEN = r' [A-Za-z_]\w*=(?:"(?:[^"\\]|\\.)*"|\S+)'
_WRITTEN = re.compile(rf"(?P<name>.*?)(?P<options>(?:{_CHOSEN})*)", re.DOTALL)
_BLURRED = re.compile(r"blur-(?P<std>\d+(\.\d+)?)-(?P<rest>decimate(-registered)?)")

_KERNEL_SUM = 1e-3
"""How far the sum of a kernel may lie from one, which keeps the brightness."""


@dataclass(frozen=True)
class Degradation:
    """One way to spoil an image, and what denoisers are told of it."""

    name: str
    function: Callable[..., Tensor]
    """Takes the image (C, H, W), float32 in [0, 1], and by name whatever else it has a parameter for.

    `sigma` (image units), `scale` and `seed` are what the case says; every other parameter has a default and is an
    option. It returns a new tensor: one with a parameter `scale` of (C, H / scale, W / scale), any other of the same
    size. Equal arguments give equal images.
    """
    summary: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Its options, each with its value; what is not named here has the default of `function`."""
    told: Callable[..., float] | None = None
    """From the options: the sigma (image units) that denoisers are told where the spec names none."""
    registered: bool = False
    """Whether what is made of it is moved back by (scale - 1) / 2 pixels before it is scored, see `register`."""

    def __post_init__(self) -> None:
        """Completes `options`; raises `OptionError` for one that the function does not have."""
        object.__setattr__(self, "options", self._completed(self.options))

    @cached_property
    def needs(self) -> Needs:
        """What `function` takes beside the image; raises `UnknownDegradationError`."""
        return needs(self.name, self.function, skip=1, known=FACTS, error=UnknownDegradationError)

    @property
    def reduces(self) -> bool:
        """Whether its images are smaller by `scale`, and so for upscalers."""
        return "scale" in self.needs.facts.values()

    @property
    def adds_sigma(self) -> bool:
        """Whether the case's sigma is the noise that it makes."""
        return "sigma" in self.needs.facts.values()

    def told_sigma(self) -> float | None:
        """What denoisers are told by itself, in image units; None where the spec has to name it."""
        return None if self.told is None else float(self.told(**self.options))

    def having(self, chosen: Mapping[str, Option]) -> Degradation:
        """The same with other values of these options; raises `OptionError`."""
        return replace(self, options={**self.options, **chosen})

    def __call__(self, image: Tensor, *, sigma: float = 0.0, scale: int = 1, seed: int = 0) -> Tensor:
        """`image` (C, H, W) degraded; one that it reduces is first cropped to a multiple of `scale`.

        Raises `ShapeError` where the function returns anything but an image of the size that is expected.
        """
        facts = {"sigma": sigma, "scale": scale, "seed": seed}
        given = {parameter: facts[fact] for parameter, fact in self.needs.facts.items()}
        whole = crop_to_multiple(image, scale) if self.reduces else image
        found = self.function(whole.clone(), **given, **self.options)
        return _checked(self, found, whole, scale if self.reduces else 1)

    def _completed(self, chosen: Mapping[str, Option]) -> Mapping[str, Option]:
        defaults = self.needs.options
        if unknown := sorted(set(chosen) - set(defaults)):
            known = ", ".join(defaults) or "none"
            raise OptionError(f"degradation {self.name}: no option {unknown[0]!r}; its options are: {known}")
        return {name: _like(self.name, name, chosen.get(name, value), value) for name, value in defaults.items()}


def get(text: str) -> Degradation:
    """The degradation that is written as `NAME option=value ...`, with these options.

    Raises `UnknownDegradationError` or `OptionError`.
    """
    name, options = parted(text)
    blurred = _BLURRED.fullmatch(name)
    found = _DEGRADATIONS.get(blurred["rest"] if blurred else name)
    if blurred:
        found = replace(found, name=name).having({"std": float(blurred["std"])})
    return found.having({option: _read(found, option, value) for option, value in options.items()})


def names() -> tuple[str, ...]:
    """The names of all degradations that are installed: built-in first, then those of other packages."""
    return _DEGRADATIONS.names()


def source_of(text: str) -> Path | None:
    """The file of code that a degradation from elsewhere lies in, as `restoration.catalog.source_of` for methods."""
    return _DEGRADATIONS.source_of(parted(text)[0])


def parted(text: str) -> tuple[str, dict[str, str]]:
    """The name of a degradation as it is written, and the options that are chosen, each as text."""
    found = _WRITTEN.fullmatch(text)
    assert found is not None  # noqa: S101 - any text matches
    pairs = (part.strip().partition("=") for part in re.findall(_CHOSEN, found["options"]))
    return found["name"].strip(), {name: value for name, _, value in pairs}


def written(text: str, options: Mapping[str, Option]) -> str:
    """`text` with further options chosen, as `get` reads it."""
    return f"{text} {variant_of({name: _word(value) for name, value in options.items()})}" if options else text


def degrade(image: Tensor, name: str, *, sigma: float = 0.0, scale: int = 1, seed: int = 0) -> Tensor:
    """`image` (C, H, W) after the degradation that is written as `name`.

    `awgn`: noise of `sigma` (image units), not clipped. `bicubic`, `decimate`, `blur-STD-decimate` (STD in pixels of
    `image`): reduced by `scale`, with noise of `sigma` added, then stored as 8 bits (clipped and rounded); the image is
    first cropped to a multiple of `scale`. A name that ends in `-registered` gives the same pixels, but what is made of
    them must go through `align` before it is scored. The others are in `restobench degradations`. Raises
    `UnknownDegradationError` or `OptionError`.
    """
    return get(name)(image, sigma=sigma, scale=scale, seed=seed)


def align(restored: Tensor, name: str, *, scale: int) -> Tensor:
    """`restored` as it is to be scored after the degradation `name`: registered where the name asks for it."""
    return register(restored, scale) if get(name).registered else restored


def kernel_in(path: str) -> Weights:
    """The blur kernel (rows, columns) in a file of NumPy; raises `OptionError` for what is none."""
    try:
        kernel = np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except (OSError, ValueError) as error:
        raise OptionError(f"blur: cannot read a kernel from {path!r}: {error}; expected a .npy file") from error
    if kernel.ndim != 2 or not kernel.size or not np.isfinite(kernel).all():  # noqa: PLR2004 - rows and columns
        raise OptionError(f"blur: {path}: expected finite numbers (rows, columns), got shape {kernel.shape}")
    if abs(kernel.sum() - 1) > _KERNEL_SUM:
        raise RangeError(f"blur: {path}: its weights sum to {kernel.sum():.4g}, expected 1: divide it by its sum")
    return kernel


def _bicubic(image: Tensor, scale: int, sigma: float, *, seed: int) -> Tensor:
    return quantize(add_gaussian_noise(bicubic_resize(image, 1 / scale), sigma, seed=seed))


def _decimated(image: Tensor, scale: int, sigma: float, *, seed: int, std: float = 0.0) -> Tensor:
    return quantize(add_gaussian_noise(decimate(gaussian_blur(image, std), scale), sigma, seed=seed))


def _poisson_gaussian(image: Tensor, *, seed: int, photons: float = 100.0, read_255: float = 5.0) -> Tensor:
    return add_poisson_gaussian_noise(image, photons, read=read_255 / 255, seed=seed)


def _salt_and_pepper(image: Tensor, *, seed: int, density: float = 0.05) -> Tensor:
    return add_salt_and_pepper(image, density, seed=seed)


def _jpeg(image: Tensor, *, quality: int = 30) -> Tensor:
    return compress_jpeg(image, quality)


def _blur(image: Tensor, *, std: float = 1.6, kernel: str = "") -> Tensor:
    return convolve(image, kernel_in(kernel)) if kernel else gaussian_blur(image, std)


def _counting_sigma(photons: float, read_255: float) -> float:
    """The deviation at half of full intensity."""
    return math.hypot(math.sqrt(0.5 / photons), read_255 / 255) if photons > 0 else 0.0


def _impulse_sigma(density: float) -> float:
    """The deviation at half of full intensity, where 0 and 1 are both 0.5 away."""
    return 0.5 * math.sqrt(max(0.0, density))


def _checked(degradation: Degradation, found: object, whole: Tensor, scale: int) -> Tensor:
    """`found` in the dtype of `whole`, where it is an image of 1 / `scale` of its size; raises `ShapeError`."""
    name = f"degradation {degradation.name}"
    if not isinstance(found, Tensor):
        raise ShapeError(f"{name}: returned a {type(found).__name__}, expected a tensor like the image")
    expected = (*whole.shape[:-2], *(side // scale for side in whole.shape[-2:]))
    if tuple(found.shape) != expected:
        kept = f"1/{scale} of it in height and width" if degradation.reduces else "a degradation keeps the size"
        raise ShapeError(
            f"{name}: returned {tuple(found.shape)} of an image {tuple(whole.shape)}, expected {expected}: {kept}"
            + ("" if degradation.reduces else "; one that reduces has a parameter called scale")
        )
    if not found.is_floating_point() or not bool(found.isfinite().all()):
        raise RangeError(f"{name}: returned {found.dtype} with values that are no finite floats, expected [0, 1]")
    return found.to(whole)


def _read(degradation: Degradation, option: str, text: str) -> Option:
    """The value of an option as it is written, of the kind that the option has."""
    usual = degradation.options.get(option)
    try:
        if isinstance(usual, bool):
            return {"true": True, "false": False}[text]
        if isinstance(usual, int | float):
            return type(usual)(text)
        return str(json.loads(text)) if text.startswith('"') else text
    except (ValueError, KeyError):
        return text  # of the wrong kind, which is refused where options are completed


def _like(name: str, option: str, value: Option, usual: Option) -> Option:
    if isinstance(usual, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(usual):
        raise OptionError(f"degradation {name}: option {option} takes a {type(usual).__name__}, got {value!r}")
    return value


def _word(value: Option) -> Option:
    """A text with spaces or quotes in it as JSON writes it, so that it stays one word."""
    return json.dumps(value) if isinstance(value, str) and re.search(r'[\s"]|^$', value) else value


_DECIMATE = Degradation("decimate", _decimated, "every scale-th pixel of the image blurred by std pixels, in 8 bits")

BUILT_IN = (
    Degradation("awgn", add_gaussian_noise, "white Gaussian noise of the case's sigma, not clipped"),
    Degradation("bicubic", _bicubic, "reduced as by MATLAB's imresize, in 8 bits"),
    _DECIMATE,
    replace(
        _DECIMATE, name="decimate-registered", registered=True,
        summary="as decimate; what is made of it is moved to where the samples were taken before it is scored",
    ),
    Degradation(
        "poisson-gaussian", _poisson_gaussian,
        "a sensor's noise, not clipped: photons at full intensity are counted, noise of read_255 / 255 is added",
        told=_counting_sigma,
    ),
    Degradation(
        "salt-and-pepper", _salt_and_pepper, "a share of the values, density, becomes 0 or 1", told=_impulse_sigma
    ),
    Degradation("jpeg", _jpeg, "JPEG of that quality by Pillow, colour 4:2:0, in 8 bits"),
    Degradation("blur", _blur, "a Gaussian of std pixels, or the kernel in a .npy file; neither noise nor rounding"),
)  # fmt: skip
"""The degradations that come with the package; `blur-STD-decimate[-registered]` is `decimate std=STD`, too."""


def _made(name: str, found: object) -> Degradation:
    if isinstance(found, Degradation):
        return found
    if not callable(found) or isinstance(found, type):
        raise UnknownDegradationError(
            f"{name!r} is a {type(found).__name__}; expected a Degradation, or a function of the image"
        )
    return Degradation(name, found, (inspect.getdoc(found) or "").partition("\n")[0])


_DEGRADATIONS = Lookup("degradation", GROUP, {one.name: one for one in BUILT_IN}, _made, UnknownDegradationError)
