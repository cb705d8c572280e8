"""Rows -> the tidy tables of the run: one function per table, and their files.

Every table keeps raw samples; nothing here is averaged. A failed case stays a line, with its `error`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from reports.files import whole_file
from reports.read.methods import DCT, Methods, number_of, options_of
from reports.read.metrics import names_of
from reports.read.run import Run

FLOPS_PER_MAC = 2
OPTION_COLUMNS = ("block_size", "stride", "ratio")
"""Options that the quality table spreads into columns of their own."""

SETUP = [
    "method", "variant", "options", "task", "channels", "scale", "device", "dtype", "threads", "height", "width",
    "batch",
]  # fmt: skip
"""Columns that say what was built and on what it worked."""

_QUALITY_CASE = [
    "method", "variant", "options", "task", "channels", "image", "sigma_255", "scale", "degradation", "seed", "device",
    "dtype", "error",
]  # fmt: skip
CASE = ["kind", *SETUP, "image", "sigma_255", "degradation", "seed"]
"""What makes a case."""

_EXPERIMENT = [
    "method", "variant", "options", "part", "repeat", "quantity", "value", "unit", "image", "sigma_255", "scale",
    "degradation", "seed", "height", "width", "phase", "note", "error",
]  # fmt: skip
_WHOLE = (
    "channels", "scale", "threads", "height", "width", "repeat", "block", "seed", "batch", "block_size", "stride",
    "parameters",
)  # fmt: skip
"""Columns that are written as integers where they hold nothing else."""

SKIPPED, OVERWRITTEN, SETTINGS = "skipped", "input_written", "settings_changed"
"""Quantities of rows that say what became of a case.

It was not tried (`note` says why); it wrote into its input; it changed settings of its process (`note` says which).
"""

BOOKKEEPING = ("elapsed_seconds", "measured_seconds", SKIPPED, OVERWRITTEN, SETTINGS)
"""What a run notes of its own doing: no reading of an experiment."""

_LARGEST_WHOLE = 2.0**53
"""From here on, floats no longer tell one whole number from the next."""

_COUNTS = (
    "parameters", "activations_per_pixel", "bytes_per_pixel", "intensity_macs_per_byte", "executed_macs_per_pixel",
)  # fmt: skip


def cost(run: Run) -> pd.DataFrame:
    """Operations per output pixel, one line per case and counter, with the FLOPs; other counts of the case repeated."""
    table = _of(run, "cost", "macs_per_pixel")[[*SETUP, "part", "value", "note", "error"]].rename(
        columns={"part": "counter", "value": "macs_per_pixel", "note": "residue"}
    )
    table.insert(_after(table, "macs_per_pixel"), "flops_per_pixel", FLOPS_PER_MAC * table["macs_per_pixel"])
    own = run.rows[(run.rows["kind"] == "cost") & (run.rows["part"] == "")]
    others = _wide(own[own["quantity"].isin(_COUNTS)], SETUP, _COUNTS)
    return table.merge(others, on=SETUP, how="left")


def time(run: Run) -> pd.DataFrame:
    """Raw samples of each phase, one line each; `note` says which are means of several calls."""
    own = _of(run, "time", "seconds")
    return own[[*SETUP, "phase", "repeat", "value", "note", "error"]].rename(columns={"value": "seconds"})


def energy(run: Run) -> pd.DataFrame:
    """Joules of one call of each timed case, a line a counter; where none could be read, `note` says why."""
    own = _of(run, "time", "joules")[[*SETUP, "part", "value", "note", "error"]]
    own = own.rename(columns={"part": "counter", "value": "joules"})
    cases = time(run).query("error == ''")[SETUP].drop_duplicates()
    lacking = cases.merge(own[SETUP].drop_duplicates(), on=SETUP, how="left", indicator=True)
    lacking = lacking[lacking["_merge"] == "left_only"].drop(columns="_merge")
    notes = [energy_said(run, str(device)) for device in lacking["device"]]
    return pd.concat([own, lacking.assign(counter="", joules=np.nan, note=notes, error="")]) if len(lacking) else own


def energy_said(run: Run, device: str) -> str:
    """Which counters of energy the machine has for `device`, or that none can be read and why; once in `run.json`."""
    state = run.section("environment").get("state")
    found = state.get(f"energy_{device.partition(':')[0]}") if isinstance(state, dict) else None
    return found if isinstance(found, str) and found else "not recorded"


def paired(run: Run) -> pd.DataFrame:
    """Raw samples taken in turn with peers: `group` names the peers, `block` the round within its `phase`."""
    own = _of(run, "paired", "seconds")
    return own[["part", "repeat", *SETUP, "phase", "value", "error"]].rename(
        columns={"part": "group", "repeat": "block", "value": "seconds"}
    )


def quality(run: Run) -> pd.DataFrame:
    """Scores of one restored image a line; the DCT's own options in columns of their own.

    A score that failed by itself is undefined; its error is among those of the run, and the others stand.
    """
    scores = names_of(run.metrics)
    own = _of(run, "quality", *scores)
    alone = own["quantity"].isin(scores) & (own["error"] != "")
    if alone.any():
        own = own.assign(error=own["error"].astype(object).mask(alone, "").astype("category"))
    table = _wide(own, _QUALITY_CASE, scores)
    for name in reversed(OPTION_COLUMNS):
        table.insert(_after(table, "options"), name, _option(table, name, run.methods))
    error = table.pop("error")
    return table.assign(error=error)


def memory(run: Run) -> pd.DataFrame:
    """Peak bytes above the built method, measured and predicted."""
    own = _of(run, "memory", "peak_bytes")
    return own[[*SETUP, "part", "value", "note", "error"]].rename(columns={"part": "source", "value": "peak_bytes"})


def layers(run: Run) -> pd.DataFrame:
    """Seconds, operations and memory of each layer; `peak_share` is against the largest layer of the method."""
    own = run.rows[(run.rows["kind"] == "layers") & (run.rows["part"] != "")]
    case = [*SETUP, "part", "error"]
    table = _wide(own, case, ("seconds", "macs", "peak_bytes")).rename(columns={"part": "layer"})
    largest = table.groupby(["method", "variant", "height", "width"], observed=True)["peak_bytes"].transform("max")
    return table.assign(peak_share=table["peak_bytes"] / largest)


def experiment(run: Run) -> pd.DataFrame:
    """Readings of the named experiments as they were written."""
    own = run.rows[(run.rows["kind"] == "experiment") & ~run.rows["quantity"].isin(BOOKKEEPING)]
    return own[_EXPERIMENT].rename(columns={"method": "experiment"})


TABLES: Mapping[str, Callable[[Run], pd.DataFrame]] = {
    make.__name__: make for make in (cost, time, energy, paired, quality, memory, layers, experiment)
}
"""Every table by the name of its files."""


def all_tables(run: Run) -> dict[str, pd.DataFrame]:
    """Every table of the run; one without rows is empty and has its columns."""
    return {name: make(run).reset_index(drop=True) for name, make in TABLES.items()}


def cases_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of cases, each with the number of its `case` and whether it says `failed`, `skipped` or `overwritten`.

    An experiment is one case, whatever cases its readings name, and a peer is one in each of its groups. What a picture
    shows without a method is no case.
    """
    own = rows[rows["method"] != ""]
    named, group = own["kind"] == "experiment", own["part"].astype("category").cat.codes
    keys = [*CASE, group.where(own["kind"] == "paired", -1).rename("group")]
    numbers = own.groupby(keys, observed=True, sort=False, dropna=False).ngroup()
    experiments = own["method"].astype("category").cat.codes
    return own.assign(
        case=numbers.mask(named, -1 - experiments),
        failed=own["error"] != "",
        skipped=own["quantity"] == SKIPPED,
        overwritten=(own["quantity"] == OVERWRITTEN) & (own["value"] > 0),
    )


def failed(rows: pd.DataFrame) -> pd.DataFrame:
    """Cases that failed, each once for each of its errors."""
    bad = rows[rows["error"] != ""]
    return cases_of(bad).drop_duplicates(["case", "error"]).reset_index(drop=True)


def picture_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Where the run's pictures lie: `part` is clean, degraded or restored, `note` the path inside the run."""
    pictured = rows["kind"].isin(["quality", "experiment"]) & (rows["quantity"] == "picture") & (rows["error"] == "")
    return rows[pictured].reset_index(drop=True)


def write_tables(tables: Mapping[str, pd.DataFrame], directory: Path) -> tuple[Path, ...]:
    """Each table as `tables/NAME.csv` and `.parquet` in `directory`; returns the paths."""
    return tuple(path for name, table in tables.items() for path in _write(table, directory, f"tables/{name}"))


def _write(table: pd.DataFrame, directory: Path, name: str) -> Iterator[Path]:
    arrow = pa.Table.from_pandas(whole_numbers(table), preserve_index=False)
    for suffix, write in ((".csv", pa.csv.write_csv), (".parquet", pa.parquet.write_table)):
        with whole_file(directory, name + suffix) as file:
            write(arrow, file)
        yield directory / (name + suffix)


def whole_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that only ever hold whole numbers as integers: `512`, not `512.0`."""
    named = [name for name in _WHOLE if name in table]
    whole = {name: table[name].astype("Int64") for name in named if _is_whole(table[name].dropna())}
    return table.assign(**whole)


def _is_whole(numbers: pd.Series[float]) -> bool:
    return bool((numbers % 1 == 0).all() and (numbers.abs() < _LARGEST_WHOLE).all())


def _after(table: pd.DataFrame, column: str) -> int:
    return list(table.columns).index(column) + 1


def _of(run: Run, kind: str, *quantities: str) -> pd.DataFrame:
    """The readings of these quantities, and the failures, of one kind of case."""
    own = run.rows[run.rows["kind"] == kind]
    return own[own["quantity"].isin(quantities) | (own["error"] != "")]


def _wide(rows: pd.DataFrame, case: list[str], quantities: tuple[str, ...]) -> pd.DataFrame:
    """One line per case, in the order first met, with a column per quantity (the last reading of each counts).

    Linear in the rows, unlike a pivot over a dozen categorical columns.
    """
    number = rows.groupby(case, observed=True, sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(number, return_index=True)
    table = rows.iloc[first][case].reset_index(drop=True)
    values, names = rows["value"].to_numpy(), rows["quantity"].to_numpy()
    for quantity in quantities:
        column = np.full(len(table), np.nan)
        chosen = names == quantity
        column[number[chosen]] = values[chosen]
        table[quantity] = column
    return table


def _option(table: pd.DataFrame, name: str, methods: Methods) -> pd.Series[float]:
    """The option as numbers; the DCT's default where a DCT case does not name it, NaN where a method has none."""
    codes, texts = pd.factorize(table["options"], use_na_sentinel=False)  # a million lines share few options
    known = np.array([number_of(options_of(str(text)).get(name)) for text in texts], dtype=float)
    values = pd.Series(known[codes] if len(known) else [], index=table.index, dtype=float)
    return values.mask(values.isna() & (table["method"] == DCT), methods.number(DCT, "{}", name))


def most_of(table: pd.DataFrame, column: str) -> Any:
    """The line with the largest value in `column`; the table is not empty."""
    return table.iloc[int(table[column].fillna(-np.inf).to_numpy(dtype=float).argmax())]


def least_of(table: pd.DataFrame, column: str) -> Any:
    """The line with the smallest value in `column`; the table is not empty."""
    return table.iloc[int(table[column].fillna(np.inf).to_numpy(dtype=float).argmin())]


def lines_of(table: pd.DataFrame) -> Iterator[Any]:
    """The lines of a table one after the other, each with its columns as attributes."""
    return iter(table.itertuples())


def table_of(lines: Sequence[Sequence[object]], columns: list[str]) -> pd.DataFrame:
    """A table of these lines, whose columns keep their kind when there is no line."""
    kinds = {"label": object, "base": object, "group": object, "against": object, "inside": bool, "tied": object}
    return pd.DataFrame(lines, columns=columns).astype({name: kinds.get(name, float) for name in columns})
