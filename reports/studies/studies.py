"""The named experiments: for each its figures and two sentences of reading, computed from its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.collections import QuadMesh

from reports.derive.intervals import difference
from reports.derive.labels import label_of
from reports.draw.look import SOFT, Chart, Marks, numbered, tag
from reports.draw.number_text import seconds_text, times_text
from reports.draw.sheet import Sheet, short, slug
from reports.read.methods import Methods
from reports.read.tables import most_of
from reports.studies.curves import curves

_WHOLE_KERNEL = 8  # frequencies per axis above which single cells carry no tip


@dataclass(frozen=True)
class Study:
    """What an experiment shows."""

    charts: tuple[Chart, ...]
    reading: tuple[str, ...] = ()


def study(name: str, table: pd.DataFrame, methods: Methods) -> Study:
    """The study of the experiment `name` from its rows; one that is not known shows its curves as they come."""
    finite = table[np.isfinite(table["value"])].astype(
        dict.fromkeys(("part", "quantity", "variant", "image", "degradation", "note", "options"), object)
    )
    if finite.empty:
        return Study(())
    labels = [
        label_of(methods, variant.partition(" ")[0], options)
        for variant, options in finite[["variant", "options"]].itertuples(index=False)
    ]
    finite = finite.assign(label=labels)
    if name in _STUDIES and (finite["quantity"] == _STUDIES[name][0]).any():
        return _STUDIES[name][1](finite)
    if len(finite["variant"].unique()) > 1:
        finite = finite.assign(part=finite["variant"] + (": " + finite["part"]).where(finite["part"] != "", ""))
    charts = tuple(curves(finite, name))
    return Study(charts, tuple(chart.finding for chart in charts[:2]))


def _of(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return table[table["quantity"] == quantity]


def _column(table: pd.DataFrame, quantity: str) -> np.ndarray:
    """The numbered values of one quantity, in order."""
    own = _of(table, quantity).drop_duplicates("repeat").sort_values("repeat")
    return own["value"].to_numpy(dtype=float)


def _along(table: pd.DataFrame, part: str, x: str, y: str) -> pd.DataFrame:
    """Columns x and y of one part's curve, in order."""
    own = table[table["part"] == part]
    pair = {name: _of(own, name).drop_duplicates("repeat").set_index("repeat")["value"] for name in (x, y)}
    return pd.DataFrame(pair).dropna().sort_index()


def thresholds(table: pd.DataFrame) -> Study:
    """The family of threshold functions, and soft thresholding as the most probable clean value."""
    family = [part for part in _of(table, "output")["part"].unique() if part]
    lines = {part: _along(table, part, "x", "output") for part in family}
    charts = [_lines("thresholds-family", "Hard, soft and smooth hard thresholds, T = 1", lines, _family_words(lines))]
    pair = {part: _along(table, part, "x", "estimate") for part in _of(table, "estimate")["part"].unique()}
    off = _of(table, "largest_difference")["value"]
    words = (
        f"Soft thresholding and the minimiser found by search differ by at most {off.max():.2g}." if len(off) else ""
    )
    if pair:
        title = "Soft thresholding is the most probable value under a Laplacian prior"
        charts.append(_lines("thresholds-posterior", title, pair, words))
    return Study(
        tuple(chart for chart in charts if chart), tuple(word for word in (_family_words(lines), words) if word)
    )


def _family_words(lines: Mapping[str, pd.DataFrame]) -> str:
    smooth = [part for part in lines if part.startswith("temperature")]
    if "hard" not in lines or "soft" not in lines or not smooth:
        return ""
    coldest, hottest = smooth[0], smooth[-1]
    away = (lines["hard"]["x"].abs() - 1).abs() > 0.3  # noqa: PLR2004 - beside the step
    cold = (lines[coldest]["output"] - lines["hard"]["output"])[away].abs().max()
    hot = (lines[hottest]["output"] - lines["soft"]["output"]).abs().max()
    return (
        f"At {coldest} the smooth threshold is within {cold:.2g} of the hard one beside the step, and at {hottest} "
        "within "
        f"{hot:.2g} of the soft one: one family reaches from the one to the other."
    )


def learn_threshold(table: pd.DataFrame) -> Study:
    """Threshold, loss and temperature against step."""
    charts = tuple(curves(table[table["quantity"] != "found_threshold"], "learn-threshold"))
    found, error = _of(table, "found_threshold")["value"], _of(table, "error")["value"]
    low, high = f"{found.min():.3f}", f"{found.max():.3f}"
    reading = f"{len(found)} descents ended {f'between {low} and {high}' if low != high else f'at {low}'}."
    worst = f"The largest error is {error.abs().max():.3f}, whatever the start and seed." if len(error) else ""
    return Study(charts, tuple(word for word in (reading, worst) if word))


def learn_dct(table: pd.DataFrame) -> Study:
    """Gain over the best uniform ratio by variant and setting; the thresholds learnt at 8 x 8, sigma 25."""
    gains = _of(table, "gain_db")
    split = gains["part"].str.partition(": ")
    gains = gains.assign(setting=split[0], what=split[2])
    charts = list(_gain_chart(gains))
    charts += [chart for chart in [_threshold_map(table)] if chart]
    reading = []
    first = gains[gains["setting"].str.startswith("8x8 sigma 25")]
    if len(first):
        own = first[first["what"] == "learnt"]["value"]
        best = most_of(first, "value")
        if len(own):
            reading.append(
                f"At 8 × 8 and sigma 25 the learnt thresholds gain {own.iloc[0]:+.3f} dB over the best uniform "
                "ratio, on images not learnt on."
            )
        reading.append(f"Furthest there is “{best['what']}” with {best['value']:+.3f} dB{_costs(table, first)}.")
    return Study(tuple(charts), tuple(reading))


def _costs(table: pd.DataFrame, gains: pd.DataFrame) -> str:
    """Gain and operations of each variant that has a count."""
    macs = _of(table, "macs_per_pixel").drop_duplicates("part").set_index("part")["value"]
    counted = gains[gains["part"].isin(macs.index)]
    listed = (
        f"{what} {value:+.2f} dB for {macs[part]:,.0f}"
        for part, what, value in counted[["part", "what", "value"]].to_numpy()
    )
    return f"; gains by operations per pixel: {', '.join(listed)}" if len(counted) else ""


def _gain_chart(gains: pd.DataFrame) -> Iterator[Chart]:
    if gains.empty:
        return
    order = gains["what"].drop_duplicates().tolist()
    sheet = Sheet((5.6, 1.6 + 0.36 * len(order)))
    for look, (setting, group) in zip(numbered(9), gains.groupby("setting", sort=False), strict=False):
        where = [order.index(what) for what in group["what"]]
        tips = [
            f"{setting}, {what}: {value:+.3f} dB" for what, value in zip(group["what"], group["value"], strict=True)
        ]
        sheet.points(group["value"], where, name=str(setting), look=look, tips=tips)
    sheet.axes.axvline(0, color=SOFT, linewidth=1)
    sheet.axes.set_yticks(range(len(order)), [short(what, 28) for what in order])
    sheet.axes.set_ylim(len(order) - 0.5, -0.5)
    sheet.axes.set_xlabel("gain over the best uniform ratio (dB)")
    sheet.legend()
    best = most_of(gains, "value")
    yield sheet.chart(
        "learn-dct-gain",
        "What learning gains",
        f"The largest gain is {best['value']:+.3f} dB, {best['what']} at {best['setting']}.",
    )


def _threshold_map(table: pd.DataFrame) -> Chart | None:
    own = _of(table, "threshold_over_sigma")
    parts = own["part"].drop_duplicates().tolist()
    part = next((name for name in parts if name.startswith("8x8 sigma 25")), parts[0] if parts else None)
    if part is None:
        return None
    values = _column(own[own["part"] == part], "threshold_over_sigma")
    size = round(np.sqrt(len(values)))
    title = f"Learnt thresholds over sigma, {part.partition(':')[0]}"
    values = np.where(np.arange(len(values)) > 0, values, np.nan)  # the mean's 0 would take all colours from the others
    low, high = np.nanmin(values), np.nanmax(values)
    finding = (
        f"Thresholds run from {low:.2f} to {high:.2f} times sigma; the highest frequencies lie at the lower right, and "
        "the mean, at the upper left, has none."
    )
    return _map("learn-dct-thresholds", title, values[: size**2].reshape(size, size), finding)


def _map(name: str, title: str, values: np.ndarray, finding: str) -> Chart:
    """A square of numbers as seaborn's heatmap; each cell says its value where there are few."""
    sheet = Sheet((5.0, 4.2))
    sns.heatmap(values, ax=sheet.axes, cmap="cividis", square=True, cbar=True, xticklabels=False, yticklabels=False)
    for mesh in sheet.figure.findobj(QuadMesh):
        mesh.set_rasterized(False)  # the page shows no images inside figures
        mesh.set_edgecolor("face")  # else the page's background shines through between neighbours
    sheet.axes.grid(visible=False)
    if len(values) <= _WHOLE_KERNEL:
        tips = [f"row {row}, column {column}: {values[row, column]:.4g}" for row, column in np.ndindex(values.shape)]
        sheet.marks[tag(sheet.axes.collections[0], "map", 0)] = Marks(tuple(tips))
    return sheet.chart(name, title, finding)


def color(table: pd.DataFrame) -> Study:
    """PSNR of each variant on each colour image."""
    psnr = _of(table, "psnr_db")
    wide = psnr.assign(label=[_with_transform(*line) for line in psnr[["label", "options"]].itertuples(index=False)])
    wide = wide.pivot_table(index="image", columns="label", values="value", sort=False)
    if wide.empty:
        return Study(())
    sheet = Sheet()
    for look, (label, values) in zip(numbered(9), wide.items(), strict=False):
        tips = [f"{label}, {image}: {value:.2f} dB" for image, value in values.items()]
        sheet.points(values, range(len(values)), name=str(label), look=look, tips=tips)
    sheet.axes.set_yticks(range(len(wide)), [short(image, 22) for image in wide.index])
    sheet.axes.set_ylim(len(wide) - 0.5, -0.5)
    sheet.axes.set_xlabel("PSNR over red, green and blue (dB)")
    sheet.legend()
    means = wide.mean().sort_values()
    listed = ", ".join(f"{label} {value:.2f} dB" for label, value in means.items())
    chart = sheet.chart("color-psnr", f"Colour denoising, sigma {psnr['sigma_255'].iloc[0]:g}", f"Means: {listed}.")
    return Study((chart,), (f"Means over {len(wide)} images: {listed}.", *_transform_words(wide)))


def _with_transform(label: str, options: str) -> str:
    return f"{label}, colour transform" if '"opp"' in options else label.replace("color transform none", "per channel")


def _transform_words(wide: pd.DataFrame) -> Iterator[str]:
    with_it = [label for label in wide if str(label).endswith(", colour transform")]
    without = [label for label in wide if str(label).endswith("per channel")]
    if with_it and without:
        gain = difference(wide[with_it[0]], wide[without[0]])
        reach = f"95 % from {gain.low:+.2f} to {gain.high:+.2f}"
        yield f"The colour transform changes the DCT by {gain.mean:+.2f} dB ({reach})."


def sr_distribution(table: pd.DataFrame) -> Study:
    """PSNR of network and bicubic by degradation, and against the blur's width."""
    psnr = _of(table, "psnr_db")
    noise = psnr["sigma_255"].map(lambda sigma: f", noise {sigma:g}" if sigma else "")
    psnr = psnr.assign(kind=psnr["degradation"].astype(str) + noise)
    wide = psnr.pivot_table(index="kind", columns="label", values="value", sort=False)
    if wide.shape[1] < 2:  # noqa: PLR2004 - two are compared
        return Study(())
    net = next(label for label in wide if label != "bicubic")
    gain = (wide[net] - wide["bicubic"]).dropna() if "bicubic" in wide else pd.Series(dtype=float)
    charts = [_kinds_chart(wide), _blur_chart(table)]
    reading = []
    if len(gain):
        reading.append(
            f"{net} against bicubic: {gain.max():+.2f} dB on {gain.idxmax()} input, {gain.min():+.2f} dB on "
            f"{gain.idxmin()} input."
        )
        losing = [str(kind) for kind in gain.index[gain < 0]]
        reading.append(
            f"It falls behind on {len(losing)} of {len(gain)} degradations"
            + (f": {'; '.join(losing)}." if losing else ".")
        )
    return Study(tuple(chart for chart in charts if chart), tuple(reading))


def _kinds_chart(wide: pd.DataFrame) -> Chart:
    sheet = Sheet((5.6, 1.5 + 0.34 * len(wide)))
    for look, (label, values) in zip(numbered(9), wide.items(), strict=False):
        tips = [f"{label} on {kind}: {value:.2f} dB" for kind, value in values.items()]
        sheet.points(values, range(len(values)), name=str(label), look=look, tips=tips)
    sheet.axes.set_yticks(range(len(wide)), [short(kind, 30) for kind in wide.index])
    sheet.axes.set_ylim(len(wide) - 0.5, -0.5)
    sheet.axes.set_xlabel("PSNR of the luma (dB), mean over images")
    sheet.legend()
    spread = wide.max() - wide.min()
    listed = ", ".join(f"{label} {value:.2f} dB" for label, value in spread.items())
    return sheet.chart("sr-distribution-kinds", "By degradation", f"From the best degradation to the worst: {listed}.")


def _blur_chart(table: pd.DataFrame) -> Chart | None:
    widths = _of(table, "blur_std_pixels").drop_duplicates("degradation").set_index("degradation")["value"]
    psnr = _of(table, "psnr_db")
    psnr = psnr[psnr["degradation"].isin(widths.index) & (psnr["sigma_255"] == 0)]
    if len(widths) < 2 or psnr.empty:  # noqa: PLR2004 - a curve has two points
        return None
    mean = (
        psnr.assign(width=psnr["degradation"].map(widths).astype(float))
        .groupby(["label", "width"], sort=False)["value"]
        .mean()
    )
    lines = {
        str(label): group.reset_index().sort_values("width")[["width", "value"]]
        for label, group in mean.groupby(level=0, sort=False)
    }
    ends = ", ".join(f"{label} best at {most_of(group, 'value')['width']:g}" for label, group in lines.items())
    return _lines(
        "sr-distribution-blur",
        "Against the blur before decimation",
        lines,
        f"By width of the blur in pixels: {ends}.",
        axes=("standard deviation of the blur (pixels)", "PSNR of the luma (dB)"),
    )


def kernel_estimation(table: pd.DataFrame) -> Study:
    """Profiles of the kernel found and the true one, the kernel itself, and the loss, per generator."""
    charts, reading = [], []
    for generator, own in table.groupby("variant", sort=False):
        profiles = {
            part: _along(own, str(part), "offset_pixels", "profile") for part in _of(own, "profile")["part"].unique()
        }
        found = {name: _of(own, name)["value"] for name in ("correlation", "relative_error")}
        words = ", ".join(
            f"{name.replace('_', ' ')} {values.iloc[0]:.3f}" for name, values in found.items() if len(values)
        )
        if profiles:
            charts.append(
                _lines(
                    f"kernel-profile-{slug(str(generator))}",
                    f"Kernel profile, {generator} weights",
                    profiles,
                    f"Against the true kernel: {words}.",
                    axes=("offset (pixels)", "sum over rows"),
                )
            )
        charts += _kernel(own, "found", f"kernel-found-{slug(str(generator))}", f"Kernel found, {generator} weights")
        loss = _along(own, "loss", "step", "loss")
        if len(loss) > 1:
            charts.append(
                _lines(
                    f"kernel-loss-{slug(str(generator))}",
                    f"Loss against step, {generator} weights",
                    {"loss": loss},
                    f"The loss falls from {loss['loss'].iloc[0]:.4g} to {loss['loss'].iloc[-1]:.4g}.",
                    axes=("step", "loss"),
                )
            )
        reading.append(f"With {generator} weights: {words}{_psnr_words(own)}.")
    charts += _kernel(table, "true", "kernel-true", "True kernel")
    return Study(tuple(charts), tuple(reading))


def _kernel(table: pd.DataFrame, part: str, name: str, title: str) -> list[Chart]:
    """The kernel of one part as a map, where there is one."""
    weights = _column(table[table["part"] == part], "kernel_weight")
    size = round(np.sqrt(len(weights)))
    finding = f"{size} × {size} weights from {weights.min(initial=0):.3f} to {weights.max(initial=0):.3f}."
    return [_map(name, title, weights.reshape(size, size), finding)] if size > 1 else []


def ratio_sweep(table: pd.DataFrame) -> Study:
    """Seconds of one transform shared by all ratios beside one call for each, by round."""
    seconds = _of(table, "seconds")
    rounds = {str(part): own.set_index("repeat")["value"] for part, own in seconds.groupby("part", sort=False)}
    middle = {part: float(values.median()) for part, values in rounds.items()}
    charts = tuple(curves(seconds, "ratio-sweep"))
    if set(middle) != {"shared", "dense"}:
        return Study(charts, tuple(chart.finding for chart in charts[:2]))
    faster = (
        f"{seconds['note'].iloc[0]} take {seconds_text(middle['shared'])} where they share one transform and "
        f"{seconds_text(middle['dense'])} one by one through the dense reference: "
        f"{times_text(middle['dense'] / middle['shared'])} as fast, by the medians of {len(rounds['shared'])} rounds."
    )
    off = _of(table, "difference_255")["value"]
    same = f"No pixel of their outputs differs by more than {off.max():.2g} / 255." if len(off) else ""
    return Study(charts, tuple(word for word in (faster, same) if word))


def _psnr_words(own: pd.DataFrame) -> str:
    mean = _of(own, "psnr_db").groupby("part", sort=False)["value"].mean()
    return (
        f"; the upscaler scores {', '.join(f'{value:.2f} dB ({part})' for part, value in mean.items())}"
        if len(mean)
        else ""
    )


def _lines(
    name: str,
    title: str,
    lines: Mapping[str, pd.DataFrame],
    finding: str,
    *,
    axes: tuple[str, str] = ("input", "output"),
) -> Chart:
    """Curves of two columns each, by name."""
    sheet = Sheet()
    for look, (label, points) in zip(numbered(12), lines.items(), strict=False):
        x, y = points.iloc[:, 0], points.iloc[:, 1]
        tips = [f"{label}: {up:.4g} at {along:.4g}" for along, up in zip(x, y, strict=True)]
        sheet.line(x, y, name=str(label), look=look, tips=tips)
    sheet.axes.set(xlabel=axes[0], ylabel=axes[1])
    sheet.legend(3)
    return sheet.chart(name, title, finding)


_STUDIES: Mapping[str, tuple[str, Callable[[pd.DataFrame], Study]]] = {
    "thresholds": ("output", thresholds),
    "learn-threshold": ("found_threshold", learn_threshold),
    "learn-dct": ("gain_db", learn_dct),
    "color": ("psnr_db", color),
    "sr-distribution": ("psnr_db", sr_distribution),
    "kernel-estimation": ("profile", kernel_estimation),
    "ratio-sweep": ("seconds", ratio_sweep),
}
"""What is shown of an experiment that has readings of the quantity named."""
