"""Operations per output pixel by four counters, each with its residue in words; activations, bytes and intensity.

A multiply-accumulate is 2 FLOPs, and is what a source means that calls a multiply-add one operation. All figures are
per output pixel of an image without end: what the border adds or saves is taken off and named, so that figures do not
depend on the size at which they were counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.measure.operators import FVCORE_MULTIPLY_ADDS, Sight, modules_of, run, seen_by_fvcore, seen_by_torch
from bench.plan.case import Case, Reading
from restoration.catalog import get
from restoration.errors import RestorationError
from restoration.method import Method, Restore, Setup

MACS = "macs_per_pixel"
UNIT = "MAC/px"

_MULTIPLES = ((1, 1), (2, 1), (1, 2), (2, 2))
"""The sizes at which is counted, in multiples of the smallest: what four unknowns need."""

_CHECK = (1, 3)
"""One size more, to see whether the four hold."""

_CLOSE = 1e-6
"""Relative; two counts nearer than this are the same count."""

_SMALLEST = 32  # pixels: the largest DCT block, and enough for a network's borders to lie apart

Size = tuple[int, int]
"""Height and width of an output image."""


@dataclass(frozen=True)
class SizeLaw:
    """How a count grows with an image: `area` x height x width + `rows` x height + `columns` x width + `constant`.

    So does every count of work done alike at each place of a grid: the area term is the work per pixel, the other
    three are the border's. `exact` tells whether the samples lie on it; what grows faster (attention) does not.
    """

    area: float
    rows: float
    columns: float
    constant: float
    exact: bool = True

    @classmethod
    def through(cls, samples: Mapping[Size, float]) -> SizeLaw:
        """The law through samples at four multiples of the smallest size, checked at a fifth where there is one."""
        height, width = min(samples)
        one, tall, wide, four = (samples[height * y, width * x] for y, x in _MULTIPLES)
        area = four - tall - wide + one
        rows, columns = tall - one - area, wide - one - area
        law = cls(area / (height * width), rows / height, columns / width, one - area - rows - columns)
        check = (height * _CHECK[0], width * _CHECK[1])
        known = samples.get(check, law.at(*check))
        return replace(law, exact=math.isclose(law.at(*check), known, rel_tol=1e-9, abs_tol=0.5))

    def at(self, height: int, width: int) -> float:
        """The count for an image of `height` x `width`."""
        return self.area * height * width + self.rows * height + self.columns * width + self.constant


@dataclass(frozen=True)
class View:
    """What one counter saw of a method."""

    counter: str
    macs: Mapping[Size, Counter[str]]
    """Multiply-accumulates by operator, at each size."""
    unknown: Counter[str]
    """Calls of operators for which it has no count."""
    refusal: str = ""
    """Why it could not follow; `macs` is empty then."""


@dataclass(frozen=True)
class Counted:
    """One built method as it was counted at five sizes."""

    torch: View
    fvcore: View
    sights: Mapping[Size, Sight]
    parameters: int
    parameter_bytes: int
    image_bytes: float
    """Of the degraded and the restored image together, per output pixel."""


def count_case(case: Case) -> tuple[Reading, ...]:
    """All readings of a cost case."""
    return count(get(case.method), case.setup(), height=case.height, width=case.width)


def count(method: Method, setup: Setup, *, height: int, width: int) -> tuple[Reading, ...]:
    """All readings of a cost case for output images of `height` x `width`.

    `macs_per_pixel` by `closed_form`, `parameters` (the estimate "operations = parameters"), `fvcore` and `torch`;
    where a method knows several algorithms, `macs_by_algorithm` of each and `executed_macs_per_pixel` of the one that
    runs; `parameters`, `activations_per_pixel`,
    `bytes_per_pixel` (a lower bound: image in, image out and weights once; part `operators`: each multiplying
    operator's operands once) and `intensity_macs_per_byte`. A counter that saw nothing has value None and says why;
    where a runtime works outside torch that the network chose itself, both count the layers as published, and say so.
    Raises `BenchError` where the method cannot be called as a restorer, and what `Method.checked` raises.
    """
    setup = method.checked(setup)
    closed = method.macs_per_pixel(setup) if method.macs_per_pixel else None
    note = ""
    try:
        restore, note = _to_be_seen(method, setup)
        counted = _counted(method, setup, restore)
    except RestorationError as error:  # weights or a package missing: the closed form needs neither
        counted = None
        refusal = f"not counted: {error}"
    unknown = "no closed form is known" if closed is None else ""
    readings = [Reading(MACS, closed, UNIT, part="closed_form", note=unknown), *_by_algorithm(method, setup)]
    if counted is None:
        parameters = method.parameters(setup) if method.parameters else 0
        missing = [Reading(MACS, None, UNIT, part=part, note=refusal) for part in ("fvcore", "torch")]
        return (*readings, *_estimate(parameters, closed), *missing)
    size = (height, width)
    by_torch = _by_counter(counted.torch, closed, size)
    reference = closed if closed is not None else by_torch.value
    parameters = method.parameters(setup) if method.parameters else counted.parameters
    by_fvcore = _by_counter(counted.fvcore, reference, size)
    counters = (replace(found, note="; ".join(filter(None, (note, found.note)))) for found in (by_fvcore, by_torch))
    return (*readings, *_estimate(parameters, reference), *counters, *_traffic(counted, reference, size, note))


def _to_be_seen(method: Method, setup: Setup) -> tuple[Restore, str]:
    """What counters are to look at: what runs, or else, with a note that says so, the layers as published.

    The latter where a runtime that the network chose itself works outside torch, so that less of it is seen.
    """
    restore = method.build(setup)
    if setup.options.get("runtime") != "auto":
        return restore, ""
    published = method.build(replace(setup, options={**setup.options, "runtime": "plain"}))
    first = _smallest(setup)
    run(method.name, restore, first, scale=setup.scale)  # what a first call tries out is not counted
    seen = [seen_by_torch(one, first).macs.total() for one in (restore, published)]
    if seen[0] >= seen[1]:
        return restore, ""
    return published, "of the layers as published: what runs multiplies where no counter sees it"


def _by_algorithm(method: Method, setup: Setup) -> Iterator[Reading]:
    """What the algorithm that runs multiplies, and what others would."""
    found = method.algorithms(setup) if method.algorithms else {}
    for place, (name, macs) in enumerate(found.items()):
        yield Reading("macs_by_algorithm", macs, UNIT, part=name)
        if place == 0:
            yield Reading("executed_macs_per_pixel", macs, UNIT, note=name)


def _counted(method: Method, setup: Setup, restore: Restore) -> Counted:
    """Shows five sizes of image to both counters."""
    first = _smallest(setup)
    side = first.shape[-1] * setup.scale
    restored = run(method.name, restore, first, scale=setup.scale)
    height, width = restored.shape[-2:]
    modules = modules_of(restore, first)
    images = {(height * y, width * x): _image(setup, side * y, side * x) for y, x in (*_MULTIPLES, _CHECK)}
    sights = {size: seen_by_torch(restore, image) for size, image in images.items()}
    parameters = {id(tensor): tensor for module in modules for tensor in module.parameters()}.values()
    return Counted(
        torch=View("torch", {size: sight.macs for size, sight in sights.items()}, sights[height, width].uncounted),
        fvcore=_fvcore(restore, images, modules),
        sights=sights,
        parameters=sum(tensor.numel() for tensor in parameters),
        parameter_bytes=sum(tensor.nbytes for tensor in parameters),
        image_bytes=(first.nbytes + restored.nbytes) / (height * width),
    )


def _fvcore(restore: Restore, images: Mapping[Size, Tensor], modules: tuple[nn.Module, ...]) -> View:
    macs = {}
    unknown: Counter[str] = Counter()
    for size, image in islice(images.items(), len(_MULTIPLES)):
        try:
            macs[size], unknown = seen_by_fvcore(restore, image, modules)
        except BenchError as error:
            return View("fvcore", {}, unknown, str(error))
    return View("fvcore", macs, unknown)


def _smallest(setup: Setup) -> Tensor:
    """The smallest image at which is counted."""
    step = math.lcm(16 * setup.scale, int(setup.options.get("stride", 1)))
    side = step * math.ceil(_SMALLEST / step)
    return _image(setup, side, side)


def _image(setup: Setup, height: int, width: int) -> Tensor:
    """A seeded degraded image; restored `scale` times larger it has `height` x `width` pixels."""
    generator = torch.Generator().manual_seed(0)
    shape = (1, setup.channels, height // setup.scale, width // setup.scale)
    return torch.rand(shape, generator=generator).to(setup.device, setup.torch_dtype)


def _estimate(parameters: int, reference: float | None) -> tuple[Reading, ...]:
    """The number of parameters, and the estimate that takes it for the operations per pixel."""
    if not parameters:
        return Reading("parameters", 0), Reading(MACS, None, UNIT, part="parameters", note="no learnt parameters")
    note = _overstatement(parameters / reference) if reference else ""
    return Reading("parameters", parameters), Reading(MACS, parameters, UNIT, part="parameters", note=note)


def _overstatement(factor: float) -> str:
    """Why the parameter estimate is `factor` times the count per output pixel, in words."""
    coarser = round(math.sqrt(factor))
    if coarser > 1:
        return (
            f"{factor:.5g} times the count: the layers work on a grid {coarser} times coarser per axis, "
            f"1/{coarser**2} as many places as output pixels"
        )
    if factor < 1 - _CLOSE:
        return f"{factor:.5g} times the count: weights are used more than once per output pixel"
    return f"{factor:.5g} times the count" + (": biases and norms multiply nothing" if factor > 1 else "")


def _by_counter(view: View, reference: float | None, size: Size) -> Reading:
    """A counter's figure per pixel with its residue against `reference`; the border's is that at `size`."""
    if view.refusal:
        return Reading(MACS, None, UNIT, part=view.counter, note=view.refusal)
    totals = {at: macs.total() for at, macs in view.macs.items()}
    if not any(totals.values()) and reference != 0:
        return Reading(MACS, None, UNIT, part=view.counter, note=_unseen(view))
    law = SizeLaw.through(totals)
    if not law.exact:
        height, width = max(totals)
        note = f"grows faster than the pixels: counted at {height} x {width}"
        return Reading(MACS, totals[height, width] / (height * width), UNIT, part=view.counter, note=note)
    return Reading(MACS, law.area, UNIT, part=view.counter, note="; ".join(_residue(view, law, reference, size)))


def _residue(view: View, law: SizeLaw, reference: float | None, size: Size) -> Iterator[str]:
    """What lies between a counter's figure and the reference, and what the figure leaves out."""
    elsewhere = 0.0
    for operator in sorted(set(next(iter(view.macs.values()))) - FVCORE_MULTIPLY_ADDS - {"convolution"}):
        if view.counter == "fvcore":
            charged = SizeLaw.through({at: macs[operator] for at, macs in view.macs.items()}).area
            elsewhere += charged
            yield f"{charged:+,.6g} by {operator.replace('_', ' ')}, which fvcore charges"
    if reference is not None and not math.isclose(rest := law.area - elsewhere - reference, 0, abs_tol=_CLOSE):
        yield f"{rest:+,.6g} beside the closed form" if rest > 0 else f"{rest:+,.6g} that this counter does not see"
    height, width = size
    border = law.at(height, width) / (height * width) - law.area
    if abs(border) > _CLOSE * law.area:
        yield f"{border:+,.4g} at the border of {height} x {width}, left out"
    if view.counter == "fvcore" and view.unknown:
        yield f"operators it does not know, counted as 0: {', '.join(sorted(view.unknown))}"


def _unseen(view: View) -> str:
    """Why a counter that counted nothing did so."""
    if view.unknown:
        return f"not seen: no multiply-add operator, only {', '.join(sorted(view.unknown))}"
    return "not seen: no torch operator does the work (a kernel compiled by numba, or another library)"


def _traffic(counted: Counted, reference: float | None, size: Size, note: str) -> Iterator[Reading]:
    """Activations, bytes moved at least, and multiply-accumulates per byte, for an image of `size`.

    `note` says what the counters looked at, where that is not what runs.
    """
    of = f"; {note}" if note else ""
    pixels = size[0] * size[1]
    if elements := _per_pixel({at: sight.elements for at, sight in counted.sights.items()}, size):
        written = f"elements written by the operators that multiply and add{of}"
        yield Reading("activations_per_pixel", elements, "1/px", note=written)
    once = counted.image_bytes + counted.parameter_bytes / pixels
    yield Reading("bytes_per_pixel", once, "B/px", note="lower bound: image in, image out and weights, each once")
    apiece = _per_pixel({at: sight.bytes for at, sight in counted.sights.items()}, size)
    if apiece:
        moved = f"operands and results of each operator that multiplies and adds, each once{of}"
        yield Reading("bytes_per_pixel", apiece, "B/px", part="operators", note=moved)
    if reference is not None:
        yield Reading("intensity_macs_per_byte", reference / once, "MAC/B", note="upper bound")
        if apiece:
            yield Reading("intensity_macs_per_byte", reference / apiece, "MAC/B", part="operators", note=note)


def _per_pixel(samples: Mapping[Size, float], size: Size) -> float:
    """`samples` carried on to `size`, per pixel; where they grow faster than the pixels, as at the largest."""
    law = SizeLaw.through(samples)
    at = size if law.exact else max(samples)
    return (law.at(*at) if law.exact else samples[at]) / (at[0] * at[1])
