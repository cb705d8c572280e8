"""What the machine used of energy: counters of the processor (RAPL) and of the GPU (NVML), read outside timed calls.

A counter counts everything that its chip does, idle and other programs included. Where none can be read it is said why:
on virtual machines there is none, and on many systems only root may read the processor's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.errors import BenchError
from bench.machine.nvml import library
from bench.machine.system_files import system_text

RAPL = Path("/sys/class/powercap")
"""Where Linux keeps the processor's counters, those of Intel and of AMD: in microjoules, from zero again at a limit."""

NOT_HERE = "not measurable here"

_MICRO, _MILLI = 1e-6, 1e-3
_RAPL_PERIOD = 0.001
_NVML_PERIOD = 0.1
_READABLE = "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj lets everyone read it until the next start"


class EnergyError(BenchError):
    """A counter of energy that is not there, may not be read, or is gone."""


class Counter(Protocol):
    """Counts joules of one chip."""

    @property
    def name(self) -> str:
        """Which chip it is."""

    @property
    def period(self) -> float:
        """Seconds between two steps of the counter, about."""

    def read(self) -> float:
        """Joules since some moment; raises `EnergyError`."""

    def passed(self, before: float, after: float) -> float:
        """Joules between two readings, the second of which may have begun from zero again."""


@dataclass(frozen=True)
class RaplCounter:
    """A zone of the kernel's `powercap`: a processor, or the memory beside it."""

    name: str
    folder: Path
    limit: float
    """Joules at which it begins from zero again: once at most between two readings."""
    period: float = _RAPL_PERIOD

    def read(self) -> float:
        """Joules since it last began from zero."""
        return _microjoules(self.folder / "energy_uj") * _MICRO

    def passed(self, before: float, after: float) -> float:
        """Joules between two readings."""
        return after - before + (self.limit if after < before else 0.0)


@dataclass(frozen=True)
class GpuCounter:
    """What one GPU has used since its driver was loaded (Volta and later)."""

    name: str
    nvml: Any
    device: Any
    period: float = _NVML_PERIOD

    def read(self) -> float:
        """Joules since the driver was loaded."""
        try:
            return float(self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.device)) * _MILLI
        except self.nvml.NVMLError as error:
            raise EnergyError(f"NVML has no energy counter for this GPU: {error}") from error

    def passed(self, before: float, after: float) -> float:
        """Joules between two readings; raises `EnergyError` where the driver was loaded anew between them."""
        if after < before:
            raise EnergyError("the GPU's counter began anew between two readings: its driver was loaded again")
        return after - before


def counters_for(device: str, *, root: Path = RAPL, nvml: Any = None, cuda: Any = None) -> tuple[Counter, ...]:
    """The counters that tell what work on `device` uses: the processor's, and the GPU's first; those that can be read.

    `nvml` and `cuda` are `pynvml` and `torch.cuda`, or stand-ins.
    """
    found: list[Counter] = []
    if device.partition(":")[0] == "cuda":
        found += _readable(lambda: gpu_counter(device, nvml=nvml, cuda=cuda))
    return (*found, *_readable(lambda: rapl_counters(root)))


def energy_facts(
    *, gpu: bool, monitor: str = "", root: Path = RAPL, nvml: Any = None, cuda: Any = None
) -> Iterator[tuple[str, str]]:
    """Of processor and `gpu`, where there is one: which counters can be read, or that none can and why.

    `monitor` names the virtual machine monitor where there is one.
    """
    yield "energy_cpu", _said(lambda: rapl_counters(root, monitor))
    if gpu:
        yield "energy_cuda", _said(lambda: gpu_counter("cuda", nvml=nvml, cuda=cuda))


def rapl_counters(root: Path = RAPL, monitor: str = "") -> tuple[Counter, ...]:
    """A counter for each processor and, where it is counted apart, for its memory; raises `EnergyError`, saying why.

    Parts of a processor are left out, since they are within it, and so are the same zones reached in another way.
    """
    found = []
    for folder in sorted(root.glob("intel-rapl:*")):
        name = system_text(folder / "name")
        above = system_text(root / folder.name.rpartition(":")[0] / "name")
        if name.startswith("package"):
            found.append((name, folder))
        elif name == "dram":
            found.append((f"{above} {name}".strip(), folder))
    if not found:
        named = f" ({monitor})" if monitor != "yes" else ""
        why = f"a virtual machine{named} has none" if monitor else "no driver intel_rapl, or a container hides it"
        raise EnergyError(f"no counter of the processor's energy below {root}: {why}")
    for _, folder in found:
        _microjoules(folder / "energy_uj")
    return tuple(
        RaplCounter(name, folder, _microjoules(folder / "max_energy_range_uj") * _MICRO) for name, folder in found
    )


def gpu_counter(device: str, *, nvml: Any = None, cuda: Any = None) -> tuple[Counter, ...]:
    """The counter of the GPU that torch calls `device`; raises `EnergyError`, saying why there is none."""
    nvml = library() if nvml is None else nvml
    if nvml is None:
        raise EnergyError("NVIDIA's management library is not installed: pip install 'restobench[gpu]'")
    try:
        nvml.nvmlInit()
        handle = nvml.nvmlDeviceGetHandleByUUID(_uuid(device, cuda))
    except nvml.NVMLError as error:
        raise EnergyError(f"NVML does not know this GPU: {error}") from error
    counter = GpuCounter("GPU", nvml, handle)
    counter.read()
    return (counter,)


def _uuid(device: str, cuda: Any) -> str:
    """NVML's name for the GPU that torch calls `device`: the two number them differently."""
    if cuda is None:
        import torch

        cuda = torch.cuda
    return f"GPU-{cuda.get_device_properties(device).uuid}"


def _readable(find: Callable[[], tuple[Counter, ...]]) -> tuple[Counter, ...]:
    try:
        return find()
    except EnergyError:  # `energy_facts` says why, once a run
        return ()


def _said(find: Callable[[], tuple[Counter, ...]]) -> str:
    try:
        return f"counted by {', '.join(counter.name for counter in find())}"
    except EnergyError as error:
        return f"{NOT_HERE}: {error}"


def _microjoules(path: Path) -> int:
    """What a counter's file says; raises `EnergyError`, with advice where that helps."""
    try:
        return int(path.read_text(encoding="ascii"))
    except PermissionError as error:
        raise EnergyError(f"no permission to read {path}; {_READABLE}") from error
    except OSError as error:
        raise EnergyError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise EnergyError(f"{path}: expected a number of microjoules") from error
