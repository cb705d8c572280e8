"""A loaded, noisy, drifting or oversubscribed machine is unfit; an idle one is fit. No test waits for a real clock."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from bench.machine import doctor
from bench.machine.doctor import CpuTimes, Watch, examine, unfit


def watch(*, others: float = 0.0, steal: float = 0.0, scatter: float = 0.002, slowing: float = 0.0) -> Watch:
    """Ten seconds on two cores, one of them running the kernel."""
    generator = np.random.default_rng(0)
    samples = 0.01 * (1 + scatter * generator.standard_normal(1000)) * (1 + slowing * np.linspace(0, 1, 1000))
    wall = float(samples.sum())
    after = CpuTimes(
        total=2 * wall, idle=2 * wall * (1 - steal) - wall - others * wall, steal=2 * wall * steal, own=wall
    )
    return Watch(tuple(samples.tolist()), CpuTimes(0, 0, 0, 0), after)


def test_two_busy_processes_make_a_machine_unfit() -> None:
    found = doctor.load_symptom(watch(others=1.0))
    assert found.verdict == "unfit"
    assert found.value == "1.00 cores busy with other processes"
    assert found.advice
    assert doctor.load_symptom(watch()).verdict == "fit"


def test_scatter_is_judged_by_the_difference_asked_for() -> None:
    assert doctor.noise_symptom(watch(scatter=0.01), 0.03).verdict == "fit"
    assert doctor.noise_symptom(watch(scatter=0.2), 0.03).verdict == "unfit"
    assert doctor.noise_symptom(watch(scatter=0.2), 0.5).verdict == "fit"


def test_a_machine_that_slows_down_meanwhile_is_unfit() -> None:
    assert doctor.drift_symptom(watch(slowing=0.3), 0.03).verdict == "unfit"
    assert doctor.drift_symptom(watch(), 0.03).verdict == "fit"


def test_a_hypervisor_is_named_and_matters_only_when_it_takes_time() -> None:
    assert doctor.steal_symptom(watch(), "").verdict == "fit"
    assert doctor.steal_symptom(watch(), "KVM").verdict == "fit"
    taken = doctor.steal_symptom(watch(steal=0.1), "KVM")
    assert taken.verdict == "unfit"
    assert "KVM" in taken.value
    assert "10.00 %" in taken.value


@pytest.mark.parametrize(
    ("threads", "cores", "variable", "verdict"),
    [(2, 2, "", "fit"), (4, 2, "", "unfit"), (2, 2, "1", "unknown"), (1, 2, "1", "fit")],
)
def test_threads_are_held_against_cores(threads: int, cores: int, variable: str, verdict: str) -> None:
    assert doctor.threads_symptom(threads, cores, variable).verdict == verdict


def test_what_a_system_hides_is_unknown_not_fit() -> None:
    assert doctor.governor_symptom("").verdict == doctor.turbo_symptom(None).verdict == "unknown"
    assert doctor.governor_symptom("performance").verdict == doctor.turbo_symptom(allowed=False).verdict == "fit"
    assert doctor.governor_symptom("powersave").verdict == "unknown"


def test_a_coarse_clock_is_unfit() -> None:
    assert doctor.clock_symptom(1e-7).verdict == "fit"
    assert doctor.clock_symptom(0.015).verdict == "unfit"


@pytest.mark.parametrize(("held", "load", "verdict"), [("", 0, "fit"), ("power cap", 0, "unfit"), ("", 80, "unfit")])
def test_a_gpu_held_back_or_busy_is_unfit(held: str, load: int, verdict: str) -> None:
    readings = {"clock_sm_mhz": 1410, "temperature_celsius": 60, "load_percent": load, "throttling": held}
    (found,) = doctor.gpu_symptoms(readings)
    assert found.verdict == verdict
    assert held in found.value
    assert doctor.gpu_symptoms({}) == ()


def test_the_watch_stops_by_its_clock_and_leaves_the_warm_up_out() -> None:
    now = 0.0
    calls = 0

    def kernel() -> None:
        nonlocal now, calls
        calls += 1
        now += 1.0 if calls <= 2 else 0.25

    found = doctor.watch_kernel(kernel, lambda: now, seconds=2.0)
    assert found.samples == (0.25,) * 8
    assert found.spread == 0
    assert found.drift == 0


def test_an_examination_is_whole_and_goes_into_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "watch_kernel", lambda *_, **__: watch(others=2.0))
    findings = examine(threads=1, detect=0.03)
    names = [found.finding for found in findings]
    assert names == ["load", "noise", "drift", "virtualisation", "governor", "turbo", "threads", "clock"]
    assert unfit(findings)
    assert json.loads(json.dumps([asdict(found) for found in findings]))[0]["verdict"] == "unfit"
    assert all(found.advice for found in findings if found.verdict != "fit")


def test_processor_time_only_grows() -> None:
    before = doctor.cpu_times()
    doctor.fixed_kernel()()
    after = doctor.cpu_times()
    assert after.total >= before.total
    assert after.own >= before.own
