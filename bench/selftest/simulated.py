"""How often the sequential test of `compare` is wrong, on simulated machines whose noise and whose changes are known.

`python -m bench.selftest.simulated` has the very code that judges a timed case judge cases without a change and cases
slowed by 3 and 5 %, and writes the table of how it ended into the page.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.machine.threads import usable_cores
from bench.regress.stopping_rule import Rule
from bench.regress.turns import BLOCKS
from bench.regress.verdict import estimate, ratios, word
from bench.selftest.gate_table import write_table
from bench.talk import Record, ending_in_one_line, say
from reports.derive.verdict_words import CHANGES, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_PAIRS = 40
"""Pairs that a case may take: about what six minutes hold of one."""

_CHUNK = 500


@dataclass(frozen=True)
class Noise:
    """Noise of a machine: standard deviations of the logarithms of what processes and blocks take."""

    process: float
    block: float
    shape: str = "gaussian"
    """`gaussian`; `heavy`, Student's t with three degrees of freedom; `disturbed`, one in ten five times as far;
    `delayed`, exponential: disturbances only make things slower; or `following`, processes of which each is half as far
    off as the one before it, and as far again by chance."""

    def draw(self, generator: np.random.Generator, pairs: int) -> NDArray[np.float64]:
        """Logarithms of seconds (pairs, blocks, 3) of base, base again and head."""
        processes = self.process * self._unit(generator, (pairs, 1, 3))
        if self.shape == "following":
            processes = _following(processes, 0.5)
        return processes + self.block * self._unit(generator, (pairs, BLOCKS, 3))

    def _unit(self, generator: np.random.Generator, shape: tuple[int, int, int]) -> NDArray[np.float64]:
        """Noise of standard deviation 1."""
        if self.shape == "heavy":
            return generator.standard_t(3, shape) / math.sqrt(3)
        if self.shape == "delayed":
            return generator.exponential(1.0, shape)
        far = 1 + 4 * (generator.random(shape) < (0.1 if self.shape == "disturbed" else 0.0))
        return generator.standard_normal(shape) * far / (math.sqrt(3.4) if self.shape == "disturbed" else 1.0)


MACHINES: Mapping[str, Noise] = {
    "steady: 0.3 % between processes, 0.6 % between blocks": Noise(0.003, 0.006),
    "shared: 1 %, 2 %": Noise(0.01, 0.02),
    "noisy: 2 %, 3 %": Noise(0.02, 0.03),
    "processes differ, blocks do not: 2 %, 0 %": Noise(0.02, 0.0),
    "heavy tails: 1 %, 2 %": Noise(0.01, 0.02, "heavy"),
    "one in ten disturbed: 1 %, 2 %": Noise(0.01, 0.02, "disturbed"),
    "only ever slower: 1 %, 2 %": Noise(0.01, 0.02, "delayed"),
}


def _following(steps: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """`steps` as an autoregressive sequence along the first axis, of the same standard deviation throughout."""
    import numpy as np

    found = [steps[0]]
    for step in steps[1:]:
        found.append(share * found[-1] + math.sqrt(1 - share**2) * step)
    return np.stack(found)


@dataclass(frozen=True)
class Ended:
    """How the timing of one case ended."""

    word: Word
    pairs: int


def judged(noise: Noise, change: float, rule: Rule, generator: np.random.Generator) -> Ended:
    """One case in which head takes `change` longer (relative), looked at after each pair as `compare` does."""
    return looked_at(drawn(noise, change, generator), rule)


def drawn(noise: Noise, change: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Logarithms of seconds (pairs, blocks, 3) of base, base again and head, which takes `change` longer (relative)."""
    logs = noise.draw(generator, MOST_PAIRS)
    logs[..., 2] += math.log1p(change)
    return logs


def looked_at(logs: NDArray[np.float64], rule: Rule) -> Ended:
    """How a case of these logarithms of seconds (pairs, blocks, 3) ends, looked at after each pair."""
    import numpy as np

    chances = rule.chances(cases=1)
    by_pair = ratios(np.exp(logs))
    said = Word.NO_VERDICT
    for pairs in range(rule.least, MOST_PAIRS + 1):
        found = estimate(by_pair[:pairs])
        said = word(found, rule, chances)
        seems_faster = said is Word.NOT_SLOWER and found.change <= -rule.call
        if said is not Word.NO_VERDICT and not seems_faster:
            return Ended(said, pairs)
    return Ended(said, MOST_PAIRS)


def _chunk(seeds: range, *, name: str, change: float, rule: Rule) -> list[Ended]:
    import numpy as np

    machine = list(MACHINES).index(name)
    generators = (np.random.default_rng([machine, round(1e4 * change), seed]) for seed in seeds)
    return [judged(MACHINES[name], change, rule, generator) for generator in generators]


def row(name: str, change: float, ended: list[Ended]) -> Record:
    """One line of the table."""
    words = Counter(one.word for one in ended)
    share = {word: 100 * count / len(ended) for word, count in words.items()}
    pairs = sorted(one.pairs for one in ended)
    return {
        "machine": name,
        "change": f"{change:+.0%}" if change else "none",
        "cases": len(ended),
        "slower, %": round(share.get(Word.SLOWER, 0.0), 3),
        "faster, %": round(share.get(Word.FASTER, 0.0), 3),
        "excluded, %": round(share.get(Word.UNCHANGED, 0.0) + share.get(Word.NOT_SLOWER, 0.0), 2),
        "no verdict, %": round(share.get(Word.NO_VERDICT, 0.0), 2),
        "pairs: median": round(statistics.median(pairs)),
        "95 % of cases": pairs[math.ceil(0.95 * len(pairs)) - 1],
    }


def main(
    empty: Annotated[int, typer.Option(min=1, help="Cases without a change, over all machines.")] = 100_000,
    slowed: Annotated[int, typer.Option(min=1, help="Cases slowed by 3 %, and as many by 5 %.")] = 20_000,
    page: Annotated[Path, typer.Option(help="The page with the table.")] = Path("docs/regression.md"),
) -> None:
    """Simulates timed cases, and writes how often the test was wrong into the page."""
    rule, lines, alarms, tried = Rule(), [], 0, 0
    with ProcessPoolExecutor(usable_cores()) as pool:
        for change, count in ((0.0, empty), (0.03, slowed), (0.05, slowed)):
            for name in MACHINES:
                many = -(-count // len(MACHINES))
                seeds = [range(first, min(first + _CHUNK, many)) for first in range(0, many, _CHUNK)]
                chunks = pool.map(partial(_chunk, name=name, change=change, rule=rule), seeds)
                ended = [one for chunk in chunks for one in chunk]
                lines.append(row(name, change, ended))
                say(", ".join(f"{key} {value}" for key, value in lines[-1].items()))
                if not change:
                    alarms += sum(one.word in CHANGES for one in ended)
                    tried += len(ended)
    said = (
        f"{tried} simulated cases without a change: {alarms} were called slower or faster, "
        f"{100 * alarms / tried:.3f} %. At most {MOST_PAIRS} pairs each; tolerance {rule.tolerance:.0%}."
    )
    write_table(lines, page, said=said, name="simulated")


if __name__ == "__main__":
    with ending_in_one_line():
        typer.run(main)
