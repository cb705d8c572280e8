"""Tables short enough to print after a run, as lists of plain records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.derive.candidates import candidates, kinds, kinds_of
from reports.derive.choice import Candidate, best_first, choose, front
from reports.derive.energies import by_case
from reports.derive.leaderboard import Leaderboard, Place, leaderboards
from reports.derive.question import Asked, read_question
from reports.derive.scores import RIVALS
from reports.derive.summary import summarise
from reports.draw.number_text import counted, figure_text, listed, signed
from reports.draw.sheet import short
from reports.read.metrics import Metric
from reports.read.run import load_run
from reports.read.tables import all_tables, lines_of
from reports.sections.chooser import answer, command, python, title as heading
from reports.sections.energy import lacking
from reports.sections.leaderboard import (
    apart_words,
    gain_text,
    reach_text,
    size_cell,
    size_words,
    spread_text,
    times_cell,
)
from reports.sections.score_tables import level, narrow, settings_text, standings
from reports.sections.status import error_text, remarks
from reports.sections.tradeoff import left_out
from reports.sections.words import words

if TYPE_CHECKING:
    from reports.page import Report

Records = list[dict[str, object]]

MOST_ERRORS = 20
"""Distinct errors that are printed; the report has all."""

_TEXTS: Mapping[str, str] = {"setting": "setting", "over": "over", "outcome": "remark"}
"""Columns that stand only where some line has something to say in them, and their headings."""


def best(report: Report) -> Records:
    """Each method on each degradation, the best first and those that failed last, with its time where it was timed.

    Methods that were scored on other images follow, once more beside one variant of each that has those images too.
    """
    whole = _short(standings(report.summary))
    table = narrow(whole)
    others = report.summary.other_metrics
    records = [_record(line, others, several="channels" in table) for line in lines_of(table)]
    if used := by_case(report.summary.named["energy"], report.summary.timed):
        energies = [used.get((at.label, at.scale, at.channels, at.height, at.width)) for at in lines_of(whole)]
        records = [{**record, "joules_per_megapixel": found} for record, found in zip(records, energies, strict=True)]
    return records


def boards(report: Report) -> list[tuple[str, Records, list[str]]]:
    """The leaderboard of each kind of input: its title, its lines, and what is said of those that are not on it.

    Of a method's variants those stand that are on the front; the page has all. What failed stands last.
    """
    summary = report.summary
    found = candidates(summary, report.run.listed("methods"))
    several = summary.standings.assign(kind=list(kinds_of(summary.standings)))
    made, ranked = [], set()
    for board in leaderboards(summary, found):
        ranked.add((board.kind, board.sigma))
        own = several[(several["kind"] == board.kind) & (several["sigma_255"] == board.sigma)]
        places = [place for entry in board.entries for place in (entry.head, *entry.variants)]
        heads = {entry.head.candidate.name for entry in board.entries}
        kept = heads | {one.name for one in front(place.candidate for place in places)}
        places.sort(key=lambda place: best_first(place.candidate))
        lines = [_board_line(place, board.reference) for place in places if place.candidate.name in kept]
        over = f"{heading(board.kind, board.sigma)}: means over {counted(board.images, 'image')}, 95 % intervals"
        made.append(
            (
                over,
                [*lines, *_failed_lines(own, lines)],
                [*_input_words(own, board), *size_words(board), *apart_words(board), *left_out(own)],
            )
        )
    for (kind, sigma), own in several[several["failed"] > 0].groupby(["kind", "sigma_255"], sort=False):
        if (kind, sigma) not in ranked and (failed := _failed_lines(own, [])):
            made.append((heading(str(kind), own["sigma_255"].iloc[0]), failed, list(left_out(own))))
    return made


def judged(report: Report) -> list[tuple[str, Records, list[str]]]:
    """What the metrics beside the usual ones say, by kind of input: its title, its lines, and what each metric is."""
    summary, made = report.summary, []
    table = standings(summary)
    table = table[table["compared"].astype(bool) & (table["board"] == 0)]
    for (kind, _), own in table.assign(kind=list(kinds_of(table))).groupby(["kind", "sigma_255"], sort=False):
        metrics = [one for one in summary.other_metrics if own[one.name].notna().any()]
        if not metrics:
            continue
        columns = {"method": list(own["label"]), **{one.name: [*map(one.text, own[one.name])] for one in metrics}}
        lines = [dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True)]
        n = int(own["n"].iloc[0])
        counts = [summary.comparison.count(own, one.name) for one in metrics]
        over = [f", {words('scores.some_images', n=one, images=counted(n, 'image'))}" * (one < n) for one in counts]
        notes = [f"{one.name}: {one.heading}{fewer}" for one, fewer in zip(metrics, over, strict=True)]
        title = f"{heading(str(kind), own['sigma_255'].iloc[0])}: means over {counted(n, 'image')}"
        made.append((title, lines, notes))
    return made


def _input_words(own: pd.DataFrame, board: Leaderboard) -> list[str]:
    """The PSNR of the degraded images themselves, where they were scored, and what makes them worse."""
    lines = own[(own["method"] == "noisy") & own["compared"].astype(bool) & (own["board"] == 0)]
    if lines.empty or lines["psnr_db"].isna().all():
        return []
    db = round(float(lines["psnr_db"].iloc[0]), 2)
    worse = [entry.head.candidate.name for entry in board.entries if entry.head.candidate.db < db]
    if not worse:
        return [words("scores.noisy", db=f"{db:.2f} dB")]
    return [words("scores.noisy_better", db=f"{db:.2f} dB", methods=listed(worse))]


def _failed_lines(own: pd.DataFrame, above: Records) -> Records:
    """A line for each way to restore that failed and so is not compared, in the columns of those above."""
    failed = own[~own["compared"].astype(bool) & (own["failed"] > 0)]
    empty = dict.fromkeys(above[0] if above else (), "")
    return [{**empty, "method": label, "dB": "failed"} for label in failed["label"].drop_duplicates()]


def _board_line(place: Place, reference: Candidate) -> dict[str, object]:
    one = place.candidate
    return {
        "method": one.name,
        "dB": f"{one.db:.2f}",
        f"over {short(reference.name, 12)}": ""
        if one == reference
        else f"{gain_text(place)} {reach_text(place)}".strip(),
        "ms/MP": "" if one.ms is None else figure_text(one.ms),
        "95 % (ms)": spread_text(place),
        "×": f"{times_cell(place)} {size_cell(place)}".strip(),
    }


def title(report: Report) -> str:
    """What the figures of `best` are: means over which images, at which settings, and which time."""
    settings = settings_text(report.summary.standings)
    return f"mean PSNR over the images that all compared methods have, {settings}; median time nearest to 512 x 512"


def status(report: Report) -> list[str]:
    """The last lines of the output: every distinct error, and how the run went."""
    errors = [error_text(problem) for problem in report.status.errors[:MOST_ERRORS]]
    more = len(report.status.errors) - len(errors)
    rest = [f"{counted(more, 'more error')}: see the report"] if more else []
    energy = lacking(report.summary.named["energy"])
    return [*errors, *rest, *energy, *report.status.problems, *(remark.text for remark in remarks(report.status))]


def _short(table: pd.DataFrame) -> pd.DataFrame:
    """Off the main boards one line of each method is enough: as it is built, or else its best."""
    other = table[table["board"] > 0].sort_values(["as_built", "psnr_db"], ascending=False, kind="stable")
    one = other.drop_duplicates([*RIVALS, "board", "method"])
    return table[(table["board"] == 0) | table.index.isin(one.index)]


def _record(line: Any, others: Sequence[Metric], *, several: bool) -> dict[str, object]:
    colors = f", {counted(line.channels, 'channel')}" if several else ""
    record = {
        "task": line.task,
        "degraded by": level(line) + colors,
        "method": line.label,
        "psnr_db": _rounded(line.psnr_db, 2),
        "ssim": _rounded(line.ssim, 4),
        **{one.name: _rounded(getattr(line, one.name), one.digits) for one in others},
        "images": int(line.n),
        "seconds_per_megapixel": _rounded(line.per_megapixel, 6),
    }
    record |= {heading: getattr(line, name) for name, heading in _TEXTS.items() if hasattr(line, name)}
    return record


def _rounded(value: float, digits: int) -> float | None:
    return None if math.isnan(value) else round(value, digits)


def chosen(directory: Path, asked: Asked) -> tuple[list[str], bool]:
    """The answer to a question about the run in `directory`, how to run what was chosen, and whether anything fits.

    Raises what `load_run` and `read_question` raise.
    """
    run = load_run(directory)
    summary = summarise(all_tables(run), run.methods, run.metrics)
    found = candidates(summary, run.listed("methods"))
    choice = choose(found, read_question(asked, kinds(found, summary)))
    said = [answer(choice, asked.size.replace("x", "×")).whole]
    if choice.chosen:
        said += ["", command(choice.chosen), "", *python(choice.chosen)]
    return said, choice.chosen is not None


def peers(report: Report) -> Records:
    """Each peer's time as a multiple of the first one's of its group, with the interval."""
    rows: list[dict[Any, Any]] = report.summary.peers.to_dict("records")
    return [
        {
            "group": row["group"],
            "method": row["label"],
            "beside": row["base"],
            "ratio": round(row["ratio"], 4),
            "from": None if math.isnan(row["low"]) else round(row["low"], 4),
            "to": None if math.isnan(row["high"]) else round(row["high"], 4),
            "as fast": f"{figure_text(1 / row['ratio'])}x",
            "blocks": int(row["rounds"]),
        }
        for row in rows
    ]


def peers_title(records: Records) -> str:
    """What the figures of `peers` are."""
    interval = "; 95 % bootstrap interval over blocks" if any(record["from"] is not None for record in records) else ""
    return f"time over the first of the group's, interleaved{interval}"


def layers(report: Report) -> Records:
    """Median time, operations, speed, share and peak memory of each layer, the slowest first."""
    table = report.summary.tables["layers"]
    timed = table[table["seconds"].notna()].groupby("layer", sort=False, observed=True)["seconds"].median()
    largest = table.groupby("layer", observed=True)[["macs", "peak_bytes"]].max().fillna(0)
    records: list[dict[Any, Any]] = largest.join(timed, how="inner").reset_index().to_dict("records")
    whole = math.fsum(record["seconds"] for record in records)
    return [
        {
            "layer": record["layer"],
            "milliseconds": round(1e3 * record["seconds"], 4),
            "share": signed(f"{record['seconds'] / whole:.1%}"),
            "macs": int(record["macs"]),
            "gflop_per_s": round(2e-9 * record["macs"] / record["seconds"], 1),
            "peak_mib": round(record["peak_bytes"] / 2**20, 2),
        }
        for record in sorted(records, key=lambda record: -float(record["seconds"]))
    ]


def whole(report: Report) -> str:
    """The time of the whole call, with and without looking at its layers."""
    rows = report.run.rows
    calls = rows[(rows["kind"] == "layers") & (rows["part"] == "") & (rows["quantity"] == "seconds")]
    median: dict[Any, Any] = calls.groupby("note", observed=True)["value"].median().to_dict()
    plain, looked = median["plain"], median["instrumented"]
    return f"whole: {1e3 * plain:.4g} ms, {1e3 * looked:.4g} ms instrumented ({looked / plain - 1:+.1%})"
