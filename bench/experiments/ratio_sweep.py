"""What sharing one forward transform over many threshold ratios saves: timed in turn with one dense call per ratio."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import torch
from torch import Tensor

from bench.experiments.scene import Scene
from bench.machine.clock import clock_for
from bench.measure.calls import seconds_per_call
from bench.plan.case import Case, Reading, options_text
from bench.plan.experiments import chosen
from restoration.catalog import get
from restoration.degradation import add_gaussian_noise
from restoration.images import bundled_image
from restoration.method import Option, Setup

SECONDS = 43
"""About how long it takes."""

TIMED = True

RATIOS = tuple(round(1.5 + 0.1 * step, 1) for step in range(26))
"""1.5 to 4.0: the grid on which the best ratio is looked for."""

SIDE = 512

DEFAULTS: Mapping[str, Option] = {"block_size": 8, "blocks": 5}


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Seconds of 26 ratios at sigma 25 on 512 x 512 grey pixels: `shared`, and `dense` one by one; `difference_255`.

    `blocks` is how often each is timed, in turn.
    """
    asked = chosen("ratio-sweep", options, DEFAULTS)
    size, blocks = int(asked["block_size"]), int(asked["blocks"])
    case = Case(
        "experiment", "ratio-sweep", options=options_text({"block_size": size}), height=SIDE, width=SIDE,
        threads=scene.threads, sigma_255=25.0,
    )  # fmt: skip
    noisy = _noisy(scene)
    ways = {"dense": _one_by_one(size, scene.threads), "shared": _shared(size, scene.threads)}
    with torch.inference_mode():
        outputs = {name: way(noisy) for name, way in ways.items()}  # also warms both up
        worst = max((dense - shared).abs().max().item() for dense, shared in zip(*outputs.values(), strict=True))
        yield case, Reading("difference_255", 255 * worst, "1/255")
        del outputs
        clock = clock_for("cpu")
        for block in range(blocks):
            for name, way in list(ways.items())[:: 1 if block % 2 else -1]:
                seconds = seconds_per_call(partial(way, noisy), clock)
                yield case, Reading("seconds", seconds, "s", "measure", name, block, "26 ratios")
                scene.progress((block + 1) / blocks)


Sweep = Callable[[Tensor], list[Tensor]]


def _one_by_one(size: int, threads: int) -> Sweep:
    method = get("dct")
    restores = [
        method.build(method.checked(_setup(threads, {"block_size": size, "ratio": ratio, "engine": "dense"})))
        for ratio in RATIOS
    ]
    return lambda noisy: [restore(noisy) for restore in restores]


def _shared(size: int, threads: int) -> Sweep:
    method = get("dct")
    assert method.shared  # noqa: S101 - the built-in record has it
    restore = method.shared.build(method.checked(_setup(threads, {"block_size": size})), RATIOS)
    return lambda noisy: list(restore(noisy))


def _setup(threads: int, options: Mapping[str, Option]) -> Setup:
    return Setup(sigma=25 / 255, threads=threads, options=options)


def _noisy(scene: Scene) -> Tensor:
    clean = bundled_image("camera", channels=1).pixels[:, :SIDE, :SIDE]
    return add_gaussian_noise(clean, 25 / 255, seed=scene.seed)[None]
