"""The commands `run` and `profile`: measure, and make the report."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.console import Format, show, show_narrow
from bench.commands.options import (
    Channels,
    Degraded,
    Device,
    Images,
    Jobs,
    Methods,
    Overrides,
    Scale,
    Style,
    Timeout,
    Where,
)
from bench.errors import BenchError
from bench.interrupts import held_back, last_words
from bench.machine.threads import usable_cores
from bench.progress import progress_bar
from bench.run.request import RESULTS, USUAL_TIMEOUT, Request, planned
from bench.talk import command_line, say

if TYPE_CHECKING:
    from bench.run.plan import Plan
    from bench.run.scheduler import Scheduler
    from reports.page import Report


REFUSED = 1
"""The exit status of a run of which a latency is no result, since its method's quality is below the floor."""

CASES_FAILED = 4
"""The exit status of a run that came to its end, though not all of its cases did."""


def run(
    spec: Annotated[str, typer.Option(help="quick, standard, full, ... or the path of a TOML file.")] = "standard",
    methods: Methods = "",
    images: Images = None,
    degraded: Degraded = None,
    overrides: Overrides = None,
    device: Device = None,
    out: Annotated[Path, typer.Option(help="Where run directories are made; with --resume, the run itself.")] = RESULTS,
    resume: Annotated[bool, typer.Option(help="Measure what the run in --out has not finished.")] = False,
    jobs: Jobs = 0,
    scheduler: Where = "local",
    timeout: Timeout = USUAL_TIMEOUT,
    allow_failures: Annotated[bool, typer.Option("--allow-failures", help="End with 0 though cases failed.")] = False,
    style: Style = Format.TABLE,
) -> None:
    """Measure what a spec asks for, and make the report; status 1 below a quality floor, 4 where cases failed."""
    from bench.plan.overrides import method_names
    from bench.run.scheduler import Scheduler

    where = Scheduler.parse(scheduler)
    request = Request(
        spec, method_names(methods), images, degraded, overrides or (), device, where.kind != "local", out, resume,
        timeout,
    )  # fmt: skip
    jobs = jobs or usable_cores()
    plan = planned(request, command=command_line(), jobs=jobs, say=say)
    report, page = measure(plan, jobs=jobs, scheduler=where)
    show_results(report, page, style)
    if report.status.refused:
        raise typer.Exit(REFUSED)
    if report.status.failed and not allow_failures:
        raise typer.Exit(CASES_FAILED)


def show_results(report: Report, page: Path, style: Format = Format.TABLE) -> None:
    """The tables short enough for a terminal, where the report is, and how the run went."""
    from reports import terminal

    best, peers = terminal.best(report), terminal.peers(report)
    if style is Format.TABLE:
        _show_boards(report)
        for group, lines in groupby(peers, itemgetter("group")):
            own = [{name: found for name, found in line.items() if name != "group"} for line in lines]
            show_narrow(own, title=f"{group}: {terminal.peers_title(own)}")
            print()
        print(f"report: {page}")
    else:  # one table alone, which other programs read
        show(best or peers, style)
        if best and peers:
            say("not printed: the methods timed in turn; `restobench export` writes every table")
        say(f"report: {page}")
    for line in terminal.status(report):
        say(line)


def _show_boards(report: Report) -> None:
    """The leaderboard of each kind of input, and what is not on it."""
    from reports import terminal

    for title, lines, more in (*terminal.boards(report), *terminal.judged(report)):
        show_narrow(lines, title=title)
        print("\n".join((*more, "")))


def profile(
    method: Annotated[str, typer.Argument(help="A method's name, package.module:OBJECT or file.py:OBJECT.")],
    size: Annotated[str, typer.Option(help="Output size, 512 or 480x640.")] = "512",
    channels: Channels = 0,
    scale: Scale = 0,
    out: Annotated[Path, typer.Option(help="Where run directories are made.")] = RESULTS,
    timeout: Timeout = USUAL_TIMEOUT,
    style: Style = Format.TABLE,
) -> None:
    """Show where one method's time, operations and memory go, layer by layer; writes rows, a trace and the report."""
    from bench.measure.image_set import ImageSet
    from bench.plan.usual import profile_spec
    from bench.run.prepare import prepare
    from reports import terminal

    spec = profile_spec(method, size=size, channels=channels, scale=scale)
    plan = prepare(spec, images=ImageSet(), out=out, command=command_line(), named=[method], say=lambda _: None)
    report, page = measure(replace(plan, timeout=timeout), jobs=1)
    for error in report.run.rows["error"].astype(str).unique():
        if error:
            raise BenchError(f"profile {method}: {error}")
    show(terminal.layers(report), style, title=terminal.whole(report))
    print(f"traces: {page.parent / 'traces'} (open in Perfetto or chrome://tracing)\nreport: {page}")


def measure(plan: Plan, *, jobs: int, scheduler: Scheduler | None = None) -> tuple[Report, Path]:
    """Measures what is planned and makes its report."""
    from bench.run.execute import execute
    from reports.page import make_report, write_page

    with progress_bar(plan.spec.name) as progress:
        execute(plan, progress=progress, jobs=jobs, scheduler=scheduler, say=say)
    last_words(f"interrupted; the run is whole; make its report with `restobench report {plan.directory}`")
    report = make_report(plan.directory)
    with held_back():
        return report, write_page(report, plan.directory)
