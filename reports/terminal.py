"""Tables short enough to print after a run, as lists of plain records."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports.derive.scores import at_best_ratio

if TYPE_CHECKING:
    from reports.page import Report

Records = list[dict[str, object]]


def best(report: Report) -> Records:
    """Each method at its best threshold ratio on each degradation, best first, with its time where any was timed."""
    order = ["task", "sigma_255", "degradation", "scale", "psnr_db"]
    found = report.summary.traded
    found = at_best_ratio(report.summary.scored).assign(per_megapixel=None) if found.empty else found
    table = found.sort_values(order, ascending=[True, True, True, True, False])
    rows: list[dict[Any, Any]] = table.to_dict("records")
    return [
        {
            "task": row["task"],
            "degraded by": _degradation(row),
            "method": row["label"],
            "psnr_db": round(row["psnr_db"], 2),
            "images": int(row["images"]),
            "seconds_per_megapixel": row["per_megapixel"] and round(row["per_megapixel"], 6),
        }
        for row in rows
    ]


def peers(report: Report) -> Records:
    """Each peer's time as a multiple of the first one's of its group, with the interval."""
    rows: list[dict[Any, Any]] = report.summary.peers.to_dict("records")
    return [
        {
            "group": row["group"],
            "method": row["label"],
            "beside": row["base"],
            "ratio": round(row["ratio"], 4),
            "from": round(row["low"], 4),
            "to": round(row["high"], 4),
            "faster": f"{1 / row['ratio']:.2f}x",
            "blocks": int(row["rounds"]),
        }
        for row in rows
    ]


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
            "share": f"{record['seconds'] / whole:.1%}",
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


def _degradation(row: dict[Any, Any]) -> str:
    if row["task"] == "denoise":
        return f"{'given, told ' if row['degradation'] == 'given' else ''}sigma {row['sigma_255']:g}"
    return f"{row['degradation']} x{row['scale']:g}"
