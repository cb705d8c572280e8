"""What a model file does, found by running it on small images: its channels, its scale, how it is told sigma.

It runs in a process of its own, since the programs that read such files end on a broken one as they like: with an
exception, a crash, or never.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from restoration.errors import CheckpointError
from restoration.runtimes.formats import FORMATS
from restoration.runtimes.program import Input, Program

_IMAGE = (64, 128)
"""Height and width of the first image tried: multiples of what networks halve and cut into windows."""

_SIGMA_NAMES = ("sigma", "noise_level", "noise_map", "noise", "level", "std")

_SCALES = range(1, 9)

_CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from restoration.runtimes.probe import write_answer; write_answer(*sys.argv[2:])"
)

_PATIENCE = 120
"""Seconds that a file may take."""

_FREE = -1
"""A side of sigma's array that is the image's."""


@dataclass(frozen=True)
class Facts:
    """How a model file is to be called."""

    channels: tuple[int, ...]
    scale: int
    multiple: int = 1
    """Sides of the image must be multiples of this."""
    size: tuple[int, int] | None = None
    """The only height and width that it takes."""
    sigma: tuple[int, ...] | None = None
    """The shape of the input that takes sigma, -1 for a side of the image; None where it has none."""
    sigma_first: bool = False
    """Whether that input comes before the image."""
    sigma_channel: bool = False
    """Whether it takes a map of sigma as the image's last channel."""


def probed(path: Path, channels: int = 0) -> Facts:
    """The facts of a model file, `channels` given where the file does not say them.

    Raises CheckpointError for a file that its runtime cannot read, or that does not restore an image.
    """
    with tempfile.TemporaryDirectory(prefix="restobench-") as folder:
        answer = Path(folder, "facts.json")
        asked = [json.dumps(sys.path), str(path), str(channels), str(answer)]
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter
                [sys.executable, "-c", _CHILD, *asked], capture_output=True, timeout=_PATIENCE, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise CheckpointError(f"{path}: not read within {_PATIENCE} s by {_runtime(path)}") from error
        if not answer.is_file():
            ended = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
            raise CheckpointError(
                f"{path}: {_runtime(path)} crashed on it ({ended}): cut short, of another kind, or of other channels"
            )
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise CheckpointError(f"{path}: {found['error']}")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
    return Facts(**values)


def facts_of(program: Program, channels: int = 0) -> Facts:
    """The facts of an opened model; raises CheckpointError in words that follow the file's name."""
    image, sigma, first = _parted(program)
    said = image.shape[1] if image.shape and len(image.shape) == 4 else None  # noqa: PLR2004 - (N, C, H, W)
    errors: list[str] = []
    works = []
    for count in (channels,) if channels else (said,) if said else (1, 3):
        for shape in _sigma_shapes(sigma):
            tried = Facts((count,), 1, size=_size(image), sigma=shape, sigma_first=first)
            size = _output(program, tried, tried.size or _IMAGE, errors)
            if size:
                works.append((tried, size))
                break
    if not works:
        raise CheckpointError(f"runs on no image of {channels or said or '1 or 3'} channels: {(errors or [''])[-1]}")
    found = [_settled(program, tried, output) for tried, output in works]
    if len({facts.scale for facts in found}) > 1:
        raise CheckpointError("gives another scale to grey images than to colour; say which: FILE:channels=1 or 3")
    return replace(found[0], channels=tuple(count for facts in found for count in facts.channels))


def _settled(program: Program, tried: Facts, output: tuple[int, ...]) -> Facts:
    """Scale, channels and multiple from what the model made of the first image."""
    height, width = tried.size or _IMAGE
    (count,), made = tried.channels, output[1]
    scale = output[2] // height
    if scale not in _SCALES or (output[2], output[3]) != (scale * height, scale * width):
        raise CheckpointError(
            f"makes {output[3]} x {output[2]} pixels of {width} x {height}; expected a whole multiple from 1 to 8"
        )
    if made not in {1, 3} or made not in {count, count - 1}:
        raise CheckpointError(f"turns {count} channels into {made}; expected 1 or 3, and as many as come in")
    facts = replace(tried, channels=(made,), scale=scale, sigma_channel=made == count - 1)
    if facts.size:
        return facts
    for multiple in (step for step in (1, 2, 4, 8, 16, 32, 64) if step % program.multiple == 0):
        sides = (multiple * 3, multiple * 5) if multiple > 8 else (multiple * 9, multiple * 11)  # noqa: PLR2004 - a small image
        found = _output(program, tried, sides, [])
        if found and found[2:] == (scale * sides[0], scale * sides[1]):
            return replace(facts, multiple=multiple)
    return replace(facts, multiple=64)


def arrays_for(facts: Facts, image: torch.Tensor, sigma: float) -> list[torch.Tensor]:
    """What goes into the model for one image (1, C, H, W), in the order of its inputs."""
    if facts.sigma_channel:
        return [torch.cat((image, torch.full_like(image[:, :1], sigma)), 1)]
    if facts.sigma is None:
        return [image]
    height, width = image.shape[-2:]
    shape = [
        side if side != _FREE else (height if place == 2 else width)  # noqa: PLR2004 - (N, C, H, W)
        for place, side in enumerate(facts.sigma)
    ]
    level = torch.full(shape, sigma)
    return [level, image] if facts.sigma_first else [image, level]


def _parted(program: Program) -> tuple[Input, Input | None, bool]:
    """The input for the image, the one for sigma, and whether that one comes first."""
    match program.inputs:
        case (image,):
            return image, None, False
        case (first, second) if first.name.lower() in _SIGMA_NAMES:
            return second, first, True
        case (first, second):
            return first, second, False
    names = ", ".join(entry.name for entry in program.inputs)
    raise CheckpointError(
        f"takes {len(program.inputs)} inputs ({names[:200]}); expected an image, or an image and sigma"
    )


def _sigma_shapes(entry: Input | None) -> Iterator[tuple[int, ...] | None]:
    """The shapes in which sigma can be given, the likeliest first."""
    if entry is None:
        yield None
    elif entry.shape is None:
        yield from ((1, 1, 1, 1), (1,), (), (1, 1, _FREE, _FREE))
    else:
        alone = tuple(side or 1 for side in entry.shape)
        free = len(entry.shape) == 4 and None in entry.shape[2:]  # noqa: PLR2004 - (N, C, H, W)
        yield from ((*alone[:2], _FREE, _FREE), alone) if free else (alone,)


def _size(image: Input) -> tuple[int, int] | None:
    """The only height and width that an input takes, where it takes but one."""
    sides = image.shape[2:] if image.shape and len(image.shape) == 4 else ()  # noqa: PLR2004 - (N, C, H, W)
    match sides:
        case (int() as height, int() as width):
            return height, width
    return None


def _output(program: Program, facts: Facts, size: tuple[int, int], errors: list[str]) -> tuple[int, ...] | None:
    """The shape that comes out for an image of this size; None, and why, where nothing does."""
    (count,) = facts.channels
    image = torch.linspace(0.2, 0.8, count * size[0] * size[1]).reshape(1, count, *size)
    try:
        with torch.inference_mode():
            found = program.run(arrays_for(facts, image, 0.1))
    except Exception as error:  # noqa: BLE001 - each runtime has its own exceptions
        errors.append(" ".join(f"{type(error).__name__}: {error}".split())[:200])
        return None
    if found.ndim != 4:  # noqa: PLR2004 - (N, C, H, W)
        errors.append(f"it gave shape {tuple(found.shape)}, expected (N, C, H, W)")
        return None
    if not torch.isfinite(found).all():
        errors.append("it gave values that are no numbers")
        return None
    return tuple(found.shape)


def _runtime(path: Path) -> str:
    return FORMATS[path.suffix].runtime


def _answer(path: Path, channels: int) -> dict[str, object]:
    """What the child found, or the error that it met."""
    chosen = FORMATS[path.suffix]
    try:
        program = chosen.opened(path, 1)
    except CheckpointError as error:
        return {"error": str(error).removeprefix(f"{path}: ")}
    except Exception as error:  # noqa: BLE001 - each runtime has its own exceptions for a file that it cannot read
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return {"error": f"cut short, or of another kind; {chosen.runtime} says: {said}"}
    if path.suffix == ".param" and not channels and not (program.inputs[0].shape or (0, 0))[1]:
        return {"error": f"does not say how many channels it takes; say it: {path}:channels=1 or {path}:channels=3"}
    try:
        return asdict(facts_of(program, channels))
    except CheckpointError as error:
        return {"error": str(error)}


def write_answer(path: str, channels: str, target: str) -> None:
    """The child's part: writes what it found, or the error that it met, to the file `target`."""
    Path(target).write_text(json.dumps(_answer(Path(path), int(channels))), encoding="utf-8")
