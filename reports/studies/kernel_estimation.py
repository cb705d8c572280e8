"""The kernel an upscaler was trained for: its profile and the true one, the kernel itself, and the loss."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.draw.look import Chart
from reports.draw.number_text import signed
from reports.draw.sheet import slug
from reports.studies.study import Study, along, heat_map, lines, of, values

TITLE = "Which reduction was the upscaler trained for?"
PLACE = 6
NEEDS = "profile"


def study(table: pd.DataFrame) -> Study:
    """Figures and a sentence for each generator of kernels, and the true kernel."""
    charts: list[Chart] = []
    reading = []
    for generator, own in table.groupby("variant", sort=False):
        named = {name: of(own, name)["value"] for name in ("correlation", "relative_error")}
        words = ", ".join(
            f"{name.replace('_', ' ')} {values.iloc[0]:.3f}" for name, values in named.items() if len(values)
        )
        charts += _charts(own, str(generator), words)
        if said := "; ".join(part for part in (words, _psnr_words(own)) if part):
            reading.append(f"With {generator} weights: {said}.")
    charts += _kernel(table, "true", "kernel-true", "True kernel")
    return Study(tuple(charts), tuple(reading))


def _charts(own: pd.DataFrame, generator: str, words: str) -> Iterator[Chart]:
    name, whose = slug(generator), f"{generator} weights"
    profiles = {
        str(part): along(own, str(part), "offset_pixels", "profile") for part in of(own, "profile")["part"].unique()
    }
    if profiles:
        axes = ("offset (pixels)", "sum over rows")
        finding = f"Against the true kernel: {words}." if words else f"Profiles: {', '.join(profiles)}."
        yield lines(f"kernel-profile-{name}", f"Kernel profile, {whose}", profiles, finding, axes=axes)
    yield from _kernel(own, "found", f"kernel-found-{name}", f"Kernel found, {whose}")
    loss = along(own, "loss", "step", "loss")
    if len(loss) > 1:
        finding = f"The loss goes from {loss['loss'].iloc[0]:.4g} to {loss['loss'].iloc[-1]:.4g}."
        title = f"Loss against step, {whose}"
        yield lines(f"kernel-loss-{name}", title, {"loss": loss}, finding, axes=("step", "loss"))


def _kernel(table: pd.DataFrame, part: str, name: str, title: str) -> Iterator[Chart]:
    """The kernel of one part as a map, where there is one."""
    weights = values(table[table["part"] == part], "kernel_weight").to_numpy()
    size = round(np.sqrt(len(weights)))
    if size > 1:
        finding = f"{size} × {size} weights from {signed(f'{weights.min():.3f}')} to {weights.max():.3f}."
        yield heat_map(name, title, weights.reshape(size, size), finding)


def _psnr_words(own: pd.DataFrame) -> str:
    means = of(own, "psnr_db").groupby("part", sort=False)["value"].agg(["mean", "size"])
    listed = ", ".join(f"{mean:.2f} dB ({part}, n = {n})" for part, mean, n in means.itertuples())
    return f"the upscaler scores {listed}" if len(means) else ""
