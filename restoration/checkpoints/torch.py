"""Reads what `torch.save` wrote, a zip archive or a legacy pickle, restricted to tensors."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restoration.checkpoints.pickles import HostilePickleError, check_pickle
from restoration.errors import CheckpointError

_ZIP = b"PK\x03\x04"

_LEGACY_PICKLES = 5
"""Magic number, protocol, system, the state dict, the keys of its storages; before torch 1.6 the file begins so."""

_MOST_UNPACKED = 20
"""Times the file's size; torch writes its records as they are, and trained weights hardly compress."""

_LONGEST_REASON = 200


def read(path: Path) -> Any:
    """The object in the file; raises CheckpointError where it is broken or would do anything but hold tensors."""
    try:
        _check_pickles(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a protocol other than torch.save's is no reason to speak twice
            with path.open("rb") as file:  # torch itself opens no path that is no UTF-8
                return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle raises from anywhere: unpickling, zip, attribute and type errors alike
        reason = str(error) if isinstance(error, HostilePickleError) else _refusal(str(error))
        raise CheckpointError(f"{path}: expected a torch checkpoint that holds tensors only; {reason}") from error


def check_held(tensors: Iterable[Tensor], path: Path) -> None:
    """Raises CheckpointError where tensors claim more numbers than the file holds, by strides of zero or by sharing."""
    claimed, held = 0, {}
    for tensor in tensors:
        if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
            raise CheckpointError(
                f"{path}: holds a tensor of {tensor.layout}, {tensor.dtype}, on {tensor.device}; expected dense ones "
                "on the CPU, not quantised"
            )
        own, storage = tensor.numel() * tensor.element_size(), tensor.untyped_storage()
        if own > storage.nbytes():
            raise CheckpointError(f"{path}: refused: a tensor claims {own:,} bytes and holds {storage.nbytes():,}")
        claimed, held[storage.data_ptr()] = claimed + own, storage.nbytes()
    if claimed > _MOST_UNPACKED * sum(held.values()):
        raise CheckpointError(f"{path}: refused: its tensors claim {claimed:,} bytes and hold {sum(held.values()):,}")


def _check_pickles(path: Path) -> None:
    """Raises HostilePickleError for what torch should not even look at: see `restoration.checkpoints.pickles`."""
    with path.open("rb") as file:
        if file.read(4) != _ZIP:
            file.seek(0)
            for _ in range(_LEGACY_PICKLES):
                check_pickle(file)
            return
    with zipfile.ZipFile(path) as archive:
        held = sum(entry.file_size for entry in archive.infolist())
    if held > _MOST_UNPACKED * path.stat().st_size:
        raise HostilePickleError(f"refused: it would unpack to {held:,} bytes")
    with path.open("rb") as file:
        reader = torch._C.PyTorchFileReader(file)  # noqa: SLF001 - what torch.load itself reads with
        check_pickle(io.BytesIO(reader.get_record("data.pkl")))


def _refusal(said: str) -> str:
    """What torch says about a pickle, in one line; it names the code that the file wants to run."""
    if code := re.search(r"GLOBAL:? (\S+)", said):
        return f"refused: it would call {code[1]} on loading; ask for its state_dict() as safetensors"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = (line for line in lines if line.startswith(("Unsupported", "Can only", "Trying")))
    reason = next(telling, lines[0] if any(" " in line for line in lines[:1]) else "it is broken, or no checkpoint")
    return reason[:_LONGEST_REASON]
