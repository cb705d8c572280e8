"""Reads TensorFlow.js layers models: a `model.json` and the files of its weights, which lie in the same folder."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restoration.errors import CheckpointError

_DTYPES = ("float32", "float16", "int32", "uint16", "uint8", "bool")

_LONGEST_REASON = 200


def read(path: Path) -> dict[str, Tensor]:
    """Keras weights by name; a kernel (height, width, in, out) is turned to torch's (out, in, height, width).

    Raises CheckpointError for a file of another kind, and where the files of the weights do not fit it.
    """
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]
        return {name: tensor for group in groups for name, tensor in _group(group, path.parent)}
    except CheckpointError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        why = " ".join(str(error).split())[:_LONGEST_REASON]
        raise CheckpointError(f"{path}: not a TensorFlow.js layers model: {type(error).__name__}: {why}") from error


def _group(group: Mapping[str, Any], folder: Path) -> list[tuple[str, Tensor]]:
    """The tensors of one manifest group, whose shards are one stream of bytes cut into files."""
    stream = b"".join((folder / Path(name).name).read_bytes() for name in group["paths"])
    tensors, offset = [], 0
    for entry in group["weights"]:
        array, offset = _array(entry, stream, offset)
        axes = (3, 2, 0, 1) if array.ndim == 4 else tuple(range(array.ndim))  # noqa: PLR2004  # a convolution's kernel
        tensors.append((entry["name"], torch.from_numpy(np.ascontiguousarray(array.transpose(axes)))))
    if offset != len(stream):
        raise CheckpointError(f"{folder}: the shards hold {len(stream)} bytes, the manifest describes {offset}")
    return tensors


def _array(entry: Mapping[str, Any], stream: bytes, offset: int) -> tuple[NDArray[np.float32], int]:
    """One array and the offset after it; a quantised one is `scale * integer + min`."""
    quantisation = entry.get("quantization", {})
    name, shape = quantisation.get("dtype", entry["dtype"]), entry["shape"]
    if name not in _DTYPES:
        raise ValueError(f"a dtype {name!r}; expected one of {', '.join(_DTYPES)}")
    if not isinstance(shape, list) or any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"a shape {shape!r}; expected whole numbers of 0 or more")
    stored, count = np.dtype(name).newbyteorder("<"), math.prod(shape)
    if count * stored.itemsize > len(stream) - offset:
        raise ValueError(f"{count:,} numbers of {name}, and {len(stream) - offset:,} bytes left in the shards")
    values = np.frombuffer(stream, stored, count=count, offset=offset).astype(np.float32)
    if "scale" in quantisation:
        with np.errstate(all="ignore"):  # what is too large is infinite, as in any other checkpoint
            values = values * np.float32(quantisation["scale"]) + np.float32(quantisation["min"])
    return values.reshape(shape), offset + values.size * stored.itemsize
