"""Reads a run directory: `run.json` (about the run) and `rows.jsonl` (every reading), both forgivingly.

The format is repeated here as the reader's own schema, so that reading needs nothing that measures. What is missing or
broken becomes a sentence in `Run.problems`; only what cannot be read at all raises.

History of the format (`SCHEMA`):
1  first; `batch` came later.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.json

from reports.errors import RunMissingError, RunSchemaError
from reports.read.bounds import within
from reports.read.methods import Methods, methods_of
from reports.read.metrics import Metric, metrics_of

SCHEMA = 1
"""Newest version of rows and `run.json` that this reader understands."""

ROWS, ABOUT = "rows.jsonl", "run.json"

TEXTS: Mapping[str, str] = {
    "run": "", "kind": "", "method": "", "variant": "default", "options": "{}", "task": "", "device": "", "dtype": "",
    "image": "", "degradation": "", "quantity": "", "unit": "", "phase": "", "part": "", "note": "", "error": "",
}  # fmt: skip
"""Text fields of a row with what stands for an absent one."""

NUMBERS: Mapping[str, float] = {
    "channels": 1, "height": 0, "width": 0, "scale": 1, "threads": 0, "sigma_255": 0.0, "seed": 0, "batch": 1,
    "repeat": 0,
    "value": math.nan,
}  # fmt: skip
"""Number fields of a row with what stands for an absent one; all are read as float64."""

KINDS = ("cost", "time", "paired", "quality", "memory", "layers", "experiment")

_BLOCK = 32 * 2**20
_ARROW = pa.schema([*((name, pa.string()) for name in TEXTS), *((name, pa.float64()) for name in NUMBERS)])
_PARSE = pa.json.ParseOptions(explicit_schema=_ARROW, unexpected_field_behavior="ignore")
_QUOTED = rb'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"'
_PAIR = _QUOTED + rb"[ \t]*+:[ \t]*+(?:" + _QUOTED + rb"|[-+.0-9eE]++|null|true|false)[ \t]*+"
_FLAT = re.compile(rb"(?:\{(?:" + _PAIR + rb"(?:,[ \t]*+" + _PAIR + rb")*+)?+\}[ \t]*+\r?+\n)*+")
"""Lines that each hold one object without another in it: of anything else Arrow's parser may crash."""

_HALF = re.compile("[\ud800-\udfff]")

_QUOTED_VALUE = b'"value": "'  # infinite and undefined numbers are written as text


@dataclass(frozen=True)
class Run:
    """One run as read: nothing is derived yet."""

    directory: Path
    about: Mapping[str, Any]
    """`run.json`; empty where it could not be read."""
    rows: pd.DataFrame
    """Every readable row; text columns are categorical, numbers float64."""
    problems: tuple[str, ...] = ()
    """Sentences about what is missing, broken or unfinished."""

    @property
    def name(self) -> str:
        """The run's own name, or its directory's."""
        return _word(self.about.get("run")) or self.directory.resolve().name

    def listed(self, key: str) -> list[dict[str, Any]]:
        """The records under `key` of `run.json`; anything else there is left out."""
        found = self.about.get(key)
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    def section(self, key: str) -> dict[str, Any]:
        """The table under `key` of `run.json`, or an empty one."""
        found = self.about.get(key)
        return found if isinstance(found, dict) else {}

    @property
    def methods(self) -> Methods:
        """Titles and default options of the run's methods."""
        return methods_of(self.listed("methods"))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What the restored images were judged by."""
        return metrics_of(self.listed("metrics"))


@dataclass
class _Tally:
    """What was met while reading rows."""

    broken: int = 0
    torn: bool = False
    outside: int = 0
    not_finite: int = 0
    problems: list[str] = field(default_factory=list)

    def sentences(self) -> Iterator[str]:
        yield from self.problems
        if self.torn:
            yield f"The last line of {ROWS} is torn (the run was interrupted while writing): it is left out."
        if self.broken:
            yield f"{self.broken} of the lines of {ROWS} are not rows of schema {SCHEMA}: they are left out."
        if self.outside:
            yield f"{self.outside} of the rows hold numbers that nothing measured can have: they are left out."
        if self.not_finite:
            yield f"{self.not_finite} readings are infinite or not a number: they enter no mean."


def load_run(directory: Path) -> Run:
    """The run in `directory`.

    Raises `RunMissingError` where there is neither `run.json` nor `rows.jsonl`, and `RunSchemaError` where the run was
    written in a newer format.
    """
    if not (directory / ROWS).is_file() and not (directory / ABOUT).is_file():
        raise RunMissingError(
            f"{directory}: not a run directory: expected {ABOUT} and {ROWS} in it; `restobench run --out DIR` makes one"
        )
    tally = _Tally()
    about = _read_about(directory / ABOUT, tally)
    rows = _read_rows(directory / ROWS, tally)
    return Run(directory, about, rows, (*_state(about), *tally.sentences()))


def _read_about(path: Path, tally: _Tally) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8", errors="replace"))
        about = json.loads(_HALF.sub(_escaped, json.dumps(about, ensure_ascii=False)))  # see `_text`
    except FileNotFoundError:
        problem = "is missing"
    except (OSError, ValueError, RecursionError) as error:
        problem = f"cannot be read ({error})"
    else:
        if isinstance(about, dict):
            _check_schema(about.get("schema"), path, tally)
            return about
        problem = "holds no table"
    tally.problems.append(f"{ABOUT} {problem}: machine, date, revision and weights are unknown.")
    return {}


def _check_schema(schema: object, path: Path, tally: _Tally) -> None:
    if isinstance(schema, int) and not isinstance(schema, bool) and schema > SCHEMA:
        raise RunSchemaError(
            f"{path}: schema {schema} is newer than {SCHEMA}, the newest this version reads; upgrade restobench"
        )
    if schema != SCHEMA:
        tally.problems.append(
            f"{ABOUT} states schema {schema!r}, not {SCHEMA}: read as {SCHEMA}, fields may be missing."
        )


def _state(about: Mapping[str, Any]) -> Iterator[str]:
    status = about.get("status")
    if about and status != "complete":
        yield f"The run did not finish (status: {_word(status) or 'not stated'}): what follows is what it had written."


def _read_rows(path: Path, tally: _Tally) -> pd.DataFrame:
    tables: list[pa.Table] = []
    if path.is_file():
        with path.open("rb") as file:
            tables = [_encoded(table) for block in _blocks(file, tally) for table in _parsed(block, tally)]
    else:
        tally.problems.append(f"{ROWS} is missing: nothing was measured, or the directory is half copied.")
    whole = pa.concat_tables(tables).unify_dictionaries() if tables else _encoded(_ARROW.empty_table())
    if not whole.num_rows:
        tally.problems.append("There is not one readable row.")
    frame: pd.DataFrame = whole.to_pandas(split_blocks=True, self_destruct=True)
    fine = within(frame)
    tally.outside = int((~fine).sum())
    return frame[fine].reset_index(drop=True) if tally.outside else frame


def _blocks(file: io.BufferedReader, tally: _Tally) -> Iterator[bytes]:
    """The file in pieces that end with a newline; what follows the last newline is torn."""
    rest = b""
    while piece := file.read(_BLOCK):
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if newline:
            yield whole + newline
    tally.torn = bool(rest.strip())


def _parsed(block: bytes, tally: _Tally) -> Iterator[pa.Table]:
    """Tables of `_ARROW`: the whole block at once where it is regular, else line by line."""
    block = block.decode("utf-8", "replace").encode()
    if _QUOTED_VALUE not in block and b'"value":"' not in block and _FLAT.fullmatch(block):
        try:
            whole = pa.json.ReadOptions(block_size=max(len(block) + 1, 2**16))
            yield pa.json.read_json(io.BytesIO(block), parse_options=_PARSE, read_options=whole)
        except pa.ArrowInvalid:
            pass  # one broken line spoils the whole block: find it below
        else:
            return
    read = [flat for line in block.splitlines() if line.strip() and (flat := _line(line, tally)) is not None]
    yield pa.Table.from_pylist(read, schema=_ARROW)


def _line(line: bytes, tally: _Tally) -> dict[str, Any] | None:
    """One row as a flat mapping of exactly the known fields; None, counted, for anything else."""
    try:
        flat = json.loads(line)
        texts = {name: None if flat.get(name) is None else _text(flat[name]) for name in TEXTS}
        numbers = {name: None if flat.get(name) is None else float(flat[name]) for name in NUMBERS}
    except (ValueError, TypeError, AttributeError, RecursionError):
        tally.broken += 1
        return None
    value = numbers["value"]
    if value is not None and not math.isfinite(value):
        tally.not_finite += 1
    return {**texts, **numbers}


def _text(found: object) -> str:
    """Half surrogates, which JSON can write and no file can hold, as their escapes: different names stay different."""
    return str(found).encode("utf-8", "backslashreplace").decode("utf-8")


def _escaped(half: re.Match[str]) -> str:
    """The escape of a half surrogate as text within JSON, where a backslash is written as two."""
    return f"\\\\u{ord(half[0]):04x}"


def _encoded(table: pa.Table) -> pa.Table:
    """Absent fields filled in, text as dictionaries: a million rows then take megabytes."""
    columns = {name: table[name].fill_null(absent).dictionary_encode() for name, absent in TEXTS.items()}
    columns |= {name: table[name].fill_null(absent) for name, absent in NUMBERS.items()}
    return pa.table(columns)


def _word(found: object) -> str:
    return found if isinstance(found, str) else ""
