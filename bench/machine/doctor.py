"""Is this machine fit to time on? Each symptom says what was seen, whether it matters, and what to do about it."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import psutil

from bench.machine.clock import Clock, HostClock, smallest_step
from bench.machine.environment import governor, hypervisor, turbo
from bench.machine.nvml import Fact, device_readings
from bench.machine.threads import usable_cores
from bench.talk import counted

Verdict = Literal["fit", "unfit", "unknown"]

NOISE_SECONDS = 10.0
"""How long the fixed kernel is repeated."""

_KERNEL_SECONDS = 0.01
_Z = 1.96  # of the normal distribution: 95 %
_PAIRS = 30  # timed pairs a comparison usually has
_STEAL_LIMIT = 0.02
_BUSY_LIMIT = 0.1
_TICKS = 1e-4  # of a timed call: a clock's step should not be more


@dataclass(frozen=True)
class Symptom:
    """One thing that may spoil a timing; its fields are those of `run.json`."""

    finding: str
    value: str
    verdict: Verdict
    advice: str = ""
    """What to do about it; empty where nothing needs doing."""


@dataclass(frozen=True)
class CpuTimes:
    """Seconds that all cores together have spent since the start."""

    total: float
    idle: float
    steal: float
    """Taken by the hypervisor for other guests."""
    own: float
    """By this process and those it waited for."""

    @property
    def others(self) -> float:
        """By other processes."""
        return self.total - self.idle - self.steal - self.own


@dataclass(frozen=True)
class Watch:
    """What a while of running one fixed kernel showed."""

    samples: tuple[float, ...]
    """Seconds of each run."""
    before: CpuTimes
    after: CpuTimes

    @property
    def busy_elsewhere(self) -> float:
        """How many cores other processes kept busy during the watch."""
        wall = sum(self.samples)
        return max(0.0, (self.after.others - self.before.others) / wall) if wall else 0.0

    @property
    def steal(self) -> float:
        """The share of all cores' time that the hypervisor took."""
        passed = self.after.total - self.before.total
        return (self.after.steal - self.before.steal) / passed if passed > 0 else 0.0

    @property
    def spread(self) -> float:
        """A robust relative standard deviation of the runs: 1.4826 x median absolute deviation / median."""
        middle = statistics.median(self.samples)
        return 1.4826 * statistics.median(abs(sample - middle) for sample in self.samples) / middle

    @property
    def drift(self) -> float:
        """How far apart the medians of the run's tenths lie, relative to the fastest: slow changes within it."""
        size = max(1, len(self.samples) // 10)
        tenths = [statistics.median(self.samples[i : i + size]) for i in range(0, len(self.samples), size)]
        return max(tenths) / min(tenths) - 1


def examine(
    *, detect: float = 0.03, threads: int, seconds: float = NOISE_SECONDS, clock: Clock | None = None
) -> tuple[Symptom, ...]:
    """All symptoms that matter for telling times apart that differ by `detect` (0.03 is 3 %); takes about `seconds`."""
    clock = HostClock() if clock is None else clock
    watch = watch_kernel(fixed_kernel(), clock, seconds=seconds)
    return (
        load_symptom(watch),
        noise_symptom(watch, detect),
        drift_symptom(watch, detect),
        steal_symptom(watch, hypervisor()),
        governor_symptom(governor()),
        turbo_symptom(turbo()),
        threads_symptom(threads, usable_cores(), os.environ.get("OMP_NUM_THREADS", "")),
        clock_symptom(smallest_step(clock)),
        *gpu_symptoms(device_readings()),
    )


def glance(threads: int) -> tuple[dict[str, str], ...]:
    """What may spoil a run's times, by a shorter look, as `run.json` keeps it."""
    return tuple(asdict(symptom) for symptom in examine(threads=threads, seconds=1.0))


def unfit(symptoms: Sequence[Symptom]) -> bool:
    """Whether any symptom makes the machine unfit: the command then ends with status 3."""
    return any(symptom.verdict == "unfit" for symptom in symptoms)


def load_symptom(watch: Watch) -> Symptom:
    """Other processes that keep cores busy."""
    busy = watch.busy_elsewhere
    advice = "stop what else is running (top shows it), or wait until it has ended"
    return _judged("load", f"{busy:.2f} cores busy with other processes", advice, fit=busy <= _BUSY_LIMIT)


def noise_symptom(watch: Watch, detect: float) -> Symptom:
    """Whether the scatter of a fixed kernel lets a usual number of paired timings tell `detect` apart."""
    reach = _Z * watch.spread * (2 / _PAIRS) ** 0.5  # the smallest difference that so many pairs show
    told, asked = 100 * reach, 100 * detect
    value = f"scatter {100 * watch.spread:.2f} %: {_PAIRS} pairs tell {told:.2f} % apart, asked for {asked:.2f} %"
    advice = "quieten the machine, or ask for a larger difference with --detect"
    return _judged("noise", value, advice, fit=reach <= detect)


def drift_symptom(watch: Watch, detect: float) -> Symptom:
    """Slow changes of speed, which pairing takes out but one-sided timing does not."""
    value = f"{100 * watch.drift:.2f} % between the slowest and the fastest tenth of the watch"
    advice = "let the machine cool down and settle; compare only times taken in turn, never runs minutes apart"
    return _judged("drift", value, advice, fit=watch.drift <= 3 * detect)


def steal_symptom(watch: Watch, monitor: str) -> Symptom:
    """A hypervisor that gives the cores to others."""
    value = f"virtual machine ({monitor}), {100 * watch.steal:.2f} % of the cores' time taken" if monitor else "none"
    advice = "move to a machine with dedicated cores, or repeat later"
    return _judged("virtualisation", value, advice, fit=not monitor or watch.steal <= _STEAL_LIMIT)


def governor_symptom(name: str) -> Symptom:
    """A frequency governor that slows an idle core down."""
    if not name:
        advice = "on bare metal, look in the firmware's settings"
        return Symptom("governor", "not shown by this system", "unknown", advice)
    if name == "performance":
        return Symptom("governor", name, "fit")
    advice = "set it: cpupower frequency-set --governor performance; until then, warm up and take times in turn"
    return Symptom("governor", name, "unknown", advice)


def turbo_symptom(allowed: bool | None) -> Symptom:  # noqa: FBT001 - three states: on, off, not told
    """A clock that rises while the processor is cool and falls when it is not."""
    if allowed is None:
        return Symptom("turbo", "not shown by this system", "unknown", "expect the first seconds to be the fastest")
    if allowed:
        advice = "switch it off for times that repeat (intel_pstate/no_turbo or cpufreq/boost), or take times in turn"
        return Symptom("turbo", "on", "unknown", advice)
    return Symptom("turbo", "off", "fit")


def threads_symptom(threads: int, cores: int, variable: str) -> Symptom:
    """More threads than cores wait for one another."""
    value = f"{counted(threads, 'thread')} on {counted(cores, 'usable core')}"
    if variable:
        value += f", OMP_NUM_THREADS={variable}"
    if threads <= cores and variable.isdigit() and int(variable) < threads:
        advice = "unset OMP_NUM_THREADS, or set it to the number of threads asked for"
        return Symptom("threads", value, "unknown", advice)
    return _judged("threads", value, f"use at most {counted(cores, 'thread')}", fit=threads <= cores)


def clock_symptom(step: float) -> Symptom:
    """A clock too coarse for the calls it times."""
    advice = "time calls of at least a thousand such steps; look for a better clocksource in the kernel's settings"
    fit = step <= _TICKS * _KERNEL_SECONDS
    return _judged("clock", f"{step * 1e9:.0f} ns between two readings", advice, fit=fit)


def gpu_symptoms(readings: Mapping[str, Fact]) -> tuple[Symptom, ...]:
    """A GPU that is held back or busy with other work; nothing where there is none."""
    if not readings:
        return ()
    held, load = str(readings["throttling"]), int(readings["load_percent"])
    value = f"{readings['clock_sm_mhz']} MHz, {readings['temperature_celsius']} degrees C, {load} % busy"
    if held:
        advice = "cool it or raise its power limit (nvidia-smi -pl); lock its clocks (nvidia-smi -lgc)"
        return (Symptom("gpu", f"{value}, held back by {held}", "unfit", advice),)
    return (_judged("gpu", value, "stop what else runs on it (nvidia-smi shows it)", fit=load <= 100 * _BUSY_LIMIT),)


def _judged(finding: str, value: str, advice: str, *, fit: bool) -> Symptom:
    """A symptom that makes the machine unfit unless `fit`; nothing needs doing then."""
    return Symptom(finding, value, "fit") if fit else Symptom(finding, value, "unfit", advice)


def watch_kernel(kernel: Callable[[], object], clock: Clock, *, seconds: float) -> Watch:
    """Runs `kernel` over and over for `seconds`, after two runs that are not counted."""
    kernel()
    kernel()
    samples: list[float] = []
    before = cpu_times()
    while sum(samples) < seconds:
        begin = clock()
        kernel()
        samples.append(clock() - begin)
    return Watch(tuple(samples), before, cpu_times())


def fixed_kernel() -> Callable[[], object]:
    """Some ten milliseconds of multiplying on one core: the same work each time."""
    values = np.linspace(0.5, 1.5, 2**14)
    powers = np.empty_like(values)

    def kernel() -> object:
        for _ in range(1200):
            np.multiply(values, values, out=powers)
        return powers

    return kernel


def cpu_times() -> CpuTimes:
    """What the system has counted so far."""
    system = psutil.cpu_times()
    own = os.times()
    # A guest's time is within its host's user time already.
    counted = {name: value for name, value in system._asdict().items() if not name.startswith("guest")}
    return CpuTimes(
        total=sum(counted.values()),
        idle=counted["idle"] + counted.get("iowait", 0.0),
        steal=counted.get("steal", 0.0),
        own=own.user + own.system + own.children_user + own.children_system,
    )
