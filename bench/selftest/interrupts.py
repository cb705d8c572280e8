"""Interrupts this program at even moments of its processor time, and counts how it ends.

`python -m bench.selftest.interrupts` does so to a small run and a small comparison, half of them started as
`restobench` and half with `python -m bench`, and writes the table of counts into the page. `--part 2/4` does a quarter
of it; parts add up, of which the first begins anew.
"""

from __future__ import annotations

import json
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.record.attempt import END
from bench.record.files import append_whole
from bench.record.rows import read_rows
from bench.regress.checkouts import git
from bench.selftest.gate_table import write_table
from bench.selftest.interrupted import Ended, Program, alike, faults_of
from bench.talk import Record, ending_in_one_line, say

SPEC = """
name = "small"
threads = 1
round_seconds = 0.01
[[cost]]
method = ["noisy", "dct"]
size = 32
[[time]]
method = ["noisy", "dct"]
size = 32
[[quality]]
method = ["noisy", "dct"]
sigma_255 = [15, 25]
images = ["camera", "coins"]
seed = [0, 1, 2]
"""

THEIRS = """
name = "theirs"
threads = 1
[[quality]]
method = "theirs:restore"
images = ["camera", "coins"]
[[cost]]
method = "theirs:restore"
size = 32
[[time]]
method = "theirs:restore"
size = 32
"""

RUN = ("run", "--spec", "small.toml", "--out", "out", "--jobs", "2")
COMPARE = ("compare", "HEAD~1", "HEAD", "--spec", "../theirs.toml", "--budget", "0.3", "--out", "../out")

_TRIES = 8
"""How often a program that was done before its moment is tried again, at an earlier one."""


@dataclass(frozen=True)
class Trial:
    """One interruption."""

    kind: str
    """A key of `KINDS`."""
    started: str
    share: float
    """Of the processor time of a whole one."""
    seen: bool
    """Whether the program's first module was loaded."""
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """What nothing interrupts."""

    seconds: float
    """Of processor time."""
    usual: frozenset[str]
    """What it says on standard error, without numbers."""
    kept: frozenset[str]
    """What it keeps among temporary files."""
    table: Counter[object]


def interrupted_run(folder: Path, whole: Whole, *, share: float, as_module: bool, by: signal.Signals) -> Trial | None:
    """One run that gets a signal; None where it was done before."""
    program = _run_program(folder, as_module=as_module)
    ended = program.end(RUN, at=share * whole.seconds, by=by)
    faults = [*faults_of(ended, whole.usual), *program.left_over(whole.kept)]
    if lost := ended.rows - program.rows():
        faults.append(f"{lost.total()} rows lost")
    done = ended.status == 0 and ended.rows.total() == program.rows().total()
    return _trial(f"run: {by.name}", ended, as_module, share, faults, done=done)


def killed_run(folder: Path, whole: Whole, *, share: float, as_module: bool, by: signal.Signals) -> Trial | None:
    """One run that is killed and resumed to the end."""
    program = _run_program(folder, as_module=as_module)
    ended = program.end(RUN, at=share * whole.seconds, by=by)
    faults = list(program.left_over(whole.kept))
    for directory in folder.glob("out/*"):
        again = program.end((*RUN, "--resume", "--out", str(directory)))
        if (directory / "run.json").exists():
            faults += [] if again.status == 0 else [f"resumed with status {again.status}: {again.said[-1:]}"]
            faults += [] if _table(directory) == whole.table else ["resumed to another table"]
        elif not (again.status == 2 and "nothing was measured" in again.said[-1]):  # noqa: PLR2004 - bad use
            faults.append(f"resumed with status {again.status}")
        faults += [f"draft: {draft.name}" for draft in directory.rglob("*.new")]
    return _trial("run: SIGKILL", ended, as_module, share, faults, done=ended.status == 0)


def interrupted_compare(
    folder: Path, whole: Whole, *, share: float, as_module: bool, by: signal.Signals
) -> Trial | None:
    """One comparison that gets a signal."""
    program = _compare_program(folder, as_module=as_module)
    ended = program.end(COMPARE, at=share * whole.seconds, by=by)
    faults = [*faults_of(ended, whole.usual), *program.left_over(whole.kept)]
    if len(git(folder / "repository", "worktree", "list").splitlines()) > 1:
        faults.append("worktree")
    done = False
    for path in folder.glob("out/*/comparison.json"):
        written = json.loads(path.read_text(encoding="utf-8"))
        done = not written["interrupted"]
        if not done and written["status"] != ended.status:
            faults += ["the comparison says another status"]
    return _trial(f"compare: {by.name}", ended, as_module, share, faults, done=done)


Kind = Callable[..., Trial | None]

KINDS: Mapping[str, tuple[Kind, signal.Signals]] = {
    "run: SIGINT": (interrupted_run, signal.SIGINT),
    "run: SIGTERM": (interrupted_run, signal.SIGTERM),
    "compare: SIGINT": (interrupted_compare, signal.SIGINT),
    "run: SIGKILL": (killed_run, signal.SIGKILL),
}


def trials(counts: Mapping[str, int], part: tuple[int, int], jobs: int) -> Iterator[Trial]:
    """All trials of a part, so many of each kind at even moments, `jobs` at a time."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(jobs) as pool:
        folder = Path(name)
        wholes: dict[str, Whole] = {}
        for kind, count in counts.items():
            command = kind.partition(":")[0]
            if count and command not in wholes:
                wholes[command] = _whole(folder / command, command)
        asked = [(kind, number, count) for kind, count in counts.items() for number in range(count)][
            part[0] - 1 :: part[1]
        ]

        def one(asked: tuple[str, int, int]) -> Trial:
            kind, number, count = asked
            return _tried(folder, kind, number, count, wholes[kind.partition(":")[0]])

        yield from pool.map(one, asked)


def _tried(folder: Path, kind: str, number: int, count: int, whole: Whole) -> Trial:
    try_it, by = KINDS[kind]
    share = (number + 0.5) / count
    for again in range(_TRIES):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            found = try_it(Path(scratch), whole, share=share * 0.95**again, as_module=bool(number % 2), by=by)
        if found:
            return found
    raise BenchError(
        f"{kind}: {_TRIES} times it was done before {share:.0%} of {whole.seconds:.1f} s of processor time"
    )


def _whole(folder: Path, command: str) -> Whole:
    program = (_run_program if command == "run" else _compare_program)(folder, as_module=True)
    for _ in range(2):  # the first one compiles and caches, and takes longer than those to be interrupted
        ended = program.end(RUN if command == "run" else COMPARE)
    if command == "run" and ended.status:
        raise BenchError(f"the run to be interrupted ended with status {ended.status}: {' / '.join(ended.said)}")
    table = _table(next(folder.glob("out/*"))) if command == "run" else Counter()
    return Whole(ended.spent, frozenset(map(alike, ended.said)), program.kept(), table)


def _run_program(folder: Path, *, as_module: bool) -> Program:
    program = Program(folder, as_module=as_module)
    (folder / "small.toml").write_text(SPEC, encoding="utf-8")
    return program


def _compare_program(folder: Path, *, as_module: bool) -> Program:
    program = Program(folder, as_module=as_module)
    (folder / "theirs.toml").write_text(THEIRS, encoding="utf-8")
    root = folder / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    for factor in (1.0, 0.999):
        (root / "theirs.py").write_text(f"def restore(image):\n    return {factor} * image\n", encoding="utf-8")
        git(root, "add", "--all")
        git(root, "-c", "user.name=n", "-c", "user.email=e@x", "commit", "--quiet", "--message", f"{factor}")
    return program


def _trial(kind: str, ended: Ended, as_module: bool, share: float, faults: list[str], *, done: bool) -> Trial | None:  # noqa: FBT001 - as it is recorded
    if not ended.sent or (done and not any("interrupted" in line for line in ended.said)):
        return None
    started = "python -m bench" if as_module else "restobench"
    if not ended.seen:
        faults = [fault for fault in faults if not fault.startswith(("status", "said"))]
    return Trial(kind, started, round(share, 4), ended.seen, tuple(faults))


def _table(directory: Path) -> Counter[object]:
    """What a run is to find each time: every case ended once, and all that is no time."""
    return Counter(
        (row.case, row.reading.quantity, row.reading.part, row.error)
        if row.reading.quantity == END
        else (row.case, row.reading.quantity, row.reading.part, row.reading.value, row.error)
        for row in read_rows(directory)
        if row.reading.quantity == END or (row.case.kind != "time" and row.reading.unit != "s")
    )


def table(found: list[Trial]) -> list[Record]:
    """One line for each kind and each way to start it."""
    lines: list[Record] = []
    for kind, started in dict.fromkeys((trial.kind, trial.started) for trial in found):
        mine = [trial for trial in found if (trial.kind, trial.started) == (kind, started)]
        late = [trial for trial in mine if trial.seen]
        good = sum(not trial.faults for trial in late)
        lines.append(
            {
                "what, and the signal": kind,
                "started as": f"`{started}`",
                "tried": len(mine),
                "before its first module": len(mine) - len(late),
                "as documented": good,
                "otherwise": sum(bool(trial.faults) for trial in mine),
            }
        )
    return lines


def main(  # noqa: PLR0917 - typer reads the options from the signature
    sigint: Annotated[int, typer.Option(help="Runs that get SIGINT, as from Ctrl-C.")] = 200,
    sigterm: Annotated[int, typer.Option(help="Runs that get SIGTERM.")] = 100,
    compare: Annotated[int, typer.Option(help="Comparisons that get SIGINT.")] = 50,
    kill: Annotated[int, typer.Option(help="Runs that are killed and resumed.")] = 50,
    part: Annotated[str, typer.Option(help="Which part of how many.")] = "1/1",
    jobs: Annotated[int, typer.Option(min=1, help="Trials at a time.")] = 2,
    record: Annotated[Path, typer.Option(help="Where trials are appended.")] = Path("docs/interrupts.jsonl"),
    page: Annotated[Path, typer.Option(help="The page with the table.")] = Path("docs/faults.md"),
) -> None:
    """Interrupts runs and comparisons, and writes the table of all recorded trials into the page; 1 where one fails."""
    number, _, parts = part.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise BenchError(f"--part {part!r}: expected the number of a part and how many there are, as in 2/4")
    if int(number) == 1:
        record.unlink(missing_ok=True)
    counts = dict(zip(KINDS, (sigint, sigterm, compare, kill), strict=True))
    for trial in trials(counts, (int(number), int(parts)), jobs):
        with record.open("ab", buffering=0) as file:
            append_whole(file, f"{json.dumps(asdict(trial))}\n".encode())
        words = "; ".join(trial.faults) or ("as documented" if trial.seen else "before its first module")
        say(f"{trial.kind} at {trial.share:.1%}, {trial.started}: {words}")
    found = [Trial(**{**json.loads(line), "faults": tuple(json.loads(line)["faults"])}) for line in _lines(record)]
    write_table(
        table(found), page, name="interrupts", said=f"{len(found)} programs interrupted, each at a moment of its own."
    )
    if any(trial.faults for trial in found):
        raise typer.Exit(1)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    with ending_in_one_line():
        typer.run(main)
