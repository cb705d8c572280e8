"""The command line `restobench`, built from the commands in `bench/commands/`; failures end it as `bench.talk` says.

Each command imports what it needs when it is called, so that `--help` is instant. Exit status: 0 fine, 1 a regression
or a failed verification, 2 bad use or broken input, 3 no verdict.
"""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.checking import check, doctor, verify
from bench.commands.counting import cost, memory
from bench.commands.listing import images, methods, weights
from bench.commands.regress import compare, history
from bench.commands.report import report
from bench.commands.run import profile, run
from bench.commands.spec import app as specs
from bench.talk import ending_in_one_line, print_whatever_comes
from reports.errors import ReportError
from restoration.version import __version__

app = typer.Typer(
    help="Measures what image restoration costs and what it buys.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        print(f"restobench {__version__}")
        raise typer.Exit


for command in (run, profile, doctor, methods, cost, memory, check, images, weights, verify, report, compare):
    app.command()(command)
app.add_typer(history, name="history")
app.add_typer(specs, name="spec")


def main() -> None:
    """Runs the command; whatever is wrong with its input is one line on standard error and the documented status."""
    print_whatever_comes()
    with ending_in_one_line(ReportError):
        app()


if __name__ == "__main__":
    main()
