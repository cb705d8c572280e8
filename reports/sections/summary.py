"""The first screen: the verdict in one sentence per task, and quality against time at the main noise level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from reports.derive.candidates import candidates, kind_of, kinds, times_of
from reports.derive.intervals import Difference, difference
from reports.derive.leaderboard import Leaderboard, leaderboards
from reports.derive.one_size import ratio
from reports.derive.scores import RIVALS, per_image, several_channels
from reports.derive.summary import Summary
from reports.draw.look import VARIABLES, Chart
from reports.draw.number_text import counted, factor_text, seconds_text
from reports.draw.sheet import Ink, slug
from reports.read.methods import DCT
from reports.read.tables import least_of, lines_of
from reports.sections.chooser import chooser
from reports.sections.leaderboard import boards
from reports.sections.score_tables import images_text, level, setting
from reports.sections.section import Material, Section
from reports.sections.tradeoff import front_chart, left_out, main_input
from reports.sections.words import words

_TITLES = {"denoise": "Denoising", "upscale": "Upscaling"}
MOST_FRONT = 12
ALIKE_DB = 0.005
"""A mean difference below this is written as 0.00, and no method is said to be ahead by it."""


def section(material: Material) -> Section:
    """The verdict and the front. How the run went is said above, before any figure."""
    traded = material.summary.traded
    found = candidates(material.summary, material.run.listed("methods"))
    ranked = leaderboards(material.summary, found)
    looks = material.ink.palette
    colors = {one.name: VARIABLES.get(looks[one.name].color, "var(--ink)") for one in found}
    return Section(
        "summary",
        "Summary",
        material.command,
        charts=tuple(charts(material.summary, material.ink)),
        findings=verdict(material.summary, ranked),
        chooser=chooser(found, kinds(found, material.summary), colors) if found else None,
        boards=boards(ranked),
        after=(words("summary.no_front") if traded.empty else words("summary.front"),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Quality against time: one figure for denoising at the main sigma, one for upscaling."""
    for task in _TITLES:
        group = main_input(summary.standings, task)
        if len(group):
            name = "front-upscale" if task == "upscale" else slug(f"front-{level(next(lines_of(group)))}")
            yield from front_chart(summary, ink, group, name=name, title=_titled(group), most=MOST_FRONT)


def verdict(summary: Summary, ranked: Sequence[Leaderboard]) -> tuple[str, ...]:
    """The answer to what was measured, from the tables alone and what their tests tell apart; never empty."""
    inputs = [main_input(summary.standings, task) for task in _TITLES]
    unsure = _unsure(summary, ranked)
    said = (*_denoising(summary, inputs[0], unsure), *_upscaling(summary, inputs[1], unsure)) or (
        _only_times(summary.timed),
    )
    left = [(lines, sentence) for lines in inputs for sentence in left_out(lines)]
    if not all(map(len, inputs)):
        return (*said, *(sentence for _, sentence in left))
    return (*said, *(words("summary.of", kind=_titled(lines), said=sentence) for lines, sentence in left))


def _titled(lines: pd.DataFrame) -> str:
    """The task and the input of lines on one kind of it."""
    line = next(lines_of(lines))
    return f"{_TITLES[line.task]}, {level(line)}"


def _only_times(timed: pd.DataFrame) -> str:
    if timed.empty:
        return words("summary.nothing")
    timed = timed[timed["method"] != "noisy"] if (timed["method"] != "noisy").any() else timed
    fastest, count = least_of(timed, "per_megapixel"), timed["label"].nunique()
    time = seconds_text(fastest["per_megapixel"])
    if count == 1:
        return words("summary.one_time", method=fastest["label"], time=time)
    return words("summary.only_time", method=fastest["label"], count=counted(count, "method"), time=time)


Unsure = Callable[[Any, Any], bool]
"""Whether the images do not tell two lines of the standings apart."""


def _unsure(summary: Summary, ranked: Sequence[Leaderboard]) -> Unsure:
    several = several_channels(summary.standings)
    boards = {(board.kind, board.sigma): board for board in ranked if board.images > 1}

    def unsure(one: Any, other: Any) -> bool:
        board = boards.get((kind_of(one, several), one.sigma_255))
        return board is not None and not board.told_apart(str(one.label), str(other.label))

    return unsure


def _denoising(summary: Summary, lines: pd.DataFrame, unsure: Unsure) -> Iterator[str]:
    main = lines[lines.index.isin(summary.ranked.index)]
    rivals = _representatives(main)
    nets, transforms = rivals[rivals["method"] == "ffdnet"], rivals[rivals["method"] == DCT]
    pair = pd.concat([nets, transforms]) if len(nets) and len(transforms) else rivals.head(2)
    if len(pair) > 1:
        yield _difference(summary, main, unsure, *lines_of(pair))
    elif len(rivals):
        yield _alone(summary, next(lines_of(rivals)), main)


def _upscaling(summary: Summary, lines: pd.DataFrame, unsure: Unsure) -> Iterator[str]:
    """Every degradation's gain of the same method, the best: over bicubic, or else over the second."""
    rivals = _representatives(lines[lines.index.isin(summary.ranked.index)])
    base = rivals[rivals["method"] == "bicubic"] if len(rivals) > 1 else rivals
    base = base if len(base) else rivals.iloc[1:2]
    others = rivals[~rivals["method"].isin(base["method"])]
    if len(others):
        top, against = next(lines_of(others)), next(lines_of(base))
        gains = ", ".join(_gains(summary, top, against, unsure))
        yield words("summary.upscaling", method=_named(top), base=_named(against), gains=gains)
    elif len(rivals):
        yield _alone(summary, next(lines_of(rivals)), rivals)


def _gains(summary: Summary, top: Any, base: Any, unsure: Unsure) -> Iterator[str]:
    """The gain on each kind of input that has both on its main board."""
    main = summary.comparison.main
    for _, group in main[main["task"] == "upscale"].groupby(RIVALS, observed=True, sort=False):
        if {top.label, base.label} <= set(group["label"]):
            wide, images = per_image(summary.comparison.counted, group), images_text(summary.comparison, group)
            gain = difference(wide[top.label], wide[base.label])
            one, other = (next(lines_of(group[group["label"] == label])) for label in (top.label, base.label))
            where, reach = words("summary.on_input", kind=level(one)), _reach_words(gain, images)
            reach = words("summary.not_apart", reach=reach) if unsure(one, other) else reach
            yield words("summary.gain", gain=gain.mean, input=where, reach=reach)


def _representatives(main: pd.DataFrame) -> pd.DataFrame:
    """A line for each method, the best first: as it is built, or else the best of its variants."""
    own = main.assign(variants=main.groupby("method")["label"].transform("nunique"))
    first = own.sort_values(["as_built", "psnr_db"], ascending=False, kind="stable").drop_duplicates("method")
    return first.sort_values("psnr_db", ascending=False, kind="stable")


def _named(line: Any) -> str:
    """The method with what was chosen for it: its ratio, and that it is the best of several variants."""
    variants = "" if line.as_built or line.variants == 1 else words("summary.best_variant", count=line.variants)
    how = "; ".join(part for part in (setting(line), variants) if part)
    return words("summary.named", method=line.label, how=how) if how else str(line.label)


def _difference(summary: Summary, main: pd.DataFrame, unsure: Unsure, top: Any, base: Any) -> str:
    wide = per_image(summary.comparison.counted, main)
    gain = difference(wide[top.label], wide[base.label])
    top_named, base_named, reach = _named(top), _named(base), _reach_words(gain, images_text(summary.comparison, main))
    if abs(gain.mean) < ALIKE_DB:
        said = words("summary.alike", top=top_named, base=base_named, limit=ALIKE_DB, reach=reach)
    elif unsure(top, base):
        reach = words("summary.not_apart", reach=reach)
        said = words("summary.unsure", top=top_named, base=base_named, gain=gain.mean, reach=reach)
    elif gain.mean > 0:
        said = words("summary.buys", top=top_named, base=base_named, gain=gain.mean, reach=reach)
    else:
        said = words("summary.loses", top=top_named, base=base_named, loss=-gain.mean, reach=reach)
    return words("summary.difference", said=said, level=_level_words(top), time=_time_words(top, base, summary))


def _alone(summary: Summary, line: Any, main: pd.DataFrame) -> str:
    images = images_text(summary.comparison, main)
    return words("summary.alone", method=_named(line), psnr_db=line.psnr_db, level=_level_words(line), images=images)


def _level_words(line: Any) -> str:
    kind = level(line)
    return words("summary.at_level", level=kind) if line.sigma_255 > 0 else words("summary.on_input", kind=kind)


def _reach_words(gain: Difference, images: str) -> str:
    return words("summary.reach", low=gain.low, high=gain.high, images=images) if gain.n > 1 else images


def _time_words(top: Any, base: Any, summary: Summary) -> str:
    """How long the first takes beside the second, at a size that both were timed at."""
    times = times_of(summary)
    one, other = (times.get((str(line.label), int(line.scale), int(line.channels)), ()) for line in (top, base))
    if not (one and other):
        return words("summary.untimed")
    found = ratio(one, other)
    if found is None:
        top_size, base_size = one[0].size, other[0].size
        return words("summary.no_common_size", top=top.label, top_size=top_size, base=base.label, base_size=base_size)
    factor, size = factor_text(found.value), found.size
    if factor == "1":
        return words("summary.as_fast", size=size)
    if found.value > 1:
        return words("summary.slower", factor=factor, size=size)
    return words("summary.quicker", factor=factor, size=size)
