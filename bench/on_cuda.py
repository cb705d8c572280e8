"""Measures a machine's CUDA device part by part, each in a process of its own: one that fails loses no other.

`python -m bench.on_cuda --out FOLDER [--wheels FOLDER] [--minutes 9]`, in a checkout. It needs Python and torch, and
what `nox -s cuda-wheels` gathered where the machine reaches no package registry: nothing is imported here but the
standard library. In the folder are then `cuda.json` (each part: its command, how it ended, seconds), `cuda.log` (all
that they said), `report.html`, and `runs.zip` (the run directories). Ends with 0, 2 without a CUDA device, or 4 where
a part failed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: its tests and packages are what is run."""

_GRACE = 20.0
"""Seconds that a part which took too long has to put in order what it has, before it is killed."""

_DEVICE = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"


@dataclass(frozen=True)
class Part:
    """One thing to do: arguments of Python, and the seconds that it may take."""

    name: str
    arguments: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """How a part ended."""

    name: str
    command: str
    status: int | None
    """Its exit status; None where it was ended as it took too long."""
    seconds: float


def parts_of(runs: Path) -> Iterator[Part]:
    """What is done, in this order; the run directories lie in `runs`."""
    yield Part("environment", ("-m", "torch.utils.collect_env"), 60)
    tests = ("-m", "cuda", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(ROOT / "tests"))
    yield Part("tests", ("-m", "pytest", *tests), 150)
    yield Part("run", ("-m", "bench", "run", "--spec", "cuda", "--jobs", "1", "--out", str(runs)), 360)
    if found := sorted(runs.glob("cuda-*/run.json")):
        yield Part("report", ("-m", "bench", "report", str(found[-1].parent)), 60)


def measured(parts: Iterator[Part], out: Path, environment: Mapping[str, str], *, seconds: float) -> list[Outcome]:
    """Does each of `parts`, all within `seconds`; what is known is in `out` after each of them."""
    end = time.monotonic() + seconds
    outcomes: list[Outcome] = []
    with (out / "cuda.log").open("w", encoding="utf-8") as log:
        for part in parts:
            outcomes.append(_done(part, log.fileno(), environment, most=max(end - time.monotonic(), 1)))
            print(f"{part.name}: {_ending(outcomes[-1])}, {outcomes[-1].seconds:.0f} s", flush=True)
            found = {"parts": [asdict(outcome) for outcome in outcomes]}
            (out / "cuda.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return outcomes


def _done(part: Part, log: int, environment: Mapping[str, str], *, most: float) -> Outcome:
    command = [sys.executable, *part.arguments]
    os.write(log, f"\n== {part.name}: {' '.join(command)}\n".encode())
    begin = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - this module's own arguments
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(environment), cwd=ROOT,
        start_new_session=True,
    )  # fmt: skip
    try:
        status = _waited(process, min(part.seconds, most))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return Outcome(part.name, " ".join(command), status, round(time.monotonic() - begin, 1))


def _waited(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit status; None where it was asked to end after `seconds`."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(seconds)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    return None


def _ending(outcome: Outcome) -> str:
    return "took too long" if outcome.status is None else f"status {outcome.status}"


def environment_with(wheels: Path | None, site: Path) -> Mapping[str, str]:
    """What the parts run in: this checkout, and the `wheels` unpacked into `site`, come before what is installed."""
    places = [str(ROOT)]
    if wheels is not None:
        files = [str(file) for file in sorted(wheels.glob("*.whl"))]
        options = ("--quiet", "--no-index", "--no-deps", "--no-compile", "--target", str(site))
        subprocess.run([sys.executable, "-m", "pip", "install", *options, *files], check=True)  # noqa: S603 - pip and files
        places.append(str(site))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONUNBUFFERED": "1"}


def _device(environment: Mapping[str, str]) -> str:
    """The name of the CUDA device that torch sees; empty without one."""
    asked = subprocess.run(  # noqa: S603 - this module's own code
        [sys.executable, "-c", _DEVICE], capture_output=True, text=True, env=dict(environment), cwd=ROOT, check=False
    )
    return asked.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.on_cuda", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder for what is measured")
    parser.add_argument("--wheels", type=Path, help="wheels to install first, out of this folder alone")
    parser.add_argument("--minutes", type=float, default=9, help="that all parts may take together")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            environment = environment_with(asked.wheels, Path(scratch, "site"))
        except subprocess.CalledProcessError as error:
            print(f"{asked.wheels}: pip cannot install these wheels (status {error.returncode})", file=sys.stderr)
            return 2
        if not (name := _device(environment)):
            print(
                f"torch sees no CUDA device on this machine ({sys.executable}): nothing was measured", file=sys.stderr
            )
            return 2
        print(name, flush=True)
        asked.out.mkdir(parents=True, exist_ok=True)
        runs = Path(scratch, "runs")
        runs.mkdir()
        outcomes = measured(parts_of(runs), asked.out, environment, seconds=60 * asked.minutes)
        _kept(runs, asked.out)
    return 4 if any(outcome.status != 0 for outcome in outcomes) else 0


def _kept(runs: Path, out: Path) -> None:
    """Puts the run directories into one archive beside the report."""
    for report in runs.glob("*/report.html"):
        shutil.copy(report, out / "report.html")
    shutil.make_archive(str(out / "runs"), "zip", runs)


if __name__ == "__main__":
    sys.exit(main())
