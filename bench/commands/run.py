"""The commands `run` and `profile`: measure, and make the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.console import Format, progress_bar, show
from bench.commands.options import RESULTS, Channels, Degraded, Device, Images, Jobs, Overrides, Scale, Style, Where
from bench.errors import BenchError
from bench.interrupts import held_back, last_words
from bench.machine.threads import usable_cores
from bench.talk import command_line, say

if TYPE_CHECKING:
    from bench.run.plan import Plan
    from bench.run.scheduler import Scheduler
    from reports.page import Report


def run(
    spec: Annotated[str, typer.Option(help="quick, standard, full, ... or the path of a TOML file.")] = "standard",
    methods: Annotated[str, typer.Option(help="Only these methods, separated by commas.")] = "",
    images: Images = None,
    degraded: Degraded = None,
    overrides: Overrides = None,
    device: Device = None,
    out: Annotated[Path, typer.Option(help="Where run directories are made; with --resume, the run itself.")] = RESULTS,
    resume: Annotated[bool, typer.Option(help="Measure what the run in --out has not finished.")] = False,
    jobs: Jobs = 0,
    scheduler: Where = "local",
    style: Style = Format.TABLE,
) -> None:
    """Measure what a spec asks for, and make the report."""
    from bench.measure.image_set import ImageSet
    from bench.plan.forecast import forecast, in_words
    from bench.plan.spec_files import read_spec
    from bench.run.prepare import prepare
    from bench.run.scheduler import Scheduler

    where = Scheduler.parse(scheduler)
    if degraded and not images:
        raise BenchError("--degraded needs --images: the references to compare with")
    chosen = read_spec(spec, overrides or ())
    if methods:
        chosen = chosen.only([name.strip() for name in methods.split(",")])
    if device:
        chosen = chosen.on(device)
    plan = prepare(chosen, images=ImageSet(images, degraded), out=out, command=command_line(), resume=resume, say=say)
    jobs = jobs or usable_cores()
    say(in_words(forecast(plan.spec, plan.cases, jobs=jobs)))
    report, page = measure(plan, jobs=jobs, scheduler=where)
    _show_results(report, len(plan.cases), style)
    print(f"report: {page}")


def _show_results(report: Report, cases: int, style: Format) -> None:
    """How many cases failed, and the tables short enough for a terminal."""
    from reports import terminal

    errors = report.run.rows["error"].astype(str)
    if failures := [error for error in errors if error]:
        say(f"{len(failures)} of {cases} cases failed and are rows with their error; one: {failures[0]}")
    if best := terminal.best(report):
        show(best, style, title="mean PSNR at the best threshold ratio; median time nearest to 512 x 512")
    if peers := terminal.peers(report):
        show(peers, style, title="time over the first of the group's, interleaved; 95 % bootstrap interval over blocks")


def profile(
    method: Annotated[str, typer.Argument(help="A method's name or package.module:OBJECT.")],
    size: Annotated[str, typer.Option(help="Output size, 512 or 480x640.")] = "512",
    channels: Channels = 0,
    scale: Scale = 0,
    out: Annotated[Path, typer.Option(help="Where run directories are made.")] = RESULTS,
    style: Style = Format.TABLE,
) -> None:
    """Show where one method's time, operations and memory go, layer by layer; writes rows, a trace and the report."""
    from bench.measure.image_set import ImageSet
    from bench.plan.usual import profile_spec
    from bench.run.prepare import prepare
    from reports import terminal

    spec = profile_spec(method, size=size, channels=channels, scale=scale)
    plan = prepare(spec, images=ImageSet(), out=out, command=command_line(), say=lambda _: None)
    report, page = measure(plan, jobs=1)
    for error in report.run.rows["error"].astype(str).unique():
        if error:
            raise BenchError(f"profile {method}: {error}")
    show(terminal.layers(report), style, title=terminal.whole(report))
    print(f"traces: {page.parent / 'traces'} (open in Perfetto or chrome://tracing)\nreport: {page}")


def measure(planned: Plan, *, jobs: int, scheduler: Scheduler | None = None) -> tuple[Report, Path]:
    """Measures what was planned and makes its report."""
    from bench.run.execute import execute
    from bench.run.resume import how_to_go_on
    from reports.page import make_report, write_page

    try:
        with progress_bar(planned.spec.name) as progress:
            execute(planned, progress=progress, jobs=jobs, scheduler=scheduler, say=say)
    except MemoryError:
        kept = f"every finished case is kept; {how_to_go_on(planned.directory)}"
        raise BenchError(f"out of memory; {kept}") from None
    last_words(f"interrupted; the run is whole; make its report with `restobench report {planned.directory}`")
    report = make_report(planned.directory)
    with held_back():
        return report, write_page(report, planned.directory)
