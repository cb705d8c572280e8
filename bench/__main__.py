"""The command line `restobench`. Each command imports what it needs when it is given, so that `--help` is instant.

Exit status: 0 fine, 1 a regression or a failed verification, 2 bad use or broken input, 3 no verdict.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.console import Format, progress_bar, show
from bench.commands.regress import compare, history
from bench.commands.spec import app as specs
from bench.errors import BenchError
from bench.machine.threads import usable_cores
from bench.talk import say
from restoration.errors import RestorationError
from restoration.version import __version__

app = typer.Typer(
    help="Measures what image restoration costs and what it buys.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

if TYPE_CHECKING:
    from bench.run.plan import Plan
    from bench.run.scheduler import Scheduler
    from reports.page import Report

Style = Annotated[Format, typer.Option("--format", help="How tables are printed.")]
Images = Annotated[
    str | None,
    typer.Option(
        "--images", help="Your own: a folder, a pattern, a list file, or a set such as Set5 (RESTOBENCH_DATA)."
    ),
]
Device = Annotated[str | None, typer.Option("--device", help="cpu or cuda; the spec decides if not given.")]

Channels = Annotated[int, typer.Option(help="1 or 3; the first it supports if not given.")]
Scale = Annotated[int, typer.Option(help="Upscaling factor; the first it supports if not given.")]


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        print(f"restobench {__version__}")
        raise typer.Exit


@app.command()
def run(
    spec: Annotated[str, typer.Option(help="quick, standard, full, ... or the path of a TOML file.")] = "standard",
    methods: Annotated[str, typer.Option(help="Only these methods, separated by commas.")] = "",
    images: Images = None,
    degraded: Annotated[
        Path | None, typer.Option(help="A folder of the same images (--images) as they are to be restored.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="Override, as in sigma_255=[15,25]; may be repeated.")
    ] = None,
    device: Device = None,
    out: Annotated[Path, typer.Option(help="Where run directories are made; with --resume, the run itself.")] = Path(
        "results"
    ),
    resume: Annotated[bool, typer.Option(help="Measure what the run in --out has not finished.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Processes for quality sweeps; 0: one per core.")] = 0,
    scheduler: Annotated[
        str, typer.Option(help="Where quality sweeps run: local, local:N, slurm:N, or tcp://HOST:PORT of Dask.")
    ] = "local",
    style: Style = Format.TABLE,
) -> None:
    """Measure what a spec asks for, and make the report."""
    from bench.measure.image_set import ImageSet
    from bench.plan.forecast import estimate, in_words
    from bench.plan.spec_files import read_spec
    from bench.run.prepare import prepare
    from bench.run.scheduler import Scheduler
    from reports import terminal

    where = Scheduler.parse(scheduler)
    if degraded and not images:
        raise BenchError("--degraded needs --images: the references to compare with")
    chosen = read_spec(spec, overrides or ())
    if methods:
        chosen = chosen.only([name.strip() for name in methods.split(",")])
    if device:
        chosen = chosen.on(device)
    command = " ".join(["restobench", *sys.argv[1:]])
    planned = prepare(chosen, images=ImageSet(images, degraded), out=out, command=command, resume=resume, say=say)
    jobs = jobs or usable_cores()
    say(in_words(estimate(planned.spec, planned.cases, jobs=jobs)))
    report, page = measure(planned, jobs=jobs, scheduler=where)
    errors = report.run.rows["error"].astype(str)
    if failures := [error for error in errors if error]:
        say(f"{len(failures)} of {len(planned.cases)} cases failed and are rows with their error; one: {failures[0]}")
    if best := terminal.best(report):
        show(best, style, title="mean PSNR at the best threshold ratio; median time nearest to 512 x 512")
    if peers := terminal.peers(report):
        show(peers, style, title="time over the first of the group's, interleaved; 95 % bootstrap interval over blocks")
    print(f"report: {page}")


@app.command()
def profile(
    method: Annotated[str, typer.Argument(help="A method's name or package.module:OBJECT.")],
    size: Annotated[str, typer.Option(help="Output size, 512 or 480x640.")] = "512",
    channels: Channels = 0,
    scale: Scale = 0,
    out: Annotated[Path, typer.Option(help="Where run directories are made.")] = Path("results"),
    style: Style = Format.TABLE,
) -> None:
    """Show where one method's time, operations and memory go, layer by layer; writes rows, a trace and the report."""
    from bench.measure.image_set import ImageSet
    from bench.plan.usual import profile_spec
    from bench.run.prepare import prepare
    from reports import terminal

    spec = profile_spec(method, size=size, channels=channels, scale=scale)
    command = " ".join(["restobench", *sys.argv[1:]])
    report, page = measure(prepare(spec, images=ImageSet(), out=out, command=command, say=lambda _: None), jobs=1)
    for error in report.run.rows["error"].astype(str).unique():
        if error:
            raise BenchError(f"profile {method}: {error}")
    show(terminal.layers(report), style, title=terminal.whole(report))
    print(f"traces: {page.parent / 'traces'} (open in Perfetto or chrome://tracing)\nreport: {page}")


@app.command()
def doctor(
    detect: Annotated[str, typer.Option(help="The difference in time that is to be told apart.")] = "3%",
    style: Style = Format.TABLE,
) -> None:
    """Tell whether this machine is fit to time on, and what to do about it; status 3 where it is not."""
    from dataclasses import asdict

    from bench.errors import NoVerdictError
    from bench.machine.doctor import examine, unfit
    from bench.plan.overrides import percent

    threads = usable_cores()
    findings = examine(detect=percent(detect), threads=threads)
    show([asdict(finding) for finding in findings], style)
    if unfit(findings):
        names = ", ".join(finding.finding for finding in findings if finding.verdict == "unfit")
        raise NoVerdictError(f"this machine is unfit to tell {detect} apart: {names}")


@app.command()
def methods(style: Style = Format.TABLE) -> None:
    """List the methods: what they do, their options, whether they can run here."""
    from importlib.util import find_spec

    from restoration.catalog import get, names

    def record(name: str) -> dict[str, object]:
        method = get(name)
        absent = [package for package in method.requires if find_spec(package) is None]
        return {
            "method": name,
            "task": method.task,
            "summary": method.summary,
            "options": " ".join(f"{option}={value}" for option, value in method.options.items()),
            "needs": f"pip install 'restobench[{method.extra}]'" if absent else "",
            "licence": method.licence,
        }

    show([record(name) for name in names()], style)


@app.command()
def cost(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Methods or package.module:OBJECT; all built-in ones if not given.")
    ] = None,
    size: Annotated[str, typer.Option(help="Output size, 512 or 480x640, where a method is named.")] = "256",
    channels: Annotated[int, typer.Option(help="1 or 3, where a method is named.")] = 0,
    scale: Annotated[int, typer.Option(help="Upscaling factor, where a method is named.")] = 0,
    traffic: Annotated[bool, typer.Option(help="Activations, bytes, intensity and other algorithms instead.")] = False,
    style: Style = Format.TABLE,
) -> None:
    """Count the operations per output pixel: closed form, parameter estimate, fvcore and torch side by side."""
    from bench.measure.counts import count
    from bench.plan.spec_files import read_spec
    from bench.plan.usual import usual_case
    from restoration.catalog import get

    if targets:
        cases = [usual_case("cost", name, size=size, channels=channels, scale=scale) for name in targets]
    else:
        cases = read_spec("cost").cases({1: [], 3: []})
    records: list[dict[str, object]] = []
    for case in cases:
        what = {name: getattr(case, name) for name in ("method", "variant", "scale", "channels", "height", "width")}
        for reading in count(get(case.method), case.setup(), height=case.height, width=case.width):
            value, counted = reading.value, reading.quantity == "macs_per_pixel"
            if counted and not traffic:
                flops = None if value is None else 2 * value
                figures = {"counter": reading.part, "macs_per_pixel": value, "flops_per_pixel": flops}
                records.append({**what, **figures, "residue": reading.note})
            elif traffic and not counted:
                figures = {"quantity": reading.quantity, "part": reading.part, "value": value, "unit": reading.unit}
                records.append({**what, **figures, "note": reading.note})
    show(records, style, title="per output pixel; 1 multiply-accumulate (MAC) = 2 FLOPs")


@app.command()
def memory(
    method: Annotated[str, typer.Argument(help="A method's name or package.module:OBJECT.")],
    limit: Annotated[str, typer.Option(help="Memory to use, as in 2GiB; what is free now if not given.")] = "",
    channels: Channels = 0,
    scale: Scale = 0,
    style: Style = Format.TABLE,
) -> None:
    """Forecast the largest image that fits into memory, and check the forecast on one of half as many pixels."""
    from bench.measure.memory import check_forecast
    from bench.plan.overrides import size_in_bytes
    from bench.plan.usual import usual_case

    threads = usable_cores()
    case = usual_case("memory", method, size="512", channels=channels, scale=scale, threads=threads)
    readings = check_forecast(case, limit=size_in_bytes(limit) if limit else None)
    columns = ("quantity", "part", "value", "unit", "note")
    records = [{"method": method} | {name: getattr(reading, name) for name in columns} for reading in readings]
    show(records, style, title="peak of one call over the built method")


@app.command()
def check(
    method: Annotated[str, typer.Argument(help="A method's name, package.module:OBJECT, or a checkpoint's path.")],
    options: Annotated[list[str] | None, typer.Option("--set", help="An option: radius=3; may be repeated.")] = None,
    channels: Channels = 0,
    scale: Scale = 0,
    style: Style = Format.TABLE,
) -> None:
    """Try whether a method keeps the contract: shapes, dtype, range, determinism, batches, threads, counts."""
    from dataclasses import asdict

    from bench.checks.contract import check as findings_of
    from bench.plan.overrides import options_from

    findings = findings_of(method, options=options_from(options or ()), channels=channels, scale=scale)
    show([asdict(finding) for finding in findings], style, title=method)
    broken = [finding.check for finding in findings if finding.verdict == "fail"]
    if broken:
        say(f"restobench: {method} breaks {len(broken)} of {len(findings)} promises: {', '.join(broken)}")
        raise typer.Exit(1)


@app.command()
def images(
    folder: Annotated[
        Path | None, typer.Option("--images", help="List this folder instead of the bundled images.")
    ] = None,
    style: Style = Format.TABLE,
) -> None:
    """List the images a run would use, and what was converted in them."""
    from bench.measure.image_set import ImageSet, image_facts

    facts, notices = image_facts(ImageSet(folder))
    show(facts, style)
    for notice in notices:
        say(notice)
    if not facts:
        raise BenchError(f"no image in {folder} can be used")


@app.command()
def weights(
    fetch: Annotated[bool, typer.Option("--fetch", help="Obtain those that are missing.")] = False,
    style: Style = Format.TABLE,
) -> None:
    """Show which weights are on this machine, with their licences, and how to get the others."""
    from restoration import weights as table

    failures = []
    if fetch:
        for name in table.TABLE:
            try:
                table.fetch(name)
            except RestorationError as error:
                failures.append(str(error))
    show(
        [
            {
                "weights": entry.name,
                "file": entry.file,
                "here": "yes" if entry.path else "no",
                "licence": entry.licence,
                "sha256": entry.sha256,
                "source": entry.source,
                "how": str(entry.path) if entry.path else entry.how,
            }
            for entry in table.status()
        ],
        style,
    )
    for failure in failures:
        say(failure)
    if failures:
        raise BenchError("some weights could not be obtained; methods that need them will be rows with an error")


@app.command()
def verify(
    data: Annotated[Path, typer.Argument(help="A folder with any of Set5, Set12, Set14, BSD68, CBSD68, Kodak24.")],
    style: Style = Format.TABLE,
) -> None:
    """Measure published figures again on standard image sets; status 1 where one is off, 3 where none could be run."""
    from dataclasses import asdict

    from bench.checks import published as figures
    from bench.errors import NoVerdictError

    with progress_bar("verify") as progress:
        checks = figures.verify(data, threads=usable_cores(), progress=progress)
    show([asdict(check) for check in checks], style)
    if figures.failed(checks):
        say(f"restobench: {sum(check.status == 'fail' for check in checks)} of {len(checks)} figures are off")
        raise typer.Exit(1)
    if all(check.measured is None for check in checks):
        raise NoVerdictError(f"no figure could be measured on {data}; expected folders named as above")


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="A run directory; two to compare.")],
    kind: Annotated[str, typer.Option("--format", help="html, markdown, latex or csv.")] = "html",
) -> None:
    """Make the report of a run anew, or one that compares two."""
    from reports import FORMATS, compare_reports, write_report

    style = next((known for known in FORMATS if known == kind), None)
    if style is None:
        raise BenchError(f"unknown format {kind!r}; expected one of {', '.join(FORMATS)}")
    if len(runs) > 2:  # noqa: PLR2004 - a pair
        raise BenchError(f"report takes one run or two to compare, got {len(runs)}")
    page = write_report(runs[0], format=style) if len(runs) == 1 else compare_reports(*runs)
    print(f"report: {page}")


def measure(planned: Plan, *, jobs: int, scheduler: Scheduler | None = None) -> tuple[Report, Path]:
    """Measures what was planned and makes its report."""
    from bench.run.execute import execute
    from reports.page import make_report, write_page

    again = f"every finished case is kept; go on with the same command and `--resume --out {planned.directory}`"
    try:
        with progress_bar(planned.spec.name) as progress:
            execute(planned, progress=progress, jobs=jobs, scheduler=scheduler, say=say)
    except KeyboardInterrupt:
        raise InterruptedRunError(f"interrupted; {again}") from None
    except MemoryError:
        raise BenchError(f"out of memory; {again}") from None
    report = make_report(planned.directory)
    return report, write_page(report, planned.directory)


app.command()(compare)
app.add_typer(history, name="history")
app.add_typer(specs, name="spec")


class InterruptedRunError(BenchError):
    """Stopped by Ctrl-C: incomplete, so no verdict."""

    status = 3


def main() -> None:
    """Runs the command; whatever is wrong with its input is one line on standard error and the documented status."""
    try:
        app()
    except (BenchError, RestorationError) as error:
        say(f"restobench: {error}")
        sys.exit(getattr(error, "status", 2))
    except (OSError, MemoryError) as error:
        say(f"restobench: {error or 'out of memory'}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("restobench: interrupted")
        sys.exit(3)
    except Exception as error:
        from reports.errors import ReportError

        if not isinstance(error, ReportError):
            raise
        say(f"restobench: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
