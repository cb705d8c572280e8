"""The sections of the page of several machines: what is steady from one to the other, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.verdict_words import Tolerances
from reports.draw.columns import columns, interval
from reports.draw.grid import Columns, grid, number_cell, text_cell
from reports.draw.look import Palette
from reports.draw.number_text import at_most_text, counted, digits_text, listed, seconds_text, takes_text, times_text
from reports.read.metrics import Metric
from reports.read.tables import lines_of
from reports.sections import conventions
from reports.sections.section import Section
from reports.sections.words import words
from reports.two_runs.machine_figures import charts_of, methods_of, size_of
from reports.two_runs.machines import (
    CHANGED,
    MOVED,
    SAME,
    STEADY,
    UNKNOWN,
    Machines,
    exact_differences,
    score_differences,
)
from reports.two_runs.places import Subjects, fingerprint, run_title, stable

_MOST_KINDS = 4
_MOST_SAID = 3


def sections(machines: Machines, subjects: Subjects, command: str) -> Iterator[Section]:
    """Every section, in the page's order."""
    said = tuple(_verdict(machines))
    yield Section("summary", "Summary", command, findings=said, after=tuple(_rule(machines)))
    palette = Palette((method, label) for label, method in methods_of(machines).items())
    drawn = [charts_of(machines, main, palette) for main in islice(_timed(machines), _MOST_KINDS)]
    none = () if len(machines.timed) else (words("machines.no_times"),)
    yield Section(
        "time", "Time on each machine", command, text=none, charts=tuple(chart for chart, _ in drawn),
        grids=(_times_grid(machines),),
    )  # fmt: skip
    yield Section(
        "ratios", "Ratios between methods", command, text=() if len(machines.pairs) else (words("machines.no_pairs"),),
        charts=tuple(chart for _, chart in drawn if chart), grids=(_pairs_grid(machines),),
    )  # fmt: skip
    yield _quality(machines, command)
    yield _exact(machines, command)
    yield _environment(machines, subjects, command)
    yield Section("conventions", "Conventions", command, terms=conventions.terms())


def runs_differ(machines: Machines) -> bool:
    """Whether the runs are of different revisions, or of none that is known."""
    revisions = {str(place.run.about.get("revision") or "") for place in machines.places}
    return len(revisions) > 1 or "" in revisions


def _rule(machines: Machines) -> Iterator[str]:
    """What is called steady, where there is a ratio, and how far a run differs from itself."""
    if len(machines.pairs):
        floor = words("machines.floor", floor=at_most_text(100 * machines.floor))
        yield words("machines.rule", limit=100 * machines.limit)
        yield floor if machines.floor else words("machines.no_floor")


def _verdict(machines: Machines) -> Iterator[str]:
    pairs = machines.pairs
    if len(pairs):
        yield from _steadiness(machines, pairs)
    elif len(machines.timed):
        yield words("machines.no_pairs")
    yield from _paces(machines)
    yield from _alone(machines)
    if machines.timed.empty:
        yield words("machines.no_times")


def _steadiness(machines: Machines, pairs: pd.DataFrame) -> Iterator[str]:
    count = pairs["word"].value_counts()
    unknown = int(count.get(UNKNOWN, 0))
    said = words(
        "machines.ratios", pairs=counted(len(pairs), "pair"), limit=100 * machines.limit,
        steady=int(count.get(STEADY, 0)), moved=int(count.get(MOVED, 0)),
    )  # fmt: skip
    yield f"{said} {words('machines.unsure', unknown=unknown)}" if unknown else said
    for line in lines_of(pairs[pairs["word"] == MOVED].head(1)):
        most, least = machines.places[line.most].name, machines.places[line.least].name
        ratios = pairs.loc[line.Index]
        yield words(
            "machines.least_steady", method=line.label, fast=line.fast, size=size_of(line),
            at_most=most, at_least=least,
            most=times_text(ratios[line.most]), least=times_text(ratios[line.least]),
        )  # fmt: skip
    same = int((pairs["order"] == SAME).sum())
    yield words("machines.order", pairs=counted(len(pairs), "pair"), same=same)
    for line in lines_of(pairs[pairs["order"] == CHANGED].head(_MOST_SAID)):
        slower, faster = machines.places[line.most].name, machines.places[line.least].name
        yield words(
            "machines.swapped", method=line.label, other=line.fast, size=size_of(line), slower=slower, faster=faster
        )


def _paces(machines: Machines) -> Iterator[str]:
    """How long each place takes beside the first place that shares some cases with it."""
    times = machines.times
    for number in range(1, len(machines.places)):
        for first in range(number):
            both = times[times[first].notna() & times[number].notna()]
            if both.empty:
                continue
            ratios = (both[number] / both[first]).to_numpy(dtype=float)
            place, cases = machines.places[number].name, counted(len(both), "case")
            takes = takes_text(float(np.median(ratios)), machines.places[first].name)
            least, most = times_text(ratios.min()), times_text(ratios.max())
            lowest, highest = (
                f"{line['label']} at {size_of(line)}"
                for line in (both.iloc[int(ratios.argmin())], both.iloc[int(ratios.argmax())])
            )
            if least == most:
                yield words("machines.pace_level", place=place, takes=takes, cases=cases)
            else:
                yield words(
                    "machines.pace", place=place, takes=takes, cases=cases,
                    least=least, lowest=lowest, most=most, highest=highest,
                )  # fmt: skip
            break


def _alone(machines: Machines) -> Iterator[str]:
    """What was timed on one place only."""
    labels = machines.timed.groupby("label", sort=False)["place"].nunique()
    lone = set(labels[labels == 1].index)
    for number, place in enumerate(machines.places):
        own = machines.timed[(machines.timed["place"] == number)]
        here = [label for label in dict.fromkeys(own["label"]) if label in lone]
        if here:
            yield words("machines.alone", place=place.name, methods=listed(here))
        elif own.empty:
            yield words("machines.untimed", place=place.name)


def series(machines: Machines) -> list[str]:
    """The labels that figures and tables show or hide."""
    return list(methods_of(machines))


def _timed(machines: Machines) -> Iterator[pd.DataFrame]:
    """Those of `machines.main` in the order of how many methods they hold."""
    yield from sorted(machines.main, key=len, reverse=True)


def _place_columns(machines: Machines, write: Any) -> Columns:
    return {str(number): (place.name, number_cell(write)) for number, place in enumerate(machines.places)}


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={name: str(name) for name in table})


def _varied(table: pd.DataFrame) -> str:
    """Of the columns that are mostly the same for all, those that are not."""
    return " ".join(name for name in ("channels", "scale", "batch") if len(table[name].unique()) > 1)


def _times_grid(machines: Machines) -> Any:
    shown = machines.times.sort_values("spread", ascending=False, kind="stable")
    shape: Columns = {
        **columns("label width height"), **_place_columns(machines, seconds_text),
        "spread": ("most over least", number_cell(times_text)), **columns(_varied(shown)),
    }  # fmt: skip
    return grid("machine-times", "Median time on each machine", _named(shown), shape)


def _pairs_grid(machines: Machines) -> Any:
    shape: Columns = {
        "label": ("slower method", text_cell), "fast": ("faster method", text_cell), **columns("width height"),
        **_place_columns(machines, times_text),
        **columns("spread low high", spread=("most over least", times_text), **interval(times_text)),
        "word": ("ratio", text_cell), "order": ("which is faster", text_cell), **columns(_varied(machines.pairs)),
    }  # fmt: skip
    return grid("machine-ratios", "Time of one method over another's", _named(machines.pairs), shape)


def _quality(machines: Machines, command: str) -> Section:
    metrics = _metrics(machines)
    found = score_differences(machines.places, list(metrics.values()))
    if found.empty:
        return Section("quality", "Quality", command, text=(words("machines.no_scores"),))
    said = []
    for name, own in found.groupby("metric", sort=False):
        metric, worst = metrics[str(name)], own.iloc[int(own["off"].to_numpy(float).argmax())]
        title, images = metric.title, counted(int(own["images"].sum()), "restored image")
        if worst["off"] < 10**-metric.digits / 2:
            said.append(words("machines.scores_same", metric=title, images=images))
        else:
            off = f"{digits_text(float(worst['off']))} {metric.unit}".rstrip()
            method, image = worst["label"], worst["image"]
            said.append(
                words("machines.scores_differ", metric=title, images=images, off=off, method=method, image=image)
            )
    found = found[found["off"] > 0]
    units = [10.0 ** metrics[name].digits for name in found["metric"]]
    shown = found.assign(size=found["off"] * units, ratio=found["ratio"].where(found["ratio"] >= 0))
    shown = shown.assign(metric=[metrics[name].heading for name in found["metric"]]).sort_values(
        "size", ascending=False
    )
    shape: Columns = {
        **columns("label degradation sigma_255 ratio"), "metric": ("score", text_cell),
        **columns(
            "images image least most off",
            images=("images", "g"), least=("least", ".6g"), most=("most", ".6g"), off=("difference", ".3g"),
        ),
    }  # fmt: skip
    table = grid("machine-scores", "Scores of the same image and noise, where they differ most", shown, shape)
    return Section("quality", "Quality", command, findings=tuple(said), grids=(table,))


def _metrics(machines: Machines) -> dict[str, Metric]:
    """Every metric of the runs by its name."""
    return {metric.name: metric for place in machines.places for metric in place.run.metrics}


def _operations_words(own: pd.DataFrame) -> Iterator[str]:
    apart = own[own["off"] > 0].sort_values("off", ascending=False)
    counts = counted(len(own), "count")
    if len(own) and apart.empty:
        yield words("machines.operations_same", counts=counts)
    for line in lines_of(apart.head(1)):
        off = 100 * line.off
        yield words("machines.operations_differ", counts=counts, apart=len(apart), method=line.label, off=off)


def _memory_words(own: pd.DataFrame, least: float) -> Iterator[str]:
    apart = own[own["off"] > least].sort_values("off", ascending=False)
    counts, limit = counted(len(own), "count"), 100 * least
    if len(own) and apart.empty:
        yield words("machines.memory_same", counts=counts, limit=limit)
    for line in lines_of(apart.head(1)):
        off = 100 * line.off
        yield words("machines.memory_differ", counts=counts, limit=limit, apart=len(apart), method=line.label, off=off)


def _exact(machines: Machines, command: str) -> Section:
    found = exact_differences(machines.places)
    if found.empty:
        return Section("exact", "Operations and memory", command, text=(words("comparison.nothing_counted"),))
    operations, memory = (found[found["quantity"] == quantity] for quantity in ("macs_per_pixel", "peak_bytes"))
    said = [*_operations_words(operations), *_memory_words(memory, Tolerances.memory)]
    shape: Columns = {
        **columns("label quantity where"), **_place_columns(machines, ",.6g"),
        **columns("off", off=("most over least, less 1", "+.2%")),
    }  # fmt: skip
    table = grid("machine-counts", "What was counted", _named(found.sort_values("off", ascending=False)), shape)
    return Section("exact", "Operations and memory", command, findings=tuple(said), grids=(table,))


def _environment(machines: Machines, subjects: Subjects, command: str) -> Section:
    places = machines.places
    names = list(dict.fromkeys(name for place in places for name in stable(place.run)))
    facts = [
        {"name": name, **{str(at): str(stable(place.run).get(name, "")) for at, place in enumerate(places)}}
        for name in names
    ]
    apart = [fact for fact in facts if len({value for key, value in fact.items() if key != "name"}) > 1]
    shape: Columns = {
        "name": ("field", text_cell),
        **{str(at): (place.name, text_cell) for at, place in enumerate(places)},
    }
    runs = [
        {
            "place": place.name, "device": place.device, "revision": run_title(place.run, subjects),
            "started": str(place.run.about.get("started") or "not recorded"), "fingerprint": fingerprint(place.run),
            "run": place.run.name,
        }
        for place in places
    ]  # fmt: skip
    heads = ("machine", "device", "revision", "started", "fingerprint", "run")
    of_runs: Columns = {key: (head, text_cell) for key, head in zip(runs[0], heads, strict=True)}
    return Section(
        "environment", "Machines", command,
        findings=(words("machines.fields", apart=len(apart), fields=counted(len(names), "field")),),
        grids=(
            grid("runs", "Runs", pd.DataFrame(runs), of_runs),
            grid("environment", "Fields that differ", pd.DataFrame(apart), shape),
        ),
    )  # fmt: skip
