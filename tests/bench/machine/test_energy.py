"""Energy is read where the machine tells it; where it does not, why is said, and no zero stands for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.machine.energy import EnergyError, counters_for, energy_facts, rapl_counters
from bench.machine.environment import environment


def zone(root: Path, folder: str, name: str, microjoules: int = 1_000_000, limit: int = 5_000_000) -> Path:
    place = root / folder
    place.mkdir(parents=True)
    (place / "name").write_text(f"{name}\n")
    (place / "energy_uj").write_text(f"{microjoules}\n")
    (place / "max_energy_range_uj").write_text(f"{limit}\n")
    return place


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    """Two processors with a part each, memory of the first, and the same zone reached in another way."""
    for folder, name in (
        ("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "dram"),
        ("intel-rapl:1", "package-1"), ("intel-rapl:2", "psys"), ("intel-rapl-mmio:0", "package-0"),
    ):  # fmt: skip
        zone(tmp_path, folder, name)
    return tmp_path


def test_processors_and_their_memory_are_counted_once(powercap: Path) -> None:
    assert [counter.name for counter in rapl_counters(powercap)] == ["package-0", "package-0 dram", "package-1"]
    assert dict(energy_facts(gpu=False, root=powercap)) == {
        "energy_cpu": "counted by package-0, package-0 dram, package-1"
    }


def test_a_counter_that_begins_from_zero_again_still_tells_what_passed(powercap: Path) -> None:
    counter = rapl_counters(powercap)[0]
    before = counter.read()
    (powercap / "intel-rapl:0/energy_uj").write_text("250000")
    assert before == pytest.approx(1.0)
    assert counter.passed(before, counter.read()) == pytest.approx(4.25)
    assert counter.passed(1.0, 1.5) == pytest.approx(0.5)


def test_a_counter_that_may_not_be_read_is_said_with_advice(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, **_: Any) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    names = {path: path.read_text() for path in powercap.rglob("name")}
    monkeypatch.setattr("bench.machine.energy.system_text", lambda path: names.get(path, "").strip())
    monkeypatch.setattr(Path, "read_text", denied)
    assert counters_for("cpu", root=powercap) == ()
    said = dict(energy_facts(gpu=False, root=powercap))["energy_cpu"]
    assert said.startswith("not measurable here: no permission to read ")
    assert "sudo chmod a+r" in said


@pytest.mark.parametrize(("monitor", "why"), [("", "no driver"), ("QEMU", r"a virtual machine \(QEMU\) has none")])
def test_a_machine_without_a_counter_says_so(tmp_path: Path, monitor: str, why: str) -> None:
    with pytest.raises(EnergyError, match=why):
        rapl_counters(tmp_path, monitor)
    assert counters_for("cpu", root=tmp_path) == ()


def test_a_counter_that_holds_no_number_is_no_counter(powercap: Path) -> None:
    (powercap / "intel-rapl:1/energy_uj").write_text("many")
    with pytest.raises(EnergyError, match="expected a number of microjoules"):
        rapl_counters(powercap)


class FakeNvml:
    """One GPU, known by its UUID, with the millijoules it is told."""

    class NVMLError(Exception):
        """What pynvml raises."""

    def __init__(self, *millijoules: int) -> None:
        self.left = list(millijoules)
        self.asked = ""

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        """Starts nothing."""

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802 - NVML's name
        self.asked = uuid
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, _: str) -> int:  # noqa: N802 - NVML's name
        if not self.left:
            raise self.NVMLError("Not Supported")
        return self.left.pop(0)


CUDA = SimpleNamespace(get_device_properties=lambda _: SimpleNamespace(uuid="12-34"))


def test_a_gpu_is_counted_in_joules_and_found_by_the_name_that_torch_knows(tmp_path: Path) -> None:
    nvml = FakeNvml(1000, 1000, 3500)
    (counter,) = counters_for("cuda:1", root=tmp_path, nvml=nvml, cuda=CUDA)
    assert nvml.asked == "GPU-12-34"
    assert counter.passed(counter.read(), counter.read()) == pytest.approx(2.5)
    with pytest.raises(EnergyError, match="loaded again"):
        counter.passed(2.0, 1.0)


def test_a_gpu_without_a_counter_says_so(tmp_path: Path) -> None:
    assert counters_for("cuda", root=tmp_path, nvml=FakeNvml(), cuda=CUDA) == ()
    said = dict(energy_facts(gpu=True, root=tmp_path, nvml=FakeNvml(), cuda=CUDA))["energy_cuda"]
    assert said == "not measurable here: NVML has no energy counter for this GPU: Not Supported"


def test_a_run_states_once_whether_its_machine_tells_energy_and_its_fingerprint_does_not_follow() -> None:
    found = environment(1)
    assert str(found.state["energy_cpu"]).startswith(("counted by ", "not measurable here: "))
    assert not [key for key in found.stable if key.startswith("energy")]
