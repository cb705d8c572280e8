"""What a person asks of a run, by command or from Python, and the `Plan` it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.talk import Say

if TYPE_CHECKING:
    from bench.plan.spec import Spec
    from bench.run.plan import Plan

RESULTS = Path("results")
"""Where run directories are made unless the user says otherwise."""

USUAL_TIMEOUT = 600.0
"""Seconds that one case may take unless the user says otherwise."""


@dataclass(frozen=True)
class Request:
    """A run as it was asked for."""

    spec: str
    """The name of a shipped spec, or the path of a TOML file."""
    methods: tuple[str, ...] = ()
    """Only these; those that the spec lacks are measured in the usual ways. Empty: those of the spec."""
    images: str | None = None
    """A folder, pattern, list file or standard set; None: the bundled images."""
    degraded: Path | None = None
    """A folder of the same images as they are to be restored."""
    overrides: Sequence[str] = ()
    """`name=value`, as after `--set`."""
    device: str | None = None
    """None: as the spec says."""
    elsewhere: bool = False
    """Whether a cluster takes the times, so that this machine needs no such device."""
    out: Path = RESULTS
    """Where run directories are made; with `resume`, the run itself."""
    resume: bool = False
    timeout: float = USUAL_TIMEOUT


def planned(request: Request, *, command: str, jobs: int, say: Say) -> Plan:
    """Checks the request and makes the run directory; says how long `jobs` processes will be at it.

    Raises `BenchError` and `RestorationError` for what cannot be measured as it was asked for.
    """
    from bench.measure.image_set import ImageSet
    from bench.plan.forecast import each_case, in_words, summed
    from bench.run.prepare import prepare

    spec, named = _asked(request)
    images = ImageSet(request.images, request.degraded)
    plan = prepare(
        spec, images=images, out=request.out, command=command, named=named, resume=request.resume, say=say
    )  # fmt: skip
    seconds = dict(each_case(plan.spec, plan.cases, images.pixels, jobs=jobs))
    say(in_words(summed(seconds.items())))
    return replace(plan, timeout=request.timeout, forecast=seconds)


def _asked(request: Request) -> tuple[Spec, tuple[str, ...]]:
    """The spec, and the methods that the user named: in the request, or in a spec of their own.

    Raises `ClockError` for a device that this machine would need and does not have.
    """
    from bench.machine.clock import clock_for
    from bench.plan.spec_files import read_spec, shipped

    images = ("all",) if request.images else ()
    spec = read_spec(request.spec, request.overrides, methods=request.methods, images=images)
    named = request.methods or (() if request.spec in shipped() else spec.methods())
    if request.device:
        spec = spec.on(request.device)
    if not request.elsewhere:
        clock_for(spec.device)
    return spec, named
