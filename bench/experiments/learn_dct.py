"""One threshold per frequency, learnt on some images and scored on others; and what else lifts the DCT denoiser.

The reference is the best single ratio, chosen on the very images that are scored. What is learnt here, thresholds for
uniform aggregation, is compared with the tables that come with this package (one step, two steps, two scales), with
their fixed counterparts, and with a learnt matrix in the DCT's place. Images to score are never those learnt
on, neither here nor by the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from bench.errors import SpecError
from bench.experiments.scene import Scene, middle, not_measured
from bench.plan.case import Case, Reading, options_text
from bench.plan.experiments import chosen
from restoration.catalog import get
from restoration.dct.denoise import dct_denoise
from restoration.dct.learn import TRAINING, Schedule, learn_thresholds
from restoration.degradation import add_gaussian_noise
from restoration.errors import RestorationError
from restoration.images import Picture, bundled_image
from restoration.method import Option, Setup, variant_of
from restoration.quality import psnr, quantize

SECONDS = 55
"""About how long it takes."""

CHANNELS = (1,)
"""Of the images it uses."""

DEFAULTS: Mapping[str, Option] = {"images": 7, "crop": 256, "steps": 400, "rate": 0.04, "others": True}
"""How many `images` are scored, the middle `crop` pixels of each; `steps` of learning and Adam's first step size
`rate`; `others`: also at 16 x 16 and sigma 15 and 50."""

RATIOS = tuple(round(2.3 + 0.05 * number, 2) for number in range(21))
"""Among which the best uniform one is chosen."""

VARIANTS: tuple[tuple[str, str, Mapping[str, Option]], ...] = (
    ("shipped thresholds", "dct-learnt", {}),
    ("adaptive", "dct", {"aggregation": "adaptive", "ratio": 2.6}),
    ("learnt weights", "dct-learnt-weighted", {}),
    ("two steps", "dct-wiener", {}),
    ("learnt two steps", "dct-learnt-wiener", {}),
    ("learnt two steps, two scales", "dct-learnt-multiscale", {}),
    ("learnt transform, two scales", "dct-learnt-transform", {}),
    ("learnt transform, two steps, two scales", "dct-learnt-transform-wiener", {}),
)
"""What the thresholds learnt here are compared with: part, method, options. A method whose blocks have a fixed size is
compared at 8 x 8 only."""

Denoise = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Task:
    """A block size and a noise level, with the images to score."""

    block_size: int
    sigma_255: float
    clean: tuple[Tensor, ...]
    seed: int

    @property
    def sigma(self) -> float:
        """In image units."""
        return self.sigma_255 / 255

    def score(self, denoise: Denoise) -> list[float]:
        """PSNR in dB of each image, noise seeded alike, result rounded to 8 bits."""
        with torch.inference_mode():
            noisy = [add_gaussian_noise(image, self.sigma, seed=self.seed + i) for i, image in enumerate(self.clean)]
            restored = [quantize(denoise(image[None])[0]) for image in noisy]
        return [psnr(image, truth) for image, truth in zip(restored, self.clean, strict=True)]


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """For each block size and sigma: mean PSNR by part, and the thresholds learnt."""
    option = chosen("learn-dct", options, DEFAULTS)
    training = [bundled_image(name, channels=1).pixels for name in TRAINING]
    for name, least in (("images", 1), ("crop", 16), ("steps", 1)):
        if int(option[name]) < least:
            raise SpecError(f"learn-dct: {name} must be {least} or more, got {option[name]}")
    scored = held_out(scene.gray, count=int(option["images"]), crop=int(option["crop"]))
    if not scored:
        raise SpecError(f"learn-dct: every grey image is one of those learnt on ({', '.join(TRAINING)}); name others")
    settings = [(8, 25.0), (8, 15.0), (8, 50.0), (16, 25.0), (16, 15.0), (16, 50.0)]
    for done, (block_size, sigma_255) in enumerate(settings if option["others"] else settings[:1]):
        task = Task(block_size, sigma_255, scored, scene.seed)
        case = Case(
            "experiment", "learn-dct", variant_of({"block_size": block_size}), options_text({"block_size": block_size}),
            "denoise", threads=scene.threads, sigma_255=sigma_255, degradation="awgn", seed=scene.seed,
        )  # fmt: skip
        schedule = Schedule(steps=int(option["steps"]), rate=float(option["rate"]), stride=max(1, block_size // 4))
        yield from ((case, reading) for reading in _readings(task, training, schedule))
        scene.progress((done + 1) / len(settings))


def held_out(pictures: tuple[Picture, ...], *, count: int, crop: int) -> tuple[Tensor, ...]:
    """The middle `crop` x `crop` pixels of the first `count` grey pictures that no table was learnt on."""
    unseen = [picture.pixels for picture in pictures if picture.name.rpartition("/")[2].split(".")[0] not in TRAINING]
    return tuple(middle(image, crop).contiguous() for image in unseen[:count])


def _readings(task: Task, training: list[Tensor], schedule: Schedule) -> Iterator[Reading]:
    prefix = f"{task.block_size}x{task.block_size} sigma {task.sigma_255:g}: "
    fixed = partial(dct_denoise, sigma=task.sigma, block_size=task.block_size)
    uniform = {ratio: task.score(partial(fixed, ratio=ratio)) for ratio in RATIOS}
    best = max(uniform, key=lambda ratio: _mean(uniform[ratio]))
    yield Reading("psnr_db", _mean(uniform[best]), "dB", part=prefix + "best uniform", note=f"ratio {best:g}")
    losses: list[float] = []
    try:
        learnt = learn_thresholds(
            training, task.sigma, block_size=task.block_size, schedule=schedule,
            progress=lambda _, loss: losses.append(loss),
        )  # fmt: skip
    except RestorationError as error:
        yield not_measured(error, part=prefix + "learnt")
        return
    yield from _scored(prefix + "learnt", task.score(partial(fixed, thresholds=learnt)), uniform[best])
    for number, ratio in enumerate(learnt.flatten().tolist()):
        yield Reading("threshold_over_sigma", ratio, part=prefix + "learnt", repeat=number)
    window = max(1, schedule.steps // 20)
    for number in range(len(losses) // window):
        loss = _mean(losses[number * window : (number + 1) * window])
        yield Reading("loss", loss, part=prefix + "learnt", repeat=number, note=f"mean of {window} steps")
    everything = task.block_size < 16 or task.sigma_255 == 25  # noqa: PLR2004 - two steps of 16 x 16 take long
    for part, name, options in VARIANTS if everything else VARIANTS[:1]:
        if task.block_size == 8 or "block_size" in get(name).options:  # noqa: PLR2004 - see VARIANTS
            yield from _variant(task, prefix + part, (name, options), uniform[best])


def _variant(
    task: Task, part: str, method: tuple[str, Mapping[str, Option]], reference: list[float]
) -> Iterator[Reading]:
    """PSNR, gain and operations of a named method; or why it failed."""
    found = get(method[0])
    size: Mapping[str, Option] = {"block_size": task.block_size} if "block_size" in found.options else {}
    setup = found.checked(Setup(sigma=task.sigma, options={**method[1], **size}))
    try:
        scores = task.score(found.build(setup))
    except RestorationError as error:
        yield not_measured(error, about=f"{found.name}: ", part=part)
        return
    note = f"{found.name} {variant_of(method[1])}"
    yield from (replace(reading, note=note) for reading in _scored(part, scores, reference))
    if found.macs_per_pixel:
        yield Reading("macs_per_pixel", found.macs_per_pixel(setup), "MAC/px", part=part, note=note)


def _scored(part: str, scores: list[float], reference: list[float]) -> Iterator[Reading]:
    """The mean PSNR, and what it is above the reference's on the same images."""
    yield Reading("psnr_db", _mean(scores), "dB", part=part)
    yield Reading("gain_db", _mean(scores) - _mean(reference), "dB", part=part)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
