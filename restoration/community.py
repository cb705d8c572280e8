"""Methods from checkpoints by their path: the file's keys and shapes say which network it holds.

FFDNet and RDN are this package's own; every other network is recognised by `restoration.checkpoints.spandrel`. Files
are read by `restoration.checkpoints.state`, which runs nothing that they contain.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from restoration import ffdnet, model_files, rdn
from restoration.checkpoints.spandrel import Recognised, recognised
from restoration.checkpoints.state import State, read_state
from restoration.errors import CheckpointError
from restoration.method import Agreement, Method, Restore, Setup
from restoration.runtimes import choice
from restoration.runtimes.torch_files import is_script

Named = Callable[[str], Method]
"""A built-in method by its name."""


def method_of(path: str, named: Named) -> Method:
    """The method that the checkpoint at `path` is; its task, scale, channels and options follow from the file.

    FFDNet and RDN are the methods `named` so, with other weights; a TorchScript archive is a model
    file. Raises CheckpointError for a file that is missing,
    broken, unsafe or of no known network, and PackageMissingError where only spandrel can know it and is not installed.
    """
    place = path.partition(":channels=")[0]
    if place.endswith(".pt") and is_script(Path(place)):
        return model_files.method_of(path)
    return _method_of(path, named, *_identity(path))


def _identity(path: str) -> tuple[int, int]:
    """What changes when the file does."""
    try:
        found = Path(path).stat()
    except OSError as error:
        raise CheckpointError(f"{path}: no such file that can be read; expected a checkpoint") from error
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=32)
def _method_of(path: str, named: Named, _changed: int, _size: int) -> Method:
    state = read_state(Path(path))
    with suppress(CheckpointError):
        network = ffdnet.network_of(state, path)
        return _own(named("ffdnet"), path, channels=network.architecture.channels, scale=1)
    with suppress(CheckpointError):
        found = rdn.network_of(state, path).architecture
        return _own(named("rdn-psnr-small"), path, channels=found.channels, scale=found.scale)
    return _as_spandrel(path, state)


def _own(record: Method, path: str, *, channels: int, scale: int) -> Method:
    """A built-in method with another checkpoint."""
    return replace(
        record,
        name=path,
        title="",
        summary=f"{record.name} with the weights in {Path(path).name}",
        options={**record.options, "checkpoint": path},
        channels=(channels,),
        scales=(scale,),
        same_as=Agreement(path, 1e-5, {"runtime": "plain"}),
        weights=None,
        licence="",
    )


def _as_spandrel(path: str, state: State) -> Method:
    descriptor = recognised(path, state)
    channels, scale = descriptor.input_channels, descriptor.scale
    if descriptor.purpose not in {"SR", "Restoration"} or channels != descriptor.output_channels:
        raise CheckpointError(
            f"{path}: {descriptor.architecture.name} for {descriptor.purpose}, {channels} channels to "
            f"{descriptor.output_channels}; expected a network that restores images"
        )
    size = sum(parameter.numel() for parameter in descriptor.model.parameters())
    return Method(
        name=path,
        task="upscale" if scale > 1 else "denoise",
        build=partial(_build, path),
        summary=" ".join([descriptor.architecture.name, *descriptor.tags, "from", Path(path).name]),
        options={"runtime": "plain", "precision": ""},
        channels=(channels,),
        scales=(scale,),
        dtypes=("float32", "bfloat16") if descriptor.supports_bfloat16 else ("float32",),
        parameters=lambda _: size,
        requires=("spandrel",),
        extra="community",
        lacking=choice.lacking,
    )


def _build(path: str, setup: Setup) -> Restore:
    return choice.whole(Recognised(recognised(path, read_state(Path(path))), setup.sigma), setup)
