"""Reads a network's state dict from a file, whatever wrote it, without running anything that the file contains.

Each format has its module here. What a training program wraps around the state dict is taken off, so that the networks
see plain keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from restoration.checkpoints import ncnn, safetensors, tensorflowjs, torch
from restoration.errors import CheckpointError

State = dict[str, Tensor]
"""Parameters and buffers by key, as `torch.nn.Module.load_state_dict` takes them."""

_WRAPPERS = ("state_dict", "params_ema", "params-ema", "params", "model_state_dict", "model", "net")
"""Keys under which training programs put the state dict (Lightning, BasicSR, ...); the averaged weights come first."""

_PREFIXES = ("module.", "params.", "state_dict.", "netG.", "generator.")
"""Written before each key, by `torch.nn.DataParallel` among others."""

_TRAINED = "generator."
"""Where mmagic keeps the network; its other keys are of use in training only."""


def read_state(path: Path) -> State:
    """The state dict in `path`, by its suffix: `.safetensors`, `.json` (TensorFlow.js), `.param` (ncnn), or torch's.

    Raises CheckpointError where the file is missing, broken, or holds anything but tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; expected a .pth, .safetensors or TensorFlow.js model.json")
    readers: Mapping[str, Callable[[Path], Any]] = {
        ".safetensors": safetensors.read, ".json": tensorflowjs.read, ".param": ncnn.read,
    }  # fmt: skip
    return _unwrapped(readers.get(path.suffix, torch.read)(path), path)


def _unwrapped(found: Any, path: Path) -> State:
    """The innermost mapping of keys to tensors, wrappers and prefixes taken off."""
    while isinstance(found, Mapping) and (
        key := next((key for key in _WRAPPERS if isinstance(found.get(key), Mapping)), None)
    ):
        found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()) or not found:
        kind = type(found).__name__
        raise CheckpointError(f"{path}: expected a state dict of tensors, found a {kind}; save model.state_dict()")
    torch.check_held(found.values(), path)
    state = {str(key): value for key, value in found.items()}
    state = {key: value for key, value in state.items() if key.startswith(_TRAINED)} or state
    while prefix := next((prefix for prefix in _PREFIXES if all(key.startswith(prefix) for key in state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def described(state: Mapping[str, Tensor]) -> str:
    """A state dict in a few words, for the message that says it is of another network."""
    shown = [f"{key} {tuple(tensor.shape)}" for key, tensor in list(state.items())[:2]]
    return f"{len(state)} tensors: {', '.join(shown)}{', ...' if len(state) > len(shown) else ''}"


def load_into(network: nn.Module, state: State, source: str) -> None:
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
