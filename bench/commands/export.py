"""The command `export`: a run for papers, leaderboards, continuous integration and other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.errors import BenchError, NoVerdictError

if TYPE_CHECKING:
    from reports.derive.summary import Summary
    from reports.read.run import Run


def export(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    kind: Annotated[
        str,
        typer.Option("--format", help="bencher, model-index, junit, github-action-benchmark, markdown, latex or csv."),
    ],
    method: Annotated[str, typer.Option(help="Whose scores; for model-index.")] = "",
    out: Annotated[Path | None, typer.Option(help="The folder to write to; the run itself if not given.")] = None,
) -> None:
    """Write a run in the format of another program."""
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
