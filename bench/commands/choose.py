"""The command `choose`: which method of a run gives the quality that is needed at the cost that can be borne."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NOTHING_FITS = 3
"""The exit status where no method fits."""


def choose(
    directory: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    sigma: Annotated[float | None, typer.Option(help="Noise on the 8-bit scale; the usual one if not given.")] = None,
    budget: Annotated[str, typer.Option(help="The most time: 30ms/MP, 0.1s/MP, or 60ms with --size.")] = "",
    quality: Annotated[float | None, typer.Option(help="The least mean PSNR in dB.")] = None,
    task: Annotated[str, typer.Option(help="denoise, upscale, or more words of it: 'upscale decimate'.")] = "",
    memory: Annotated[str, typer.Option(help="The most memory: 200MiB/MP, or 1GiB with --size.")] = "",
    size: Annotated[str, typer.Option(help="Of the output, 1920x1080: time and memory are for it.")] = "",
    device: Annotated[str, typer.Option(help="cpu or cuda; either if not given.")] = "",
    without: Annotated[
        list[str] | None, typer.Option(help="A licence to leave out: gpl or noncommercial; may be repeated.")
    ] = None,
) -> None:
    """Choose a method by quality, time, memory and licence; status 3 where nothing fits."""
    from reports.derive.question import Asked
    from reports.terminal import chosen

    asked = Asked(task, sigma, budget, quality, memory, tuple(without or ()), device, size)
    lines, fits = chosen(directory, asked)
    print("\n".join(lines))
    if not fits:
        raise typer.Exit(NOTHING_FITS)
