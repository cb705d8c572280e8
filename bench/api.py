"""The same from Python: `run`, `load` and `compare`, whose results are tidy DataFrames.

Nothing here takes over signals, ends the interpreter or needs a file of settings: what the command line prints as one
line is raised as an exception, `BenchError` or `ReportError` or `RestorationError`, and Ctrl-C is KeyboardInterrupt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.errors import BenchError, SpecError
from bench.machine.threads import usable_cores
from bench.plan.overrides import method_names
from bench.progress import progress_bar
from bench.record.manifest import subjects_of
from bench.regress.headline import headline, worth_reading
from bench.regress.stopping_rule import checked_change
from bench.run.call_text import call_text
from bench.run.request import RESULTS, USUAL_TIMEOUT, Request, planned
from bench.talk import Progress, say
from reports import compare_reports, write_report
from reports.derive.summary import Summary, leaderboard, summarise
from reports.draw.grid import records_grid
from reports.notebook import shown, shown_table
from reports.read.run import Run, load_run
from reports.read.tables import CASE, TABLES, all_tables, failed, whole_numbers
from reports.sections.environment import short_name
from restoration.callables import name_of
from restoration.catalog import names
from restoration.method import Method
from restoration.objects import offered

if TYPE_CHECKING:
    from bench.regress.findings import Comparison as Found, Finding

__all__ = ["Comparison", "Results", "compare", "load", "run"]

Methods = str | Sequence[Any] | Callable[..., Any] | None
"""Names, torch modules, functions, `Method`s, or pairs (a name of your own, any of these but a name)."""

_FINDING = (
    "method", "variant", "channels", "scale", "height", "width", "batch", "threads", "sigma_255", "degradation",
    "device", "dtype", "metric", "base", "head", "change", "low", "high", "verdict", "reason",
)  # fmt: skip
_OF_CASE = _FINDING.index("metric")


def run(
    spec: str | Path = "quick",
    *,
    methods: Methods = None,
    images: str | Path | None = None,
    degraded: str | Path | None = None,
    out: str | Path = RESULTS,
    jobs: int | None = None,
    timeout: float = USUAL_TIMEOUT,
    progress: bool = True,
    **overrides: object,
) -> Results:
    """Measures what `spec` asks for, as `restobench run` does; cases that fail are rows of `Results.failures`.

    With `methods`, these alone; those that the spec does not hold are measured in the usual ways. A method is a name,
    or an object: a torch module or function, called with the degraded batch (N, C, H, W) and, where it has a second
    parameter, sigma. `overrides` are `--set`'s: `sigma_255=[15, 25]`.
    """
    given = _given(methods)
    settings = {name: _toml(name, value) for name, value in overrides.items()}
    wanted = Request(
        spec=str(spec),
        methods=tuple(given),
        images=None if images is None else str(images),
        degraded=None if degraded is None else Path(degraded),
        overrides=[f"{name}={text}" for name, text in settings.items()],
        out=Path(out),
        timeout=timeout,
    )
    said = say if progress else _silent
    with offered({name: found for name, found in given.items() if found is not None}):
        from bench.run.execute import execute

        command = call_text(wanted, given, jobs=jobs, **settings)
        jobs = jobs or usable_cores()
        plan = planned(wanted, command=command, jobs=jobs, say=said)
        with _bar(plan.spec.name, shown=progress) as advance:
            execute(plan, progress=advance, jobs=jobs, say=said)
    return load(plan.directory)


def load(*directories: str | Path) -> Results:
    """The results of one run directory or of several together; raises `ReportError` for what is none."""
    runs = tuple(load_run(Path(directory)) for directory in directories)
    if not runs:
        raise BenchError("load takes at least one run directory, as in load('results/quick-...')")
    for number, one in enumerate(runs):
        if one.name in {other.name for other in runs[:number]}:
            raise BenchError(f"{one.directory} is the run {one.name}, which is named already; name each run once")
    return Results(runs)


def compare(
    base: str,
    head: str | None = None,
    *,
    methods: str | Sequence[str] | None = None,
    spec: str | Path = "quick",
    images: str | Path | None = None,
    build: str = "",
    budget: float | None = None,
    detect: float | None = None,
    threads: int = 0,
    measure_all: bool = False,
    timeout: float = USUAL_TIMEOUT,
    out: str | Path = RESULTS,
    progress: bool = True,
) -> Comparison:
    """Measures two git revisions of the repository around the current folder side by side, as `restobench compare`.

    `head` left out is the working tree. Methods go by name: each revision has code of its own. `budget` is in minutes;
    `detect`, as in 0.01, the relative change of time to decide about instead of the spec's tolerance. `threads` are
    those of timed calls; 0 is what the spec says, or one.
    """
    from bench.regress.compare import Question
    from bench.regress.kept import compare_and_keep

    given = _given(methods)
    if objects := [name for name, found in given.items() if found is not None]:
        raise BenchError(
            f"compare takes methods by name, since each revision has code of its own; got the object {objects[0]}: "
            "define it in a file of the repository and name it, path/to/file.py:OBJECT"
        )
    share = None if detect is None else checked_change(detect, f"detect={detect!r}")
    wanted = tuple(given)
    question = Question(
        base, head, str(spec), wanted, Path.cwd(), images, build, budget, share, measure_all, timeout, threads
    )
    with _bar("compare", shown=progress) as advance:
        found, place = compare_and_keep(question, Path(out), progress=advance, say=say if progress else _silent)
    return Comparison(found, place)


@dataclass(frozen=True, repr=False)
class Results:
    """What one run or several measured, as DataFrames.

    Each has the columns `run`, `revision` and `machine`, so that runs go below each other; nothing is averaged but in
    `summary`. A case that failed is a line with an `error`.
    """

    runs: tuple[Run, ...]
    """The runs as they were read."""

    @property
    def quality(self) -> pd.DataFrame:
        """PSNR, SSIM and residual of each restored image."""
        return self._table("quality")

    @property
    def time(self) -> pd.DataFrame:
        """Seconds of each call: `phase` tells building, first call and warm-up from what is `measure`d."""
        return self._table("time")

    @property
    def cost(self) -> pd.DataFrame:
        """Operations per output pixel, a line for each counter."""
        return self._table("cost")

    @property
    def memory(self) -> pd.DataFrame:
        """Peak bytes, `measured` and `predicted`."""
        return self._table("memory")

    @property
    def layers(self) -> pd.DataFrame:
        """Seconds, operations and memory of each layer."""
        return self._table("layers")

    @property
    def failures(self) -> pd.DataFrame:
        """Each case that failed, once for each of its errors."""
        return self._of_all(lambda run: failed(run.rows)[[*CASE, "error"]])

    @property
    def summary(self) -> pd.DataFrame:
        """Each method at one setting on each kind of input: mean PSNR over `n` images, speed and operations.

        `front` says that no method compared is both faster and better, and that it gains enough over the step of the
        front before it. What was only timed or counted is not in it.
        """
        return self._of_all(lambda run: leaderboard(self._summaries[run.name]))

    @property
    def directory(self) -> Path:
        """The directory of the run; raises `BenchError` where there are several."""
        if len(self.runs) > 1:
            raise BenchError(f"these are {len(self.runs)} runs, each with a directory: see .runs")
        return self.runs[0].directory

    def report(self, path: str | Path | None = None) -> Path:
        """Writes the page of one run, or the comparison of several, and returns its path.

        `path` is a folder; left out, the run's own directory, of several the last one's. Runs of several machines stand
        beside each other; of one machine the last two are compared.
        """
        folder = None if path is None else Path(path)
        places = [run.directory for run in self.runs]
        if len(places) == 1:
            return write_report(places[0], out=folder)
        return compare_reports(*places, out=folder, subjects=subjects_of(places))

    def __repr__(self) -> str:
        return f"Results of {', '.join(str(run.directory) for run in self.runs)}"

    def _repr_html_(self) -> str:
        """What a notebook shows: how each run went, the front of quality against time, and its table."""
        return "\n".join(shown(run, self._summaries[run.name]) for run in self.runs)

    @cached_property
    def _summaries(self) -> Mapping[str, Summary]:
        return {run.name: summarise(all_tables(run), run.methods, run.metrics) for run in self.runs}

    def _table(self, name: str) -> pd.DataFrame:
        return self._of_all(TABLES[name])

    def _of_all(self, made: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
        """The table of each run below that of the one before, each line with its run."""
        tables = [_plain(made(run)).assign(**_origin(run)) for run in self.runs]
        return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


@dataclass(frozen=True, repr=False)
class Comparison:
    """What two revisions of a repository differ in."""

    found: Found
    """Everything that was found, raw samples among it."""
    directory: Path
    """Where its files are."""

    @property
    def verdict(self) -> str:
        """One word for the whole: slower, faster, worse, better, unchanged, or no verdict."""
        return str(self.found.word)

    @property
    def status(self) -> int:
        """The exit status of the command: 0 fine, 1 a regression, 3 no verdict."""
        return self.found.status

    @property
    def findings(self) -> pd.DataFrame:
        """Each metric of each case; the change of times and memory is relative, of others a difference."""
        return self._frame(self.found.findings)

    @property
    def changes(self) -> pd.DataFrame:
        """Of the findings what changed or has no verdict, what matters most first."""
        return self._frame(worth_reading(self.found))

    def __repr__(self) -> str:
        return f"Comparison in {self.directory}: {headline(self.found)}"

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict in a line, and what changed."""
        read = [finding.brief() for finding in worth_reading(self.found)]
        table = records_grid("changes", "What changed or is undecided", read, tuple(read[0]) if read else ())
        return shown_table(str(self.directory), headline(self.found), table)

    def _frame(self, findings: Sequence[Finding]) -> pd.DataFrame:
        origin = {
            "run": self.directory.name, "revision": self.found.head.commit[:12], "machine": self.found.fingerprint
        }  # fmt: skip
        return pd.DataFrame([_numbers(finding) | origin for finding in findings], columns=[*_FINDING, *origin])


def _numbers(finding: Finding) -> dict[str, object]:
    """A finding as one line of a table, its numbers as numbers."""
    case, interval = finding.case, finding.interval
    return {
        **{name: getattr(case, name) for name in _FINDING[:_OF_CASE]},
        "metric": finding.metric,
        "base": finding.base,
        "head": finding.head,
        "change": finding.change,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "verdict": str(finding.word),
        "reason": finding.reason,
    }


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with text as text and whole numbers as whole: categories of other runs do not go together."""
    texts = {str(name): table[name].astype(str) for name in table.select_dtypes("category")}
    return whole_numbers(table.assign(**texts).reset_index(drop=True))


def _origin(run: Run) -> dict[str, str]:
    """What tells the lines of one run from those of another."""
    return {"run": run.name, "revision": str(run.about.get("revision") or ""), "machine": short_name(run)}


def _given(methods: Methods) -> dict[str, object]:
    """Each method by its name, with the object that it is; None for those that are named only."""
    if methods is None or isinstance(methods, str):
        return dict.fromkeys(method_names(methods or ""))
    if callable(methods) or isinstance(methods, Method | Path):
        methods = [methods]
    given: dict[str, object] = {}
    for one in methods:
        name, found = _named(one)
        if found is not None and (name in given or name in names()):
            raise BenchError(f"another method is called {name!r} already; name yours, as in ('my-{name}', {name})")
        given[name] = found
    return given


def _named(one: object) -> tuple[str, object]:
    """A method's name and, unless it is a name alone, the object."""
    if isinstance(one, str | Path):
        return str(one), None
    if isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str) and _is_method(one[1]):  # noqa: PLR2004 - a pair
        return one
    if not _is_method(one):
        raise BenchError(
            f"methods holds a {type(one).__name__}: {str(one)[:80]!r}; expected a name, a torch module, a function, a "
            "Method, or a pair of a name of your own and one of these objects"
        )
    return one.name if isinstance(one, Method) else name_of(one), one


def _is_method(one: object) -> bool:
    return callable(one) or isinstance(one, Method)


def _toml(name: str, value: object) -> str:
    """`value` as TOML writes it."""
    try:
        return json.dumps(value, default=_listed)
    except (TypeError, ValueError):
        raise SpecError(
            f"{name}={str(value)[:80]!r}: expected a number, a text, true or false, or a list of these"
        ) from None


def _listed(value: Any) -> object:
    """An array, a range or a number of NumPy's as plain numbers."""
    return value.tolist() if hasattr(value, "tolist") else list(value)


def _bar(title: str, *, shown: bool) -> AbstractContextManager[Progress]:
    return progress_bar(title) if shown else nullcontext(_still)


def _still(*_: object) -> None:
    """No progress is shown."""


def _silent(message: str) -> None:
    """Nothing is said."""
