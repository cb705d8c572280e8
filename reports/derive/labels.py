"""How a way to restore is named in figures and sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reports.read.methods import DCT, Methods, options_of

_TAKEN = ("engine", "fused")
"""What a method takes where it may choose: a case that says so is named like one that leaves the choice."""

_SMALL = 20_000
"""Lines up to which a table's text is kept as plain objects."""


def label_of(methods: Methods, method: str, options: str, dtype: str = "float32", device: str = "cpu") -> str:
    """The short name of a way to restore: `DCT 8×8, stride 4`, `dct-wiener 6×6, passes 1`. The ratio is left out.

    So is what equals the method's default, unless it is a size or a strength: that tells cases of a sweep apart.
    """
    chosen, defaults = dict(options_of(options)), methods.default_options(method)
    words = [methods.title(method)]
    if method == DCT:
        chosen = {name: defaults[name] for name in ("block_size", "stride")} | chosen
        if chosen["stride"] == defaults["stride"]:
            del chosen["stride"]
    if block := chosen.pop("block_size", None):
        words[0] += f" {block}×{block}"
    chosen.pop("ratio", None)
    words += [_option_words(name, value) for name, value in chosen.items() if not _usual(name, value, defaults)]
    words += [word for word, usual in ((dtype, "float32"), (device, "cpu")) if word not in {"", usual}]
    return ", ".join(words)


def _usual(name: str, value: object, defaults: Mapping[str, object]) -> bool:
    switch = isinstance(value, (str, bool)) or value == 0
    return (name, value) == _TAKEN or (switch and name in defaults and value == defaults[name])


def _option_words(name: str, value: object) -> str:
    said = name.replace("_", " ")
    if isinstance(value, bool):
        return said if value else f"no {said}"
    return f"{said} {value}"


def labelled(table: pd.DataFrame, methods: Methods) -> pd.DataFrame:
    """`table` with a first column `label`."""
    columns = ["method", "options", *(name for name in ("dtype", "device") if name in table)]
    found = table[columns].drop_duplicates().astype(object)
    names = [label_of(methods, *line) for line in found.itertuples(index=False)]
    found["label"] = pd.Series(names, index=found.index, dtype=object)
    small = list(table.select_dtypes("category")) if len(table) < _SMALL else columns
    keyed = table.astype(dict.fromkeys(small, object)).merge(found, on=columns, how="left")
    keyed.insert(0, "label", keyed.pop("label"))
    return keyed
