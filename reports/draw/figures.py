"""The figures, drawn with seaborn: each takes the summary and is a `Chart` with its finding, or None without data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from reports.derive.fits import Fit, cost_model, power_law
from reports.derive.roof import Roof, roof_of
from reports.derive.scores import at_best_ratio, main_degradation, main_sigma, within_images
from reports.derive.summary import Summary
from reports.draw.look import INK, SOFT, Chart, Marks, numbered, tag
from reports.draw.number_text import bytes_text, count_text, interval_text, seconds_text, times_text
from reports.draw.sheet import MOST_SERIES, Ink, Sheet, limited, pixels_axis, seconds_axis, short, slug
from reports.read.methods import DCT
from reports.read.tables import least_of, lines_of, most_of

MOST_FRONT = 12


Draw = Callable[[Summary, Ink], Iterator[Chart]]


def fronts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Quality against time: one figure for denoising at the main sigma, one for upscaling."""
    sigma = main_sigma(summary.scored)
    if sigma is not None:
        group = summary.traded[(summary.traded["task"] == "denoise") & (summary.traded["sigma_255"] == sigma)]
        name, title = f"front-sigma-{sigma:g}", f"Denoising, sigma {sigma:g}"
        yield from _front(summary, ink, group, name=name, title=title, most=MOST_FRONT)
    degradation = main_degradation(summary.scored)
    if degradation is not None:
        upscaled = summary.traded[
            (summary.traded["task"] == "upscale") & (summary.traded["degradation"] == degradation)
        ]
        title = f"Upscaling, {short(degradation)} input"
        yield from _front(summary, ink, upscaled, name="front-upscale", title=title, most=MOST_FRONT)


def tradeoffs(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Quality against time for every sigma and degradation."""
    for (task, degradation, sigma, scale), group in summary.traded.groupby(
        ["task", "degradation", "sigma_255", "scale"], observed=True, sort=True
    ):
        what = f"sigma {sigma:g}" if task == "denoise" else f"{short(str(degradation))} ×{scale:g}"
        name = f"tradeoff-{slug(str(task))}-{slug(what)}"
        yield from _front(summary, ink, group, name=name, title=f"Quality against time, {what}")


def _front(summary: Summary, ink: Ink, group: pd.DataFrame, *, name: str, title: str, most: int = 0) -> Iterator[Chart]:
    """With `most`, variants that are neither on the front nor their method's best give way to that number."""
    group = group[group["channels"] == group["channels"].mode().iloc[0]] if len(group) else group
    left_out = group[~group["whole"].astype(bool)]
    noisy = group[group["method"] == "noisy"]
    group = group[group["whole"].astype(bool) & (group["method"] != "noisy")]
    every = len(group)
    if most and every > most:
        group = group[group["front"] | (group["psnr_db"] == group.groupby("method")["psnr_db"].transform("max"))]
    if group.empty:
        return
    shown = within_images(summary.named["quality"], group).sort_values("per_megapixel")
    sheet = Sheet((5.6, 4.4))
    front = shown[shown["front"].astype(bool)]
    sheet.axes.plot(front["per_megapixel"], front["psnr_db"], color=SOFT, linewidth=1, drawstyle="steps-post", zorder=1)
    for line in lines_of(shown):
        look = ink.palette[line.label]
        sheet.bars([line.per_megapixel], [line.within_low], [line.within_high], name=line.label, look=look)
        sheet.spans([line.psnr_db], [line.time_low], [line.time_high], name=line.label, look=look)
        sheet.points(
            [line.per_megapixel],
            [line.psnr_db],
            name=line.label,
            look=look,
            tips=[_front_tip(line)],
            links=[ink.link(line.method)],
        )
    sheet.axes.set_xscale("log")
    seconds_axis(sheet.axes.xaxis, "time per megapixel")
    sheet.axes.set_ylabel("mean PSNR (dB)")
    sheet.legend()
    others = f" {every - len(group)} other variants are in the tables only." if every > len(group) else ""
    yield sheet.chart(name, title, _front_finding(shown, front) + others + _left_out_words(noisy, left_out))


def _front_tip(line: Any) -> str:
    ratio = "" if pd.isna(line.ratio) else f", ratio {line.ratio:g}"
    reach = "" if pd.isna(line.within_low) else f" [{line.within_low:.2f} to {line.within_high:.2f}]"
    return (
        f"{line.label}{ratio}: {line.psnr_db:.2f} dB{reach}, n = {line.n} images; "
        f"{seconds_text(line.per_megapixel)} per megapixel [{seconds_text(line.time_low)} to "
        ""
        f"{seconds_text(line.time_high)}] at {line.width:.0f} × {line.height:.0f}"
    )


def _left_out_words(noisy: pd.DataFrame, left_out: pd.DataFrame) -> str:
    said = f" The noisy input has {noisy['psnr_db'].iloc[0]:.2f} dB." if len(noisy) else ""
    if len(left_out):
        fewer = ", ".join(f"{line.label} ({line.images})" for line in lines_of(left_out))
        said += f" Not drawn, since scored on fewer images: {fewer}."
    return said


def _front_finding(shown: pd.DataFrame, front: pd.DataFrame) -> str:
    best, fastest = most_of(shown, "psnr_db"), shown.iloc[0]
    on_front = ", ".join(short(label) for label in front["label"])
    if len(shown) == 1:
        return (
            f"{best['label']} reaches {best['psnr_db']:.2f} dB at {seconds_text(best['per_megapixel'])} per megapixel."
        )
    ratio = times_text(best["per_megapixel"] / fastest["per_megapixel"])
    return (
        f"{best['label']} is best at {best['psnr_db']:.2f} dB and takes {ratio} the time of {fastest['label']} "
        f"({fastest['psnr_db']:.2f} dB). Nothing is both faster and better than: {on_front}."
    )


def counters(summary: Summary, _: Ink) -> Iterator[Chart]:
    """Operations per output pixel by counter, one line of points per case."""
    table = summary.named["cost"]
    table = table[table["macs_per_pixel"] > 0]
    if table.empty:
        return
    names = _cost_names(table)
    order = names.drop_duplicates().tolist()
    sheet = Sheet((5.6, 1.6 + 0.3 * len(order)))
    for look, (counter, group) in zip(numbered(9), table.groupby("counter", observed=True, sort=False), strict=False):
        offset = (list(table["counter"].unique()).index(counter) - 1.5) * 0.13
        own = names[group.index].tolist()
        where = [order.index(name) + offset for name in own]
        tips = [
            f"{name}, {counter}: {count_text(value)} operations per pixel (1 multiply-add = 1)"
            for name, value in zip(own, group["macs_per_pixel"], strict=True)
        ]
        sheet.points(group["macs_per_pixel"], where, name=str(counter).replace("_", " "), look=look, tips=tips)
    sheet.axes.set_xscale("log")
    sheet.axes.set_yticks(range(len(order)), [short(name, 26) for name in order])
    sheet.axes.invert_yaxis()
    sheet.axes.set_xlabel("operations per output pixel (1 multiply-add = 1)")
    sheet.legend(3)
    yield sheet.chart("counters", "Operations per pixel, by counter", _counters_finding(table, names))


def _cost_names(table: pd.DataFrame) -> pd.Series[str]:
    scales = table["scale"].map(lambda scale: f" ×{scale:g}" if scale > 1 else "")
    colors = table["channels"].map(lambda channels: ", colour" if channels == 3 else "")  # noqa: PLR2004 - RGB
    many = table.groupby(["label", "scale"])["channels"].transform("nunique") > 1
    return table["label"].astype(str) + scales + colors.where(many, "")


def _counters_finding(table: pd.DataFrame, names: pd.Series[str]) -> str:
    wide = table.assign(name=names).pivot_table(
        index="name", columns="counter", values="macs_per_pixel", observed=True, sort=False
    )
    exact = wide.get("closed_form", wide.iloc[:, 0])
    cheapest, dearest = exact.idxmin(), exact.idxmax()
    said = f"From {count_text(exact.min())} operations per pixel ({cheapest}) to {count_text(exact.max())} ({dearest})."
    if "parameters" in wide and "closed_form" in wide:
        factor = (wide["parameters"] / wide["closed_form"]).dropna()
        if len(factor):
            said += f" The parameter count overstates {factor.index[0]} {factor.iloc[0]:.2f} times."
    return said


def ratio_sweeps(summary: Summary, _: Ink) -> Iterator[Chart]:
    """PSNR against the threshold ratio, per block size: a line per sigma, its optimum ringed."""
    for (label, channels), optima in summary.optima.groupby(["label", "channels"], observed=True, sort=False):
        sheet = Sheet()
        sweep = summary.scored[(summary.scored["label"] == label) & (summary.scored["channels"] == channels)]
        for look, best in zip(numbered(len(optima)), lines_of(optima), strict=True):
            curve = sweep[sweep["sigma_255"] == best.sigma_255].sort_values("ratio")
            curve = curve[curve["n"] == curve["n"].max()]
            tips = [
                f"sigma {best.sigma_255:g}, ratio {line.ratio:g}: {line.psnr_db:.2f} dB, n = {line.n}"
                for line in lines_of(curve)
            ]
            sheet.line(curve["ratio"], curve["psnr_db"], name=f"sigma {best.sigma_255:g}", look=look, tips=tips)
            sheet.axes.plot(
                [best.best_ratio], [best.psnr_db], "o", markersize=13, markerfacecolor="none", markeredgecolor=INK
            )
            sheet.axes.annotate(
                f"{best.best_ratio:g}",
                (best.best_ratio, best.psnr_db),
                (0, 10),
                textcoords="offset points",
                ha="center",
            )
        sheet.axes.margins(y=0.12)
        sheet.axes.set(xlabel="ratio = threshold / sigma", ylabel="mean PSNR (dB)")
        sheet.legend(4)
        said = "; ".join(
            f"at sigma {best.sigma_255:g} the best ratio is {best.best_ratio:g} ({best.psnr_db:.2f} dB)"
            for best in lines_of(optima)
        )
        yield sheet.chart(
            f"ratio-{slug(str(label))}-{channels:g}", f"{label}: PSNR against ratio", f"{said[:1].upper()}{said[1:]}."
        )


def strides(summary: Summary, _: Ink) -> Iterator[Chart]:
    """Redundancy: PSNR against stride, time against stride, and the one against the other with random subsets."""
    sigma = main_sigma(summary.scored)
    dct = summary.scored[(summary.scored["method"] == DCT) & (summary.scored["sigma_255"] == sigma)]
    grid = _plain_grid(at_best_ratio(dct))
    grid = grid[grid.groupby("block_size")["stride"].transform("nunique") > 1]
    if len(grid["stride"].unique()) > 1:
        sheet = Sheet()
        for look, (block, group) in zip(numbered(9), grid.groupby("block_size"), strict=False):
            tips = [
                f"{line.label}: {line.psnr_db:.2f} dB at ratio {line.ratio:g}, n = {line.n}" for line in lines_of(group)
            ]
            sheet.line(group["stride"], group["psnr_db"], name=f"{block:g}×{block:g} blocks", look=look, tips=tips)
        _stride_axis(sheet.axes, grid["stride"])
        sheet.axes.set_ylabel("mean PSNR (dB)")
        sheet.legend()
        yield sheet.chart("stride-psnr", f"PSNR against stride, sigma {sigma:g}", _stride_finding(grid))
    yield from _stride_times(summary)
    yield from _redundancy(summary, sigma)


def _plain_grid(table: pd.DataFrame) -> pd.DataFrame:
    """DCT lines whose label names nothing beyond block size and stride."""
    plain = table["label"].astype(str).str.fullmatch(r"DCT \d+×\d+(, stride \d+)?")
    return table[plain].sort_values(["block_size", "stride"]) if "stride" in table else table[plain]


def _stride_finding(grid: pd.DataFrame) -> str:
    parts = []
    for block, group in grid.groupby("block_size"):
        first, last = group.iloc[0], group.iloc[-1]
        loss = first["psnr_db"] - last["psnr_db"]
        parts.append(
            f"with {block:g}×{block:g} blocks stride {last['stride']:g} loses {loss:.2f} dB to stride "
            f"{first['stride']:g}"
        )
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}."


def _stride_times(summary: Summary) -> Iterator[Chart]:
    timed = _with_grid(summary)
    timed = timed[timed.groupby("block_size")["stride"].transform("nunique") > 1]
    if timed.empty:
        return
    counts = timed.groupby("pixels")["stride"].nunique()
    timed = timed[timed["pixels"] == counts.idxmax()]
    sheet, parts = Sheet(), []
    for look, (block, group) in zip(numbered(9), timed.sort_values("stride").groupby("block_size"), strict=False):
        tips = [
            f"{line.label}: {seconds_text(line.median)} [{seconds_text(line.low)} to {seconds_text(line.high)}], n = "
            f"{line.n}"
            for line in lines_of(group)
        ]
        name = f"{block:g}×{block:g} blocks"
        sheet.line(group["stride"], group["median"], name=name, look=look, tips=tips)
        sheet.bars(group["stride"], group["low"], group["high"], name=name, look=look)
        ratio = group["median"].iloc[0] / group["median"].iloc[-1]
        parts.append(
            f"{block:g}×{block:g} blocks at stride {group['stride'].iloc[-1]:g} are {times_text(ratio)} as fast as "
            f"at stride {group['stride'].iloc[0]:g}"
        )
    _stride_axis(sheet.axes, timed["stride"])
    sheet.axes.set_yscale("log")
    seconds_axis(sheet.axes.yaxis, "time")
    sheet.legend()
    size = f"{timed['width'].iloc[0]:.0f} × {timed['height'].iloc[0]:.0f}"
    yield sheet.chart("stride-time", f"Time against stride, {size}", "; ".join(parts) + ".")


def _with_grid(summary: Summary) -> pd.DataFrame:
    """Timed plain DCT cases with their block size and stride as numbers."""
    own = _plain_grid(summary.timed[summary.timed["method"] == DCT])
    return own.assign(
        **{
            name: own["options"].map(lambda text, name=name: summary.methods.number(DCT, text, name))
            for name in ("block_size", "stride")
        }
    )


def _redundancy(summary: Summary, sigma: float | None) -> Iterator[Chart]:
    own = summary.traded[(summary.traded["method"] == DCT) & (summary.traded["sigma_255"] == sigma)]
    own = own[~own["label"].str.contains("engine|learn|color|rule", regex=True)]
    if len(own) < 2:  # noqa: PLR2004 - one point is no trade
        return
    chosen = own["label"].str.contains("spacing", regex=False)
    whole = own[own["label"].str.fullmatch(r"DCT \d+×\d+") & own["block_size"].isin(own.loc[chosen, "block_size"])]
    kinds = (own[~chosen].assign(kind="grid"), *(part.assign(kind="random subset") for part in (whole, own[chosen])))
    groups = list(pd.concat(kinds).groupby(["block_size", "kind"], observed=True))
    sheet = Sheet()
    for look, ((block, kind), group) in zip(numbered(len(groups)), groups, strict=True):
        ordered = group.sort_values("per_megapixel")
        tips = [
            f"{line.label}: {line.psnr_db:.2f} dB, {seconds_text(line.per_megapixel)} per megapixel, n = {line.n}"
            for line in lines_of(ordered)
        ]
        sheet.line(
            ordered["per_megapixel"],
            ordered["psnr_db"],
            name=f"{block:g}×{block:g}, {kind}",
            look=look,
            tips=tips,
            dashed="--" if kind != "grid" else "-",
        )
    sheet.axes.set_xscale("log")
    seconds_axis(sheet.axes.xaxis, "time per megapixel")
    sheet.axes.set_ylabel("mean PSNR (dB)")
    sheet.legend()
    best, fastest = most_of(own, "psnr_db"), least_of(own, "per_megapixel")
    yield sheet.chart(
        "redundancy",
        f"What redundancy buys, sigma {sigma:g}",
        f"From {fastest['label']} ({fastest['psnr_db']:.2f} dB, {seconds_text(fastest['per_megapixel'])} per "
        "megapixel) "
        f"to {best['label']} ({best['psnr_db']:.2f} dB, {seconds_text(best['per_megapixel'])}).",
    )


def times(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Time against pixels (log-log, with fitted exponents) and against operations (with the cost model)."""
    yield from _time_pixels(summary, ink)
    yield from _time_operations(summary, ink)


def _time_pixels(summary: Summary, ink: Ink) -> Iterator[Chart]:
    timed = summary.timed[summary.timed["pixels"] > 0]
    sizes = timed.groupby(["label", "scale", "channels"])["pixels"].transform("nunique")
    timed = timed[sizes > 1]
    if timed.empty:
        return
    sheet = Sheet((5.6, 4.4))
    for (label, scale), group in limited(timed.groupby(["label", "scale"], sort=False)):
        ordered = group.sort_values("pixels")
        tips = [_time_tip(line) for line in lines_of(ordered)]
        name = f"{label} ×{scale:g}" if scale > 1 else str(label)
        sheet.line(ordered["pixels"], ordered["median"], name=name, look=ink.palette[str(label)], tips=tips)
        sheet.bars(ordered["pixels"], ordered["low"], ordered["high"], name=name, look=ink.palette[str(label)])
    sheet.axes.set(xscale="log", yscale="log")
    pixels_axis(sheet.axes)
    seconds_axis(sheet.axes.yaxis, "time")
    sheet.legend()
    fits = summary.exponents
    parts = [f"{line.label} {line.exponent:.2f}{interval_text(line.low, line.high)}" for line in lines_of(fits)][
        :MOST_SERIES
    ]
    yield sheet.chart("time-pixels", "Time against pixels", f"Exponents of time against pixels: {', '.join(parts)}.")


def _time_tip(line: Any) -> str:
    return (
        f"{line.label}: {seconds_text(line.median)} [{seconds_text(line.low)} to {seconds_text(line.high)}] "
        ""
        f"at {line.width:.0f} × {line.height:.0f}, n = {line.n}"
    )


def _time_operations(summary: Summary, ink: Ink) -> Iterator[Chart]:
    table = summary.operations
    if len(table) < 2:  # noqa: PLR2004 - one point shows no relation
        return
    sheet = Sheet((5.6, 4.4))
    for label, group in limited(table.groupby("label", sort=False)):
        tips = [f"{_time_tip(line)}; {line.macs:.3g} operations" for line in lines_of(group)]
        sheet.points(group["macs"], group["median"], name=str(label), look=ink.palette[str(label)], tips=tips)
    model, fit = cost_model(table), power_law(table["macs"], table["median"])
    if model:
        x = np.geomspace(table["macs"].min(), table["macs"].max(), 60)
        sheet.axes.plot(x, np.maximum(model[0] + model[1] * x, 1e-9), color=SOFT, linestyle="--", linewidth=1)
    sheet.axes.set(xscale="log", yscale="log", xlabel="operations of the call (1 multiply-add = 1)")
    seconds_axis(sheet.axes.yaxis, "time")
    sheet.legend()
    yield sheet.chart("time-operations", "Time against operations", _operations_finding(fit, model))


def _operations_finding(fit: Fit | None, model: tuple[float, float, float] | None) -> str:
    said = ""
    if fit:
        power = f"{fit.exponent:.2f}{interval_text(fit.low, fit.high)}"
        said = f"Over all methods time grows with operations to the power {power}."
    if model:
        a, b, explained = model
        speed = f"{1 / b / 1e9:.3g} billion operations per second" if b > 0 else "no positive slope"
        said += (
            f" The model time = a + b × operations gives a = {seconds_text(max(a, 0))}, 1 / b = {speed} (dashed) and "
            "explains "
            f"{max(explained, 0):.0%} of the variance of log time: the rest is how well each method uses the machine."
        )
    return said.strip() or "Too few cases for a fit."


def denoising(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR and residual deviation of every denoiser at its best ratio, per sigma."""
    best = at_best_ratio(summary.scored[summary.scored["task"] == "denoise"])
    best = best[best["channels"] == best["channels"].mode().iloc[0]] if len(best) else best
    for quantity, title, unit in (("psnr_db", "PSNR", "dB"), ("residual_std_255", "Residual deviation", "/ 255")):
        shown = best[np.isfinite(best[quantity]) & ~best["label"].str.contains("stride|spacing", regex=True)]
        if shown.empty:
            continue
        sheet = Sheet((5.6, 4.2))
        for label, group in limited(shown.groupby("label", sort=False)):
            ordered = group.sort_values("sigma_255")
            tips = [
                f"{label}, sigma {line.sigma_255:g}: {getattr(line, quantity):.2f} {unit}, n = {line.n}"
                for line in lines_of(ordered)
            ]
            sheet.line(
                ordered["sigma_255"], ordered[quantity], name=str(label), look=ink.palette[str(label)], tips=tips
            )
        sheet.axes.set(xlabel="sigma of the noise (/ 255)", ylabel=f"{title} ({unit})")
        sheet.legend()
        yield sheet.chart(
            f"denoise-{slug(quantity)}", f"{title} against sigma", _denoise_finding(shown, quantity, unit)
        )


def _denoise_finding(shown: pd.DataFrame, quantity: str, unit: str) -> str:
    parts = []
    for sigma, group in shown.groupby("sigma_255"):
        one = most_of(group, quantity) if quantity == "psnr_db" else least_of(group, quantity)
        parts.append(f"at sigma {sigma:g} {one['label']} ({one[quantity]:.2f} {unit})")
    return f"Best {', '.join(parts)}."


def upscaling(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR of every upscaler per degradation."""
    shown = at_best_ratio(summary.scored[summary.scored["task"] == "upscale"])
    for scale, group in shown.groupby("scale", observed=True):
        kinds = group["degradation"].astype(str).unique().tolist()
        sheet = Sheet((5.6, 1.8 + 0.45 * len(kinds)))
        for label, lines in group.groupby("label", sort=False):
            tips = [
                f"{label} on {line.degradation}: {line.psnr_db:.2f} dB, SSIM {line.ssim:.4f}, n = {line.n}"
                for line in lines_of(lines)
            ]
            where = [kinds.index(kind) for kind in lines["degradation"].astype(str)]
            sheet.points(lines["psnr_db"], where, name=str(label), look=ink.palette[str(label)], tips=tips)
        sheet.axes.set_yticks(range(len(kinds)), [short(kind, 28) for kind in kinds])
        sheet.axes.set_ylim(len(kinds) - 0.5, -0.5)
        sheet.axes.set_xlabel("PSNR of the luma (dB), mean over images")
        sheet.legend()
        yield sheet.chart(f"upscale-{scale:g}", f"Upscaling ×{scale:g} by degradation", _upscale_finding(group, kinds))


def _upscale_finding(group: pd.DataFrame, kinds: list[str]) -> str:
    parts = []
    for kind in kinds:
        ordered = group[group["degradation"].astype(str) == kind].sort_values("psnr_db", ascending=False)
        lead = f" by {ordered['psnr_db'].iloc[0] - ordered['psnr_db'].iloc[1]:.2f} dB" if len(ordered) > 1 else ""
        parts.append(f"on {short(kind)} input {ordered['label'].iloc[0]}{lead}")
    return f"Ahead {', '.join(parts)}."


def peers(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Time ratios against the first of each group, with intervals."""
    table = summary.peers[np.isfinite(summary.peers["ratio"])]
    if table.empty:
        return
    sheet = Sheet((5.6, 1.3 + 0.36 * len(table)))
    for place, line in enumerate(lines_of(table)):
        look = ink.palette[str(line.label)]
        sheet.spans([place], [line.low], [line.high], name=str(line.label), look=look)
        reach = f"[{times_text(line.low)} to {times_text(line.high)}], {line.rounds:.0f} rounds"
        tip = f"{line.label}: {times_text(line.ratio)} the time of {line.base} {reach}"
        sheet.points([line.ratio], [place], name=str(line.label), look=look, tips=[tip])
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    sheet.axes.set_xscale("log")
    sheet.axes.set_yticks(range(len(table)), [f"{short(label, 30)}" for label in table["label"]])
    sheet.axes.set_ylim(len(table) - 0.5, -0.5)
    sheet.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: times_text(value)))
    sheet.axes.set_xlabel("time over that of the first of its group")
    said = "; ".join(f"{line.label} takes {times_text(line.ratio)} the time of {line.base}" for line in lines_of(table))
    yield sheet.chart("peers", "Time beside peers, interleaved", f"{said[:1].upper()}{said[1:]}.")


def layer_bars(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Seconds per layer, a figure per profiled method."""
    table = summary.named["layers"]
    table = table[table["seconds"] > 0]
    for (label, height, width), group in table.groupby(["label", "height", "width"], observed=True, sort=False):
        top = group.nlargest(20, "seconds")
        shown = group.loc[group.index.isin(top.index)]
        sheet = Sheet((5.6, 1.0 + 0.24 * len(shown)))
        bars = sns.barplot(
            x=shown["seconds"],
            y=[str(name) for name in shown["layer"]],
            ax=sheet.axes,
            color=ink.palette[str(label)].color,
        )
        share = shown["seconds"] / group["seconds"].sum()
        for number, (patch, line, part) in enumerate(zip(bars.patches, lines_of(shown), share, strict=False)):
            tip = f"{line.layer}: {seconds_text(line.seconds)}, {part:.0%} of the layers' time"
            sheet.marks[tag(patch, "layer", number)] = Marks((tip,), str(label))
        sheet.axes.set_yticks(range(len(shown)), [short(str(name), 24) for name in shown["layer"]])
        sheet.axes.set_ylabel("")
        seconds_axis(sheet.axes.xaxis, "time in the layer")
        largest = top.iloc[0]
        yield sheet.chart(
            f"layers-{slug(str(label))}-{height:.0f}",
            f"{label}: time per layer, {width:.0f} × {height:.0f}",
            f"{largest['layer']} is the slowest layer with {largest['seconds'] / group['seconds'].sum():.0%} of the "
            "layers' time; "
            f"the five slowest take {top['seconds'].head(5).sum() / group['seconds'].sum():.0%}.",
        )


def roofline(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Speed reached against arithmetic intensity, below what the machine was found to be able to."""
    from reports.derive.roof import intensities

    table, roof = intensities(summary), roof_of(summary)
    if table.empty:
        return
    sheet = Sheet((5.6, 4.4))
    for label, group in limited(table.groupby("label", sort=False)):
        tips = [
            f"{line.label} at {line.width:.0f} × {line.height:.0f}: {line.gops:.3g} billion multiply-adds per second "
            "at "
            f"{line.intensity:.3g} per byte{_share_words(line, roof)}"
            for line in lines_of(group)
        ]
        sheet.points(group["intensity"], group["gops"], name=str(label), look=ink.palette[str(label)], tips=tips)
    span = np.geomspace(table["intensity"].min() / 3, table["intensity"].max() * 3, 80)
    for (name, peak), dash in zip(roof.peaks.items(), ("-", "--", ":", "-."), strict=False):
        sheet.axes.plot(
            span,
            np.minimum(peak, roof.bandwidth * span),
            color=SOFT,
            linewidth=1.2,
            linestyle=dash,
            label=f"limit, {name}",
        )
    sheet.axes.set(
        xscale="log", yscale="log", xlabel="multiply-adds per byte (at most)", ylabel="billion multiply-adds / s"
    )
    sheet.legend()
    best = most_of(table, "gops")
    yield sheet.chart(
        "roofline",
        "Speed against intensity",
        f"{best['label']} reaches the highest speed, {best['gops']:.3g} billion "
        f"multiply-adds per second{_share_words(best, roof)}.",
    )


def _share_words(line: Any, roof: Roof) -> str:
    limit = roof.limit(str(line.dtype), line.intensity)
    return "" if math.isnan(limit) else f", {line.gops / limit:.0%} of the limit there"


def memories(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Peak memory against pixels, measured as points on lines and predicted dashed."""
    table = summary.named["memory"]
    table = table[table["peak_bytes"] > 0].assign(pixels=lambda frame: frame["height"] * frame["width"])
    if table.empty:
        return
    sheet = Sheet()
    for (label, source), group in table.groupby(["label", "source"], observed=True, sort=False):
        lines = group.groupby("pixels")["peak_bytes"].max().sort_index().reset_index()
        tips = [
            f"{label}, {source}: {bytes_text(line.peak_bytes)} at {line.pixels / 1e6:.3g} megapixels"
            for line in lines_of(lines)
        ]
        name = str(label) if source != "predicted" else f"{label}, predicted"
        sheet.line(
            lines["pixels"],
            lines["peak_bytes"],
            name=name,
            look=ink.palette[str(label)],
            tips=tips,
            dashed="--" if source == "predicted" else "-",
        )
    sheet.axes.set(xscale="log", yscale="log", ylabel="peak memory")
    pixels_axis(sheet.axes)
    sheet.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: bytes_text(value)))
    sheet.legend()
    measured = (
        table[table["source"].astype(str) != "predicted"]
        if (table["source"].astype(str) != "predicted").any()
        else table
    )
    largest = measured.assign(each=measured["peak_bytes"] / measured["pixels"]).sort_values("each")
    yield sheet.chart(
        "memory",
        "Peak memory against pixels",
        f"At its largest size {largest['label'].iloc[-1]} needs {largest['each'].iloc[-1]:.0f} bytes per pixel, "
        f"{largest['label'].iloc[0]} {largest['each'].iloc[0]:.0f}.",
    )


def scaling(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Exponents of time against pixels; time against threads where several were measured."""
    fits = summary.exponents
    if len(fits):
        sheet = Sheet((5.6, 1.2 + 0.32 * len(fits)))
        for place, line in enumerate(lines_of(fits)):
            look = ink.palette[str(line.label)]
            sheet.spans([place], [line.low], [line.high], name=str(line.label), look=look)
            reach = interval_text(line.low, line.high)
            tip = f"{line.label}: exponent {line.exponent:.3f}{reach} over {line.sizes} sizes"
            sheet.points([line.exponent], [place], name=str(line.label), look=look, tips=[tip])
        sheet.axes.axvline(1, color=SOFT, linewidth=1)
        sheet.axes.set_yticks(range(len(fits)), [short(label, 28) for label in fits["label"]])
        sheet.axes.set_ylim(len(fits) - 0.5, -0.5)
        low, high = min(0.5, fits["exponent"].min() - 0.1), max(1.3, fits["exponent"].max() + 0.1)
        sheet.axes.set_xlim(low, high)
        sheet.axes.set_xlabel("exponent of time against pixels (1 = proportional)")
        steep = most_of(fits, "exponent")
        yield sheet.chart(
            "exponents",
            "Growth of time with pixels",
            f"Steepest is {steep['label']} with exponent {steep['exponent']:.2f}"
            f"{interval_text(steep['low'], steep['high'])}; below 1 a fixed cost per call still shows.",
        )
    yield from _thread_scaling(summary, ink)


def _thread_scaling(summary: Summary, ink: Ink) -> Iterator[Chart]:
    case = ["label", "scale", "channels", "height", "width"]
    table = summary.threads
    table = table[table.groupby(case)["threads"].transform("nunique") > 1] if len(table) else table
    if table.empty:
        return
    sheet, parts = Sheet(), []
    for label, group in limited(table.sort_values("pixels").groupby("label", sort=False)):
        one = group[group["pixels"] == group["pixels"].max()].sort_values("threads")
        speedup = one["median"].iloc[0] / one["median"]
        tips = [
            f"{label}: {times_text(gain)} as fast on {threads:.0f} threads"
            for gain, threads in zip(speedup, one["threads"], strict=True)
        ]
        sheet.line(one["threads"], speedup, name=str(label), look=ink.palette[str(label)], tips=tips)
        parts.append(f"{label} {times_text(speedup.iloc[-1])} on {one['threads'].iloc[-1]:.0f}")
    top = table["threads"].max()
    sheet.axes.plot([1, top], [1, top], color=SOFT, linestyle=":", linewidth=1)
    sheet.axes.set(xlabel="threads", ylabel="speed over one thread")
    sheet.axes.set_xticks(sorted(table["threads"].unique()))
    sheet.legend()
    yield sheet.chart("threads", "Speed against threads", f"Faster than on the fewest threads: {', '.join(parts)}.")


def _stride_axis(axes: Axes, values: pd.Series[float]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(values.unique()), [f"{value:g}" for value in sorted(values.unique())])
    axes.set_xlabel("stride (1 = full redundancy)")
