"""What hostile bytes are thrown at: each target raises only where a promise is broken.

A target takes bytes, writes them where a user could have put them, and reads them through the product's own door. The
product may refuse them by an error of its own; anything else, a file outside its folder, or code that ran is a find.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench.case import Case, Reading
from bench.errors import BenchError
from bench.manifest import read_manifest
from bench.overrides import assignment
from bench.rows import Row, RowFile, read_rows
from bench.spec import read_spec
from restoration.checkpoints import read_state
from restoration.community import method_of
from restoration.errors import RestorationError
from restoration.images import SUFFIXES, load_image

ROOT = Path(tempfile.mkdtemp(prefix="restobench-fuzz-"))
INSIDE = ROOT / "inside"
INSIDE.mkdir()

MARK = ROOT / "code-ran"
"""What code hidden in a file would make; nothing may."""

SPEC = b"""name = "x"
threads = 1
[[time]]
method = "dct"
size = [64, "32x48"]
options = { block_size = [8, 16] }
[[quality]]
method = ["noisy", "dct"]
sigma_255 = [15, 25.5]
images = ["camera"]
"""


def images(content: bytes) -> None:
    """The first byte chooses the suffix."""
    path = INSIDE / f"image{SUFFIXES[content[0] % len(SUFFIXES)] if content else '.png'}"
    path.write_bytes(content[1:])
    with _refusals():
        pixels = load_image(path, channels=3).pixels
        assert pixels.dtype == torch.float32
        assert pixels.min() >= 0
        assert pixels.max() <= 1


def checkpoints(content: bytes) -> None:
    """The first byte chooses the suffix."""
    suffixes = (".pth", ".safetensors", ".json", ".ckpt")
    path = INSIDE / f"weights{suffixes[content[0] % len(suffixes)] if content else '.pth'}"
    path.write_bytes(content[1:])
    with _refusals():
        assert all(isinstance(tensor, torch.Tensor) for tensor in read_state(path).values())
    with _refusals():
        method_of(str(path))


def specs(content: bytes) -> None:
    """Specs are read, and expanded where they are not too large."""
    path = INSIDE / "spec.toml"
    path.write_bytes(content)
    with _refusals():
        spec = read_spec(str(path))
        if len(content) < 2 * len(SPEC):
            spec.cases({1: ["camera"], 3: ["chelsea"]})


def rows(content: bytes) -> None:
    """A row file is read, and appended to: what was whole stays whole."""
    path = INSIDE / "rows.jsonl"
    path.write_bytes(content)
    with _refusals():
        list(read_rows(INSIDE))
    kept = content[: content.rfind(b"\n") + 1]
    with RowFile(INSIDE) as file:
        file.append([ROW])
    assert path.read_bytes() == kept + ROW.to_json().encode() + b"\n"


def manifests(content: bytes) -> None:
    """`run.json` is read."""
    (INSIDE / "run.json").write_bytes(content)
    with _refusals():
        read_manifest(INSIDE)


def overrides(content: bytes) -> None:
    """What stands behind `--set`."""
    with _refusals():
        assignment(content.decode("utf-8", "replace"))


ROW = Row("r", Case("quality", "dct", image="camera", sigma_255=25.0), Reading("psnr_db", 30.25, "dB"))

TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (images, checkpoints, specs, rows, manifests, overrides)
}


def seeds(name: str) -> list[bytes]:
    """Valid input for a target, which mutation starts from."""
    return {"images": _image_seeds, "checkpoints": _checkpoint_seeds}.get(name, lambda: _TEXTS[name])()


_TEXTS: Mapping[str, list[bytes]] = {
    "specs": [SPEC],
    "rows": [f"{ROW.to_json()}\n{ROW.to_json()}\n".encode(), f"{ROW.to_json()}\n{{".encode()],
    "manifests": [
        b'{"run":"r","name":"x","command":"c","spec":{},"environment":{},"fingerprint":"f","started":"s","schema":1}'
    ],
    "overrides": [b"sigma_255=[15,25]", b'rule="soft"', b"a.b={c=1}"],
}


def _image_seeds() -> list[bytes]:
    pixels = np.arange(7 * 5 * 3, dtype=np.uint8).reshape(7, 5, 3)
    made = []
    for index, suffix in enumerate(SUFFIXES):
        path = INSIDE / f"seed{suffix}"
        np.save(path, pixels) if suffix == ".npy" else Image.fromarray(pixels).save(path)
        made.append(bytes([index]) + path.read_bytes())
        path.unlink()
    return made


def _checkpoint_seeds() -> list[bytes]:
    import pickle

    from safetensors.torch import save

    path = INSIDE / "seed.pth"
    torch.save({"params": {"model.0.weight": torch.zeros(4, 5, 3, 3)}}, path)
    legacy = INSIDE / "seed-legacy.pth"
    torch.save({"model.0.weight": torch.zeros(2)}, legacy, _use_new_zipfile_serialization=False)
    manifest = (
        b'{"weightsManifest":[{"paths":["../../etc/passwd"],"weights":[{"name":"a","shape":[2],"dtype":"float32"}]}]}'
    )
    made = [
        b"\0" + path.read_bytes(),
        b"\0" + legacy.read_bytes(),
        b"\1" + save({"a": torch.zeros(3)}),
        b"\2" + manifest,
    ]
    made += [b"\0" + pickle.dumps(Touch(), protocol=protocol) for protocol in range(6)]
    for left in (path, legacy):
        left.unlink()
    return made


class Touch:
    """Leaves its mark when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {MARK}",)


class _refusals:  # noqa: N801 - reads as a word in a with statement
    """Lets the product's own errors pass, one line each; looks for what must not have happened."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> bool:
        assert not MARK.exists(), "code in a file was run"
        assert sorted(path.name for path in ROOT.iterdir() if path != MARK) == ["inside"], "a file escaped"
        if isinstance(error, BenchError | RestorationError):
            assert "\n" not in str(error), f"more than one line: {error}"
            return True
        return False
