"""What NVIDIA's management library tells of the GPU: clocks, temperature, throttling; nothing where it is missing."""

from __future__ import annotations

from typing import Any

Fact = str | int | float | bool
"""One thing known of a machine."""

THROTTLE_REASONS = {
    0x2: "clocks set by hand",
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x10: "sync boost",
    0x20: "software thermal",
    0x40: "hardware thermal",
    0x80: "power brake",
}
"""Bits of NVML's clock event reasons that make a GPU slower than it could be, in words."""


def device_readings(nvml: Any = None, *, index: int = 0) -> dict[str, Fact]:
    """Driver, clocks, temperature, load and throttle reasons of GPU `index`; empty without a GPU or the library.

    `nvml` is the module `pynvml` or a stand-in; left out, it is imported where it is installed.
    """
    nvml = library() if nvml is None else nvml
    if nvml is None:
        return {}
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return {}
    try:
        return _readings(nvml, nvml.nvmlDeviceGetHandleByIndex(index))
    except nvml.NVMLError:  # a device that is gone, or a driver that hides a reading
        return {}
    finally:
        nvml.nvmlShutdown()


def throttling(bits: int) -> str:
    """NVML's clock event reasons in words, joined by commas; empty when nothing holds the GPU back."""
    return ", ".join(words for bit, words in THROTTLE_REASONS.items() if bits & bit)


def _readings(nvml: Any, device: Any) -> dict[str, Fact]:
    driver = nvml.nvmlSystemGetDriverVersion()
    return {
        "driver": driver.decode() if isinstance(driver, bytes) else driver,
        "clock_sm_mhz": nvml.nvmlDeviceGetClockInfo(device, nvml.NVML_CLOCK_SM),
        "clock_memory_mhz": nvml.nvmlDeviceGetClockInfo(device, nvml.NVML_CLOCK_MEM),
        "temperature_celsius": nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU),
        "load_percent": nvml.nvmlDeviceGetUtilizationRates(device).gpu,
        "throttling": throttling(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(device)),
    }


def library() -> Any:
    """The module `pynvml`; None where it is not installed."""
    try:
        import pynvml  # type: ignore[import-not-found,unused-ignore]  # installed only where the extra `gpu` is
    except ImportError:
        return None
    return pynvml
