"""The sequential test of `compare` beside that of the package expectation, on the same simulated streams of pairs.

`python -m bench.selftest.sequential` judges cases without a change and cases slowed by 3 and 5 % by the rule of
`compare` and, where expectation is installed, by its t-test martingale, and writes the table into the page.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer

from bench.machine.threads import usable_cores
from bench.regress.stopping_rule import Chances, Rule
from bench.regress.verdict import TRIM
from bench.selftest.gate_table import write_table
from bench.selftest.simulated import MOST_PAIRS, Ended, Noise, drawn, looked_at, row
from bench.talk import Record, ending_in_one_line, say
from reports.derive.verdict_words import Word, by_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STREAMS: Mapping[str, Noise] = {
    "Gaussian": Noise(0.01, 0.02),
    "heavy tails": Noise(0.01, 0.02, "heavy"),
    "autocorrelated": Noise(0.01, 0.02, "following"),
}
"""The machine that is shared: 1 % between processes, 2 % between blocks."""

OURS = "compare"

_CHUNK = 250


@dataclass(frozen=True)
class Evidence:
    """What a library's process says after so many pairs, as logarithms: to reject where it exceeds -log(chance)."""

    nothing: float
    """Against the mean being 0."""
    slowed: float
    """Against the mean being the tolerance or more."""


@dataclass(frozen=True)
class Peer:
    """A sequential test of a library, of the mean of one logarithm of a ratio a pair."""

    package: str
    evidence: Callable[[NDArray[np.float64], Rule, Chances], Iterator[Evidence]]
    """After each pair of (pairs,), of which a prefix is all it may use."""
    least: int = 3
    """Pairs before the first look."""


def _t_martingale(ratios: NDArray[np.float64], rule: Rule, _: Chances) -> Iterator[Evidence]:
    """Expectation's t-test martingale, a Gaussian mixture; by symmetry each direction has half of its chance."""
    import numpy as np
    from expectation.parametric.ttest_universal import TtestGaussianMixtureMartingale

    martingale = TtestGaussianMixtureMartingale(prior_precision=1.0)

    def against(mean: float, pairs: int) -> float:
        off = ratios[:pairs] - mean
        # It takes the number of samples from the length of the sum that it is given.
        found = martingale.log_superMG(np.full(pairs, off.sum()), float((off**2).sum()))
        return float(found[0]) + math.log(2)

    for pairs in range(1, len(ratios) + 1):
        below = ratios[:pairs].mean() < rule.limit
        yield Evidence(against(0.0, pairs), against(rule.limit, pairs) if below else -math.inf)


PEERS: Mapping[str, Peer] = {
    "expectation: t-test martingale": Peer("expectation", _t_martingale),
}


def judged_by(peer: Peer, logs: NDArray[np.float64], rule: Rule) -> Ended:
    """How a case of these logarithms of seconds (pairs, blocks, 3) ends by a peer, in the words of `compare`."""
    import numpy as np
    from scipy.stats import trim_mean

    chances = rule.chances(cases=1)
    ratios = np.asarray(trim_mean(logs[..., 2] - (logs[..., 0] + logs[..., 1]) / 2, TRIM, axis=1))
    said = Word.NO_VERDICT
    for pairs, found in enumerate(peer.evidence(ratios, rule, chances), 1):
        if pairs < peer.least:
            continue
        change = float(ratios[:pairs].mean())
        excluded = found.slowed >= -math.log(chances.miss) and change < rule.limit
        high = change if excluded else math.inf
        said = by_interval(
            change, -math.inf, high, rule.tolerance, significant=found.nothing >= -math.log(chances.alarm)
        )
        seems_faster = said is Word.NOT_SLOWER and change <= -rule.call
        if said is not Word.NO_VERDICT and not seems_faster:
            return Ended(said, pairs)
    return Ended(said, MOST_PAIRS)


def _chunk(seeds: range, *, stream: str, change: float, judge: str) -> list[Ended]:
    import numpy as np

    number, rule = list(STREAMS).index(stream), Rule()
    ended = []
    for seed in seeds:
        logs = drawn(STREAMS[stream], change, np.random.default_rng([number, round(1e4 * change), seed]))
        ended.append(looked_at(logs, rule) if judge == OURS else judged_by(PEERS[judge], logs, rule))
    return ended


def line(judge: str, stream: str, change: float, ended: list[Ended]) -> Record:
    """One line of the table."""
    found = {"rule": judge, **row(stream, change, ended)}
    found["stream"] = found.pop("machine")
    mean = round(fmean(one.pairs for one in ended), 1)
    columns = ("stream", "change", "rule", "cases", "slower, %", "faster, %", "excluded, %", "no verdict, %")
    return {name: found[name] for name in columns} | {"pairs: mean": mean, "95 % of cases": found["95 % of cases"]}


def main(
    empty: Annotated[int, typer.Option(min=1, help="Cases without a change, on each stream.")] = 20_000,
    slowed: Annotated[int, typer.Option(min=1, help="Cases slowed by 3 %, and as many by 5 %, on each stream.")] = 2000,
    page: Annotated[Path, typer.Option(help="The page with the table.")] = Path("docs/regression.md"),
) -> None:
    """Has every rule that is installed judge the same simulated cases, and writes the table into the page."""
    packages = dict.fromkeys(peer.package for peer in PEERS.values())
    here = [package for package in packages if find_spec(package)]
    for package in packages.keys() - set(here):
        say(f"{package} is not installed: its rules are left out")
    judges = [OURS, *(name for name, peer in PEERS.items() if peer.package in here)]
    lines: list[Record] = []
    with ProcessPoolExecutor(usable_cores()) as pool:
        for stream in STREAMS:
            for change, count in ((0.0, empty), (0.03, slowed), (0.05, slowed)):
                seeds = [range(first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK)]
                for judge in judges:
                    made = partial(_chunk, stream=stream, change=change, judge=judge)
                    lines.append(line(judge, stream, change, [one for chunk in pool.map(made, seeds) for one in chunk]))
                    say(", ".join(f"{key} {value}" for key, value in lines[-1].items()))
    versions = ["the rule of `compare`", *(f"{package} {importlib.metadata.version(package)}" for package in here)]
    said = f"{', '.join(versions)}; at most {MOST_PAIRS} pairs each; tolerance {Rule().tolerance:.0%}."
    write_table(lines, page, said=said, name="sequential")


if __name__ == "__main__":
    with ending_in_one_line():
        typer.run(main)
