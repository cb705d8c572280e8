"""An environment's fingerprint follows what stays and ignores what moves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.errors import SpecError
from bench.machine.environment import Environment, cuda_facts, environment
from bench.machine.nvml import device_readings, throttling
from bench.machine.threads import fix_threads


def test_this_machine_is_described_in_flat_json() -> None:
    found = environment(1)
    assert json.loads(json.dumps([dict(found.stable), dict(found.state)])) == [dict(found.stable), dict(found.state)]
    assert found.stable["threads"] == 1
    assert found.stable["package_torch"] == version("torch")
    assert {"cpu", "cores_usable", "memory_gib", "python", "system", "torch_onednn_enabled"} <= set(found.stable)
    assert {"time", "host", "memory_available_gib"} <= set(found.state)


def test_the_fingerprint_stays_from_call_to_call_and_follows_threads() -> None:
    assert environment(1).fingerprint == environment(1).fingerprint
    assert environment(1).fingerprint != environment(2).fingerprint


def test_the_fingerprint_ignores_order_and_state() -> None:
    first = Environment({"cpu": "a", "threads": 1}, {"load_1min": 0.1})
    second = Environment({"threads": 1, "cpu": "a"}, {"load_1min": 9.0})
    assert first.fingerprint == second.fingerprint
    assert first.differences(second) == ()
    assert first.differences(Environment({"cpu": "b"}, {})) == ("cpu", "threads")


def test_a_variable_that_steers_threads_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment(1)
    monkeypatch.setenv("OMP_PROC_BIND", "close")
    assert environment(1).differences(before) == ("variable_OMP_PROC_BIND",)


def test_what_joblib_sets_when_it_is_imported_does_not_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KMP_INIT_AT_FORK", raising=False)
    before = environment(1)
    monkeypatch.setenv("KMP_INIT_AT_FORK", "FALSE")
    assert environment(1).fingerprint == before.fingerprint


def test_the_host_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "private-name")
    assert "private-name" not in json.dumps([dict(environment(1).stable), dict(environment(1).state)])


def test_a_cuda_device_and_the_flags_that_change_rounding_are_recorded() -> None:
    properties = SimpleNamespace(name="A", total_memory=8 * 2**30, multi_processor_count=40, major=8, minor=6)
    cuda = SimpleNamespace(current_device=lambda: 0, get_device_properties=lambda _: properties)
    cudnn = SimpleNamespace(version=lambda: 90100, benchmark=False, deterministic=False, allow_tf32=True)
    backends = SimpleNamespace(cudnn=cudnn, cuda=SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False)))
    facts = dict(cuda_facts(cuda, backends, "12.4"))
    assert facts["cuda_device"] == "A"
    assert facts["cuda_memory_gib"] == 8
    assert (facts["cudnn_tf32"], facts["matmul_tf32"], facts["cudnn_benchmark"]) == (True, False, False)


class FakeNvmlError(Exception):
    """The stand-in for pynvml.NVMLError."""


@dataclass
class FakeNvml:
    """A management library with one GPU held back by its power cap."""

    broken: bool = False
    NVMLError = FakeNvmlError
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0

    def nvmlInit(self) -> None:  # noqa: N802 - the library's own name
        if self.broken:
            raise FakeNvmlError

    def __getattr__(self, name: str) -> Any:
        answers = {
            "nvmlShutdown": None,
            "nvmlDeviceGetHandleByIndex": "handle",
            "nvmlSystemGetDriverVersion": b"550.1",
            "nvmlDeviceGetClockInfo": 1410,
            "nvmlDeviceGetTemperature": 71,
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=3),
            "nvmlDeviceGetCurrentClocksThrottleReasons": 0x4 | 0x20,
        }
        return lambda *_: answers[name]


def test_a_gpu_that_is_held_back_says_why() -> None:
    readings = device_readings(FakeNvml())
    assert readings["driver"] == "550.1"
    assert readings["clock_sm_mhz"] == 1410
    assert readings["throttling"] == "power cap, software thermal"
    assert throttling(0) == throttling(0x1) == ""


def test_a_machine_without_gpu_or_driver_has_no_readings() -> None:
    assert device_readings(FakeNvml(broken=True)) == {}


def test_threads_are_fixed_and_nonsense_is_refused() -> None:
    fix_threads(1)
    assert torch.get_num_threads() == 1
    with pytest.raises(SpecError, match="at least 1, got 0"):
        fix_threads(0)


@pytest.mark.parametrize("count", [1, 2])
def test_threads_are_fixed_the_first_time_that_a_process_asks_numba(count: int) -> None:
    """Numba starts its own threads then, and would set torch's number to its own."""
    code = "import torch, numba\ntorch.get_num_threads()\nfrom bench.machine.threads import fix_threads\n"
    code += f"fix_threads({count})\nprint(torch.get_num_threads(), numba.get_num_threads())"
    environment = {**os.environ, "NUMBA_NUM_THREADS": "4"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(count), str(count)]
