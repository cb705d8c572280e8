"""Everything that is derived from the tables of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from reports.derive.comparison import Comparison, compare
from reports.derive.fits import exponents
from reports.derive.fronts import tradeoff
from reports.derive.labels import labelled
from reports.derive.optima import ratio_optima
from reports.derive.peers import peer_ratios
from reports.derive.scores import sweeps, tried
from reports.derive.speeds import by_threads, speeds, with_operations
from reports.read.methods import Methods


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
    operations: pd.DataFrame
    exponents: pd.DataFrame
    peers: pd.DataFrame
    optima: pd.DataFrame

    @property
    def traded(self) -> pd.DataFrame:
        """The standings that have both quality, on the main board, and time."""
        table = self.standings
        own = table["compared"].astype(bool) & (table["board"] == 0) & (table["per_megapixel"] > 0)
        found: pd.DataFrame = table[own].reset_index(drop=True)
        return found

    @property
    def labels(self) -> list[tuple[str, str]]:
        """(method, label) of everything that was measured, in the order of the tables."""
        frames = [self.timed, self.standings, *(self.named[name] for name in ("cost", "paired", "memory", "layers"))]
        found = pd.concat([frame[["method", "label"]].astype(object) for frame in frames]).drop_duplicates()
        return [(str(method), str(label)) for method, label in found.itertuples(index=False)]


def summarise(tables: Mapping[str, pd.DataFrame], methods: Methods) -> Summary:
    """The summary of one run's tables; `methods` are the run's."""
    every = {name: labelled(table, methods) for name, table in tables.items() if name != "experiment"}
    named = {name: table[table["error"] == ""] for name, table in every.items()}
    tries, timed = tried(every["quality"]), speeds(named["time"])
    scored = sweeps(tries)
    comparison = compare(tries, scored, methods)
    return Summary(
        methods=methods,
        tables=tables,
        named=named,
        scored=scored,
        comparison=comparison,
        standings=tradeoff(comparison.lines, comparison.counted, timed, every["time"][every["time"]["error"] != ""]),
        timed=timed,
        threads=by_threads(named["time"]),
        operations=with_operations(timed, named["cost"]),
        exponents=exponents(timed),
        peers=peer_ratios(named["paired"]),
        optima=ratio_optima(scored),
    )
