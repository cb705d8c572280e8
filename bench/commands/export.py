"""The command `export`: a run for papers, leaderboards and other programs, or a method as a model file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.console import show_narrow
from bench.commands.options import Channels, Scale
from bench.errors import BenchError, NoVerdictError
from bench.talk import Record, say

if TYPE_CHECKING:
    from reports.derive.summary import Summary
    from reports.read.run import Run


NOT_THE_SAME = 1
"""The exit status where the written file does not restore as the method does."""


def export(
    subject: Annotated[str, typer.Argument(metavar="RUN|METHOD", help="A run (--format) or a method (--to).")],
    kind: Annotated[
        str,
        typer.Option("--format", help="bencher, model-index, junit, github-action-benchmark, markdown, latex or csv."),
    ] = "",
    to: Annotated[str, typer.Option("--to", help="A method's model file: onnx, openvino, ncnn or mnn.")] = "",
    precision: Annotated[
        str, typer.Option(help="What a model file holds: float32, float16 or int8, as far as its format can.")
    ] = "float32",
    method: Annotated[str, typer.Option(help="Whose scores; for model-index.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; if not given the run itself, or this folder.")
    ] = None,
    channels: Channels = 0,
    scale: Scale = 0,
    sigma_255: Annotated[float, typer.Option(help="Noise that denoisers are compared at, on the 8-bit scale.")] = 25,
) -> None:
    """Write a run in the format of another program, or a method's network as a model file, compared with the method."""
    if bool(kind) == bool(to):
        raise BenchError("give --format for a run, or --to for a method's model file: one of them, not both or neither")
    if to:
        if method:
            raise BenchError(f"--method is for a run; with --to the method is the first argument, got {subject!r}")
        _export_method(subject, to, out or Path(), channels, scale, sigma_255 / 255, precision)
    else:
        if precision != "float32":
            raise BenchError(f"--precision is for a model file (--to), not for a run; got {precision!r}")
        _export_run(Path(subject), kind, method, out)


def _export_run(run: Path, kind: str, method: str, out: Path | None) -> None:
    write = _FORMATS.get(kind)
    if write is None:
        raise BenchError(f"unknown format {kind!r}; expected one of {', '.join(_FORMATS)}")
    if bool(method) != (kind == "model-index"):
        said = (
            f"--method is for model-index, not for {kind}" if method else "model-index is of one method: --method NAME"
        )
        raise BenchError(said)
    for path in write(run, out or run, method):
        print(path)


def _export_method(name: str, to: str, out: Path, channels: int, scale: int, sigma: float, precision: str) -> None:
    """The files' paths, how the first of them compares, and status 1 where it is not the same network any more."""
    from bench.checks.exported import compared, write
    from restoration.catalog import get
    from restoration.method import Setup

    method = get(name)
    setup = Setup(channels=channels or method.channels[0], scale=scale or method.scales[0], sigma=sigma)
    files = write(name, setup, to, out, precision=precision)
    found = list(compared(name, setup, files[0], precision=precision))
    if worse := [line for line in found if not line.same]:
        worst = max(worse, key=lambda line: line.lost_db)
        say(
            f"not the same network: {worst.image} differs by {worst.difference:.2g} and loses {worst.lost_db:.3f} dB"
            + (f" in {precision}" if precision != "float32" else "")
        )
    records: list[Record] = [
        {
            "image": line.image,
            "difference": f"{line.difference:.1e}",
            "psnr_db": f"{line.psnr_db:.2f}",
            "lost_db": f"{round(line.lost_db, 4) + 0.0:.4f}",
            "method_ms_per_mp": f"{line.method_ms:.0f}",
            "file_ms_per_mp": f"{line.file_ms:.0f}",
        }
        for line in found
    ]
    show_narrow(records, title=f"{name} as {to} in {precision}")
    for path in files:
        print(f"{path}  {path.stat().st_size:,} bytes")
    if worse:
        raise typer.Exit(NOT_THE_SAME)


def _bencher(run: Path, out: Path, _: str) -> Iterable[Path]:
    from bench.regress.other_tools import bencher_json
    from reports.derive.values import values

    found = list(values(_finished(run)[1]))
    if not found:
        raise BenchError(f"{run}: no time, quality, operations or memory in this run")
    text = bencher_json((value.name, value.metric, value.ends()) for value in found)
    return [_written(out, "bencher.json", text + "\n")]


def _model_index(run: Path, out: Path, method: str) -> Iterable[Path]:
    from reports.export.model_index import model_index

    return [_written(out, "model-index.yaml", model_index(*_finished(run), method))]


def _junit(run: Path, out: Path, _: str) -> Iterable[Path]:
    from bench.record.outcomes import run_junit

    return [_written(out, "junit.xml", run_junit(run))]


def _actions(run: Path, out: Path, _: str) -> Iterable[Path]:
    from bench.regress.history import entry_of
    from bench.regress.other_tools import write_actions

    entry = entry_of(run)
    if not entry.series:
        raise BenchError(f"{run}: no time, quality, operations or memory in this run")
    return write_actions(entry, out)


def _document(kind: str) -> Callable[[Path, Path, str], Iterable[Path]]:
    def write(run: Path, out: Path, _: str) -> Iterable[Path]:
        from reports import write_report

        return [write_report(run, format=kind, out=out)]  # type: ignore[arg-type]  # one of its formats

    return write


def _finished(directory: Path) -> tuple[Run, Summary]:
    """The run, read and summed up; raises `NoVerdictError` where it did not come to its end."""
    from bench.record.manifest import how_to_go_on
    from reports.derive.summary import summarise
    from reports.read.run import load_run
    from reports.read.tables import all_tables

    run = load_run(directory)
    if (status := run.about.get("status")) != "complete":
        raise NoVerdictError(f"{directory} is {status or 'not whole'}; finish it: {how_to_go_on(directory)}")
    return run, summarise(all_tables(run), run.methods, run.metrics)


def _written(folder: Path, name: str, text: str) -> Path:
    from reports.files import write_text

    return write_text(folder, name, text)


_FORMATS: Mapping[str, Callable[[Path, Path, str], Iterable[Path]]] = {
    "bencher": _bencher,
    "model-index": _model_index,
    "junit": _junit,
    "github-action-benchmark": _actions,
    **{kind: _document(kind) for kind in ("markdown", "latex", "csv")},
}
