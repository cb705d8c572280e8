"""Checkpoints: only tensors are read, whatever wraps them, and a broken file is an error of one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from restoration.checkpoints import read_state
from restoration.errors import CheckpointError


class Harmless:
    """An object that is no tensor."""


@pytest.mark.parametrize(
    "content",
    [Harmless(), {"state_dict": {"a": 1}}, [torch.zeros(1)], {}],
    ids=["object", "number", "list", "empty"],
)
def test_refuses_what_is_not_a_state_dict(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match="expected a"):
        read_state(tmp_path / "net.pth")


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors", "model.json"])
def test_refuses_a_broken_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a checkpoint of any kind, but long enough to try")
    with pytest.raises(CheckpointError, match=name) as caught:
        read_state(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        read_state(tmp_path / "absent.pth")


def test_takes_off_what_training_wraps_around(tmp_path: Path) -> None:
    wrapped = {"state_dict": {"module.a": torch.ones(2), "module.b": torch.zeros(1)}, "epoch": 3}
    torch.save(wrapped, tmp_path / "net.pth")
    assert set(read_state(tmp_path / "net.pth")) == {"a", "b"}


def write_tensorflowjs(folder: Path, *, cut: int = 0) -> Path:
    """A layers model of one quantised 3x1 kernel (2 in, 4 out) and one float bias, in two shards."""
    kernel, bias = np.arange(24, dtype=np.uint8), np.array([1, 2, 3, 4], np.float32)
    content = kernel.tobytes() + bias.tobytes()
    (folder / "shard1").write_bytes(content[:10])
    (folder / "shard2").write_bytes(content[10 : len(content) - cut])
    quantisation = {"dtype": "uint8", "scale": 0.5, "min": -1.0, "original_dtype": "float32"}
    entries = [
        {"name": "F/kernel", "shape": [3, 1, 2, 4], "dtype": "float32", "quantization": quantisation},
        {"name": "F/bias", "shape": [4], "dtype": "float32"},
    ]
    manifest = [{"paths": ["shard1", "shard2"], "weights": entries}]
    (folder / "model.json").write_text(json.dumps({"weightsManifest": manifest}))
    return folder / "model.json"


def test_reads_quantised_kernels_into_torchs_order(tmp_path: Path) -> None:
    state = read_state(write_tensorflowjs(tmp_path))
    expected = torch.arange(24).float().mul(0.5).sub(1).reshape(3, 1, 2, 4).permute(3, 2, 0, 1)
    torch.testing.assert_close(state["F/kernel"], expected)
    torch.testing.assert_close(state["F/bias"], torch.tensor([1.0, 2, 3, 4]))


def test_refuses_a_truncated_shard(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"not a TensorFlow\.js layers model"):
        read_state(write_tensorflowjs(tmp_path, cut=3))


def test_refuses_shards_longer_than_the_manifest(tmp_path: Path) -> None:
    path = write_tensorflowjs(tmp_path)
    with (tmp_path / "shard2").open("ab") as shard:
        shard.write(b"more")
    with pytest.raises(CheckpointError, match="hold 44 bytes, the manifest describes 40"):
        read_state(path)
