"""What tiles cost: networks on the whole image, in exact tiles, and in the overlapping tiles that people use.

A tile is read with some pixels around it, its overlap; where that is less than the network sees, the result differs
from the whole image's. Exact tiles are the network's own, by its option `tile`: they are read with all that an output
pixel sees. Each network restores the same degraded images in all of these ways. Said of each way: its PSNR over all
channels, neither clipped nor rounded; `seam_255`, the height of the seams; seconds, taken in turn; and the most bytes
of tensors and arrays alive at once.

The height of the seams is in 1/255 of white. Of two neighbouring pixels on two sides of a border between tiles, it is
by how much the step from one to the other differs from the same step in the whole image's result; the mean over all
such pairs and channels, and beside it the largest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench.errors import SpecError
from bench.experiments.scene import Scene, degraded_middle, network_case, not_measured
from bench.machine.clock import clock_for
from bench.measure.memory import alive_at_once
from bench.plan.case import Case, Reading, options_text
from bench.plan.experiments import chosen
from restoration.catalog import get
from restoration.errors import OptionError, RestorationError
from restoration.images import Picture
from restoration.method import Method, Option, Restore
from restoration.quality import psnr
from restoration.tiles import Geometry, tiled

SECONDS = 90
"""About how long it takes."""

CHANNELS = (1, 3)
"""Of the images it uses."""

TIMED = True

DEFAULTS: Mapping[str, Option] = {
    "networks": "ffdnet,rdn-psnr-small", "tile": 64, "overlaps": "0,8,10,16,32", "side": 192, "images": 3,
    "sigma_255": 25.0,
}  # fmt: skip
"""`networks`: methods, by commas. `tile`: the side of a tile, and `overlaps`: how far beyond it is read, in pixels of
the degraded image; `side` is that image's. `images`: how many, from the first. `sigma_255`: the noise for denoisers."""

WHOLE, EXACT = "whole", "exact"


@dataclass(frozen=True)
class Cut:
    """How images are cut."""

    tile: int
    overlaps: tuple[int, ...]
    side: int

    @classmethod
    def chosen(cls, options: Mapping[str, Option]) -> Cut:
        """As the options say; raises SpecError for what is no cut of the image."""
        tile, side = int(options["tile"]), int(options["side"])
        if not 0 < tile < side:
            raise SpecError(f"experiment tiles: tile must be from 1 to side - 1, got tile={tile} and side={side}")
        words = [word.strip() for word in str(options["overlaps"]).split(",")]
        if not all(word.isascii() and word.isdigit() for word in words):
            raise SpecError(
                f"experiment tiles: overlaps are whole numbers of 0 or more by commas, got {options['overlaps']!r}"
            )
        return cls(tile, tuple(dict.fromkeys(map(int, words))), side)


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Readings of each network and way to cut, the way as `part`; each image's are numbered by `repeat`."""
    option = chosen("tiles", options, DEFAULTS)
    cut, networks = Cut.chosen(option), [name.strip() for name in str(option["networks"]).split(",")]
    for done, name in enumerate(networks):
        case = Case("experiment", "tiles", name, options_text({}), device=scene.device, threads=scene.threads,
                    seed=scene.seed)  # fmt: skip
        try:
            method = get(name)
            case = _case(case, method, float(option["sigma_255"]))
            ways = _ways(method, case, cut)
        except RestorationError as error:
            yield case, not_measured(error, about=f"{name}: ")
            continue
        pictures = (scene.gray if case.channels == 1 else scene.color)[: int(option["images"])]
        yield case, Reading("tile_pixels", cut.tile, "px")
        for count, picture in enumerate(pictures):
            yield from _compared(replace(case, image=picture.name), ways, picture, cut, count)
            scene.progress((done + (count + 1) / len(pictures)) / len(networks))


def seam_steps(restored: Tensor, whole: Tensor, step: int) -> Tensor:
    """By how much the steps across borders every `step` pixels differ from those of `whole`; images (..., H, W)."""
    difference = restored - whole
    rows, columns = difference.diff(dim=-2), difference.diff(dim=-1)
    return torch.cat((rows[..., step - 1 :: step, :].abs().flatten(), columns[..., step - 1 :: step].abs().flatten()))


def _case(case: Case, method: Method, sigma_255: float) -> Case:
    """The case of a network; raises OptionError for one whose quality means nothing or that cannot cut images."""
    made = network_case(case, method, sigma_255, changes="tiles change")
    if "tile" not in method.options:
        raise OptionError("expected a network with an option tile, which cuts images exactly")
    return made


def _ways(method: Method, case: Case, cut: Cut) -> dict[str, Restore]:
    """The network on the whole image, exact, and with each overlap."""
    setup = case.setup()
    whole = method.build(method.checked(setup))
    exact = method.build(method.checked(replace(setup, options={**setup.options, "tile": cut.tile})))
    return {WHOLE: whole, EXACT: exact, **{f"overlap {far}": _cutting(whole, far, cut, case) for far in cut.overlaps}}


def _cutting(whole: Restore, overlap: int, cut: Cut, case: Case) -> Restore:
    geometry = Geometry(overlap, scale=case.scale)
    return lambda degraded: tiled(whole, degraded, geometry, tile=cut.tile)


def _compared(
    case: Case, ways: Mapping[str, Restore], picture: Picture, cut: Cut, count: int
) -> Iterator[tuple[Case, Reading]]:
    """The readings of one image; of the first one also the memory, which warms up what is timed."""
    clean, shown = degraded_middle(case, picture, cut.side)
    case = replace(case, height=clean.shape[1], width=clean.shape[2])
    clock = clock_for(case.device)
    with torch.inference_mode():
        if count == 0:
            for way, restore in ways.items():
                yield case, Reading("alive_bytes", alive_at_once(restore, shown), "B", part=way)
        results = {}
        for way in list(ways)[:: 1 if count % 2 else -1]:
            begin = clock()
            results[way] = ways[way](shown)[0]
            yield case, Reading("seconds", clock() - begin, "s", "measure", way, count)
    results = {way: restored.cpu() for way, restored in results.items()}
    for way, restored in results.items():
        yield case, Reading("psnr_db", psnr(restored, clean), "dB", part=way, repeat=count)
        steps = 255 * seam_steps(restored, results[WHOLE], case.scale * cut.tile)
        if way != WHOLE and steps.numel():
            yield case, Reading("seam_255", float(steps.mean()), "1/255", part=way, repeat=count)
            yield case, Reading("largest_seam_255", float(steps.max()), "1/255", part=way, repeat=count)
