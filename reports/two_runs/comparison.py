"""Two runs beside each other: what became faster or slower, better or worse, and how sure that is.

The runs were made apart, so a drift of the machine looks like a change: how far two halves of one run differ (the A/A
floor) is measured from the runs themselves and counts against every verdict on time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.intervals import LEVEL, RESAMPLES, Difference, difference
from reports.derive.summary import Summary, summarise
from reports.draw.files import write_figures, write_text
from reports.draw.grid import Format, grid, number_cell, seconds_cell, text_cell, times_cell
from reports.draw.look import SHADE, SOFT, Chart, Palette, plain_svg, styled
from reports.draw.number_text import times_text
from reports.draw.sheet import Ink, Sheet, short
from reports.errors import HistoryError
from reports.read.run import Run, load_run
from reports.read.tables import all_tables, lines_of
from reports.sections import conventions
from reports.sections.environment import machine
from reports.sections.markup import render
from reports.sections.section import Section
from reports.two_runs.history import FILE_NAME, chart, run_times, stored_times

PAGE = "comparison.html"

TIME_TOLERANCE, QUALITY_TOLERANCE, MEMORY_TOLERANCE = 0.03, 0.01, 0.05
"""Relative time, dB, relative memory: smaller changes are no change."""

_TIMED = ["label", "task", "channels", "scale", "device", "dtype", "threads", "height", "width"]
_SCORED = ["label", "task", "channels", "scale", "degradation", "sigma_255", "ratio"]


@dataclass(frozen=True)
class Pair:
    """Both runs, read and summed up."""

    base: Run
    head: Run
    before: Summary
    after: Summary
    floor: float
    """How much two halves of one and the same run differ in time, as a factor - 1 that 95 % of its cases keep."""

    @property
    def same_machine(self) -> bool:
        """Whether both runs state the same fingerprint."""
        return bool(self.base.about.get("fingerprint")) and self.base.about.get("fingerprint") == self.head.about.get(
            "fingerprint"
        )


def write_comparison(base: Path, head: Path, *, out: Path | None = None, earlier: Sequence[Path] = ()) -> Path:
    """Writes `comparison.html` into `out` (default: `head`); `earlier` runs, oldest first, make the history longer."""
    pair = read_pair(base, head)
    before = [load_run(directory) for directory in earlier]
    with styled():
        sections = tuple(_sections(pair, before))
    svg = {chart.name: plain_svg(chart.figure) for section in sections for chart in section.charts}
    directory = out or head
    write_figures(svg, directory)
    page = render(
        title=f"restobench comparison: {pair.base.name} and {pair.head.name}",
        kind="comparison",
        facts=_facts(pair),
        heading=f"{_name(pair.head)} against {_name(pair.base)}",
        problems=tuple(_problems(pair)),
        sections=sections,
        svg=svg,
        series=list(dict.fromkeys(label for _, label in pair.after.labels))[:40],
        footer="Made from two run directories.",
    )
    return write_text(directory / PAGE, page)


def read_pair(base: Path, head: Path) -> Pair:
    """Both runs; raises what `load_run` raises."""
    runs = load_run(base), load_run(head)
    before, after = (summarise(all_tables(run), run.methods) for run in runs)
    return Pair(*runs, before, after, max(aa_floor(before.named["time"]), aa_floor(after.named["time"])))


def aa_floor(time: pd.DataFrame) -> float:
    """What 95 % of a run's cases keep: how much the medians of odd and even samples differ, as a factor - 1."""
    table = time
    measured = table[(table["phase"] == "measure") & (table["seconds"] > 0)]
    halves = measured.assign(half=measured["repeat"] % 2).pivot_table(
        index=_TIMED, columns="half", values="seconds", aggfunc="median", observed=True
    )
    if halves.shape[1] < 2 or halves.empty:  # noqa: PLR2004 - two halves
        return 0.0
    return float(np.expm1(np.nanquantile(np.abs(np.log(halves[0.0] / halves[1.0])), LEVEL)))


def time_changes(pair: Pair) -> pd.DataFrame:
    """Each case timed in both runs: ratio of medians (head over base) with a bootstrap interval, and a verdict."""
    samples = [_samples(summary.named["time"]) for summary in (pair.before, pair.after)]
    lines: list[dict[str, object]] = []
    for key in [key for key in samples[1] if key in samples[0]]:
        ratio, low, high = _ratio(samples[0][key], samples[1][key])
        lines.append(
            {
                **dict(zip(_TIMED, key, strict=True)),
                "before": np.median(samples[0][key]),
                "after": np.median(samples[1][key]),
                "ratio": ratio,
                "low": low,
                "high": high,
                "n": len(samples[1][key]),
                "verdict": _time_verdict(pair, low, high),
            }
        )
    return pd.DataFrame(lines, columns=[*_TIMED, "before", "after", "ratio", "low", "high", "n", "verdict"])


def _samples(time: pd.DataFrame) -> dict[tuple[Any, ...], np.ndarray]:
    table = time
    measured = table[(table["phase"] == "measure") & (table["seconds"] > 0)]
    return {
        tuple(key): group.to_numpy() for key, group in measured.groupby(_TIMED, observed=True, sort=False)["seconds"]
    }


def _ratio(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    generator = np.random.default_rng(0)
    medians = [
        np.median(part[generator.integers(0, len(part), (RESAMPLES // 4, len(part)))], axis=1)
        for part in (before, after)
    ]
    low, high = np.quantile(medians[1] / medians[0], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(np.median(after) / np.median(before)), float(low), float(high)


def _time_verdict(pair: Pair, low: float, high: float) -> str:
    if not pair.same_machine:
        return "no verdict: other machine"
    least = 1 + max(TIME_TOLERANCE, pair.floor)
    if low > least:
        return "slower"
    if high < 1 / least:
        return "faster"
    return "unchanged" if 1 / least <= low and high <= least else "no verdict: too noisy"


def quality_changes(pair: Pair) -> pd.DataFrame:
    """Each label scored in both runs on the same images and noise: mean paired change of PSNR, interval, verdict."""
    both = [_per_image(summary.named["quality"]) for summary in (pair.before, pair.after)]
    lines: list[dict[str, object]] = []
    for key in [key for key in both[1] if key in both[0]]:
        change = difference(both[1][key], both[0][key])
        if change.n:
            lines.append(
                {
                    **dict(zip(_SCORED, key, strict=True)),
                    "before": both[0][key].mean(),
                    "after": both[1][key].mean(),
                    "change": change.mean,
                    "low": change.low,
                    "high": change.high,
                    "n": change.n,
                    "verdict": _quality_verdict(change),
                }
            )
    return pd.DataFrame(lines, columns=[*_SCORED, "before", "after", "change", "low", "high", "n", "verdict"])


def _per_image(quality: pd.DataFrame) -> dict[tuple[Any, ...], pd.Series[float]]:
    table = quality
    table = table[np.isfinite(table["psnr_db"])].assign(ratio=lambda frame: frame["ratio"].fillna(-1))
    groups = (
        table.astype({"degradation": object, "task": object, "image": object})
        .groupby([*_SCORED, "image", "seed"], observed=True)["psnr_db"]
        .mean()
    )
    return {key: group.droplevel(_SCORED) for key, group in groups.groupby(level=_SCORED, sort=False)}


def _quality_verdict(change: Difference) -> str:
    if abs(change.mean) < QUALITY_TOLERANCE and not abs(change.mean) > QUALITY_TOLERANCE:
        return "unchanged"
    if change.n > 1 and not change.sure:
        return "no verdict: images disagree"
    return "better" if change.mean > 0 else "worse"


def exact_changes(pair: Pair) -> pd.DataFrame:
    """Operations that differ at all and memory that differs by more than its tolerance."""
    lines: list[dict[str, object]] = []
    for name, key, value, tolerance in (
        ("cost", ["label", "scale", "channels", "counter"], "macs_per_pixel", 0.0),
        ("memory", ["label", "scale", "channels", "height", "width", "source"], "peak_bytes", MEMORY_TOLERANCE),
    ):
        before, after = (
            summary.named[name].groupby(key, observed=True)[value].max() for summary in (pair.before, pair.after)
        )
        joined = pd.concat({"before": before, "after": after}, axis=1).dropna()
        changes: Any = joined.iterrows()
        for at, line in changes:
            off = line["after"] / line["before"] - 1 if line["before"] else float(line["after"] != 0)
            if abs(off) > tolerance:
                where = ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in at[1:])
                lines.append(
                    {
                        "label": at[0],
                        "what": value,
                        "where": where,
                        "before": line["before"],
                        "after": line["after"],
                        "off": off,
                        "verdict": "more" if off > 0 else "less",
                    }
                )
    return pd.DataFrame(lines, columns=["label", "what", "where", "before", "after", "off", "verdict"])


def _sections(pair: Pair, earlier: Sequence[Run]) -> Iterator[Section]:
    ink = Ink(Palette(pair.after.labels), {})
    times, qualities, exact = time_changes(pair), quality_changes(pair), exact_changes(pair)
    command = f"restobench report {pair.base.directory.name} {pair.head.directory.name}"
    yield Section(
        "summary", "Summary", command, findings=_verdict(times, qualities, exact), after=(_floor_words(pair),)
    )
    shape: dict[str, tuple[str, Format]] = {
        "label": ("method", text_cell),
        "channels": ("channels", number_cell("g")),
        "scale": ("scale", number_cell("g")),
        "width": ("width", number_cell("g")),
        "height": ("height", number_cell("g")),
    }
    yield Section(
        "time",
        "Time",
        command,
        charts=tuple(_forest(times, ink, pair)),
        grids=(
            grid(
                "time-changes",
                "Time, head over base",
                times,
                {
                    **shape,
                    "before": ("base", seconds_cell),
                    "after": ("head", seconds_cell),
                    "ratio": ("ratio", times_cell),
                    "low": ("95 % from", times_cell),
                    "high": ("to", times_cell),
                    "n": ("n", number_cell("g")),
                    "verdict": ("verdict", text_cell),
                },
            ),
        )
        if len(times)
        else (),
    )
    shown = qualities.assign(ratio=qualities["ratio"].where(qualities["ratio"] >= 0))
    yield Section(
        "quality",
        "Quality",
        command,
        grids=(
            grid(
                "quality-changes",
                "PSNR on the same images and noise",
                shown,
                {
                    "label": ("method", text_cell),
                    "degradation": ("degradation", text_cell),
                    "sigma_255": ("sigma (/ 255)", number_cell("g")),
                    "ratio": ("ratio", number_cell("g")),
                    "before": ("base (dB)", number_cell(".3f")),
                    "after": ("head (dB)", number_cell(".3f")),
                    "change": ("change (dB)", number_cell("+.4f")),
                    "low": ("95 % from", number_cell("+.4f")),
                    "high": ("to", number_cell("+.4f")),
                    "n": ("n", number_cell("g")),
                    "verdict": ("verdict", text_cell),
                },
            ),
        )
        if len(qualities)
        else (),
    )
    yield Section(
        "exact",
        "Operations and memory",
        command,
        text=() if len(exact) else ("Nothing changed beyond the tolerances.",),
        grids=(
            grid(
                "exact-changes",
                "What changed",
                exact,
                {
                    "label": ("method", text_cell),
                    "what": ("quantity", text_cell),
                    "where": ("where", text_cell),
                    "before": ("base", number_cell(",.6g")),
                    "after": ("head", number_cell(",.6g")),
                    "off": ("change", number_cell("+.2%")),
                    "verdict": ("verdict", text_cell),
                },
            ),
        )
        if len(exact)
        else (),
    )
    charts, words = _history(pair, earlier)
    yield Section("history", "History", command, charts=charts, text=words)
    yield _environment(pair, command)
    yield Section("conventions", "Conventions", command, terms=conventions.terms())


def _verdict(times: pd.DataFrame, qualities: pd.DataFrame, exact: pd.DataFrame) -> tuple[str, ...]:
    if times.empty and qualities.empty:
        return ("No verdict: the two runs have no successful case in common.",)
    said = []
    for table, good, bad, what in ((times, "faster", "slower", "timed"), (qualities, "better", "worse", "scored")):
        count = table["verdict"].value_counts()
        unsure = int(count[count.index.str.startswith("no verdict")].sum()) if len(count) else 0
        parts = [f"{int(count.get(word, 0))} {word}" for word in (bad, good, "unchanged")] + (
            [f"{unsure} without verdict"] if unsure else []
        )
        if len(table):
            said.append(f"Of {len(table)} cases {what} in both runs: {', '.join(parts)}.")
    worst = times[times["verdict"] == "slower"].sort_values("ratio", ascending=False).head(1)
    said += [
        f"{line.label} is {times_text(line.ratio)} as slow at {line.width:.0f} × {line.height:.0f}."
        for line in lines_of(worst)
    ]
    lost = qualities[qualities["verdict"] == "worse"].sort_values("change").head(1)
    said += [f"{line.label} loses {-line.change:.3f} dB." for line in lines_of(lost)]
    if len(exact):
        said.append(f"{len(exact)} counts of operations or memory changed.")
    return tuple(said)


def _floor_words(pair: Pair) -> str:
    return (
        f"A/A floor: the odd and even samples of one run differ by up to {pair.floor:.1%} in 95 % of its cases; a "
        "change of time counts only beyond that and "
        f"beyond {TIME_TOLERANCE:.0%}. The runs were not interleaved, so a drift of the machine between them is part "
        "of every ratio: "
        "`restobench compare` measures two revisions in turn. Quality counts from "
        f"{QUALITY_TOLERANCE} dB, memory from {MEMORY_TOLERANCE:.0%}, operations from the first."
    )


def _forest(times: pd.DataFrame, ink: Ink, pair: Pair) -> Iterator[Chart]:
    if times.empty:
        return
    moved = times.assign(size=np.abs(np.log(times["ratio"].astype(float)))).nlargest(24, "size")
    sheet = Sheet((5.6, 1.2 + 0.3 * len(moved)))
    least = 1 + max(TIME_TOLERANCE, pair.floor)
    sheet.axes.axvspan(1 / least, least, color=SHADE, alpha=0.5, linewidth=0)
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    for place, line in enumerate(lines_of(moved)):
        look = ink.palette[str(line.label)]
        reach = f"[{times_text(line.low)} to {times_text(line.high)}]"
        tip = f"{line.label} at {line.width:.0f} × {line.height:.0f}: {times_text(line.ratio)} {reach}, {line.verdict}"
        sheet.spans([place], [line.low], [line.high], name=str(line.label), look=look)
        sheet.points([line.ratio], [place], name=str(line.label), look=look, tips=[tip])
    sheet.axes.set_yticks(
        range(len(moved)),
        [f"{short(label, 24)} {width:.0f}" for label, width in zip(moved["label"], moved["width"], strict=True)],
    )
    sheet.axes.set_ylim(len(moved) - 0.5, -0.5)
    sheet.axes.set_xlabel("time of head over base; shaded: no change that could be told")
    largest = moved.iloc[0]
    yield sheet.chart(
        "time-changes",
        "Time, head over base",
        f"The largest change is {largest['label']} at {times_text(largest['ratio'])} the time ({largest['verdict']}).",
    )


def _history(pair: Pair, earlier: Sequence[Run]) -> tuple[tuple[Chart, ...], tuple[str, ...]]:
    """The stored history of this environment where one lies beside the runs, else the runs themselves."""
    runs = [*earlier, pair.base, pair.head]
    times = run_times(runs)
    if not earlier:
        path = pair.head.directory.resolve().parent / FILE_NAME
        try:
            stored = stored_times(path, str(pair.head.about.get("fingerprint")))
        except HistoryError as error:
            return tuple(chart(times)), (str(error),)
        times = stored if stored.shape[1] > 1 else times
    return tuple(chart(times)), ()


def _environment(pair: Pair, command: str) -> Section:
    stable = [run.section("environment").get("stable") for run in (pair.base, pair.head)]
    before, after = (part if isinstance(part, dict) else {} for part in stable)
    changed = [
        {"label": "", "name": str(name), "before": str(before.get(name, "")), "after": str(after.get(name, ""))}
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    columns = {"name": ("field", text_cell), "before": ("base", text_cell), "after": ("head", text_cell)}
    grids = (grid("environment", "Fields that differ", pd.DataFrame(changed), columns),) if changed else ()
    text = (
        ("Both runs state the same machine and software.",)
        if pair.same_machine
        else ("The runs do not state the same machine and software: times get no verdict.",)
    )
    return Section("environment", "Environment", command, text=text, grids=grids)


def _problems(pair: Pair) -> Iterator[str]:
    for side, run in (("base", pair.base), ("head", pair.head)):
        yield from (f"{side}: {problem}" for problem in run.problems)
    if not pair.same_machine:
        yield "The two runs have different or unknown fingerprints: their times are shown, and not judged."


def _facts(pair: Pair) -> list[tuple[str, str, str]]:
    facts = []
    for side, run in (("Base", pair.base), ("Head", pair.head)):
        about: Mapping[str, Any] = run.about
        facts.append(
            (
                side,
                (
                    f"{run.name}, {about.get('started') or 'date not recorded'}, revision "
                    f"{str(about.get('revision') or 'not recorded')[:12]}"
                ),
                "",
            )
        )
    return [*facts, ("Machine", machine(pair.head), "#environment")]


def _name(run: Run) -> str:
    return short(run.name, 60)
