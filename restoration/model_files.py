"""Methods from model files by their path, each run by its format's own program.

What the file does not say is found by running it (see `restoration.runtimes.probe`). A name may end in `:channels=3`,
for a file that cannot be asked how many it takes.
"""

from __future__ import annotations

from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from restoration.errors import CheckpointError, PackageMissingError, ShapeError
from restoration.method import Method, Restore, Setup
from restoration.runtimes.formats import FORMATS
from restoration.runtimes.probe import Facts, arrays_for, probed

_GIVEN = ":channels="


def method_of(name: str) -> Method:
    """The method that the model file at a path is.

    Raises CheckpointError for a file that is missing, broken or restores no images, and PackageMissingError where the
    program that runs it is not installed.
    """
    place, _, channels = name.partition(_GIVEN)
    if _GIVEN in name and channels not in {"1", "3"}:
        raise CheckpointError(f"{name}: channels must be 1 or 3, got {channels!r}")
    path = Path(place)
    chosen = FORMATS[path.suffix]
    for file in filter(None, (path, path.with_suffix(chosen.beside) if chosen.beside else None)):
        if not file.is_file():
            raise CheckpointError(f"{place}: no file {file}; expected a model of {chosen.runtime}")
    if find_spec(chosen.package) is None:
        raise PackageMissingError(f"{place}: needs {chosen.package}: pip install 'restobench[peers]'")
    return _method_of(name, path, int(channels or 0), path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _method_of(name: str, path: Path, channels: int, _changed: int) -> Method:
    facts, chosen = probed(path, channels), FORMATS[path.suffix]
    told = facts.sigma is not None or facts.sigma_channel
    sigma = "" if facts.scale > 1 and not told else ", told sigma" if told else ", not told sigma"
    return Method(
        name=name,
        task="upscale" if facts.scale > 1 else "denoise",
        build=partial(_build, path, facts),
        summary=f"{path.name} by {chosen.runtime}{f', x{facts.scale}' if facts.scale > 1 else ''}{sigma}",
        channels=facts.channels,
        scales=(facts.scale,),
        devices=("cpu",),
    )


def _build(path: Path, facts: Facts, setup: Setup) -> Restore:
    """The model in this process, called with one image after the other."""
    program = FORMATS[path.suffix].opened(path, setup.threads)

    def one(image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        if facts.size and (height, width) != facts.size:
            raise ShapeError(
                f"{path}: takes images of {facts.size[1]} x {facts.size[0]} pixels only, got {width} x {height}; "
                "write it again with height and width left free"
            )
        whole = _padded(image, facts.multiple)
        restored = program.run(arrays_for(facts, whole, setup.sigma))
        return restored[..., : facts.scale * height, : facts.scale * width]

    def restore(degraded: Tensor) -> Tensor:
        with torch.inference_mode():
            return torch.cat([one(image[None].float()) for image in degraded]).to(degraded.dtype)

    return restore


def _padded(image: Tensor, multiple: int) -> Tensor:
    """The image continued below and on the right to multiples of `multiple`: mirrored where it is large enough."""
    height, width = image.shape[-2:]
    right, bottom = -width % multiple, -height % multiple
    if not (right or bottom):
        return image
    return functional.pad(image, (0, right, 0, bottom), "reflect" if right < width and bottom < height else "replicate")
