"""Reads safetensors files."""

from __future__ import annotations

from pathlib import Path

import safetensors
from safetensors.torch import load_file
from torch import Tensor

from restoration.errors import CheckpointError


def read(path: Path) -> dict[str, Tensor]:
    """The tensors by key; raises CheckpointError for a file of another kind."""
    try:
        return load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a safetensors file: {error}") from error
