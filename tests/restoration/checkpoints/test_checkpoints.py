"""Checkpoints: only tensors are read, whatever wraps them, and a broken file is an error of one line."""

from __future__ import annotations

import io
import json
import os
import pickle
import pickletools
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from restoration.checkpoints.state import read_state
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


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [-1]}, {"shape": [True]}, {"shape": [2.5]}, {"shape": "4"}, {"shape": None}, {"shape": [10**30]},
        {"shape": [0, 10**400]}, {"dtype": "object"}, {"dtype": ["float32"]}, {"dtype": "complex64"}, {"dtype": "S0"},
        {"quantization": None}, {"quantization": [1]}, {"quantization": {"dtype": "uint8", "scale": "x", "min": 0}},
        {"quantization": {"dtype": "uint8", "scale": 10**400, "min": 0}}, {"name": ["F"]}, {"name": {}},
    ],
)  # fmt: skip
def test_refuses_a_malformed_manifest_in_one_line(tmp_path: Path, change: dict[str, object]) -> None:
    path = write_tensorflowjs(tmp_path)
    model = json.loads(path.read_text())
    model["weightsManifest"][0]["weights"][1] |= change
    path.write_text(json.dumps(model))
    with pytest.raises(CheckpointError, match=r"TensorFlow\.js|the manifest describes") as caught:
        read_state(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "model",
    [
        [], {}, {"weightsManifest": None}, {"weightsManifest": 3}, {"weightsManifest": {}}, {"weightsManifest": ["a"]},
        {"weightsManifest": [{"paths": 3, "weights": []}]}, {"weightsManifest": [{"paths": [None], "weights": []}]},
        {"weightsManifest": [{"paths": ["\0"], "weights": []}]},
        {"weightsManifest": [{"paths": [".."], "weights": []}]},
        {"weightsManifest": [{"paths": [], "weights": ["a"]}]}, {"weightsManifest": [{"paths": [], "weights": None}]},
    ],
)  # fmt: skip
def test_refuses_what_is_no_manifest(tmp_path: Path, model: object) -> None:
    (tmp_path / "model.json").write_text(json.dumps(model))
    with pytest.raises(CheckpointError):
        read_state(tmp_path / "model.json")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: torch.zeros(1).as_strided((180_000, 180_000), (0, 0)), "claims 129,600,000,000 bytes and holds 4"),
        (lambda: torch.empty(180_000, 180_000, device="meta"), "on meta; expected dense ones on the CPU"),
        (lambda: torch.zeros(2, 2).to_sparse(), r"holds a tensor of torch\.sparse_coo"),
    ],
    ids=["strides of zero", "no storage", "sparse"],
)
@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_refuses_tensors_that_claim_more_than_the_file_holds(
    tmp_path: Path, make: Callable[[], torch.Tensor], reason: str
) -> None:
    torch.save({"model.0.weight": make()}, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=reason):
        read_state(tmp_path / "net.pth")


def test_refuses_a_thousand_tensors_that_share_one_storage_but_not_two(tmp_path: Path) -> None:
    one = torch.zeros(4096)
    torch.save({f"{number}": one for number in range(2)}, tmp_path / "net.pth")
    assert len(read_state(tmp_path / "net.pth")) == 2
    torch.save({f"{number}": one for number in range(1000)}, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match="its tensors claim 16,384,000 bytes and hold 16,384"):
        read_state(tmp_path / "net.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_reads_a_file_whose_name_is_no_utf8(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / os.fsdecode(b"net\xff" + suffix.encode())
    save = {".pth": torch.save, ".safetensors": save_file}[suffix]
    save({"a": torch.ones(2)}, tmp_path / f"net{suffix}")
    (tmp_path / f"net{suffix}").rename(path)
    assert read_state(path)["a"].tolist() == [1, 1]


def written(path: Path, pickled: bytes) -> Path:
    """A zip archive as torch.save writes it, with another pickle in it."""
    torch.save({"a": torch.zeros(1)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in records.items():
            archive.writestr(name, pickled if name.endswith("data.pkl") else content)
    return path


LONG = b"x" * 200_000
DOUBLED = b"".join(b"]q" + bytes([n + 1]) + b"(h" + bytes([n]) + b"h" + bytes([n]) + b"e" for n in range(60))
"""Lists of twice the one before: they have 2^60 elements when they are written out."""


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        (b"\x80\x02cos\n" + LONG + b"\nq\0)R.", "names a function in 200,003 characters"),
        (b"\x80\x02X" + len(LONG).to_bytes(4, "little") + LONG + b"q\0)R.", "would call what is no function"),
        (b"\x80\x02]q\0" + DOUBLED + b")R.", "would call what is no function"),
        (b"\x80\x02]q\0" + DOUBLED + b")\x81.", "would call what is no function"),
        (b"\x80\x02c__builtin__\nbytearray\nq\0\x8a\x05\0\0\0\0\x10\x85R.", "would reserve 68,719,476,736 bytes"),
        (b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R.", "would call posix.system"),
        (b"\x80\x02cargparse\nNamespace\nq\0)\x81.", "would call argparse.Namespace on loading"),
    ],
    ids=["name", "string", "doubled", "doubled-class", "bytearray", "stack-global", "namespace"],
)
@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.timeout(600)
def test_hostile_pickles_are_refused_at_once(tmp_path: Path, form: str, pickled: bytes, reason: str) -> None:
    path = tmp_path / "net.pth"
    if form == "zip":
        written(path, pickled)
    else:
        torch.save({"a": torch.zeros(1)}, path, _use_new_zipfile_serialization=False)
        content, first = path.read_bytes(), pickle.dumps({"a": 1})
        head = io.BytesIO(content)
        for _ in range(3):
            list(pickletools.genops(head))
        path.write_bytes(content[: head.tell()] + pickled + first)
    with pytest.raises(CheckpointError, match=reason) as caught:
        read_state(path)
    assert len(str(caught.value)) < 400 + len(str(path))
    assert "\n" not in str(caught.value)


def test_an_archive_that_unpacks_to_a_multiple_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path / "net.pth", b"\x80\x02}.")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data/1", bytes(10_000_000))
    with pytest.raises(CheckpointError, match="would unpack to 10,000,"):
        read_state(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_what_training_saves_beside_the_weights_is_read(tmp_path: Path, *, legacy: bool) -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.rand(1, 3, 8, 8)).sum().backward()
    optimizer.step()
    content = {
        "state_dict": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "parameter": network[0].weight,
        "half": torch.zeros(3).half(),
        "transposed": torch.rand(3, 4).T,
        "size": torch.Size([1, 2]),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "bytes": (bytearray(b"ab"), b"cd"),
        "kinds": ({1, 2}, 3 + 4j, None, True, 2**70, 0.5, Counter("aab")),
    }
    torch.save(content, tmp_path / "net.pth", _use_new_zipfile_serialization=not legacy)
    read = read_state(tmp_path / "net.pth")
    assert list(read) == list(network.state_dict())
    torch.testing.assert_close(read, dict(network.state_dict()))
