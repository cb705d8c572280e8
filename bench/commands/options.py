"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.console import Format

Style = Annotated[Format, typer.Option("--format", help="How tables are printed.")]
Channels = Annotated[int, typer.Option(help="1 or 3; the first it supports if not given.")]
Scale = Annotated[int, typer.Option(help="Upscaling factor; the first it supports if not given.")]
Images = Annotated[
    str | None,
    typer.Option(
        "--images", help="Your own: a folder, a pattern, a list file, or a set such as Set5 (RESTOBENCH_DATA)."
    ),
]
Methods = Annotated[
    str, typer.Option("--methods", help="Only these, by commas; those that the spec lacks in the usual ways.")
]
Degraded = Annotated[
    Path | None, typer.Option(help="A folder of the same images (--images) as they are to be restored.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Override, as in sigma_255=[15,25]; may be repeated.")
]
Device = Annotated[str | None, typer.Option("--device", help="cpu or cuda; the spec decides if not given.")]
Jobs = Annotated[int, typer.Option(min=0, help="Processes for quality sweeps; 0: one per core.")]
Where = Annotated[
    str, typer.Option(help="Where quality sweeps run: local, local:N, slurm:N, or tcp://HOST:PORT of Dask.")
]

Timeout = Annotated[float, typer.Option(min=0, help="Seconds that one case may take; 0: as long as it likes.")]
