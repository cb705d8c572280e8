"""What a narrower precision buys a network and what it costs: time beside decibels, in each runtime that has it.

Every network restores the same degraded images by each runtime in each precision that the runtime computes in; all of
them are timed in turn. Decibels are lost beside the network in float32 by torch, as published; PSNR over all channels,
neither clipped nor rounded. int8 is static quantisation, calibrated on pictures that are none of the images that are
scored (see `restoration.runtimes.calibration`). A precision that the processor has no instructions for is emulated, and
said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch

from bench.experiments.scene import Scene, degraded_middle, network_case, not_measured
from bench.machine.clock import clock_for
from bench.machine.instructions import emulated, instruction_sets
from bench.measure.calls import back_and_forth, seconds_per_call
from bench.plan.case import Case, Reading, options_text
from bench.plan.experiments import chosen
from bench.record.attempt import SKIPPED
from restoration.catalog import get
from restoration.errors import OptionError, PackageMissingError, RestorationError
from restoration.images import Picture
from restoration.method import Method, Option, Restore, Setup
from restoration.quality import psnr
from restoration.runtimes.calibration import CALIBRATION

SECONDS = 120
"""About how long it takes."""

CHANNELS = (1, 3)
"""Of the images it uses."""

TIMED = True

DEFAULTS: Mapping[str, Option] = {
    "networks": "ffdnet,rdn-psnr-small", "runtimes": "torch,onnxruntime,openvino",
    "precisions": "float32,float16,bfloat16,int8", "side": 128, "images": 3, "rounds": 4, "sigma_255": 25.0,
}  # fmt: skip
"""`networks`, `runtimes`, `precisions`: names, by commas. `side`: of the restored image, in pixels. `images`: how many,
from the first, each restored `rounds` times for its time. `sigma_255`: the noise for denoisers."""

REFERENCE = "published"
"""The way that the others lose decibels beside."""


@dataclass(frozen=True)
class Way:
    """A runtime and a precision."""

    runtime: str
    precision: str

    @property
    def part(self) -> str:
        """As the readings name it."""
        return f"{self.runtime} {self.precision}"

    def setup(self, setup: Setup) -> Setup:
        """`setup` with this way's options."""
        return replace(setup, options={**setup.options, "runtime": self.runtime, "precision": self.precision})


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Readings of each network, the runtime and the precision as `part`; each image's are numbered by `repeat`."""
    option = chosen("precision", options, DEFAULTS)
    networks, runtimes, precisions = (_names(option[name]) for name in ("networks", "runtimes", "precisions"))
    ways = [Way(runtime, precision) for runtime in runtimes for precision in precisions]
    for done, name in enumerate(networks):
        case = Case("experiment", "precision", name, options_text({}), device=scene.device, threads=scene.threads,
                    seed=scene.seed)  # fmt: skip
        try:
            method = get(name)
            case = _case(case, method, float(option["sigma_255"]))
            published = method.build(method.checked(Way("plain", "float32").setup(case.setup())))
        except RestorationError as error:
            yield case, not_measured(error, about=f"{name}: ")
            continue
        if "int8" in precisions:
            yield case, Reading("calibrated_on", len(CALIBRATION), part="int8", note=", ".join(CALIBRATION))
        pictures = (scene.gray if case.channels == 1 else scene.color)[: int(option["images"])]
        restorers = {REFERENCE: published}
        for way in ways:
            found = _ready(method, case, way, pictures[0], int(option["side"]))
            if isinstance(found, Reading):
                yield case, found
                continue
            restorers[way.part] = found
            if emulated(way.precision, case.device, instruction_sets()):
                yield case, Reading("emulated", 1, part=way.part, note=f"no instructions for {way.precision}")
        for count, picture in enumerate(pictures):
            shown = replace(case, image=picture.name)
            yield from _compared(shown, restorers, picture, option, count)
            scene.progress((done + (count + 1) / len(pictures)) / len(networks))


def _names(value: Option) -> list[str]:
    return [name.strip() for name in str(value).split(",")]


def _case(case: Case, method: Method, sigma_255: float) -> Case:
    """The case of a network; raises OptionError for one whose quality means nothing or that is of one precision."""
    made = network_case(case, method, sigma_255, changes="a precision changes")
    if not {"runtime", "precision"} <= set(method.options):
        raise OptionError("expected a network with the options runtime and precision")
    return made


def _ready(method: Method, case: Case, way: Way, picture: Picture, side: int) -> Restore | Reading:
    """The network that way, once it has restored an image; or why it cannot."""
    setup = way.setup(case.setup())
    try:
        if method.lacking and (lacks := method.lacking(setup)):
            return not_measured(PackageMissingError(lacks), part=way.part)
        restore = method.build(method.checked(setup))
        with torch.inference_mode():
            restore(degraded_middle(case, picture, side // case.scale)[1])
    except OptionError as error:  # the runtime does not have that precision, here or at all
        return Reading(SKIPPED, None, part=way.part, note=str(error))
    except RestorationError as error:
        return not_measured(error, part=way.part)
    return restore


def _compared(
    case: Case, restorers: Mapping[str, Restore], picture: Picture, option: Mapping[str, Option], count: int
) -> Iterator[tuple[Case, Reading]]:
    """The readings of one image; the result that is scored warms up what is timed."""
    clean, shown = degraded_middle(case, picture, int(option["side"]) // case.scale)
    case = replace(case, height=clean.shape[1], width=clean.shape[2])
    clock, rounds = clock_for(case.device), int(option["rounds"])
    with torch.inference_mode():
        for part, restore in restorers.items():
            yield case, Reading("psnr_db", psnr(restore(shown)[0].cpu(), clean), "dB", part=part, repeat=count)
        calls = [partial(seconds_per_call, partial(restore, shown), clock) for restore in restorers.values()]
        for turn in range(rounds):
            for part, seconds in zip(restorers, back_and_forth(calls, turn), strict=True):
                yield case, Reading("seconds", seconds, "s", "measure", part, count * rounds + turn)
