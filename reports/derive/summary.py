"""Everything that is derived from the tables of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from reports.derive.comparison import Comparison, compare
from reports.derive.fits import exponents
from reports.derive.fronts import tradeoff
from reports.derive.labels import labelled
from reports.derive.latency import latencies
from reports.derive.optima import ratio_optima
from reports.derive.peers import peer_ratios
from reports.derive.scores import RIVALS, sweeps, tried
from reports.derive.speeds import COUNTED, by_threads, counted_once, speeds, with_operations
from reports.read.methods import Methods
from reports.read.metrics import USUAL, Metric, names_of, others_of

_LEADERBOARD = [
    "method", "label", "task", "degradation", "sigma_255", "scale", "channels", "ratio", "psnr_db", "ssim", "n",
    "seconds_per_megapixel", "time_low", "time_high", "macs_per_pixel", "front", "board", "asked", "failed", "error",
]  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """Everything that is derived from one run's tables, once."""

    methods: Methods
    tables: Mapping[str, pd.DataFrame]
    named: Mapping[str, pd.DataFrame]
    """The tables without failed cases, labelled; text columns of the large quality table stay categorical."""
    scored: pd.DataFrame
    """Means of every setting, those of one label over the same images."""
    comparison: Comparison
    """Each label at one setting, over the images that all have: ranks, differences and sentences come from it."""
    standings: pd.DataFrame
    """Every line of the comparison, failed ones too, with its time where it has one and whether it is on the front."""
    timed: pd.DataFrame
    threads: pd.DataFrame
    latency: pd.DataFrame
    """Percentiles and throughput of every timed case, every batch and number of threads."""
    operations: pd.DataFrame
    exponents: pd.DataFrame
    peers: pd.DataFrame
    optima: pd.DataFrame
    metrics: tuple[Metric, ...] = USUAL

    @property
    def other_metrics(self) -> tuple[Metric, ...]:
        """The metrics beside the usual ones that some restored image has a score of."""
        quality = self.tables["quality"]
        return tuple(one for one in others_of(self.metrics) if one.name in quality and quality[one.name].notna().any())

    @property
    def ranked(self) -> pd.DataFrame:
        """The standings that have a PSNR on the main board, but for the inputs themselves."""
        table = self.standings
        own = table["compared"].astype(bool) & (table["board"] == 0) & table["psnr_db"].notna()
        return table[own & (table["method"] != "noisy")]

    @property
    def traded(self) -> pd.DataFrame:
        """Those of `ranked` that were timed."""
        ranked = self.ranked
        return ranked[ranked["per_megapixel"] > 0]

    @property
    def labels(self) -> list[tuple[str, str]]:
        """(method, label) of everything that was measured, in the order of the tables."""
        frames = [self.timed, self.standings, *(self.named[name] for name in ("cost", "paired", "memory", "layers"))]
        found = pd.concat([frame[["method", "label"]].astype(object) for frame in frames]).drop_duplicates()
        return [(str(method), str(label)) for method, label in found.itertuples(index=False)]


def summarise(tables: Mapping[str, pd.DataFrame], methods: Methods, metrics: tuple[Metric, ...] = USUAL) -> Summary:
    """The summary of one run's tables; `methods` and `metrics` are the run's."""
    scores = names_of(metrics)
    every = {name: labelled(table, methods) for name, table in tables.items() if name != "experiment"}
    named = {name: table[table["error"] == ""] for name, table in every.items()}
    tries, timed = tried(every["quality"], scores), speeds(named["time"])
    scored = sweeps(tries, scores)
    comparison = compare(tries, scored, methods, scores)
    return Summary(
        methods=methods,
        tables=tables,
        named=named,
        scored=scored,
        comparison=comparison,
        standings=tradeoff(
            comparison.lines, comparison.counted, timed, every["time"][every["time"]["error"] != ""], others_of(metrics)
        ),
        timed=timed,
        threads=by_threads(named["time"]),
        latency=latencies(named["time"]),
        operations=with_operations(timed, named["cost"]),
        exponents=exponents(timed),
        peers=peer_ratios(named["paired"]),
        optima=ratio_optima(scored),
        metrics=metrics,
    )


def leaderboard(summary: Summary) -> pd.DataFrame:
    """The standings with their operations, by kind of input and board, the best first and what failed last."""
    table = summary.standings.sort_values(
        [*RIVALS, "board", "compared", "psnr_db"], ascending=[True] * 6 + [False, False]
    )
    counts = counted_once(summary.named["cost"], COUNTED)[[*COUNTED, "macs_per_pixel"]]
    counted = table.merge(counts, on=COUNTED, how="left")
    errors = counted["error"].where(counted["error"] != "", counted["time_error"])
    found: pd.DataFrame = counted.assign(error=errors).rename(columns={"per_megapixel": "seconds_per_megapixel"})
    names = list(_LEADERBOARD)
    names[names.index("n") : names.index("n")] = names_of(summary.other_metrics)
    return found[names]
