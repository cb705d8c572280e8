"""The columns of the page's tables: the heading of each and how its values are written, said once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reports.draw.grid import Columns, Write, number_cell, text_cell
from reports.draw.number_text import bytes_text, count_text, seconds_text, times_text
from reports.read.metrics import Metric

_TEXTS = (
    "against", "degradation", "device", "dtype", "error", "group", "image", "kind", "layer", "method", "methods",
    "note", "part", "precision", "quantity", "reason", "residue", "runtime", "setting", "source", "variant",
    "verdict", "where",
)  # fmt: skip
_NUMBERS: Mapping[Write, Mapping[str, str]] = {
    "g": {
        "batch": "batch", "channels": "channels", "height": "height", "width": "width", "scale": "scale",
        "threads": "threads",
        "sigma_255": "sigma (/ 255)", "ratio": "ratio", "best_ratio": "best ratio", "start": "from", "stop": "to",
    },
    ".2f": {
        "psnr_db": "PSNR (dB)", "low": "95 % from", "high": "to", "vertex": "vertex of the parabola",
        "residual_std_255": "residual deviation (/ 255)",
    },
    "+.2f": {"mean_offset_255": "mean offset (/ 255)"},
    ".3f": {"exponent": "exponent"},
    ".4f": {"ssim": "SSIM"},
    ".3g": {
        "joules_per_megapixel": "J per megapixel", "joules": "J of a call",
        "gops": "billion counted multiply-adds / s", "limit": "limit there",
    },
    ".5g": {"value": "value"},
    ".0%": {"peak_share": "share of the largest"},
    ".1%": {"share": "share"},
    count_text: {
        "n": "n", "cases": "cases", "sizes": "sizes", "rounds": "rounds", "places": "measured at",
        "parameters": "parameters", "macs": "multiply-adds",
        "macs_per_pixel": "operations per pixel (1 multiply-add = 1)", "flops_per_pixel": "FLOPs per pixel",
        "activations_per_pixel": "activations per pixel",
        "bytes_per_pixel": "bytes per pixel", "from_pixels": "from pixels", "to_pixels": "to pixels",
        "intensity_macs_per_byte": "counted multiply-adds per byte", "images_per_second": "images / s",
    },
    seconds_text: {
        "seconds": "time", "time": "time", "median": "median", "base_seconds": "median of the other", "build": "build",
        "first": "first call", "per_megapixel": "per megapixel", "time_low": "95 % from", "time_high": "to",
        "predicted": "a + b × operations",
        "p50": "50th percentile", "p90": "90th percentile", "p99": "99th percentile",
        "per_image": "median per image", "cold": "cold start",
    },
    times_text: {"off": "measured over predicted"},
    bytes_text: {"peak_bytes": "peak memory"},
}  # fmt: skip
"""The headings of numbers by how they are written."""

KNOWN: Columns = {
    **{name: (name, text_cell) for name in _TEXTS},
    **{name: (text, number_cell(write)) for write, headings in _NUMBERS.items() for name, text in headings.items()},
    "label": ("method", text_cell),
    "what": ("method", text_cell),
    "base": ("against", text_cell),
    "counter": ("counter", lambda value: text_cell(str(value).replace("_", " "))),
    "over": ("images", text_cell),
    "outcome": ("remark", text_cell),
    "front": ("on the front", lambda value: text_cell("yes" if value else "")),
}
"""The heading and the format of every column that tables share or write in the usual way."""


def columns(names: str, **own: tuple[str, Write]) -> Columns:
    """The columns of a table, named in order with spaces between; `own` are numbers that it shows in another way."""
    shown = {**KNOWN, **{name: (heading, number_cell(write)) for name, (heading, write) in own.items()}}
    return {name: shown[name] for name in names.split()}


def scored(metrics: Iterable[Metric]) -> Columns:
    """A column for each of the metrics."""
    return {metric.name: (metric.heading, number_cell(f".{metric.digits}f")) for metric in metrics}


def interval(write: Write) -> Mapping[str, tuple[str, Write]]:
    """Both ends of a 95 % interval, for `own` of `columns`; `write` says how."""
    return {"low": ("95 % from", write), "high": ("to", write)}
