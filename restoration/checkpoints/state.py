"""Reads a network's state dict from a file, whatever wrote it, without running anything that the file contains.

Three formats: torch's zip or legacy pickle (restricted to tensors), safetensors, and the TensorFlow.js layers model (a
`model.json` with its weight shards beside it). What a training program wraps around the state dict is taken off here,
so that the networks see plain keys.
"""

from __future__ import annotations

import io
import json
import math
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from restoration.checkpoints.pickles import HostilePickleError, check_pickle
from restoration.errors import CheckpointError

State = dict[str, Tensor]
"""Parameters and buffers by key, as `torch.nn.Module.load_state_dict` takes them."""

_WRAPPERS = ("state_dict", "params_ema", "params-ema", "params", "model_state_dict", "model", "net")
"""Keys under which training programs put the state dict (Lightning, BasicSR, ...); the averaged weights come first."""

_PREFIXES = ("module.", "params.", "state_dict.", "netG.", "generator.")
"""Written before each key, by `torch.nn.DataParallel` among others."""

_TRAINED = "generator."
"""Where mmagic keeps the network, beside what only training needs."""

_ZIP = b"PK\x03\x04"

_LEGACY_PICKLES = 5
"""Magic number, protocol, system, the state dict, the keys of its storages; before torch 1.6 the file begins so."""

_MOST_UNPACKED = 20
"""Times the file's size; torch writes its records as they are, and trained weights hardly compress."""

_LONGEST_REASON = 200


def read_state(path: Path) -> State:
    """The state dict in `path`, by the file's suffix: `.safetensors`, `.json` (TensorFlow.js), torch's otherwise.

    Raises CheckpointError where the file is missing, broken, or holds anything but tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; expected a .pth, .safetensors or TensorFlow.js model.json")
    readers: Mapping[str, Callable[[Path], Any]] = {".safetensors": _read_safetensors, ".json": _read_tensorflowjs}
    found = readers.get(path.suffix, _read_torch)(path)
    return _unwrapped(found, path)


def _read_torch(path: Path) -> Any:
    try:
        _check_pickles(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a protocol other than torch.save's is no reason to speak twice
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle raises from anywhere: unpickling, zip, attribute and type errors alike
        reason = str(error) if isinstance(error, HostilePickleError) else _refusal(str(error))
        raise CheckpointError(f"{path}: expected a torch checkpoint that holds tensors only; {reason}") from error


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
    check_pickle(io.BytesIO(torch._C.PyTorchFileReader(str(path)).get_record("data.pkl")))  # noqa: SLF001 - what torch.load itself reads with


def _refusal(said: str) -> str:
    """What torch says about a pickle, in one line; it names the code that the file wants to run."""
    if code := re.search(r"GLOBAL:? (\S+)", said):
        return f"refused: it would call {code[1]} on loading; ask for its state_dict() as safetensors"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = (line for line in lines if line.startswith(("Unsupported", "Can only", "Trying")))
    reason = next(telling, lines[0] if any(" " in line for line in lines[:1]) else "it is broken, or no checkpoint")
    return reason[:_LONGEST_REASON]


def _read_safetensors(path: Path) -> State:
    try:
        return load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a safetensors file: {error}") from error


def _read_tensorflowjs(path: Path) -> State:
    """Keras weights by name, `layer/kernel` as (height, width, in, out) turned to torch's (out, in, height, width)."""
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]
        return {name: tensor for group in groups for name, tensor in _tensorflowjs_group(group, path.parent)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError, struct.error) as error:
        raise CheckpointError(f"{path}: not a TensorFlow.js layers model: {type(error).__name__}: {error}") from error


def _tensorflowjs_group(group: Mapping[str, Any], folder: Path) -> list[tuple[str, Tensor]]:
    """The tensors of one manifest group, whose shards are one stream of bytes cut into files."""
    stream = b"".join((folder / Path(name).name).read_bytes() for name in group["paths"])
    tensors, offset = [], 0
    for entry in group["weights"]:
        array, offset = _tensorflowjs_array(entry, stream, offset)
        axes = (3, 2, 0, 1) if array.ndim == 4 else tuple(range(array.ndim))  # noqa: PLR2004  # a convolution's kernel
        tensors.append((entry["name"], torch.from_numpy(np.ascontiguousarray(array.transpose(axes)))))
    if offset != len(stream):
        raise CheckpointError(f"{folder}: the shards hold {len(stream)} bytes, the manifest describes {offset}")
    return tensors


def _tensorflowjs_array(entry: Mapping[str, Any], stream: bytes, offset: int) -> tuple[NDArray[np.float32], int]:
    """One array and the offset after it; a quantised one is `scale * integer + min`."""
    quantisation = entry.get("quantization", {})
    stored = np.dtype(quantisation.get("dtype", entry["dtype"])).newbyteorder("<")
    values = np.frombuffer(stream, stored, count=math.prod(entry["shape"]), offset=offset).astype(np.float32)
    if "scale" in quantisation:
        values = values * np.float32(quantisation["scale"]) + np.float32(quantisation["min"])
    return values.reshape(entry["shape"]), offset + values.size * stored.itemsize


def _unwrapped(found: Any, path: Path) -> State:
    """The innermost mapping of keys to tensors, wrappers and prefixes taken off."""
    while isinstance(found, Mapping) and (
        key := next((key for key in _WRAPPERS if isinstance(found.get(key), Mapping)), None)
    ):
        found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()) or not found:
        kind = type(found).__name__
        raise CheckpointError(f"{path}: expected a state dict of tensors, found a {kind}; save model.state_dict()")
    state = {str(key): value for key, value in found.items()}
    state = {key: value for key, value in state.items() if key.startswith(_TRAINED)} or state
    while prefix := next((prefix for prefix in _PREFIXES if all(key.startswith(prefix) for key in state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def described(state: Mapping[str, Tensor]) -> str:
    """A state dict in a few words, for the message that says it is of another network."""
    shown = [f"{key} {tuple(tensor.shape)}" for key, tensor in list(state.items())[:2]]
    return f"{len(state)} tensors: {', '.join(shown)}{', ...' if len(state) > len(shown) else ''}"


def load_into(network: torch.nn.Module, state: State, source: str) -> None:
    """Puts `state` into `network`, in float32; raises CheckpointError naming the first key or shape that differs."""
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    optional = {key for key in expected if key.endswith("num_batches_tracked")}
    found = {key: tuple(tensor.shape) for key, tensor in state.items()}
    for key in sorted((set(expected) ^ set(found)) - optional):
        wanted, got = expected.get(key, "no such key"), found.get(key, "no such key")
        raise CheckpointError(f"{source}: {key}: found {got}, expected {wanted} for {network.__class__.__name__}")
    for key, shape in found.items():
        if shape != expected[key]:
            raise CheckpointError(f"{source}: {key}: found shape {shape}, expected {expected[key]}")
    network.load_state_dict({key: tensor.float() for key, tensor in state.items()}, strict=False)
