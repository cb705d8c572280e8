"""What there is to choose from in a run: every way to restore that is compared, with its time, memory and licence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from reports.derive.apart import not_surely_worse
from reports.derive.choice import Candidate, three_digits
from reports.derive.fronts import REFERENCE_PIXELS
from reports.derive.one_size import Timed
from reports.derive.scores import RIVALS, main_degradation, main_sigma, per_image, several_channels
from reports.derive.speeds import MEGAPIXEL
from reports.derive.summary import Summary
from reports.read.tables import lines_of

MILLI = 1e3
MEBI = 2.0**20

RESTRICTED: Mapping[str, re.Pattern[str]] = {
    "gpl": re.compile(r"\bA?GPL\b", re.IGNORECASE),
    "noncommercial": re.compile(r"non-?commercial|\bNC\b|research (use )?only", re.IGNORECASE),
}
"""What of a licence may be refused, and the words by which it is known."""


def candidates(summary: Summary, records: Iterable[Mapping[str, Any]]) -> tuple[Candidate, ...]:
    """One for each line of `Summary.ranked`, in its order; `records` are the methods of `run.json`."""
    licences = {str(record.get("name")): str(record.get("licence") or "") for record in records}
    memory, device, times = memory_of(summary), _devices(summary), times_of(summary)
    several, ranked = several_channels(summary.standings), summary.ranked
    unsure: dict[object, frozenset[str]] = {}
    images: dict[object, int] = {}
    for places in ranked.groupby(RIVALS, observed=True).indices.values():
        own = ranked.iloc[places]
        wide = per_image(summary.comparison.counted, own)
        rivals = not_surely_worse(wide)
        images |= dict.fromkeys(own.index, len(wide))
        unsure |= {index: rivals[str(label)] for index, label in own["label"].items()}
    lines = (_candidate(line, several, memory, device, licences) for line in lines_of(ranked))
    return tuple(
        replace(
            one, unsure=unsure[index], images=images[index],
            elsewhere=times.get((one.name, one.scale, one.channels), ())[1:],
        )
        for one, index in zip(lines, ranked.index, strict=True)
    )  # fmt: skip


def _candidate(
    line: Any,
    several: frozenset[str],
    memory: Mapping[tuple[str, float, float], float],
    device: Mapping[str, str],
    licences: Mapping[str, str],
) -> Candidate:
    licence = licences.get(str(line.method), "")
    bytes_each = memory.get((str(line.label), line.scale, line.channels))
    return Candidate(
        name=str(line.label),
        method=str(line.method),
        kind=kind_of(line, several),
        sigma=float(line.sigma_255),
        db=round(float(line.psnr_db), 2),
        ms=_milliseconds(line.per_megapixel),
        low=_milliseconds(line.time_low),
        high=_milliseconds(line.time_high),
        mib=None if bytes_each is None else three_digits(bytes_each / MEBI),
        licence=licence,
        restricted=frozenset(name for name, known in RESTRICTED.items() if known.search(licence)),
        device=device.get(str(line.label), "cpu"),
        options=str(line.options),
        channels=int(line.channels),
        scale=int(line.scale),
        size=size_text(line) if line.per_megapixel > 0 else "",
    )


def kinds(found: Iterable[Candidate], summary: Summary) -> dict[str, tuple[float, ...]]:
    """Every kind of input with its sigmas, the usual one first; denoising and the usual degradation come first."""
    sigmas: dict[str, list[float]] = {}
    for one in found:
        sigmas.setdefault(one.kind, []).append(one.sigma)
    usual, degradation = main_sigma(summary.standings), main_degradation(summary.standings)
    by = sorted(sigmas, key=lambda kind: (not kind.startswith("denoise"), f", {degradation} " not in kind, len(kind)))
    return {kind: tuple(sorted(set(sigmas[kind]), key=lambda sigma: (sigma != usual, sigma))) for kind in by}


def kind_of(line: Any, several: frozenset[str]) -> str:
    """The kind of input of a line: its task, degradation, scale and, where a task has several, its channels."""
    degradation = str(line.degradation)
    scale = f" ×{line.scale:g}" if line.task != "denoise" else ""
    named = f"{degradation}{scale}".strip() if scale or degradation != "awgn" else ""
    channels = f"{line.channels:g} channel{'s' * (line.channels > 1)}" if line.task in several else ""
    return ", ".join(part for part in (str(line.task), named, channels) if part)


def kinds_of(table: pd.DataFrame) -> Iterator[str]:
    """The kind of input of each line of the standings."""
    several = several_channels(table)
    return (kind_of(line, several) for line in lines_of(table))


def memory_of(summary: Summary) -> dict[tuple[str, float, float], float]:
    """Peak bytes for a megapixel by label, scale and channels: as measured nearest to 512 x 512, else as predicted."""
    table = summary.named["memory"]
    pixels = table["height"] * table["width"]
    own = table.assign(pixels=pixels, each=table["peak_bytes"] / pixels * MEGAPIXEL)
    own = own[(pixels > 0) & (own["peak_bytes"] > 0)]
    distance = (own["pixels"] / REFERENCE_PIXELS).map(math.log).abs()
    own = own.assign(distance=distance, guessed=own["source"].astype(str) != "measured")
    medians = own.groupby(["label", "scale", "channels", "guessed", "distance"], observed=True)["each"].median()
    nearest = medians.reset_index().drop_duplicates(["label", "scale", "channels"])
    return {(str(line.label), line.scale, line.channels): float(line.each) for line in lines_of(nearest)}


def times_of(summary: Summary) -> dict[tuple[str, int, int], tuple[Timed, ...]]:
    """Every time by label, scale and channels, the one nearest to 512 x 512 first: that is the one shown."""
    own = summary.timed[summary.timed["per_megapixel"] > 0]
    nearest = own.assign(distance=(own["pixels"] / REFERENCE_PIXELS).map(math.log).abs())
    found: dict[tuple[str, int, int], tuple[Timed, ...]] = {}
    for line in lines_of(nearest.sort_values("distance", kind="stable")):
        key = (str(line.label), int(line.scale), int(line.channels))
        found[key] = (*found.get(key, ()), Timed(size_text(line), three_digits(line.per_megapixel * MILLI)))
    return found


def size_text(line: Any) -> str:
    """Width and height of a line: `512 × 512`."""
    return f"{line.width:.0f} × {line.height:.0f}"


def _devices(summary: Summary) -> dict[str, str]:
    """On which device each label ran."""
    frames = [frame[["label", "device"]] for frame in (summary.comparison.tries, summary.timed)]
    found = pd.concat([frame.astype(object).drop_duplicates() for frame in frames])
    return {str(line.label): str(line.device) for line in lines_of(found) if line.device}


def _milliseconds(seconds: float) -> float | None:
    return three_digits(seconds * MILLI) if seconds > 0 else None
