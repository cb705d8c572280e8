"""The commands `compare` and `history`: is this revision slower or worse?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.console import Format, show
from bench.commands.options import Images, Methods, Style, Timeout
from bench.progress import progress_bar
from bench.regress.stopping_rule import BUDGET_MINUTES, DETECT_MINUTES, WHOLE_MINUTES, checked_change
from bench.run.request import RESULTS, USUAL_TIMEOUT
from bench.talk import say

if TYPE_CHECKING:
    from bench.regress.findings import Comparison

File = Annotated[Path, typer.Option("--history", help="The history file.")]
OtherMachine = Annotated[bool, typer.Option(help="Judge by runs of other environments, too.")]
Run = Annotated[Path, typer.Argument(help="A run directory.")]
_USUAL = f"{BUDGET_MINUTES:g}, {WHOLE_MINUTES:g} with --measure-all, {DETECT_MINUTES:g} with --detect"
Budget = Annotated[float | None, typer.Option(min=0.01, help=f"Minutes at most; if not given, {_USUAL}.")]

history = typer.Typer(help="Keep runs, and judge a run by those before it.", no_args_is_help=True)

HISTORY = RESULTS / "history.jsonl"


def compare(
    base: Annotated[str, typer.Argument(help="A git revision of this repository.")],
    head: Annotated[str | None, typer.Argument(help="Another; if not given, the working tree.")] = None,
    spec: Annotated[str, typer.Option(help="quick, standard, full, ... or the path of a TOML file.")] = "quick",
    methods: Methods = "",
    images: Images = None,
    build: Annotated[str, typer.Option(help="A command that is run in each worktree first.")] = "",
    budget: Budget = None,
    detect: Annotated[str, typer.Option(help="The change of time to decide about, as in 1%; else the spec's.")] = "",
    threads: Annotated[
        int | None, typer.Option(min=1, max=4096, help="Threads of timed calls; the spec's, or one.")
    ] = None,
    measure_all: Annotated[bool, typer.Option("--measure-all", help="Measure what has the same code, too.")] = False,
    timeout: Timeout = USUAL_TIMEOUT,
    out: Annotated[Path, typer.Option(help="Where the comparison's folder is made.")] = RESULTS,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print everything, not only what changed.")] = False,
    style: Style = Format.TABLE,
) -> None:
    """Measure two revisions side by side: slower, faster, worse, better, unchanged, or no verdict."""
    from bench.plan.overrides import method_names, share_of
    from bench.regress import exports
    from bench.regress.compare import Question
    from bench.regress.kept import compare_and_keep

    chosen = method_names(methods)
    share = checked_change(share_of(detect), f"--detect {detect!r}") if detect else None
    question = Question(
        base, head, spec, chosen, Path.cwd(), images, build, budget, share, measure_all, timeout, threads or 0
    )
    with progress_bar("compare") as progress:
        comparison, place = compare_and_keep(question, out, progress=progress, say=say)
    exports.write_step_summary(exports.step_summary(comparison, place))
    _show_comparison(comparison, place, style, verbose=verbose)
    raise typer.Exit(comparison.status)


def _show_comparison(comparison: Comparison, place: Path, style: Format, *, verbose: bool) -> None:
    """One line that says it all, then what changed or is undecided, and where the rest is; everything for programs."""
    from bench.regress.findings import not_measured
    from bench.regress.headline import headline, worth_reading

    for_programs = style in {Format.CSV, Format.JSON}
    (say if for_programs else print)(headline(comparison))
    if verbose or for_programs:
        show([finding.record() for finding in (*comparison.findings, *comparison.controls)], style)
    elif read := [finding.brief() for finding in worth_reading(comparison)]:
        show(read, style)
    for notice in not_measured(comparison.findings):
        say(notice)
    say(f"{comparison.head.label} against {comparison.base.label}; everything measured: {place}")


@history.command()
def add(run: Run, file: File = HISTORY) -> None:
    """Append a finished run to the history."""
    from bench.regress.history import add as append

    entry = append(run, file)
    say(f"{file}: added {entry.run} ({len(entry.series)} series, environment {entry.fingerprint})")


@history.command("show")
def show_history(
    text: Annotated[str, typer.Option("--series", help="Only series whose name holds this.")] = "",
    file: File = HISTORY,
    style: Style = Format.TABLE,
) -> None:
    """Each series' level, noise, and the revision at which it last changed."""
    from bench.regress.history import read_history
    from bench.regress.levels import overview

    show(overview(read_history(file), text), style)


@history.command()
def check(
    run: Run,
    file: File = HISTORY,
    allow_other_machine: OtherMachine = False,
    style: Style = Format.TABLE,
) -> None:
    """Judge a run by the history of the same environment."""
    from bench.regress import exports, levels
    from bench.regress.history import entry_of, read_history

    entry = entry_of(run)
    known = levels.comparable(entry, read_history(file), other_machine=allow_other_machine)
    records = levels.check(entry, known)
    other = len({*(kept.fingerprint for kept in known), entry.fingerprint}) > 1
    stamp = "OTHER MACHINE: environments were mixed, times do not compare" if other else ""
    show(records, style, title=stamp)
    if stamp:
        say(stamp)
    exports.write_step_summary(exports.check_markdown(entry.run, records, stamp))
    raise typer.Exit(levels.status(records))
