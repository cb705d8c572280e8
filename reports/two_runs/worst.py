"""The worst regressions between two revisions, in a sentence each: first what lost most of its own tolerances."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from reports.derive.verdict_words import CALLED_FROM, REGRESSIONS, Tolerances, Word
from reports.draw.number_text import reach_text, signed, takes_text, times_text
from reports.sections.words import words
from reports.two_runs.changes import exact_pairs
from reports.two_runs.history import series_names
from reports.two_runs.pair import Pair

_QUANTITIES = {"macs_per_pixel": "operations per pixel", "peak_bytes": "peak memory"}


def worst_said(times: pd.DataFrame, qualities: pd.DataFrame, exact: pd.DataFrame, pair: Pair) -> Iterator[str]:
    """The worst of the changes that are regressions, with its interval; then the worst of the other kinds.

    What lost more of its own tolerance is worse. Only PSNR has one in quality: other scores come after it, and after
    whatever else lost more than its tolerance.
    """
    psnr = qualities["metric"] == "psnr_db"
    of_scores = [
        *_first(qualities[psnr], "loss", 1.0, lambda line: _of_quality(line, pair)),
        *_first(qualities[~psnr], "loss", math.inf, lambda line: _of_quality(line, pair)),
    ]
    found = [
        *_first(times, "badness", math.log1p(max(pair.tolerances.time, 1e-9)), lambda line: _of_time(times, line)),
        *of_scores[:1],
        *_first(exact, "off", max(pair.tolerances.memory, Tolerances.memory), _of_count),
    ]
    if not found:
        verdicts = pd.concat([table["verdict"].astype(str) for table in (times, qualities, exact_pairs(pair))])
        judged = not verdicts.str.startswith(Word.NO_VERDICT).all()
        yield words("comparison.no_regression", head=pair.titles[1]) if judged else words("comparison.nothing_judged")
        return
    count = sum(int(table["verdict"].isin(REGRESSIONS).sum()) for table in (times, qualities, exact))
    (_, worst), *rest = sorted(found, key=lambda one: -one[0])
    base, head = pair.titles
    if count > 1:
        yield words("comparison.regression", count=count, said=worst, head=head, base=base)
    else:
        yield words("comparison.one_regression", said=worst, head=head, base=base)
    yield from (words("comparison.also", said=said) for _, said in rest)


def _first(
    table: pd.DataFrame, badness: str, tolerance: float, say: Callable[[Any], str]
) -> Iterator[tuple[float, str]]:
    """How many tolerances the table's worst regression lost, and what is said of it; nothing where there is none."""
    lost = table[table["verdict"].isin(REGRESSIONS)]
    if len(lost):
        line = lost.iloc[int(lost[badness].to_numpy(float).argmax())]
        yield float(line[badness]) / tolerance, say(line)


def _of_time(times: pd.DataFrame, line: Any) -> str:
    name = series_names(times)[times.index.get_loc(line.name)]
    return words(
        "comparison.slowest", method=name, takes=takes_text(line["ratio"], "the base"),
        reach=reach_text(times_text(line["low"]), times_text(line["high"])),
        size=f"{line['width']:.0f} × {line['height']:.0f}",
    )  # fmt: skip


def _of_quality(line: Any, pair: Pair) -> str:
    metric = next(one for one in pair.after.metrics if one.name == line["metric"])
    places = f"+.{metric.digits + 1}f"
    change, low, high = (
        "–" if math.isnan(value) else signed(f"{value:{places}}") for value in line[["change", "low", "high"]]
    )
    method, changed = line["label"], f"{change} {metric.unit}".rstrip()
    where = f", sigma {line['sigma_255']:g}" if line["sigma_255"] else ""
    where = f"{line['degradation']}{where}" if line["degradation"] else where.lstrip(", ") or str(line["task"])
    if line["loss"] < CALLED_FROM:
        return words("comparison.worse_image", method=method, change=changed, metric=metric.title, where=where)
    reach = reach_text(low, high)
    return words("comparison.worst", method=method, change=changed, reach=reach, metric=metric.title, where=where)


def _of_count(line: Any) -> str:
    return words(
        "comparison.counts_more", method=line["label"], quantity=_QUANTITIES[line["quantity"]], where=line["where"],
        off=100 * line["off"],
    )  # fmt: skip
