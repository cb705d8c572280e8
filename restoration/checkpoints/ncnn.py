"""Reads the weights of ncnn's two files: `.param`, lines of text, and the `.bin` beside it, in the order of the lines.

Known are convolutions and transposed ones, in float32 or packed as float16; a layer of another kind must have no
weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restoration.errors import CheckpointError

_MAGIC = "7767517"
FLOAT16 = 0x01306B47
"""What stands before weights packed as float16; 0 before those that are not packed."""

_TRANSPOSED = "Deconvolution"
_KINDS = ("Convolution", _TRANSPOSED)
_WITHOUT_WEIGHTS = ("Input", "Split", "ReLU", "Concat", "PixelShuffle", "Interp", "Crop", "Eltwise", "Noop")


def read(path: Path) -> dict[str, Tensor]:
    """Kernels and biases by the layer's name, `conv1.weight` and `conv1.bias`, shaped as torch's layers have them.

    Raises CheckpointError for a file of another kind, a layer that is not known, and a `.bin` that does not fit.
    """
    try:
        stream = _Stream(path.with_suffix(".bin").read_bytes())
        lines = _lines(path.read_text(encoding="utf-8"))
        state = {key: tensor for words in lines for key, tensor in _layer(words, stream)}
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise CheckpointError(f"{path}: not a model of ncnn that can be read: {error}") from error
    if stream.left:
        raise CheckpointError(f"{path}: the .bin beside it holds {stream.left} bytes more than its layers describe")
    return state


class _Stream:
    """The bytes of a `.bin`, taken from the front."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offset = 0

    @property
    def left(self) -> int:
        return len(self._content) - self._offset

    def take(self, count: int, dtype: str) -> NDArray[np.float32]:
        """`count` numbers as float32; ValueError where the bytes end before."""
        length = count * np.dtype(dtype).itemsize
        if count < 0 or length > self.left:
            raise ValueError(f"{count:,} numbers of {length:,} bytes, and {self.left:,} bytes left in the .bin")
        found = np.frombuffer(self._content, dtype, count, self._offset)
        self._offset += length
        return found.astype(np.float32)

    def packed(self, count: int) -> NDArray[np.float32]:
        """`count` numbers behind the tag that says how they are packed."""
        tag = int.from_bytes(self._content[self._offset : self._offset + 4], "little")
        if tag not in {0, FLOAT16}:
            raise ValueError(f"weights packed as {tag:#010x}; expected float32 or float16")
        self._offset += 4
        found = self.take(count, "<f2" if tag else "<f4")
        self._offset += -self._offset % 4  # float16 is filled up to four bytes
        return found


def _lines(text: str) -> list[list[str]]:
    """The words of each layer's line."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != _MAGIC:
        raise ValueError(f"it begins with {text[:20]!r}, expected {_MAGIC}")
    return [line.split() for line in lines[2:] if line.strip()]


def _layer(words: list[str], stream: _Stream) -> Iterator[tuple[str, Tensor]]:
    """The kernel and the bias of one line of the `.param`."""
    kind, name = words[:2]
    if kind not in _KINDS:
        if kind not in _WITHOUT_WEIGHTS:
            raise ValueError(f"layer {name} of kind {kind}; expected one of {', '.join(_KINDS + _WITHOUT_WEIGHTS)}")
        return
    names = int(words[2]) + int(words[3])
    given = dict(word.split("=", 1) for word in words[4 + names :])
    maps, size, width = int(given["0"]), int(given["6"]), int(given["1"])
    height = int(given.get("11", width))
    shape = (maps, size // (maps * height * width), height, width)
    if math.prod(shape) != size:
        raise ValueError(f"layer {name}: {size} weights for kernels of {height} x {width} and {maps} maps")
    kernel = torch.from_numpy(stream.packed(size).reshape(shape))
    yield f"{name}.weight", kernel.transpose(0, 1).contiguous() if kind == _TRANSPOSED else kernel
    if given.get("5") == "1":
        yield f"{name}.bias", torch.from_numpy(stream.take(maps, "<f4"))
