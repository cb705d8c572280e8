"""Denoisers of ffmpeg, the video converter: a process of it is fed one frame after another through pipes.

The process is started by the first image of a size and stays for all that follow; it ends when what `build` made is
dropped, and when the process that feeds it ends, however that happens. So a call's time holds the conversion to
integers and back and both pipes, which `ffmpeg-null` measures by itself, but no start of a process.

Frames are integers, clipped to [0, 1]: 8 bits, the most that `dctdnoiz` and `nlmeans` take, or 12 for `bm3d`.
Parameters and where they come from stand in `docs/conventions.md`.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import subprocess
import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from restoration.baselines import Plane, check_sigma, needed, per_image
from restoration.errors import OptionError, PackageMissingError, ProgramError, RangeError
from restoration.method import Restore, Setup

PATIENCE = 300.0
"""Seconds in which a process has to answer a frame."""

_GRACE = 2.0
"""Seconds in which a process has to end by itself when nothing more comes."""


@dataclass(frozen=True)
class Frame:
    """What one frame is like: planes of a size and a depth."""

    planes: int
    height: int
    width: int
    bits: int

    @property
    def pixels(self) -> str:
        """The format's name in ffmpeg."""
        return ("gray" if self.planes == 1 else "gbrp") + (f"{self.bits}le" if self.bits > 8 else "")  # noqa: PLR2004 - whole bytes have no order

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The type of a sample in NumPy."""
        return np.dtype("u1" if self.bits <= 8 else "<u2")  # noqa: PLR2004 - bits of a byte


class Stream:
    """A running ffmpeg with one chain of filters, a function from the bytes of a frame to those of the filtered one.

    Raises `ProgramError` where the program cannot be started, ends, or gives no whole frame within `PATIENCE`.
    """

    def __init__(self, program: str, filters: str, frame: Frame, *, threads: int) -> None:
        raw = ("-f", "rawvideo", "-pix_fmt", frame.pixels, "-threads", "1")
        command = (
            program, "-hide_banner", "-loglevel", "error", "-filter_threads", str(threads),
            "-probesize", "32", "-analyzeduration", "0", *raw, "-video_size", f"{frame.width}x{frame.height}",
            "-i", "pipe:0", "-vf", filters, "-fps_mode", "passthrough", "-flush_packets", "1", *raw, "pipe:1",
        )  # fmt: skip
        self._what = f"ffmpeg ({filters})"
        self._late = False
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is read when the process has failed
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the program that the package or its user names
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said
            )
        except OSError as error:
            self._said.close()
            raise ProgramError(f"{program} cannot be started: {error}") from error
        self._sending = cast("IO[bytes]", self._process.stdin)
        self._getting = cast("IO[bytes]", self._process.stdout)
        self.close = weakref.finalize(self, _end, self._process, self._sending, self._getting, self._said)
        """Ends the process; so do dropping this object and the end of the interpreter."""

    def __call__(self, sent: bytes) -> bytes:
        """The filtered frame, as many bytes as were sent."""
        watch = threading.Timer(PATIENCE, self._give_up)
        watch.daemon = True
        watch.start()
        got = b""
        try:
            with contextlib.suppress(BrokenPipeError):  # it has ended, and read too little
                self._sending.write(sent)
                self._sending.flush()
                got = self._getting.read(len(sent))
        finally:
            watch.cancel()
        if len(got) < len(sent):
            raise ProgramError(f"{self._what} {self._fault(len(got), len(sent))}")
        return got

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _fault(self, got: int, expected: int) -> str:
        """Why no whole frame came; ends the process."""
        if self._late:
            self.close()
            return f"gave no whole frame within {PATIENCE:g} s and was ended"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        status = self._process.poll()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip().partition("\n")[0]
        self.close()
        ended = "closed its output" if status is None else f"ended with status {status}"
        return f"{ended} after {got} of {expected} bytes of a frame: {said or 'it said nothing'}"


def _end(process: subprocess.Popen[bytes], sending: IO[bytes], *others: IO[bytes]) -> None:
    """Lets the process end, since nothing more is sent, and kills it where it does not."""
    with contextlib.suppress(OSError):  # what was left to be written has no reader
        sending.close()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for file in others:
        file.close()


class _Filtered:
    """One image through a chain of filters; the process is started anew for an image of another size."""

    def __init__(self, filters: str, *, threads: int, planes: int, bits: int) -> None:
        self._program = _program()
        self._filters, self._threads, self._planes, self._bits = filters, threads, planes, bits
        self._frame: Frame | None = None
        self._stream: Stream | None = None

    def __call__(self, image: Plane) -> Plane:
        """`image`, (H, W) or (H, W, 3), filtered."""
        frame = Frame(self._planes, image.shape[0], image.shape[1], self._bits)
        if frame != self._frame:
            self.close()
            self._stream = Stream(self._program, self._filters, frame, threads=self._threads)
        assert self._stream  # noqa: S101 - for mypy: it was started for the last frame, if not for this
        levels = float(2**frame.bits - 1)
        samples = np.rint(np.clip(image, 0, 1) * levels).astype(frame.dtype)
        self._frame = None  # a call that is cut off leaves a frame on its way: the next begins with another process
        got = self._stream(_planes(samples, frame).tobytes())
        self._frame = frame
        restored = np.frombuffer(got, frame.dtype).reshape(frame.planes, frame.height, frame.width)
        return _image(restored, image.ndim).astype(np.float32) / np.float32(levels)

    def close(self) -> None:
        """Ends the process, if one runs."""
        if self._stream:
            self._stream.close()


def _planes(samples: NDArray[np.unsignedinteger], frame: Frame) -> NDArray[np.unsignedinteger]:
    """The planes of an image in ffmpeg's order: green, blue, red, or grey as often as there are planes."""
    if samples.ndim == 2:  # noqa: PLR2004 - a grey image
        return np.broadcast_to(samples, (frame.planes, frame.height, frame.width))
    return samples[..., (1, 2, 0)].transpose(2, 0, 1)


def _image(planes: NDArray[np.unsignedinteger], axes: int) -> NDArray[np.unsignedinteger]:
    """What `_planes` took apart."""
    return planes[0] if axes == 2 else planes[(2, 0, 1), ...].transpose(1, 2, 0)  # noqa: PLR2004 - a grey image


def null(setup: Setup) -> Restore:
    """The image through the pipes and no filter: what they cost in time, and what 8 bits cost in quality."""
    return _through("null", setup)


def dctdnoiz(setup: Setup) -> Restore:
    """The filter `dctdnoiz`: a sliding DCT, hard threshold at ratio x sigma, colour through a 3-point DCT.

    Its own threshold is 3 times the sigma that it is told, so 3 is the default. It takes colour only: a grey image is
    sent as three equal planes, whose 3-point DCT holds all in one component with sqrt(3) times the noise. A filter for
    grey would take about a third of the time.
    """
    check_sigma(setup)
    size, stride = int(setup.options["block_size"]), int(setup.options["stride"])
    if size not in (bits := {8: 3, 16: 4}):
        raise OptionError(f"ffmpeg-dctdnoiz: block_size must be 8 or 16, got {size}")
    if not 1 <= stride <= size:
        raise OptionError(f"ffmpeg-dctdnoiz: stride must be from 1 to {size}, the block's size, got {stride}")
    gain = math.sqrt(3) if setup.channels == 1 else 1.0
    told = float(setup.options["ratio"]) / 3 * gain * 255 * setup.sigma
    return _through(f"dctdnoiz=sigma={told:.6f}:n={bits[size]}:overlap={size - stride}", setup, planes=3)


def nlmeans(setup: Setup) -> Restore:
    """The filter `nlmeans`: non-local means, its strength `s` being strength x sigma on the 8-bit scale."""
    check_sigma(setup)
    told = float(setup.options["strength"]) * 255 * setup.sigma
    if not 1 <= told <= 30:  # noqa: PLR2004 - the filter's own bounds
        raise RangeError(f"ffmpeg-nlmeans: strength x sigma must be from 1 to 30 on the 8-bit scale, got {told:g}")
    patch, distance = int(setup.options["patch_size"]), int(setup.options["patch_distance"])
    return _through(f"nlmeans=s={told:.6f}:p={patch}:r={2 * distance + 1}", setup)


def bm3d(setup: Setup) -> Restore:
    """The filter `bm3d` without groups of blocks: a hard threshold at ratio x sigma, then a Wiener filter (passes 2).

    Its coefficients are those of an unnormalised DCT, and its `sigma` is on their scale: in the first pass such that
    `hdthr` is the ratio, in the second the coefficients' own noise. With groups of 4 to 16 blocks this filter loses 6
    dB and more, whatever it is told, so its blocks stay alone, as in the first pass of its manual's example.
    """
    check_sigma(setup)
    size, stride, passes = (int(setup.options[name]) for name in ("block_size", "stride", "passes"))
    if passes not in {1, 2}:
        raise OptionError(f"ffmpeg-bm3d: passes must be 1 or 2, got {passes}")
    noise = 2 * size * 255 * setup.sigma  # of a coefficient, on the 8-bit scale
    blocks = f"block={size}:bstep={stride}:group=1"
    first = f"bm3d=sigma={noise * 255 / (8 * size**2):.6f}:hdthr={float(setup.options['ratio']):.6f}:{blocks}"
    second = f"bm3d=sigma={noise * 4095 / 255:.6f}:{blocks}:estim=final:ref=1"
    return _through(first if passes == 1 else f"split[a][b];[a]{first}[c];[b][c]{second}", setup, bits=12)


def lacking(_: Setup) -> str:
    """What is not here to run ffmpeg, in words; empty where all is there."""
    try:
        _program()
    except PackageMissingError as error:
        return str(error)
    return ""


def _through(filters: str, setup: Setup, *, planes: int = 0, bits: int = 8) -> Restore:
    return per_image(_Filtered(filters, threads=setup.threads, planes=planes or setup.channels, bits=bits))


def _program() -> str:
    """The path of the executable; the variable IMAGEIO_FFMPEG_EXE names another than the package's own."""
    package = needed("imageio_ffmpeg", "peers")
    try:
        program = str(package.get_ffmpeg_exe())
    except RuntimeError as error:
        raise PackageMissingError(f"imageio-ffmpeg has no executable for this machine: {error}") from error
    if shutil.which(program) is None:
        raise PackageMissingError(f"{program} is no executable; IMAGEIO_FFMPEG_EXE, where it is set, has to name one")
    return program
