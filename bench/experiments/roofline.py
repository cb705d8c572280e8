"""How near each method comes to what this machine's arithmetic and memory allow (see `bench.measure.roofline`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.experiments.scene import Scene
from bench.machine.threads import fix_threads
from bench.measure.roofline import LOADS, Place, measured_place, probe
from bench.plan.case import Case, Reading, options_text
from bench.plan.experiments import chosen
from restoration.method import Option, variant_of

SECONDS = 12
"""About how long it takes."""

TIMED = True

DEFAULTS: Mapping[str, Option] = {"size": 512}
"""Side of the images, in pixels."""


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Probes the machine and places the usual methods, on squares of side `size`.

    `flops_per_second` by dtype and kernel (its note), `bytes_per_second` with `working_set_bytes` (part `bandwidth`,
    numbered by repeat); then for each method, as part, `intensity_flops_per_byte`, `flops_per_second_reached`,
    `attainable_flops_per_second` and `roofline_share`, whose note says so where it is above 1.
    """
    asked = chosen("roofline", options, DEFAULTS)
    fix_threads(scene.threads)
    own = Case("experiment", "roofline", device=scene.device, threads=scene.threads)
    roof = probe(scene.device)
    scene.progress(0.5)
    for number, kernel in enumerate(roof.kernels):
        speed = kernel.flops_per_second
        yield own, Reading("flops_per_second", speed, "FLOP/s", part=kernel.dtype, repeat=number, note=kernel.name)
    for number, (size, speed) in enumerate(sorted(roof.bandwidths.items())):
        yield own, Reading("working_set_bytes", size, "B", part="bandwidth", repeat=number)
        yield own, Reading("bytes_per_second", speed, "B/s", part="bandwidth", repeat=number)
    for case in usual_cases(int(asked["size"]), scene.threads, scene.device):
        for reading in place_readings(measured_place(case, roof)):
            yield own, reading


def usual_cases(size: int, threads: int, device: str) -> Iterator[Case]:
    """What the experiment places: on a CPU the DCT and a network, each computed directly and by its fast algorithm.

    Elsewhere, where both are computed directly, the network in each dtype that is probed.
    """
    shapes: list[tuple[str, Mapping[str, Option], str]] = [
        ("dct", {"engine": "dense"}, "float32"),
        ("dct", {}, "float32"),
        ("dct", {"block_size": 16}, "float32"),
    ]
    if device == "cpu":
        shapes += [("ffdnet", {"runtime": "torch"}, "float32"), ("ffdnet", {}, "float32")]
    else:
        shapes += [("ffdnet", {}, dtype) for dtype in LOADS["cuda"].dtypes]
    for method, taken, dtype in shapes:
        yield Case(
            "experiment", method, variant_of(taken), options_text(taken), "denoise",
            height=size, width=size, device=device, dtype=dtype, threads=threads, sigma_255=25.0,
        )  # fmt: skip


def place_readings(found: Place) -> Iterator[Reading]:
    """One method under the roof, as readings."""
    dtype = "" if found.case.dtype == "float32" else f" {found.case.dtype}"
    part = f"{found.case.method} {found.case.variant}{dtype}"
    yield Reading("intensity_flops_per_byte", found.flops_per_byte, "FLOP/B", part=part)
    yield Reading("flops_per_second_reached", found.flops_per_second, "FLOP/s", part=part)
    yield Reading("attainable_flops_per_second", found.attainable, "FLOP/s", part=part)
    yield Reading("roofline_share", found.share, "1", part=part, note=found.verdict)
