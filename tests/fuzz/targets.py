"""What hostile bytes are thrown at: each target raises only where a promise is broken.

A target takes bytes, writes them where a user could have put them, and reads them through the product's own door. The
product may refuse them by an error of its own; anything else, a file outside its folder, or code that ran is a find.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench.errors import BenchError
from bench.plan.case import Case, Reading
from bench.plan.overrides import assignment
from bench.plan.spec_files import read_spec
from bench.record.manifest import read_manifest
from bench.record.rows import Row, RowFile, read_rows
from bench.regress.history import Entry, Point, read_history
from bench.regress.levels import check, comparable, overview
from reports.draw.pictures import panels
from reports.errors import ReportError
from reports.read.run import load_run
from reports.read.tables import all_tables, write_tables
from reports.two_runs.history import stored_times
from restoration.catalog import get
from restoration.checkpoints.state import read_state
from restoration.community import method_of
from restoration.errors import RestorationError
from restoration.images import SUFFIXES, load_image

ROOT = Path(tempfile.mkdtemp(prefix="restobench-fuzz-"))
INSIDE = ROOT / "inside"
INSIDE.mkdir()

MARK = ROOT / "code-ran"
"""What code hidden in a file would make; nothing may."""

SECRET = Path(tempfile.mkdtemp(prefix="restobench-secret-")) / "secret.png"
"""A picture beside the run that no row file may bring onto a page."""

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
        method_of(str(path), get)


def specs(content: bytes) -> None:
    """Specs are read and expanded; grids that are too large are refused."""
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


def history(content: bytes) -> None:
    """A history is read, judged and drawn; reading never changes it."""
    path = INSIDE / "history.jsonl"
    path.write_bytes(content)
    with _refusals():
        entries = read_history(path)
        if entries:
            check(entries[-1], comparable(entries[-1], entries, other_machine=True))
            overview(entries)
    with _refusals():
        stored_times(path, "f")
    assert path.read_bytes() == content


def pages(content: bytes) -> None:
    """The report reads a row file and the pictures it names: those of the run, and no other file."""
    (INSIDE / "run.json").unlink(missing_ok=True)
    (INSIDE / "rows.jsonl").write_bytes(content)
    _OPENED.clear()
    with _refusals():
        run = load_run(INSIDE)
        write_tables(all_tables(run), INSIDE / "out")
        panels(run)
    assert str(SECRET) not in _OPENED, "a file outside the run was read"


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
    target.__name__: target for target in (images, checkpoints, specs, rows, history, pages, manifests, overrides)
}


@functools.cache
def seeds(name: str) -> list[bytes]:
    """Valid input for a target, which mutation starts from; made once, since torch numbers what it saves anew."""
    made = {"images": _image_seeds, "checkpoints": _checkpoint_seeds, "pages": _page_seeds}
    return made.get(name, lambda: _TEXTS[name])()


_ENTRIES = [
    Entry("r", "abc", "2026", "f", {"cpu": "x"}, {"seconds dct 64x64": Point("seconds", 0.5 + 0.01 * number, 5)})
    for number in range(6)
]

_TEXTS: Mapping[str, list[bytes]] = {
    "specs": [SPEC],
    "rows": [f"{ROW.to_json()}\n{ROW.to_json()}\n".encode(), f"{ROW.to_json()}\n{{".encode()],
    "history": ["".join(f"{entry.to_json()}\n" for entry in _ENTRIES).encode(), _ENTRIES[0].to_json().encode()],
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
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (True, 4)}"
    made.append(bytes([SUFFIXES.index(".npy")]) + b"\x93NUMPY\1\0" + bytes([len(header), 0]) + header + bytes(64))
    return made


def _page_seeds() -> list[bytes]:
    """Row files whose pictures lie in the run, beside it, behind a link, or nowhere."""
    (INSIDE / "images").mkdir(exist_ok=True)
    for path in (SECRET, *(INSIDE / "images" / f"{part}.png" for part in ("clean", "restored"))):
        Image.fromarray(np.full((40, 48), 9, np.uint8)).save(path)
    link = INSIDE / "images" / "link.png"
    if not link.is_symlink():
        link.symlink_to(SECRET)
    notes = (
        "images/clean.png", f"../../{SECRET.parent.name}/{SECRET.name}", str(SECRET), "images/link.png", "images",
        "\0", "x" * 300,
    )  # fmt: skip
    timed = Case("time", "dct", height=64, width=64)
    whole = Row("r", replace(ROW.case, method=""), Reading("picture", None, part="degraded", note="images/clean.png"))
    return [
        "".join(f"{row.to_json()}\n" for row in (whole, replace(whole, case=ROW.case, reading=reading), ROW)).encode()
        for reading in (Reading("picture", None, part="restored", note=note) for note in notes)
    ] + [
        Row("r", replace(timed, **changed), Reading("seconds", value, "s", phase="measure")).to_json().encode() + b"\n"
        for changed, value in (({"height": -5}, 0.5), ({}, 1e300), ({}, -1.0), ({"seed": 2**70}, 0.5))
    ]


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
    hollow = INSIDE / "seed-hollow.pth"
    torch.save({"model.0.weight": torch.zeros(1).as_strided((180_000, 180_000), (0, 0))}, hollow)
    made = [
        b"\0" + hollow.read_bytes(),
        b"\0" + path.read_bytes(),
        b"\0" + legacy.read_bytes(),
        b"\1" + save({"a": torch.zeros(3)}),
        b"\2" + manifest,
        b"\2" + manifest.replace(b"[2]", b"[-1]").replace(b'"dtype"', b'"quantization":null,"dtype"'),
    ]
    made += [b"\0" + pickle.dumps(Touch(), protocol=protocol) for protocol in range(6)]
    for left in (path, legacy, hollow):
        left.unlink()
    return made


def _note_opened(event: str, details: tuple[object, ...]) -> None:
    if event == "open" and isinstance(details[0], str | os.PathLike):
        _OPENED.add(os.path.realpath(details[0]))


_OPENED: set[str] = set()
"""Files that were opened since a target last cleared it."""

sys.addaudithook(_note_opened)


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
        if isinstance(error, BenchError | RestorationError | ReportError):
            assert "\n" not in str(error), f"more than one line: {error}"
            return True
        return False
