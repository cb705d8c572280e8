"""Quality against time for every noise level and degradation: figures with the front."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from reports.derive.apart import LEAST_GAIN_DB
from reports.derive.candidates import size_text
from reports.derive.families import lines_through, step_of
from reports.derive.leaders import leaders
from reports.derive.scores import RIVALS, main_degradation, main_sigma, within_images
from reports.derive.summary import Summary
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import counted, factor_text, listed, long_text, seconds_text, takes_text
from reports.draw.sheet import Ink, Sheet, seconds_axis, short, slug
from reports.read.tables import lines_of
from reports.sections import other_scores
from reports.sections.score_tables import channels_text, images_text, level, settings_text
from reports.sections.section import Material, Section
from reports.sections.words import words


def section(material: Material) -> Section:
    """Quality against time for every method, sigma and degradation."""
    return Section(
        "tradeoff",
        "Quality against time",
        material.command,
        about=words("tradeoff.about"),
        findings=tuple(_price(material.summary)),
        charts=(*charts(material.summary, material.ink), *other_scores.charts(material.summary, material.ink)),
    )


def _price(summary: Summary) -> Iterator[str]:
    """What the decibels between both ends of the front cost, on each task's usual input."""
    for task in ("denoise", "upscale"):
        own = main_input(summary.traded, task)
        front = own[own["front"].astype(bool)].sort_values("per_megapixel")
        if len(own) < 2 or front.empty:  # noqa: PLR2004 - one is beside no other
            continue
        first, last = front.iloc[0], front.iloc[-1]
        where, images = level(next(lines_of(own))), images_text(summary.comparison, own)
        start, end = _place(first), _place(last)
        gain = last["psnr_db"] - first["psnr_db"]
        if len(front) == 1:
            yield words("tradeoff.no_price", where=where, fastest=start, images=images)
        else:
            takes, each = _price_words(first, last)
            yield words(
                "tradeoff.price", where=where, fastest=start, best=end, ratio=takes, gain=gain, each=each, images=images
            )
        highest = own.sort_values("psnr_db").iloc[-1]
        if (more := highest["psnr_db"] - last["psnr_db"]) >= LEAST_GAIN_DB:
            yield words("tradeoff.higher", method=highest["label"], gain=more, images=images)


def _price_words(first: Any, last: Any) -> tuple[str, str]:
    """How much longer the last of the front takes than the first, and the factor of a decibel; or why not."""
    if size_text(first) != size_text(last):
        return words("tradeoff.other_size", fast_size=size_text(first), best_size=size_text(last)), ""
    ratio, gain = last["per_megapixel"] / first["per_megapixel"], last["psnr_db"] - first["psnr_db"]
    factor = factor_text(ratio ** (1 / gain))
    each = "" if factor == "1" or gain < 1 else words("tradeoff.each", factor=factor)
    return long_text(ratio), each


def _place(one: Any) -> str:
    return f"{one['label']} ({one['psnr_db']:.2f} dB, {seconds_text(one['per_megapixel'])})"


def main_input(table: pd.DataFrame, task: str) -> pd.DataFrame:
    """The lines of one kind of input of a task: the main sigma or degradation, and of that what most were scored on."""
    own = table[table["task"] == task]
    if task == "denoise" and (sigma := main_sigma(own)) is not None:
        own = own[own["sigma_255"] == sigma]
    if task == "upscale" and len(own):
        own = own[own["degradation"].astype(str) == main_degradation(own)]
    if own.empty:
        return own
    number = own.groupby(RIVALS, sort=False).ngroup()
    return own[number == number.mode().iloc[0]]


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """A figure for every kind of input: sigma or degradation, scale and number of channels."""
    table = summary.standings
    for (task, *_), group in table.groupby(RIVALS, sort=True):
        what = level(next(lines_of(group))) + channels_text(group, among=table[table["task"] == task])
        name = f"tradeoff-{slug(str(task))}-{slug(what)}"
        yield from front_chart(summary, ink, group, name=name, title=f"Quality against time, {what}")


def front_chart(
    summary: Summary, ink: Ink, group: pd.DataFrame, *, name: str, title: str, most: int = 0
) -> Iterator[Chart]:
    """The standings `group` of one kind of input: those on the main board that were timed, and what is left out.

    With `most`, variants that are neither on the front nor their method's best give way to that number.
    """
    timed = group[group.index.isin(summary.traded.index)]
    if timed.empty:
        return
    kept = timed
    if most and len(timed) > most:
        kept = timed[timed["front"] | (timed["psnr_db"] == timed.groupby("method")["psnr_db"].transform("max"))]
    shown = within_images(summary.comparison.counted, kept).sort_values("per_megapixel")
    sheet = Sheet((5.6, 4.4))
    front = shown[shown["front"].astype(bool)]
    sheet.steps(front["per_megapixel"], front["psnr_db"], color=SOFT)
    _draw(sheet, ink, shown)
    sheet.axes.set_xscale("log")
    seconds_axis(sheet.axes.xaxis, "time per megapixel")
    sheet.axes.set_ylabel("mean PSNR (dB)")
    over = words("tradeoff.over", images=images_text(summary.comparison, shown), settings=settings_text(shown))
    said = [_finding(shown, front), over, *_left_out(group, len(timed) - len(kept))]
    yield sheet.chart(name, title, " ".join(said))


def _left_out(group: pd.DataFrame, variants: int) -> Iterator[str]:
    """What the figure does not show, and why."""
    on = group["compared"].astype(bool)
    main = group[on & (group["board"] == 0)]
    noisy, untimed = main[main["method"] == "noisy"], main[~(main["per_megapixel"] > 0) & (main["method"] != "noisy")]
    if variants:
        yield words("tradeoff.others", variants=counted(variants, "other variant"))
    if len(noisy):
        yield words("tradeoff.noisy", psnr_db=noisy["psnr_db"].iloc[0])
    if len(untimed):
        yield words("tradeoff.untimed", methods=listed(untimed["label"]))
    yield from left_out(group)


def left_out(group: pd.DataFrame) -> Iterator[str]:
    """The standings of one kind of input that are not on its main board, and why."""
    on = group["compared"].astype(bool)
    main = group.loc[on & (group["board"] == 0), "label"]
    failed, other = group[~on & (group["failed"] > 0)], group[on & ~group["label"].isin(main)].drop_duplicates("label")
    unscored = group[~on & (group["failed"] == 0)]
    if len(failed):
        yield words("scores.left_failed", methods=listed(_failed(failed)))
    if len(other):
        yield words("scores.left_other", methods=listed(f"{line.label} ({line.asked})" for line in lines_of(other)))
    if len(unscored):
        yield words("scores.left_unscored", methods=listed(unscored["label"]))


def _failed(lines: pd.DataFrame) -> Iterable[str]:
    return (f"{line.label} ({line.failed} of {counted(line.asked, 'image')})" for line in lines_of(lines))


def _draw(sheet: Sheet, ink: Ink, shown: pd.DataFrame) -> None:
    """Each method as a point with both of its intervals and its name; variants by steps of one option as a line.

    The names of the front are written first, then those of lines and methods, for there may not be room for all.
    """
    placed = shown.set_index(shown["label"].astype(str))
    for labels in lines_through(placed.index):
        along = placed.loc[labels].sort_values("per_megapixel")
        color = ink.palette[labels[0]].color
        sheet.axes.plot(along["per_megapixel"], along["psnr_db"], color=color, linewidth=1, alpha=0.6, zorder=2)
    steps = [step_of(label) for label in placed.index]
    ranked = placed.assign(text=[step if base in placed.index else "" for base, step in steps])
    ranked = ranked.assign(beginning=ranked["text"] == "").sort_values(["front", "beginning"], ascending=False)
    for line in lines_of(ranked):
        look, x, y, name = ink.palette[line.label], [line.per_megapixel], [line.psnr_db], str(line.label)
        sheet.bars(x, [line.within_low], [line.within_high], name=name, look=look)
        sheet.bars(y, [line.time_low], [line.time_high], name=name, look=look, across=True)
        link = ink.anchors.get(line.method, "#methods")
        sheet.points(x, y, name=name, look=look, tips=[_tip(line)], link=link, text=line.text or name)


def _tip(line: Any) -> str:
    ratio = "" if pd.isna(line.ratio) else f", ratio {line.ratio:g}"
    reach = "" if pd.isna(line.within_low) else f" [{line.within_low:.2f} to {line.within_high:.2f}]"
    time = f"{seconds_text(line.per_megapixel)} per megapixel"
    time_reach = f"[{seconds_text(line.time_low)} to {seconds_text(line.time_high)}]"
    size = f"{line.width:.0f} × {line.height:.0f}"
    return f"{line.label}{ratio}: {line.psnr_db:.2f} dB{reach}, n = {line.n} images; {time} {time_reach} at {size}"


def _finding(shown: pd.DataFrame, front: pd.DataFrame) -> str:
    best, psnr_db = leaders(shown, "psnr_db", "{:.2f}".format)
    fastest = shown.iloc[0]
    time = seconds_text(fastest["per_megapixel"])
    if len(shown) == 1:
        return words("tradeoff.one", method=fastest["label"], psnr_db=psnr_db, time=time)
    on_front = words("tradeoff.on_front", methods=listed(map(short, front["label"]), most=len(front)))
    if len(best) > 1:
        said = words("tradeoff.tied", methods=listed(best), psnr_db=psnr_db, fastest=fastest["label"], time=time)
    elif best == [fastest["label"]]:
        said = words("tradeoff.both", method=best[0], psnr_db=psnr_db, time=time)
    else:
        top, beside = shown[shown["label"] == best[0]].iloc[0], f"{fastest['label']} ({fastest['psnr_db']:.2f} dB)"
        if size_text(top) == size_text(fastest):
            takes = takes_text(top["per_megapixel"] / fastest["per_megapixel"], beside)
            said = words("tradeoff.best", best=best[0], psnr_db=psnr_db, takes=takes)
        else:
            apart = words("tradeoff.other_size", fast_size=size_text(fastest), best_size=size_text(top))
            said = words("tradeoff.best_apart", best=best[0], psnr_db=psnr_db, fastest=beside, apart=apart)
    return f"{said} {on_front}"
