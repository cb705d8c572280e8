"""The methods in their order on each kind of input: what each gains over a reference, its cost and its variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from reports.derive.apart import Pair, alike
from reports.derive.choice import Candidate, best_first
from reports.derive.intervals import Difference, difference
from reports.derive.matched import Matched, time_at
from reports.derive.one_size import Ratio, ratio
from reports.derive.scores import per_image
from reports.derive.summary import Summary
from reports.read.methods import DCT
from reports.read.tables import lines_of

REFERENCES = (DCT, "bicubic")
"""The methods that others are set against, as they are built, where they are compared."""


@dataclass(frozen=True)
class Place:
    """One way to restore beside the reference."""

    candidate: Candidate
    gain: Difference
    """PSNR less that of the reference, paired by image."""
    times: Ratio | None
    """Its time over that of the reference, at one size."""


@dataclass(frozen=True)
class Entry:
    """A method: as it is built or else the best of its variants, which follow, the best first."""

    head: Place
    variants: tuple[Place, ...]
    matched: Matched | None
    """When the method reaches the quality of the reference."""
    parameters: float | None


@dataclass(frozen=True)
class Leaderboard:
    """The methods that are compared on one kind of input, the best first."""

    kind: str
    sigma: float
    reference: Candidate
    images: int
    entries: tuple[Entry, ...]
    alike: tuple[Pair, ...]
    """Methods that the images do not tell apart, of `tested` pairs: of each with the reference and with the next."""
    tested: int

    def told_apart(self, one: str, other: str) -> bool:
        """Whether two of them are not among those `alike`."""
        return not {(one, other), (other, one)} & set(self.alike)


def leaderboards(summary: Summary, found: Sequence[Candidate]) -> tuple[Leaderboard, ...]:
    """One for each kind of input and noise level of the candidates, which are those of `candidates.candidates`."""
    ranked, parameters = summary.ranked, _parameters(summary)
    places: dict[tuple[str, float], list[int]] = {}
    for number, one in enumerate(found):
        places.setdefault((one.kind, one.sigma), []).append(number)
    return tuple(
        _board(summary, key, ranked.iloc[own], [found[number] for number in own], parameters)
        for key, own in places.items()
    )


def _board(
    summary: Summary,
    key: tuple[str, float],
    lines: pd.DataFrame,
    rivals: list[Candidate],
    parameters: Mapping[tuple[str, int, int], float],
) -> Leaderboard:
    built = dict(zip((one.name for one in rivals), lines["as_built"], strict=True))
    reference = _reference(rivals, built)
    wide = per_image(summary.comparison.counted, lines)
    places = {one.name: _place(one, reference, wide) for one in rivals}
    ranked = sorted(rivals, key=lambda one: (not built[one.name], *best_first(one)))
    entries = []
    for method in dict.fromkeys(one.method for one in rivals):
        head, *others = (one for one in ranked if one.method == method)
        others.sort(key=best_first)
        own = (places[head.name], tuple(places[one.name] for one in others))
        matched = time_at((head, *others), reference.db)
        entries.append(Entry(*own, matched, parameters.get((method, head.scale, head.channels))))
    entries.sort(key=lambda entry: best_first(entry.head.candidate))
    heads = [entry.head.candidate.name for entry in entries]
    beside = [(one, reference.name) for one in heads if one != reference.name]
    pairs = [*beside, *(pair for pair in pairwise(heads) if reference.name not in pair)]
    return Leaderboard(*key, reference, len(wide), tuple(entries), alike(wide, pairs), len(pairs))


def _reference(rivals: list[Candidate], built: Mapping[str, bool]) -> Candidate:
    """The reference method as it is built, else its best variant; else the fastest of all."""
    for method in REFERENCES:
        own = [one for one in rivals if one.method == method]
        if own:
            return min(own, key=lambda one: (not built[one.name], *best_first(one)))
    return min(rivals, key=lambda one: (one.ms is None, one.ms or 0))


def _place(one: Candidate, reference: Candidate, wide: pd.DataFrame) -> Place:
    return Place(one, difference(wide[one.name], wide[reference.name]), ratio(one.times, reference.times))


def _parameters(summary: Summary) -> dict[tuple[str, int, int], float]:
    """Learnt parameters by method, scale and channels, where all variants have as many."""
    table = summary.named["cost"]
    counts = table.groupby(["method", "scale", "channels"], observed=True)["parameters"].agg(["first", "nunique"])
    same = counts[counts["nunique"] == 1].reset_index()
    return {(str(line.method), int(line.scale), int(line.channels)): float(line.first) for line in lines_of(same)}
