"""Everything that is derived from the tables of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from reports.derive.fits import exponents
from reports.derive.fronts import tradeoff
from reports.derive.labels import labelled
from reports.derive.optima import ratio_optima
from reports.derive.peers import peer_ratios
from reports.derive.scores import scores
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
        frames = [self.timed, self.scored, *(self.named[name] for name in ("cost", "paired", "memory", "layers"))]
        found = pd.concat([frame[["method", "label"]].astype(object) for frame in frames]).drop_duplicates()
        return [(str(method), str(label)) for method, label in found.itertuples(index=False)]


def summarise(tables: Mapping[str, pd.DataFrame], methods: Methods) -> Summary:
    """The summary of one run's tables; `methods` are the run's."""
    named = {name: labelled(table, methods) for name, table in tables.items() if name != "experiment"}
    scored, timed = scores(named["quality"]), speeds(named["time"])
    return Summary(
        methods=methods,
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
