"""What a method changes of the process that others run in is put back, and named."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.machine.settings import put_back

CHANGES: dict[str, Callable[[], object]] = {
    "the working directory": lambda: os.chdir("/"),
    "environment variables": lambda: os.environ.pop("HOME"),
    "the garbage collector": gc.disable,
    "the number of threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "torch's default type": lambda: torch.set_default_dtype(torch.float64),
    "torch's default device": lambda: torch.set_default_device("meta"),
    "torch's recording of gradients": lambda: torch.set_grad_enabled(False),
    "torch's deterministic algorithms": lambda: torch.use_deterministic_algorithms(True),
    "the precision of torch's products": lambda: torch.set_float32_matmul_precision("medium"),
    "torch's use of oneDNN": lambda: setattr(torch.backends.mkldnn, "enabled", False),
    "how denormal numbers are taken": lambda: torch.set_flush_denormal(True),
    "NumPy's treatment of errors": lambda: np.seterr(all="raise"),
}


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", CHANGES)
def test_each_setting_is_put_back_and_named(name: str) -> None:
    with put_back() as changed:
        CHANGES[name]()
    assert changed == [name]
    with put_back() as after:
        pass
    assert after == []
    with put_back() as again:  # as it was before, or this would change nothing
        CHANGES[name]()
    assert again == [name]


def test_they_are_put_back_though_the_method_fails() -> None:
    def fails() -> None:
        os.chdir("/")
        torch.set_default_dtype(torch.float64)
        raise ValueError("no")

    before = Path.cwd()
    with pytest.raises(ValueError, match="no"), put_back() as changed:
        fails()
    assert changed == ["the working directory", "torch's default type"]
    assert (Path.cwd(), torch.get_default_dtype()) == (before, torch.float32)


def test_a_library_may_add_variables_and_filters_as_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADDED_BY_A_LIBRARY", raising=False)
    before = list(warnings.filters)
    with put_back() as changed:
        os.environ["ADDED_BY_A_LIBRARY"] = "1"
        warnings.filterwarnings("ignore", "of a library")
    monkeypatch.setenv("ADDED_BY_A_LIBRARY", "")  # so that it is taken away again
    assert changed == []
    assert list(warnings.filters) == before
