"""Reads safetensors files."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors
from safetensors.torch import load, load_file
from torch import Tensor

from restoration.errors import CheckpointError


def read(path: Path) -> dict[str, Tensor]:
    """The tensors by key; raises CheckpointError for a file of another kind."""
    try:
        if os.fsencode(path).decode("utf-8", "replace") == str(path):
            return load_file(path)
        return load(path.read_bytes())  # safetensors itself opens no path that is no UTF-8
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a safetensors file: {error}") from error
