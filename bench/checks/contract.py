"""Does a method keep the contract? Each promise is tried on small images; what broke it is said in one sentence.

The contract is that of `restoration.method`: a degraded batch (N, C, H, W) in [0, 1] goes in, a restored one (N, C,
scale H, scale W) of the same dtype comes out, the same for the same input, whatever else is called meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bench.errors import one_line
from bench.machine.fresh_process import ProcessDiedError, answer
from bench.plan.case import Reading
from bench.talk import counted
from restoration.catalog import get
from restoration.errors import RestorationError, WeightsMissingError
from restoration.method import Method, Option, Restore, Setup

if TYPE_CHECKING:
    from torch import Tensor

Verdict = Literal["pass", "fail", "skip"]

SIZES = ((32, 32), (33, 47), (64, 20))
"""Height and width of the degraded images: plain, odd both ways, and flat."""

BATCH_TOLERANCE = 1e-4
"""Image units; libraries may add in another order for another batch size."""

COUNT_TOLERANCE = 1e-3
"""Relative; how far a closed form may lie from what was counted."""

_SIGMA = 25 / 255
_THREADS = 4
_ROUNDS = 3
_LIMITS = (-1.0, 2.0)
_MEAN_TOLERANCE = 0.1
_NOT_A_NUMBER = 1e30
"""Stands for NaN where images are compared: two of them are alike."""


@dataclass(frozen=True)
class Outcome:
    """One promise of the contract, whether the method keeps it, and what was seen."""

    check: str
    verdict: Verdict
    finding: str


class BrokenPromiseError(Exception):
    """Raised by a check; says what was seen and what was expected."""


class NotApplicableError(Exception):
    """Raised by a check that has nothing to try; says why."""


@dataclass(frozen=True)
class Subject:
    """A method as it is tried: with one setup, built once."""

    method: Method
    setup: Setup
    restore: Restore

    @classmethod
    def of(cls, method: Method, setup: Setup) -> Subject:
        """`method` built for `setup`."""
        checked = method.checked(setup)
        return cls(method, checked, method.build(checked))

    def images(self, height: int, width: int, *, count: int = 1) -> Tensor:
        """A seeded smooth batch (count, C, height, width) within [0.2, 0.8], with noise where it is to be removed."""
        import torch

        generator = torch.Generator().manual_seed(1)
        coarse = torch.rand((count, self.setup.channels, 4, 4), generator=generator)
        clean = 0.2 + 0.6 * torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
        noise = torch.randn(clean.shape, generator=generator) * self.setup.sigma
        return (clean + noise).to(self.setup.device, self.setup.torch_dtype)

    def __call__(self, degraded: Tensor) -> Tensor:
        """The restored batch of a copy, so that no fault is reported by several checks."""
        return self.handed(degraded.clone())

    def handed(self, degraded: Tensor) -> Tensor:
        """The restored batch, as a sweep would ask for it; raises BrokenPromiseError for anything but a tensor."""
        import torch

        with torch.inference_mode():
            restored: object = self.restore(degraded)
        if not isinstance(restored, torch.Tensor):
            raise BrokenPromiseError(f"returned a {type(restored).__name__}, expected one tensor (N, C, H, W)")
        return restored


def check(
    name: str, *, options: Mapping[str, Option] | None = None, channels: int = 0, scale: int = 0
) -> tuple[Outcome, ...]:
    """The outcome of each check for the method called `name`; `channels` and `scale` 0 take the first it supports.

    Raises what `Method.checked` raises, and `WeightsMissingError` or `PackageMissingError` where it cannot run here.
    """
    method = get(name)
    sigma = _SIGMA if method.task == "denoise" else 0.0
    setup = Setup(
        channels=channels or method.channels[0], sigma=sigma, scale=scale or method.scales[0], options=options or {}
    )
    method.checked(setup)
    try:
        subject = Subject.of(method, setup)
    except RestorationError:
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's build may fail in any way, which is the outcome
        return (Outcome("builds", "fail", one_line(error)),)
    built = Outcome("builds", "pass", f"{counted(setup.channels, 'channel')}, scale {setup.scale}")
    ran = _outcome("runs", _runs, subject)
    if ran.verdict == "fail":
        return (built, ran)
    return (built, *(_outcome(label, run, subject) for label, run in CHECKS.items()))


def check_protected(
    name: str, *, options: Mapping[str, Option], channels: int = 0, scale: int = 0, timeout: float = 0.0
) -> tuple[Outcome, ...]:
    """As `check`, in a process of its own: one that ends, or takes more than `timeout` seconds, is an outcome, too."""
    try:
        found: tuple[Outcome, ...] = answer(
            "bench.checks.contract", "check_here", name, options, channels, scale, patience=timeout or None
        )
    except ProcessDiedError as error:
        return (Outcome("leaves its process alone", "fail", str(error)),)
    return found


def check_here(name: str, options: Mapping[str, Option], channels: int, scale: int) -> tuple[Outcome, ...]:
    """Runs in the process of its own."""
    return check(name, options=options, channels=channels, scale=scale)


def _outcome(label: str, run: Callable[[Subject], str], subject: Subject) -> Outcome:
    try:
        return Outcome(label, "pass", run(subject))
    except BrokenPromiseError as broken:
        return Outcome(label, "fail", str(broken))
    except NotApplicableError as reason:
        return Outcome(label, "skip", str(reason))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's method may fail in any way, which is the outcome
        return Outcome(label, "fail", f"raised {one_line(error)}")


def _runs(subject: Subject) -> str:
    """What fails on a plain image would fail every check with the same words."""
    subject(subject.images(*SIZES[0]))
    return "a plain image"


def _shapes(subject: Subject) -> str:
    for height, width in SIZES:
        degraded = subject.images(height, width, count=2)
        expected = (2, subject.setup.channels, height * subject.setup.scale, width * subject.setup.scale)
        if (got := tuple(subject(degraded).shape)) != expected:
            raise BrokenPromiseError(f"{tuple(degraded.shape)} became {got}, expected {expected}")
    return f"degraded images of {', '.join(f'{height}x{width}' for height, width in SIZES)}"


def _dtypes(subject: Subject) -> str:
    for name in subject.method.dtypes:
        other = Subject.of(subject.method, replace(subject.setup, dtype=name))
        degraded = other.images(*SIZES[0])
        restored = other(degraded)
        if restored.dtype != degraded.dtype:
            raise BrokenPromiseError(f"{degraded.dtype} became {restored.dtype}; return what was given")
        if restored.device != degraded.device:
            raise BrokenPromiseError(f"an image on {degraded.device} became one on {restored.device}")
    return ", ".join(subject.method.dtypes)


def _finite(subject: Subject) -> str:
    for height, width in SIZES:
        restored = subject(subject.images(height, width))
        if not restored.isfinite().all():
            raise BrokenPromiseError(f"{(~restored.isfinite()).sum()} of {restored.numel()} values are NaN or infinite")
    return "no NaN, nothing infinite"


def _range(subject: Subject) -> str:
    if subject.method.random_weights:
        raise NotApplicableError("random weights: values mean nothing")
    degraded = subject.images(*SIZES[0])
    restored = subject(degraded)
    low, high, mean = restored.min().item(), restored.max().item(), restored.mean().item()
    if low < _LIMITS[0] or high > _LIMITS[1]:
        raise BrokenPromiseError(f"values from {low:.4g} to {high:.4g} for an image in [0, 1]; is it scaled to 255?")
    if abs(mean - degraded.mean().item()) > _MEAN_TOLERANCE:
        raise BrokenPromiseError(f"mean {mean:.4g} for an image of mean {degraded.mean().item():.4g}")
    return f"values from {low:.3f} to {high:.3f}"


def _deterministic(subject: Subject) -> str:
    degraded = subject.images(*SIZES[1])
    first = subject(degraded).clone()
    _same(subject(degraded), first, "a second call gives another image")
    _same(Subject.of(subject.method, subject.setup)(degraded), first, "built anew, it gives another image")
    return "second call and second build give the same bits"


def _input_untouched(subject: Subject) -> str:
    degraded = subject.images(*SIZES[0])
    before = degraded.clone()
    subject.handed(degraded)
    _same(degraded, before, "the degraded image was changed; work on a copy")
    return "the degraded image stays as it was"


def _output_kept(subject: Subject) -> str:
    first = subject(subject.images(*SIZES[0]))
    before = first.clone()
    subject(1 - subject.images(*SIZES[0]))
    _same(first, before, "the next call overwrote the image returned before; return memory of its own")
    return "the next call leaves it alone"


def _any_layout(subject: Subject) -> str:
    import torch

    degraded = subject.images(*SIZES[0])
    expected = subject(degraded).clone()
    height, width = SIZES[0]
    wider = torch.zeros((1, subject.setup.channels, height, 2 * width), dtype=degraded.dtype, device=degraded.device)
    wider[..., ::2] = degraded
    _close(subject.handed(wider[..., ::2]), expected, "a strided view of the same image gives another result")
    return "a strided view gives the same image"


def _batch(subject: Subject) -> str:
    batch = subject.images(*SIZES[1], count=3)
    restored = subject(batch).clone()
    for index in range(len(batch)):
        _close(restored[index], subject(batch[index : index + 1])[0], f"image {index} differs when it is alone")
    return f"3 images together as one by one, within {BATCH_TOLERANCE:g}"


def _channels(subject: Subject) -> str:
    return _each_of(subject, "channels", subject.method.channels)


def _scales(subject: Subject) -> str:
    return _each_of(subject, "scale", subject.method.scales)


def _each_of(subject: Subject, field: Literal["channels", "scale"], claimed: tuple[int, ...]) -> str:
    absent = []
    for value in claimed:
        setup = replace(subject.setup, channels=value) if field == "channels" else replace(subject.setup, scale=value)
        try:
            _shapes(Subject.of(subject.method, setup))
        except (BrokenPromiseError, WeightsMissingError) as error:
            if isinstance(error, BrokenPromiseError):
                raise BrokenPromiseError(f"{field} {value}: {error}") from error
            absent.append(str(value))
        except Exception as error:  # a stranger's method may fail in any way, which is the outcome
            raise BrokenPromiseError(f"claims {field} {value}, which raised {one_line(error)}") from error
    missing = f"; not tried, as weights are missing: {', '.join(absent)}" if absent else ""
    return ", ".join(str(value) for value in claimed) + missing


def _settings(subject: Subject) -> str:
    """Global settings that would change what is measured after this method."""
    _draw()  # a method that seeds a generator anew leaves it as its last call did
    before = _global_settings()
    subject(subject.images(*SIZES[0]))
    for name, value in _global_settings().items():
        if value != before[name]:
            raise BrokenPromiseError(f"changes {name} for the whole process")
    return f"{', '.join(before)} stay as they were"


def _draw() -> None:
    import numpy as np
    import torch

    torch.rand(1)
    np.random.random_sample()  # noqa: NPY002 - the legacy state is what a method may disturb


def _global_settings() -> dict[str, object]:
    import numpy as np
    import torch

    return {
        "torch's threads": torch.get_num_threads(),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's random state": torch.random.get_rng_state().numpy().tobytes(),
        "numpy's random state": str(np.random.get_state()),  # noqa: NPY002 - the legacy state is what a method may disturb
    }


def _threads(subject: Subject) -> str:
    if not subject.method.thread_safe:
        raise NotApplicableError("not claimed (thread_safe)")
    batch = subject.images(*SIZES[0], count=_THREADS)
    images = [batch[index : index + 1] for index in range(_THREADS)] * _ROUNDS
    expected = [subject(image).clone() for image in images]
    with ThreadPoolExecutor(_THREADS) as pool:
        for restored, one_by_one in zip(pool.map(subject, images), expected, strict=True):
            _close(restored, one_by_one, f"{_THREADS} threads at once give other images than one after another")
    return f"{counted(len(images), 'call')} by {_THREADS} threads"


def _agrees(subject: Subject) -> str:
    agreement = subject.method.same_as
    if agreement is None:
        raise NotApplicableError("no method is named that it has to equal")
    if subject.setup.precision != subject.setup.dtype:
        raise NotApplicableError(f"it computes in {subject.setup.precision}, and is equal where it does not")
    peer = get(agreement.method)
    own = {name: value for name, value in subject.setup.options.items() if name in peer.options}
    setup = replace(subject.setup, options={**own, **agreement.options})
    try:
        reference = Subject.of(peer, setup)
    except WeightsMissingError as error:
        raise NotApplicableError(str(error)) from error
    worst = 0.0
    for height, width in SIZES:
        degraded = subject.images(height, width)
        worst = max(worst, _distance(subject(degraded), reference(degraded)))
    if not worst <= agreement.tolerance:
        raise BrokenPromiseError(f"differs from {agreement.method} by {worst:.3g}, claims {agreement.tolerance:g}")
    return f"equals {agreement.method} {dict(agreement.options) or ''} within {worst:.2g}".replace("  ", " ")


def _counts(subject: Subject) -> str:
    """The closed form against what torch's own counter saw."""
    from bench.measure.counts import count

    if subject.method.macs_per_pixel is None:
        raise NotApplicableError("no closed form (macs_per_pixel)")
    side = 64 * subject.setup.scale
    readings = count(subject.method, replace(subject.setup), height=side, width=side)
    by_counter = {reading.part: reading for reading in readings if reading.quantity == "macs_per_pixel"}
    closed, counted = by_counter["closed_form"].value, by_counter["torch"]
    if closed is None or counted.value is None:
        raise NotApplicableError(counted.note)
    executed = next((reading for reading in readings if reading.quantity == "executed_macs_per_pixel"), None)
    if counted.value < closed and executed and executed.value != closed:
        raise NotApplicableError(f"what runs ({executed.note}) multiplies where no counter sees it")
    if not math.isclose(closed, counted.value, rel_tol=COUNT_TOLERANCE, abs_tol=COUNT_TOLERANCE):
        raise BrokenPromiseError(f"closed form {closed:,.6g} MAC/px, counted {counted.value:,.6g}: {_residue(counted)}")
    return f"{closed:,.6g} MAC/px by closed form and by count"


def _residue(counted: Reading) -> str:
    return counted.note or "no residue was named"


def _same(restored: Tensor, expected: Tensor, said: str) -> None:
    if _distance(restored, expected):
        raise BrokenPromiseError(f"{said} (differs by up to {_distance(restored, expected):.3g})")


def _close(restored: Tensor, expected: Tensor, said: str) -> None:
    if not (distance := _distance(restored, expected)) <= BATCH_TOLERANCE:
        raise BrokenPromiseError(f"{said} (differs by up to {distance:.3g})")


def _distance(restored: Tensor, expected: Tensor) -> float:
    """The largest difference; infinite for another shape, or where only one of two values is not a number."""
    if restored.shape != expected.shape:
        return math.inf
    both = (image.double().nan_to_num(nan=_NOT_A_NUMBER) for image in (restored, expected))
    largest = (next(both) - next(both)).abs().max().item() if restored.numel() else 0.0
    return math.inf if largest >= _NOT_A_NUMBER / 2 else largest


CHECKS: Mapping[str, Callable[[Subject], str]] = {
    "shapes": _shapes,
    "dtypes": _dtypes,
    "finite": _finite,
    "range": _range,
    "deterministic": _deterministic,
    "input untouched": _input_untouched,
    "output kept": _output_kept,
    "any layout": _any_layout,
    "batch = singles": _batch,
    "channels": _channels,
    "scales": _scales,
    "global settings": _settings,
    "thread-safe": _threads,
    "same_as": _agrees,
    "count": _counts,
}
"""Every check by name, in the order in which they are tried."""
