"""The commands `cost` and `memory`: operations and bytes of a method, without a run."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.console import Format, show
from bench.commands.options import Channels, Scale, Style, Timeout
from bench.interrupts import raising
from bench.machine.threads import usable_cores
from bench.run.request import USUAL_TIMEOUT


def cost(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Methods, package.module:OBJECT, file.py:OBJECT; if not given, all built-in."),
    ] = None,
    size: Annotated[str, typer.Option(help="Output size, 512 or 480x640, where a method is named.")] = "256",
    channels: Annotated[int, typer.Option(help="1 or 3, where a method is named.")] = 0,
    scale: Annotated[int, typer.Option(help="Upscaling factor, where a method is named.")] = 0,
    traffic: Annotated[bool, typer.Option(help="Activations, bytes, intensity and other algorithms instead.")] = False,
    timeout: Timeout = USUAL_TIMEOUT,
    style: Style = Format.TABLE,
) -> None:
    """Count the operations per output pixel: closed form, parameter estimate, fvcore and torch side by side."""
    from bench.machine.fresh_process import FreshProcess, known
    from bench.plan.spec_files import read_spec
    from bench.plan.usual import usual_case

    if targets:
        cases = [usual_case("cost", name, size=size, channels=channels, scale=scale) for name in targets]
    else:
        cases = read_spec("cost").cases({1: [], 3: []})
    with raising(), FreshProcess("bench.measure.counts") as process:
        found = [
            (case, known(process.ask("count_case", case, patience=timeout or None), f"{case.method}: "))
            for case in cases
        ]
    records: list[dict[str, object]] = []
    for case, readings in found:
        what = {name: getattr(case, name) for name in ("method", "variant", "scale", "channels", "height", "width")}
        for reading in readings:
            value, counted = reading.value, reading.quantity == "macs_per_pixel"
            if counted and not traffic:
                flops = None if value is None else 2 * value
                figures = {"counter": reading.part, "macs_per_pixel": value, "flops_per_pixel": flops}
                records.append({**what, **figures, "residue": reading.note})
            elif traffic and not counted:
                figures = {"quantity": reading.quantity, "part": reading.part, "value": value, "unit": reading.unit}
                records.append({**what, **figures, "note": reading.note})
    show(records, style, title="" if traffic else "per output pixel; 1 multiply-accumulate (MAC) = 2 FLOPs")


def memory(
    method: Annotated[str, typer.Argument(help="A method's name, package.module:OBJECT or file.py:OBJECT.")],
    limit: Annotated[str, typer.Option(help="Memory to use, as in 2GiB; what is free now if not given.")] = "",
    channels: Channels = 0,
    scale: Scale = 0,
    timeout: Timeout = USUAL_TIMEOUT,
    style: Style = Format.TABLE,
) -> None:
    """Forecast the largest image that fits into memory, and check the forecast on one of half as many pixels."""
    from bench.measure.memory import check_forecast
    from bench.plan.overrides import size_in_bytes
    from bench.plan.usual import usual_case

    threads = usable_cores()
    case = usual_case("memory", method, size="512", channels=channels, scale=scale, threads=threads)
    readings = check_forecast(case, limit=size_in_bytes(limit) if limit else None, patience=timeout or None)
    columns = ("quantity", "part", "value", "unit", "note")
    records = [{"method": method} | {name: getattr(reading, name) for name in columns} for reading in readings]
    show(records, style, title="the largest image, and the peak of one call over the built method")
