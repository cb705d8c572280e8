"""What every test may ask for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None)  # no test asserts on real time
settings.load_profile("untimed")
settings.register_profile("fuzz", max_examples=3000, deadline=5000, suppress_health_check=list(HealthCheck))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell ignores Ctrl-C for what it starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a CUDA device are skipped where there is none."""
    needing = [item for item in items if item.get_closest_marker("cuda")]
    if needing and not torch.cuda.is_available():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason="no CUDA device on this machine"))


@pytest.fixture(scope="session", autouse=True)
def own_timing_lock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A timing lock of the tests' own: none waits for what somebody else measures on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTOBENCH_LOCK", str(tmp_path_factory.mktemp("lock") / "timing.lock"))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference images and golden arrays beside the repository; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"no reference data at {SHARED}")
    return SHARED
