"""Settings that everything in a process shares: put back where a method has changed them, and named.

Several methods are measured in one process. One that changes the folder it works in, torch's default type or the
number of threads would change what the next one does.
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class _Setting:
    """One of them; written only where what is read differs from before."""

    name: str
    """As the object of a sentence: what was changed."""
    read: Callable[[], Any]
    write: Callable[[Any], object]


@contextmanager
def put_back() -> Iterator[list[str]]:
    """Puts the settings back at the end of the block as they were at its beginning; the list then names the changed."""
    before = [(one, one.read()) for one in _settings()]
    changed: list[str] = []
    try:
        with warnings.catch_warnings():  # a library may filter some as it is imported: no offence, and not named
            yield changed
    finally:
        for one, value in before:
            if not _kept(value, one.read()):
                one.write(value)
                changed.append(one.name)


@cache
def _settings() -> tuple[_Setting, ...]:
    import numpy as np
    import torch

    cores: tuple[_Setting, ...] = ()
    if hasattr(os, "sched_setaffinity"):
        cores = (_Setting("the cores to run on", _cores, lambda chosen: os.sched_setaffinity(0, chosen)),)
    return (
        _Setting("the working directory", _folder, os.chdir),
        _Setting("environment variables", lambda: dict(os.environ), os.environ.update),
        *cores,
        _Setting("the garbage collector", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
        _Setting("the number of threads", torch.get_num_threads, torch.set_num_threads),
        _Setting("torch's default type", torch.get_default_dtype, torch.set_default_dtype),
        _Setting("torch's default device", torch.get_default_device, _use_device),
        _Setting("torch's recording of gradients", torch.is_grad_enabled, torch.set_grad_enabled),
        _Setting(
            "torch's deterministic algorithms",
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        _Setting(
            "the precision of torch's products",
            torch.get_float32_matmul_precision,
            torch.set_float32_matmul_precision,
        ),
        _Setting("torch's use of oneDNN", lambda: torch.backends.mkldnn.enabled, _use_onednn),
        _Setting("how denormal numbers are taken", _flushes, torch.set_flush_denormal),
        _Setting("NumPy's treatment of errors", np.geterr, lambda kinds: np.seterr(**kinds)),
    )


def _kept(before: Any, now: Any) -> bool:
    """Whether a setting is as it was; variables may have been added, as libraries do when they are imported."""
    if isinstance(before, dict):
        return bool(before.items() <= now.items())
    return bool(before == now)


def _folder() -> str:
    """The working directory; empty where it is gone."""
    with suppress(OSError):
        return os.getcwd()  # noqa: PTH109 - `Path.cwd` of a name that is no UTF-8 is the same text
    return ""


def _cores() -> set[int]:
    return os.sched_getaffinity(0)


def _use_device(device: Any) -> None:
    """Makes tensors on `device`; None undoes what even the naming of the processor leaves behind."""
    import torch

    torch.set_default_device(None if device.type == "cpu" else device)


def _use_onednn(on: bool) -> None:  # noqa: FBT001 - torch's own
    import torch

    torch.backends.mkldnn.enabled = on  # type: ignore[assignment]  # torch types it as what it stands behind


def _flushes() -> bool:
    """Whether torch takes denormal numbers for zero, which it does not tell."""
    import torch

    return float(torch.tensor(1e-310, dtype=torch.float64, device="cpu") * 1) == 0
