"""The commands `doctor`, `check` and `verify`: is the machine fit, the method sound, the figure as published?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.console import Format, show
from bench.commands.options import Channels, Scale, Style, Timeout
from bench.errors import BenchError, NoVerdictError
from bench.machine.clock import clock_for
from bench.machine.threads import usable_cores
from bench.progress import progress_bar
from bench.run.request import USUAL_TIMEOUT
from bench.talk import counted, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.checks.published import Check, Figure


def doctor(
    detect: Annotated[str, typer.Option(help="The difference in time that is to be told apart.")] = "3%",
    style: Style = Format.TABLE,
) -> None:
    """Tell whether this machine is fit to time on, and what to do about it; status 3 where it is not."""
    from bench.machine.doctor import examine, unfit
    from bench.plan.overrides import percent

    threads = usable_cores()
    symptoms = examine(detect=percent(detect), threads=threads)
    show([asdict(symptom) for symptom in symptoms], style)
    if unfit(symptoms):
        names = ", ".join(symptom.finding for symptom in symptoms if symptom.verdict == "unfit")
        raise NoVerdictError(f"this machine is unfit to tell {detect} apart: {names}")


def check(
    method: Annotated[str, typer.Argument(help="A method, package.module:OBJECT, file.py:OBJECT, or a checkpoint.")],
    options: Annotated[list[str] | None, typer.Option("--set", help="An option: radius=3; may be repeated.")] = None,
    channels: Channels = 0,
    scale: Scale = 0,
    timeout: Timeout = USUAL_TIMEOUT,
    style: Style = Format.TABLE,
) -> None:
    """Try whether a method keeps the contract: shapes, dtype, range, determinism, batches, threads, counts."""
    from bench.checks.contract import check_protected
    from bench.plan.overrides import options_from

    outcomes = check_protected(
        method, options=options_from(options or ()), channels=channels, scale=scale, timeout=timeout
    )
    show([asdict(outcome) for outcome in outcomes], style, title=method)
    broken = [outcome.check for outcome in outcomes if outcome.verdict == "fail"]
    if broken:
        tried = sum(outcome.verdict != "skip" for outcome in outcomes)
        say(f"restobench: {method} breaks {len(broken)} of {counted(tried, 'promise')}: {', '.join(broken)}")
        raise typer.Exit(1)


def verify(
    data: Annotated[Path, typer.Argument(help="A folder with any of Set5, Set12, Set14, BSD68, CBSD68, Kodak24.")],
    published: Annotated[
        Path | None, typer.Option(help="A table (TOML) of your own figures, instead of these.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the outcome to this file as JUnit XML, too.")] = None,
    timeout: Timeout = USUAL_TIMEOUT,
    style: Style = Format.TABLE,
) -> None:
    """Measure published figures again; status 1 where one is off, 3 where none (of your own: not all) could be."""
    from bench.checks import published as figures

    own = _own_figures(published) if published else None
    clock = clock_for("cpu")
    begin = clock()
    with progress_bar("verify") as progress:
        checks = figures.verify(data, threads=usable_cores(), figures=own, timeout=timeout, progress=progress)
    show([asdict(check) for check in checks], style)
    if junit:
        _write_junit(junit, checks, clock() - begin, own=bool(own))
    if figures.failed(checks):
        measured = [check for check in checks if check.measured is not None]
        off = sum(check.status == "fail" for check in checks)
        say(f"restobench: {off} of {counted(len(measured), 'measured figure')} off")
        raise typer.Exit(1)
    lacking = [check for check in checks if check.measured is None]
    if own and lacking:
        first = f"{lacking[0].what} on {lacking[0].images}: {lacking[0].reason}"
        raise NoVerdictError(f"not measured: {len(lacking)} of {counted(len(checks), 'figure')}; {first}")
    if len(lacking) == len(checks):
        raise NoVerdictError(f"no figure could be measured on {data}; expected folders named as above")


def _own_figures(path: Path) -> Sequence[Figure]:
    from bench.checks.own_figures import read_figures

    return read_figures(path)


def _write_junit(path: Path, checks: Sequence[Check], seconds: float, *, own: bool) -> None:
    """Of a user's own figures, one that cannot be measured is an error: it was asked for by name."""
    from bench.checks.junit import to_junit
    from bench.record.files import utf8, write_whole

    text = to_junit(checks, seconds=seconds, unmeasured="error" if own else "skipped")
    try:
        write_whole(path, [utf8(text)])
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}; choose another file with --junit") from error
