"""What the page says, in order: each section as text, figures, tables and pictures, computed from one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from reports.derive.fits import cost_model, exponents_beside
from reports.derive.roof import Roof, intensities, roof_of
from reports.derive.scores import at_best_ratio, scored_alike
from reports.draw import figures
from reports.draw.grid import (
    Cell,
    Format,
    Grid,
    Line,
    bytes_cell,
    count_cell,
    grid,
    number_cell,
    seconds_cell,
    text_cell,
    times_cell,
)
from reports.draw.look import Chart
from reports.draw.number_text import seconds_text
from reports.read.tables import failed, lines_of
from reports.sections.conventions import CONVENTIONS
from reports.sections.section import STANDARD, Material, Section
from reports.sections.verdict import verdict
from reports.studies.studies import study

EXPERIMENTS: Mapping[str, str] = {
    "thresholds": "Hard, soft and smooth thresholds",
    "learn-threshold": "A threshold found by gradient descent",
    "learn-dct": "Thresholds learnt per frequency",
    "color": "Colour",
    "sr-distribution": "In and out of the training distribution",
    "kernel-estimation": "Which reduction was the upscaler trained for?",
}
"""Experiments that have a place in every report, in this order; others follow by their own name."""

MAKES: Mapping[str, str] = {
    "methods": "restobench cost",
    "peers": "restobench run --spec peers",
    "layers": "restobench profile ffdnet",
    "roofline": "restobench run --spec full",
    "memory": "restobench run --spec full",
    "doctor": "restobench doctor",
    "weights": "restobench weights",
    "images": "restobench images",
    **{f"experiment-{name}": f"restobench run --spec {name}" for name in EXPERIMENTS},
}
"""What fills a section that a run has nothing for."""


Build = Callable[[Material], Section]


def _draw(draw: figures.Draw, material: Material) -> tuple[Chart, ...]:
    return tuple(draw(material.summary, material.ink))


def summary(material: Material) -> Section:
    """First screen: the verdict and the front. Problems of the run are said here, before any figure."""
    return Section(
        "summary",
        "Summary",
        material.command,
        charts=_draw(figures.fronts, material),
        findings=verdict(material.summary),
        after=_front_notes(material),
    )


def _front_notes(material: Material) -> tuple[str, ...]:
    if material.summary.traded.empty:
        return ("No method has both quality and time in this run, so there is no front to draw.",)
    return (
        (
            "Each point is a method at its best threshold ratio where it has one. Vertical bars: 95 % interval of "
            "the mean "
            "within images (each image's own level taken out); horizontal bars: 95 % interval of the median time. "
            "The grey steps are the front: nothing measured is both faster and better. Select a point to see its "
            "method."
        ),
    )


def methods(material: Material) -> Section:
    """What was compared, and operations per pixel by four counters."""
    run = material.run
    cost = material.summary.named["cost"]
    cost = cost.assign(what=figures._cost_names(cost)) if len(cost) else cost  # noqa: SLF001 - one name for figure and table
    columns = {
        "what": ("method", text_cell),
        "counter": ("counter", lambda value: text_cell(str(value).replace("_", " "))),
        "macs_per_pixel": ("operations per pixel (1 multiply-add = 1)", count_cell),
        "flops_per_pixel": ("flops_per_pixel", count_cell),
        "residue": ("residue", text_cell),
        "parameters": ("parameters", count_cell),
        "activations_per_pixel": ("activations per pixel", count_cell),
        "bytes_per_pixel": ("bytes per pixel", count_cell),
        "intensity_macs_per_byte": ("multiply-adds per byte", number_cell(".3g")),
    }
    grids = [_method_grid(material)] if run.listed("methods") else []
    if len(cost):
        grids.append(grid("cost", "Operations per output pixel, by counter", cost, columns))
    return Section(
        "methods",
        "Methods and cost per pixel",
        "restobench cost",
        charts=_draw(figures.counters, material),
        grids=tuple(grids),
        text=_cost_words(cost),
    )


def _method_grid(material: Material) -> Grid:
    lines = []
    for record in material.run.listed("methods"):
        name = str(record.get("name", ""))
        weights = "random: no quality figure" if record.get("random_weights") else ""
        texts = [
            name,
            record.get("task", ""),
            record.get("summary", ""),
            record.get("paper", ""),
            record.get("licence", ""),
            weights,
        ]
        anchor = material.ink.anchors.get(name, "").removeprefix("#")
        lines.append(Line(tuple(Cell(str(text or ""), str(text or "")) for text in texts), anchor=anchor))
    return Grid(
        "method-list",
        "Methods of this run",
        ("method", "task", "what it is", "paper", "licence", "weights"),
        tuple(lines),
    )


def _cost_words(cost: pd.DataFrame) -> tuple[str, ...]:
    if cost.empty:
        return ()
    said = [
        (
            "All counts are per output pixel. The first count takes one multiply-add as one operation; flops_per_pixel "
            "is twice that. "
            "The closed form is derived by hand, fvcore and torch count what a traced call does, and “parameters” is "
            "the "
            "common "
            "estimate that every weight works once per pixel."
        )
    ]
    wide = cost.pivot_table(index="what", columns="counter", values="macs_per_pixel", observed=True, sort=False)
    if {"parameters", "closed_form"} <= set(wide.columns):
        factors = (wide["parameters"] / wide["closed_form"]).dropna()
        if len(factors):
            listed = ", ".join(f"{name} {factor:.4g} times" for name, factor in factors.items())
            said.append(
                f"The parameter estimate overstates {listed}: these networks work on a grid half as fine per axis as "
                "their output, so "
                "each weight works for one output pixel in four (a network that downsamples or upscales by 2). What "
                "is left over "
                "from 4 is weights that do no multiply-add, such as batch norm and biases, and layers at full "
                "resolution."
            )
    if {"fvcore", "closed_form"} <= set(wide.columns):
        off = (wide["fvcore"] - wide["closed_form"]).dropna()
        off = off[off != 0]
        said.append(
            "fvcore and the closed form agree exactly."
            if off.empty
            else "fvcore departs from the closed form by "
            + ", ".join(f"{value:+,.0f} ({name})" for name, value in off.items())
            + "; the column “residue” names the cause."
        )
    return tuple(said)


def ratios(material: Material) -> Section:
    """PSNR against T / sigma, the optimum marked."""
    optima = material.summary.optima
    columns = {
        "label": ("method", text_cell),
        "sigma_255": ("sigma (/ 255)", number_cell("g")),
        "best_ratio": ("best ratio", number_cell("g")),
        "vertex": ("vertex of the parabola", number_cell(".2f")),
        "psnr_db": ("PSNR (dB)", number_cell(".2f")),
        "low": ("95 % from", number_cell(".2f")),
        "high": ("to", number_cell(".2f")),
        "n": ("n", count_cell),
    }
    grids = (grid("ratio-optima", "Best ratio per block size and sigma", optima, columns),) if len(optima) else ()
    return Section(
        "ratio",
        "Which threshold: PSNR against ratio",
        material.command,
        charts=_draw(figures.ratio_sweeps, material),
        grids=grids,
        text=_optimum_words(optima),
    )


def _optimum_words(optima: pd.DataFrame) -> tuple[str, ...]:
    if optima.empty:
        return ()
    one = optima[optima["label"] == optima["label"].iloc[0]].sort_values("sigma_255")
    said = (
        f"{one['label'].iloc[0]}: the best ratio is "
        + ", ".join(f"{line.best_ratio:g} at sigma {line.sigma_255:g}" for line in lines_of(one))
        + "."
    )
    edge = optima[~optima["inside"].astype(bool)]
    warning = f" {len(edge)} of the optima lie at the edge of what was tried: widen the sweep." if len(edge) else ""
    return (
        (
            f"{said} The threshold is T = ratio × sigma; the ring marks the best ratio tried, the table adds the "
            "vertex "
            "of a parabola "
            f"through it and its neighbours.{warning}"
        ),
    )


def strides(material: Material) -> Section:
    """Redundancy against quality and time."""
    charts = _draw(figures.strides, material)
    text = (
        (
            (
                "Stride 1 uses every block, stride N each pixel once: the redundancy is (N / stride)². "
                "A random subset keeps a share of all blocks such that every pixel stays covered."
            ),
        )
        if charts
        else ()
    )
    return Section(
        "stride", "What redundancy buys: stride against PSNR and time", material.command, charts=charts, text=text
    )


def times(material: Material) -> Section:
    """Time against pixels and against operations."""
    timed = material.summary.timed
    columns = {
        "label": ("method", text_cell),
        "scale": ("scale", number_cell("g")),
        "channels": ("channels", number_cell("g")),
        "width": ("width", number_cell("g")),
        "height": ("height", number_cell("g")),
        "median": ("median", seconds_cell),
        "low": ("95 % from", seconds_cell),
        "high": ("to", seconds_cell),
        "n": ("n", count_cell),
        "per_megapixel": ("per megapixel", seconds_cell),
        "build": ("build", seconds_cell),
        "first": ("first call", seconds_cell),
        "threads": ("threads", number_cell("g")),
        "device": ("device", text_cell),
        "dtype": ("dtype", text_cell),
    }
    grids = (grid("time", "Wall time", timed, columns),) if len(timed) else ()
    text = (
        (
            (
                "Medians of warm calls with the 95 % interval of the median from order statistics; building (weights, "
                "compilation) and the "
                "first call stand apart and enter no median."
            ),
        )
        if len(timed)
        else ()
    )
    return Section(
        "time",
        "Time against pixels and operations",
        material.command,
        charts=_draw(figures.times, material),
        grids=grids,
        text=text,
    )


_SCORE_COLUMNS: Mapping[str, tuple[str, Format]] = {
    "label": ("method", text_cell),
    "degradation": ("degradation", text_cell),
    "scale": ("scale", number_cell("g")),
    "sigma_255": ("sigma (/ 255)", number_cell("g")),
    "ratio": ("ratio", number_cell("g")),
    "psnr_db": ("PSNR (dB)", number_cell(".2f")),
    "low": ("95 % from", number_cell(".2f")),
    "high": ("to", number_cell(".2f")),
    "ssim": ("SSIM", number_cell(".4f")),
    "residual_std_255": ("residual deviation (/ 255)", number_cell(".2f")),
    "mean_offset_255": ("mean offset (/ 255)", number_cell("+.2f")),
    "n": ("n", count_cell),
}


def denoising(material: Material) -> Section:
    """Noisy, DCT, FFDNet and the others: PSNR, residual deviation, crops."""
    best = at_best_ratio(material.summary.scored[material.summary.scored["task"] == "denoise"]).sort_values(
        ["sigma_255", "psnr_db"]
    )
    columns = {name: column for name, column in _SCORE_COLUMNS.items() if name not in {"degradation", "scale"}}
    grids = [grid("denoising", "Denoisers at their best ratio, mean over images", best, columns)] if len(best) else []
    grids += [_per_image(material, "denoise")] if len(best) else []
    scenes = tuple(scene for scene in material.scenes if scene.source == "quality" and scene.task != "upscale")
    text = (
        (
            (
                "PSNR of the image restored, and the standard deviation of restored − clean: for the noisy input "
                "that is "
                "sigma itself, and what "
                "a method leaves of it is noise it kept and detail it lost."
            ),
        )
        if len(best)
        else ()
    )
    return Section(
        "denoising",
        "Denoising: what is left of the noise",
        material.command,
        charts=_draw(figures.denoising, material),
        grids=tuple(grids),
        scenes=scenes,
        text=text,
    )


def _per_image(material: Material, task: str) -> Grid:
    """Each image's own scores, the best ratio of the mean used for all."""
    best = at_best_ratio(material.summary.scored[material.summary.scored["task"] == task])
    own = scored_alike(material.summary.named["quality"], best).astype({"image": object})
    own = own.sort_values(["image", "sigma_255", "psnr_db"])
    columns = {
        "image": ("image", text_cell),
        **{name: column for name, column in _SCORE_COLUMNS.items() if name not in {"low", "high", "n"}},
    }
    return grid(f"{task}-images", "Each image", own, columns)


def upscaling(material: Material) -> Section:
    """RDN against bicubic, per degradation, with crops."""
    best = at_best_ratio(material.summary.scored[material.summary.scored["task"] == "upscale"])
    columns = {name: column for name, column in _SCORE_COLUMNS.items() if name not in {"ratio", "sigma_255"}}
    grids = (
        (grid("upscaling", "Upscalers, mean over images", best, columns), _per_image(material, "upscale"))
        if len(best)
        else ()
    )
    scenes = tuple(scene for scene in material.scenes if scene.source == "quality" and scene.task == "upscale")
    text = (
        (
            (
                "A network is only as good as the match between what it was trained on and what it is given: the same "
                "network is scored on "
                "several ways of making the low resolution. “Registered” undoes the half-pixel shift of plain "
                "decimation."
            ),
        )
        if len(best)
        else ()
    )
    return Section(
        "upscaling",
        "Upscaling: RDN against bicubic",
        material.command,
        charts=_draw(figures.upscaling, material),
        grids=grids,
        scenes=scenes,
        text=text,
    )


def tradeoff(material: Material) -> Section:
    """Quality against time for every method, sigma and degradation."""
    traded = material.summary.traded.sort_values(["task", "degradation", "sigma_255", "per_megapixel"])
    columns = {
        **{
            name: column
            for name, column in _SCORE_COLUMNS.items()
            if name in {"label", "degradation", "sigma_255", "ratio", "psnr_db", "ssim", "n"}
        },
        "per_megapixel": ("time per megapixel", seconds_cell),
        "time_low": ("95 % from", seconds_cell),
        "time_high": ("to", seconds_cell),
        "front": ("on the front", lambda value: text_cell("yes" if value else "")),
    }
    grids = (grid("tradeoff", "Quality beside time", traded, columns),) if len(traded) else ()
    text = (
        (
            (
                "Speed without quality beside it misleads, and so does quality without time. Times are those measured "
                "nearest to 512 × 512."
            ),
        )
        if len(traded)
        else ()
    )
    return Section(
        "tradeoff",
        "Quality against time",
        material.command,
        charts=_draw(figures.tradeoffs, material),
        grids=grids,
        text=text,
    )


def peers(material: Material) -> Section:
    """Paired ratios."""
    table = material.summary.peers
    columns = {
        "group": ("group", text_cell),
        "label": ("method", text_cell),
        "base": ("against", text_cell),
        "ratio": ("time ratio", times_cell),
        "low": ("95 % from", times_cell),
        "high": ("to", times_cell),
        "rounds": ("rounds", count_cell),
        "seconds": ("median", seconds_cell),
        "base_seconds": ("median of the other", seconds_cell),
    }
    grids = (grid("peers", "Time ratios of interleaved runs", table, columns),) if len(table) else ()
    text = (
        (
            (
                "Measured in turn, round by round, so that a drift of the machine hits all alike: geometric mean of "
                "the "
                "rounds' ratios, with a "
                "bootstrap interval over rounds. Below 1 is faster."
            ),
        )
        if len(table)
        else ()
    )
    return Section(
        "peers",
        "Beside what a user would otherwise pick",
        "restobench run --spec peers",
        charts=_draw(figures.peers, material),
        grids=grids,
        text=text,
    )


def layers(material: Material) -> Section:
    """Where time and memory go, layer by layer."""
    table = material.summary.named["layers"]
    table = (
        table.assign(
            share=table["seconds"]
            / table.groupby(["label", "height", "width"], observed=True)["seconds"].transform("sum"),
            gops=table["macs"] / table["seconds"] / 1e9,
        )
        if len(table)
        else table
    )
    columns = {
        "label": ("method", text_cell),
        "layer": ("layer", text_cell),
        "seconds": ("time", seconds_cell),
        "share": ("share", number_cell(".1%")),
        "macs": ("multiply-adds", count_cell),
        "gops": ("billion multiply-adds / s", number_cell(".3g")),
        "peak_bytes": ("peak memory", bytes_cell),
        "peak_share": ("share of the largest", number_cell(".0%")),
    }
    grids = (grid("layers", "Layers", table, columns),) if len(table) else ()
    return Section(
        "layers",
        "Layer by layer",
        "restobench profile ffdnet",
        charts=_draw(figures.layer_bars, material),
        grids=grids,
        text=_overhead_words(material) if len(table) else (),
    )


def _overhead_words(material: Material) -> tuple[str, ...]:
    rows = material.run.rows
    whole = rows[
        (rows["kind"] == "layers") & (rows["part"] == "") & (rows["quantity"] == "seconds") & (rows["error"] == "")
    ]
    said = []
    for method, group in whole.groupby("method", observed=True, sort=False):
        middle = group.groupby("note", observed=True)["value"].median()
        if {"plain", "instrumented"} <= set(middle.index.astype(str)):
            parts = material.summary.tables["layers"]
            total = parts.loc[parts["method"] == method, "seconds"].sum()
            said.append(
                f"{method}: {seconds_text(middle['plain'])} as it runs, {seconds_text(middle['instrumented'])} "
                "instrumented "
                f"({middle['instrumented'] / middle['plain'] - 1:+.1%}); its layers add up to "
                f"{total / middle['plain']:.0%} of the first."
            )
    return tuple(said)


def roofline(material: Material) -> Section:
    """How far from the machine's limits."""
    charts, anchor, title = _draw(figures.roofline, material), "roofline", "How far from the machine's limit"
    table, roof = intensities(material.summary), roof_of(material.summary)
    if table.empty:
        return Section(anchor, title, material.command, charts=charts)
    limit = [roof.limit(str(line.dtype), line.intensity) for line in lines_of(table)]
    shown = table.assign(limit=limit, share=table["gops"] / limit)
    columns = {
        "label": ("method", text_cell),
        "width": ("width", number_cell("g")),
        "height": ("height", number_cell("g")),
        "intensity": ("multiply-adds per byte", number_cell(".3g")),
        "gops": ("billion multiply-adds / s", number_cell(".3g")),
        "limit": ("limit there", number_cell(".3g")),
        "share": ("share of the limit", number_cell(".0%")),
    }
    grids = (grid("roofline", "Speed and its limit", shown, columns),)
    text = (_roof_words(roof, shown["share"]),)
    return Section(anchor, title, material.command, charts=charts, grids=grids, text=text)


def _roof_words(roof: Roof, share: pd.Series[float]) -> str:
    if not roof.peaks:
        return "This run did not probe the machine's limits (the spec roofline does), so speeds are shown without them."
    peaks = ", ".join(f"{peak:.3g} ({name})" for name, peak in roof.peaks.items())
    above = " A share above 100 % means that the probe missed the best kernel." if (share > 1).any() else ""
    return (
        f"The probe of this run found {peaks} billion multiply-adds and {roof.bandwidth:.3g} billion bytes a second. "
        "A method cannot be faster "
        f"than the lower of the two limits at its intensity; bytes are a lower bound, so the true intensity may be "
        f"lower.{above}"
    )


def memory(material: Material) -> Section:
    """Peaks, measured and predicted."""
    table = material.summary.named["memory"]
    columns = {
        "label": ("method", text_cell),
        "width": ("width", number_cell("g")),
        "height": ("height", number_cell("g")),
        "source": ("source", text_cell),
        "peak_bytes": ("peak memory", bytes_cell),
        "note": ("note", text_cell),
    }
    grids = (grid("memory", "Peak memory above the built method", table, columns),) if len(table) else ()
    text = (
        ("Peak above what the built method already holds, in a fresh process; predictions from shapes are dashed.",)
        if len(table)
        else ()
    )
    return Section(
        "memory", "Memory", material.command, charts=_draw(figures.memories, material), grids=grids, text=text
    )


def scaling(material: Material) -> Section:
    """Exponents and the cost model with its residuals."""
    table, model = material.summary.exponents, cost_model(material.summary.operations)
    columns = {
        "label": ("method", text_cell),
        "exponent": ("exponent", number_cell(".3f")),
        "low": ("95 % from", number_cell(".3f")),
        "high": ("to", number_cell(".3f")),
        "sizes": ("sizes", count_cell),
        "from_pixels": ("from pixels", count_cell),
        "to_pixels": ("to pixels", count_cell),
    }
    grids = [grid("exponents", "Exponent of time against pixels", table, columns)] if len(table) else []
    beside = exponents_beside(material.summary.timed, material.summary.threads, material.summary.methods)
    if len(beside):
        others = {
            "label": ("method", text_cell),
            "against": ("against", text_cell),
            "width": ("width", number_cell("g")),
            "height": ("height", number_cell("g")),
            "exponent": ("exponent", number_cell(".3f")),
            "low": ("95 % from", number_cell(".3f")),
            "high": ("to", number_cell(".3f")),
            "places": ("measured at", count_cell),
            "start": ("from", number_cell("g")),
            "stop": ("to", number_cell("g")),
        }
        grids.append(grid("exponents-beside", "Exponent of time against block size and threads", beside, others))
    if model:
        own = material.summary.operations
        predicted = model[0] + model[1] * own["macs"]
        shown = own.assign(predicted=predicted.where(predicted > 0), off=own["median"] / predicted.where(predicted > 0))
        grids.append(
            grid(
                "cost-model",
                "What the operation count explains of the time",
                shown,
                {
                    "label": ("method", text_cell),
                    "width": ("width", number_cell("g")),
                    "height": ("height", number_cell("g")),
                    "macs": ("operations", count_cell),
                    "median": ("measured", seconds_cell),
                    "predicted": ("a + b × operations", seconds_cell),
                    "off": ("measured over predicted", times_cell),
                },
            )
        )
    return Section(
        "scaling",
        "Scaling laws",
        "restobench run --spec scaling",
        charts=_draw(figures.scaling, material),
        grids=tuple(grids),
    )


def experiments(material: Material) -> Iterator[Section]:
    """One section per experiment, the known ones also where the run lacks them."""
    table = material.summary.tables["experiment"]
    table = table[table["error"] == ""].astype(dict.fromkeys(("experiment", "part", "quantity"), object))
    found = [str(name) for name in table["experiment"].unique() if name != "roofline"]
    for name in [*EXPERIMENTS, *(other for other in found if other not in EXPERIMENTS)]:
        own = table[table["experiment"] == name]
        shown = study(name, own, material.summary.methods)
        case = ["variant", "image", "degradation", "sigma_255", "part", "quantity"]
        scalar = own[own["quantity"] != "picture"]
        single = (
            scalar[scalar.groupby(case, observed=True)["repeat"].transform("nunique") == 1] if len(scalar) else scalar
        )
        columns: dict[str, tuple[str, Format]] = {
            "variant": ("variant", text_cell),
            "image": ("image", text_cell),
            "degradation": ("degradation", text_cell),
            "sigma_255": ("sigma (/ 255)", number_cell("g")),
            "part": ("part", text_cell),
            "quantity": ("quantity", text_cell),
            "value": ("value", number_cell(".5g")),
            "note": ("note", text_cell),
        }
        told = {
            column: cell
            for column, cell in columns.items()
            if column in {"quantity", "value"} or len(single[column].astype(str).unique()) > 1
        }
        grids = (grid(f"experiment-{name}", "Readings", single, told),) if len(single) else ()
        yield Section(
            f"experiment-{name}" if name in EXPERIMENTS else f"experiment-{found.index(name)}-own",
            EXPERIMENTS.get(name, name),
            f"restobench run --spec {name}",
            charts=shown.charts,
            grids=grids,
            scenes=tuple(scene for scene in material.scenes if scene.source == name),
            text=shown.reading,
        )


def doctor(material: Material) -> Section:
    """Whether the machine was fit to time on."""
    found = material.run.listed("doctor")
    worst = next((word for word in ("unfit", "unknown", "fit") if any(one.get("verdict") == word for one in found)), "")
    text = {
        "unfit": "The machine was not fit to time on in at least one respect: take times as rough.",
        "unknown": "Nothing speaks against timing on this machine, but not everything could be read.",
        "fit": "The machine was fit to time on.",
    }.get(worst)
    grids = (
        (_records("doctor", "Findings about the machine", found, ("finding", "value", "verdict", "advice")),)
        if found
        else ()
    )
    return Section(
        "doctor", "Is the machine fit to time on?", "restobench doctor", text=(text,) if text else (), grids=grids
    )


def conventions(_: Material) -> Section:
    """How every number was made."""
    return Section("conventions", "Conventions", "restobench spec show standard", terms=CONVENTIONS)


def environment(material: Material) -> Section:
    """The machine and the software."""
    about = material.run.section("environment")
    started = material.run.section("started_on")
    lines = []
    for part, what in (("stable", "machine and software"), ("state", "state when the run started")):
        values = about.get(part)
        if isinstance(values, dict):
            lines += [
                Line((Cell(what, what), Cell(str(name), str(name)), Cell(_plain(value), _plain(value))))
                for name, value in values.items()
            ]
    fingerprint = material.run.about.get("fingerprint")
    if isinstance(fingerprint, str) and fingerprint:
        lines.append(Line((Cell("fingerprint", ""), Cell("of machine and software", ""), Cell(fingerprint, ""))))
    grids = (Grid("environment", "Environment", ("part", "name", "value"), tuple(lines)),) if lines else ()
    text = ["Times of two runs are comparable only where the fingerprints are equal."] if lines else []
    if started:
        taken = f"This is the machine that took the times ({material.run.about.get('timed_on')})."
        other = f"The run was started on another, of fingerprint {started.get('fingerprint')}, which did the rest."
        text.append(f"{taken} {other}")
    return Section("environment", "Environment", material.command, grids=grids, text=tuple(text))


def weights(material: Material) -> Section:
    """Where the weights come from."""
    found = material.run.listed("weights")
    grids = (
        (_records("weights", "Weights", found, ("name", "present", "licence", "source", "sha256")),) if found else ()
    )
    return Section("weights", "Weights", "restobench weights", grids=grids)


def images(material: Material) -> Section:
    """What was restored."""
    found = material.run.listed("images")
    grids = (
        (_records("images", "Images", found, ("name", "width", "height", "channels", "source", "note")),)
        if found
        else ()
    )
    return Section("images", "Images", "restobench images", grids=grids)


def notices(material: Material) -> Section:
    """What the run and this report left out, in sentences."""
    said = material.run.about.get("notices")
    listed = [str(word) for word in said] if isinstance(said, list) else []
    text = (*listed, *material.notes) or ("None.",)
    return Section("notices", "Notices", material.command, text=text)


def failures(material: Material) -> Section:
    """Failed cases with their reasons."""
    table = failed(material.run.rows)
    columns = {
        name: (name.replace("_", " "), text_cell if name not in {"sigma_255", "height", "width"} else number_cell("g"))
        for name in ("kind", "method", "variant", "image", "sigma_255", "degradation", "height", "width", "error")
    }
    grids = (grid("failed", "Failed cases", table, columns),) if len(table) else ()
    text = (
        (f"{len(table)} {'case' if len(table) == 1 else 'cases'} failed; the others are not affected.",)
        if len(table)
        else ("No case failed.",)
    )
    return Section("failed", "Failed cases", f"{material.command} --resume", grids=grids, text=text)


def _records(name: str, caption: str, records: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> Grid:
    names = tuple(columns)
    lines = tuple(Line(tuple(_value_cell(record.get(column)) for column in names)) for record in records)
    return Grid(name, caption, names, lines)


def _value_cell(value: object) -> Cell:
    return Cell(
        _plain(value),
        float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else _plain(value),
    )


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def all_sections(material: Material) -> Iterator[Section]:
    """Every section, in the page's order."""
    first: tuple[Build, ...] = (
        summary,
        methods,
        ratios,
        strides,
        times,
        denoising,
        upscaling,
        tradeoff,
        peers,
        layers,
        roofline,
        memory,
        scaling,
    )
    last: tuple[Build, ...] = (doctor, conventions, environment, weights, images, notices, failures)
    found = [*(build(material) for build in first), *experiments(material), *(build(material) for build in last)]
    yield from (
        replace(section, command=MAKES.get(section.anchor, STANDARD)) if section.empty else section for section in found
    )
