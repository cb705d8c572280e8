"""The command line `restobench`, built from the commands beside this module; failures end it as `bench.talk` says.

Each command imports what it needs when it is called, so that `--help` is instant. Exit status: 0 fine, 1 a regression
or a failed verification, 2 bad use or broken input, 3 no verdict, or interrupted, 4 ended, but cases failed.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bench.commands.checking import check, doctor, verify
from bench.commands.choose import choose
from bench.commands.counting import cost, memory
from bench.commands.export import export
from bench.commands.listing import degradations, images, methods, metrics, weights
from bench.commands.regress import compare, history
from bench.commands.report import report
from bench.commands.run import profile, run
from bench.commands.spec import app as specs
from bench.errors import NoVerdictError
from bench.interrupts import said_last
from bench.talk import ending_in_one_line, print_whatever_comes
from reports.errors import ReportError
from restoration.version import __version__


class _Group(TyperGroup):
    """Says that it was interrupted, where typer would end in silence and with a status of its own."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise NoVerdictError(said_last()) from None


app = typer.Typer(
    cls=_Group,
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


_COMMANDS = (
    run, profile, doctor, methods, metrics, degradations, cost, memory, check, images, weights, verify, report, choose,
    export, compare,
)  # fmt: skip

for command in _COMMANDS:
    app.command()(command)
app.add_typer(history, name="history")
app.add_typer(specs, name="spec")


def obey() -> None:
    """Runs the command that was asked for; whatever is wrong with its input is one line and the documented status."""
    print_whatever_comes()
    with ending_in_one_line(ReportError):
        app()
