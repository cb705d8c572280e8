"""Where the time, the operations and the memory of one call go: layer by layer, and operator by operator.

Layers are the innermost modules that a call runs; what runs between them is a layer of its own, so that their times
add up to the whole. Plain and instrumented calls alternate, which shows what the instruments cost.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile as record

from bench.errors import RowsError
from bench.machine.clock import Clock, clock_for
from bench.machine.threads import fixed_threads
from bench.measure.alive import Alive
from bench.measure.calls import seconds_per_call
from bench.measure.dispatched import Dispatched
from bench.measure.inputs import batch_for
from bench.measure.operators import Sight, modules_of, run
from bench.plan.case import Case, Reading, options_text
from bench.talk import counted
from restoration.catalog import get
from restoration.method import Restore

BETWEEN = "(between layers)"
"""The name of what a call does outside every layer."""

_STANDARD_ERROR = 2

WARMUP_CALLS = 2
SLOWEST = 10


@dataclass(frozen=True)
class Layer:
    """One layer, all its calls within a call of the whole taken together."""

    name: str
    kind: str
    """The module's class; empty for what runs between layers."""
    seconds: tuple[float, ...]
    """One sample per instrumented call."""
    macs: int
    """Multiply-accumulates, by torch's own formulas."""
    peak_bytes: int
    """Alive at once while it runs, over the built method."""


@dataclass(frozen=True)
class Operator:
    """One of torch's operators as its profiler saw it, without the operators it calls."""

    name: str
    calls: int
    seconds: float


@dataclass(frozen=True)
class Profile:
    """One case taken apart."""

    layers: tuple[Layer, ...]
    """In the order in which they first run; `BETWEEN` last."""
    operators: tuple[Operator, ...]
    """The slowest first."""
    instrumented: tuple[float, ...]
    """Seconds of whole calls with every layer timed."""
    plain: tuple[float, ...]
    """Seconds of whole calls without, taken in turn with the others."""


def layer_readings(case: Case, *, traces: Path | None = None) -> Iterator[Reading]:
    """The readings of a `layers` case (see `readings`); its trace goes into the folder `traces`, if any."""
    name = f"{case.method.replace(':', '.')}-{case.height}x{case.width}-{case.device}.json"
    yield from readings(profile(case, trace=traces / name if traces else None))


def readings(found: Profile) -> Iterator[Reading]:
    """Everything in a profile, as readings.

    `seconds`, `macs` and `peak_bytes` by layer, `seconds` of the whole (part "", note `instrumented` or `plain`), and
    `operator_seconds` of the slowest operators.
    """
    for layer in found.layers:
        for repeat, seconds in enumerate(layer.seconds):
            yield Reading("seconds", seconds, "s", "measure", layer.name, repeat, layer.kind)
        yield Reading("macs", layer.macs, "MAC", part=layer.name, note=layer.kind)
        yield Reading("peak_bytes", layer.peak_bytes, "B", part=layer.name, note=layer.kind)
    for note, samples in (("instrumented", found.instrumented), ("plain", found.plain)):
        for repeat, seconds in enumerate(samples):
            yield Reading("seconds", seconds, "s", "measure", "", repeat, note)
    for repeat, operator in enumerate(found.operators):
        yield Reading(
            "operator_seconds", operator.seconds, "s", "measure", operator.name, repeat, counted(operator.calls, "call")
        )


def profile(case: Case, *, repeats: int = 5, clock: Clock | None = None, trace: Path | None = None) -> Profile:
    """Takes one case apart; writes a trace for Chrome or Perfetto to the file `trace`, if any.

    A network runs as its separate layers even where its fastest runtime would fuse them (see `in_layers`). Raises
    `BenchError` where the method cannot be called as a restorer or the trace cannot be written.
    """
    case = in_layers(case)
    clock = clock_for(case.device) if clock is None else clock
    method = get(case.method)
    with fixed_threads(case.threads), torch.inference_mode():
        restore = method.build(method.checked(case.setup()))
        batch = batch_for(case)
        run(case.method, restore, batch, scale=case.scale)
        layers = named_layers(modules_of(restore, batch))
        plain, instrumented, times = _in_turn(restore, batch, layers, repeats, clock)
        macs, peaks = _macs(restore, batch, layers), _peaks(restore, batch, layers)
        operators = _operators(restore, batch, trace)
    kinds = {name: type(module).__name__ for module, name in layers.items()}
    found = tuple(
        Layer(name, kinds.get(name, ""), tuple(samples), macs.get(name, 0), peaks.get(name, 0))
        for name, samples in times.items()
    )
    return Profile(found, operators, instrumented, plain)


def in_layers(case: Case) -> Case:
    """`case` with the runtime `torch` where the method would choose another itself: others show no layers."""
    options = dict(case.option_values())
    if get(case.method).options.get("runtime") != "auto" or "runtime" in options:
        return case
    chosen = {**options, "runtime": "torch"}
    variant = "runtime=torch" if case.variant == "default" else f"{case.variant} runtime=torch"
    return replace(case, options=options_text(chosen), variant=variant)


def named_layers(roots: Sequence[nn.Module]) -> Mapping[nn.Module, str]:
    """The innermost modules below `roots` with their dotted names, without those that do nothing."""
    names: dict[nn.Module, str] = {}
    for index, root in enumerate(roots):
        prefix = f"{index}." if len(roots) > 1 else ""
        for name, module in root.named_modules():
            if not any(module.children()) and not isinstance(module, nn.Identity):
                names.setdefault(module, prefix + (name or type(module).__name__))
    return names


def _in_turn(
    restore: Restore, batch: Tensor, layers: Mapping[nn.Module, str], repeats: int, clock: Clock
) -> tuple[tuple[float, ...], tuple[float, ...], Mapping[str, list[float]]]:
    """Seconds of plain calls, of instrumented calls, and of each layer in the latter; the warm-up is left out."""
    plain, instrumented = [], []
    times: dict[str, list[float]] = {}
    for _ in range(WARMUP_CALLS):
        restore(batch)
    for _ in range(repeats):
        plain.append(seconds_per_call(partial(restore, batch), clock))
        whole, parts = _timed_call(restore, batch, layers, clock)
        instrumented.append(whole)
        for name, seconds in (*parts.items(), (BETWEEN, whole - sum(parts.values()))):
            times.setdefault(name, []).append(seconds)
    return tuple(plain), tuple(instrumented), times


def _timed_call(
    restore: Restore, batch: Tensor, layers: Mapping[nn.Module, str], clock: Clock
) -> tuple[float, Mapping[str, float]]:
    """Seconds of one call with a clock around each layer: of the whole, and of each layer in order of its first run."""
    seconds: dict[str, float] = defaultdict(float)
    started = 0.0

    def enter(_: str) -> None:
        nonlocal started
        started = clock()

    def leave(name: str) -> None:
        seconds[name] += clock() - started

    with _hooked(layers, enter, leave):
        whole = seconds_per_call(partial(restore, batch), clock)
    return whole, seconds


def _macs(restore: Restore, batch: Tensor, layers: Mapping[nn.Module, str]) -> Mapping[str, int]:
    """Multiply-accumulates of each layer by torch's own formulas."""
    macs: dict[str, int] = defaultdict(int)
    sight = Sight()

    def enter(name: str) -> None:
        macs[name] -= sight.macs.total()

    def leave(name: str) -> None:
        macs[name] += sight.macs.total()

    with Dispatched(sight.note), _hooked(layers, enter, leave):
        restore(batch)
    macs[BETWEEN] = sight.macs.total() - sum(macs.values())
    return macs


def _peaks(restore: Restore, batch: Tensor, layers: Mapping[nn.Module, str]) -> Mapping[str, int]:
    """Bytes of tensors alive at once while each layer runs, the degraded image included."""
    peaks: dict[str, int] = {}
    with Alive() as alive:
        before = 0

        def enter(_: str) -> None:
            nonlocal before
            before, alive.peak = alive.peak, alive.now

        def leave(name: str) -> None:
            peaks[name] = max(peaks.get(name, 0), alive.peak + batch.nbytes)
            alive.peak = max(before, alive.peak)

        with _hooked(layers, enter, leave):
            restore(batch)
        peaks[BETWEEN] = alive.peak + batch.nbytes
    return peaks


def _operators(restore: Restore, batch: Tensor, trace: Path | None) -> tuple[Operator, ...]:
    """The slowest operators of one call by torch's profiler, on the device where there is one."""
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if batch.is_cuda else [])
    traced = trace is not None
    seeing = record(activities=activities, record_shapes=traced, profile_memory=traced, acc_events=True)
    with _without_trace_points(), seeing as seen:
        restore(batch)
    if trace is not None:
        _write_trace(seen, trace)
    own = "self_device_time_total" if batch.is_cuda else "self_cpu_time_total"  # microseconds
    events = sorted(seen.key_averages(), key=lambda event: getattr(event, own), reverse=True)
    return tuple(Operator(event.key, event.count, getattr(event, own) / 1e6) for event in events[:SLOWEST])


@contextmanager
def _without_trace_points() -> Iterator[None]:
    """Keeps torch's lines about its own trace points off standard error; the rest is passed on a moment later."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as said:
        kept = os.dup(_STANDARD_ERROR)
        os.dup2(said.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not line.startswith(b"USDT:"):
                    os.write(_STANDARD_ERROR, line)


def _write_trace(seen: Any, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise RowsError(f"cannot write the trace to {path}: {error}; choose another file") from error
    seen.export_chrome_trace(str(path))


@contextmanager
def _hooked(layers: Mapping[nn.Module, str], enter: Any, leave: Any) -> Iterator[None]:
    """Calls `enter(name)` before and `leave(name)` after each layer."""
    hooks = []
    for module, name in layers.items():
        hooks.append(module.register_forward_pre_hook(lambda *_, name=name: enter(name)))
        hooks.append(module.register_forward_hook(lambda *_, name=name: leave(name)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
