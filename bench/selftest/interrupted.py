"""One program started, sent a signal when it has spent so much processor time, and looked at when it has ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.interrupts import STATUS
from bench.machine.lock import LockHeldError, locked

MARK = "RESTOBENCH_TRIAL"
"""The variable by which the processes of a trial are found."""

_PATIENCE = 300.0
"""Seconds after which a program counts as one that does not end."""
_GRACE = 5.0
"""Seconds in which processes may follow their parent."""
_LOOK = 0.02
_BESIDE = re.compile(r"\w+: \d+ of \d+|The machine was unfit to take times on: ")
"""What a line begins with that says how far it is, or how busy others keep the machine at that moment."""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked into


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    status: int
    said: tuple[str, ...]
    """Its lines on standard error."""
    seen: bool
    """Whether it had loaded its first module when the signal came: it catches SIGTERM then."""
    sent: bool
    """Whether it still ran at its moment."""
    spent: float
    """Processor seconds until then, its children's among them."""
    rows: Counter[bytes]
    """The whole rows that were on disk at that moment."""


class Program:
    """A command of this project in a scratch folder of its own, with its own timing lock and temporary files."""

    def __init__(self, folder: Path, *, as_module: bool) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.process = 0
        """The last one that was started."""
        script = [str(Path(sys.executable).with_name("restobench"))]
        self._start = [sys.executable, "-m", "bench"] if as_module else script
        self.environment = {
            **os.environ,
            MARK: str(folder),
            "TMPDIR": str(self.scratch),
            "RESTOBENCH_LOCK": str(folder / "timing.lock"),
            "RESTOBENCH_CACHE": str(folder / "cache" / "weights"),
        }
        """Its variables."""

    def end(self, arguments: Sequence[str], *, at: float = float("inf"), by: signal.Signals = signal.SIGINT) -> Ended:
        """Runs it, and sends `by` when it has spent `at` processor seconds; Ctrl-C reaches its process group."""
        said = self.folder / "said.txt"
        with said.open("wb") as errors, subprocess.Popen(  # noqa: S603 - our own program
            [*self._start, *arguments], cwd=self._place(), env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
        ) as process:  # fmt: skip
            self.process, spent, seen = process.pid, 0.0, False
            while process.poll() is None and (spent := max(spent, _spent(process.pid))) < at:
                time.sleep(_LOOK)
                seen = seen or _catches_sigterm(process.pid)  # one that is about to end catches nothing any more
            rows = self.rows()
            seen, sent = seen or _catches_sigterm(process.pid), process.poll() is None
            if sent:
                (os.killpg if by is signal.SIGINT else os.kill)(process.pid, by)
            try:
                status = process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
        lines = said.read_text(encoding="utf-8", errors="replace").splitlines()
        return Ended(status, tuple(filter(None, lines)), seen, sent, spent, rows)

    def _place(self) -> Path:
        """The folder it is started in: the repository, where there is one."""
        repository = self.folder / "repository"
        return repository if repository.is_dir() else self.folder

    def rows(self) -> Counter[bytes]:
        """The whole rows of its run, without what a torn line left."""
        found: Counter[bytes] = Counter()
        for path in self.folder.glob("out/*/rows.jsonl"):
            found.update(line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n"))
        return found

    def kept(self) -> frozenset[str]:
        """The names of what lies among its temporary files: libraries keep caches there."""
        return frozenset(path.name for path in self.scratch.iterdir())

    def left_over(self, usual: frozenset[str]) -> Iterator[str]:
        """What it should have cleared away and did not; `usual` is what it keeps when nothing interrupts it."""
        if orphans := self._orphans():
            yield f"orphans: {', '.join(orphans)}"
        for path in self.folder.rglob("*.lock"):
            try:
                with locked(path):
                    pass
            except LockHeldError as holder:
                yield f"lock held: {path.name} by {holder}"
        yield from (f"temporary file: {name}" for name in self.kept() - usual)
        if self.process:  # by whose number libraries name what they share
            shared = (path.name for path in _SHARED_MEMORY.iterdir())
            yield from (f"shared memory: {name}" for name in shared if re.search(rf"[-_]{self.process}[-_]", name))

    def _orphans(self) -> list[str]:
        until = time.monotonic() + _GRACE
        while found := [process for process in psutil.process_iter() if _marked(process, str(self.folder))]:
            if time.monotonic() > until:
                names = [" ".join(process.cmdline())[:80] for process in found if process.is_running()]
                for process in found:
                    with suppress(psutil.Error):
                        process.kill()
                psutil.wait_procs(found, _GRACE)
                return names
            time.sleep(0.05)
        return []


def faults_of(ended: Ended, usual: frozenset[str]) -> Iterator[str]:
    """What is wrong with how an interrupted program ended; `usual` is what it says when nothing interrupts it."""
    if ended.status != STATUS:
        yield f"status {ended.status}"
    strange = [line for line in ended.said if alike(line) not in usual and not _BESIDE.match(line)]
    if len(strange) != 1 or not strange[0].startswith("restobench: interrupted") or strange[0] != ended.said[-1]:
        yield f"said: {' / '.join(strange)[:300] or 'nothing'}"


def alike(line: str) -> str:
    """The line without its numbers."""
    return re.sub(r"\d+", "#", line)


def _spent(pid: int) -> float:
    """Processor seconds of a process, its children and what they have waited for."""
    spent = 0.0
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.Error):
                spent += sum(process.cpu_times()[:4])
    return spent


def _catches_sigterm(pid: int) -> bool:
    with suppress(OSError):
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
        return bool(caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def _marked(process: psutil.Process, mark: str) -> bool:
    with suppress(psutil.Error):
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    return False
