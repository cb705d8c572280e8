"""Row: one reading of one case in one run, and the JSON Lines file that holds them.

History of the format (`SCHEMA`):
1  first; `batch` came later, and is 1 where it is absent; rows without `metrics` have the usual ones;
   `run.json` has the `subject` of the commit since that was added, and "" where it is absent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.errors import RowsError
from bench.plan.case import Case, Reading
from bench.record.files import append_whole, drop_torn_line, utf8, write_whole

SCHEMA = 1
"""Version of the row and of `run.json`; a reader refuses a newer one."""

FILE_NAME = "rows.jsonl"


@dataclass(frozen=True)
class Row:
    """Run + case + reading + error, written as one flat JSON object."""

    run: str
    case: Case
    reading: Reading
    error: str = ""
    """One line; not empty where the case failed. Its reading then has no value."""

    def to_json(self) -> str:
        """One line of JSON; infinite and undefined values as the strings `inf`, `-inf` and `nan`."""
        flat = {"run": self.run, **vars(self.case), **vars(self.reading), "error": self.error}
        value = self.reading.value
        if value is not None and not math.isfinite(value):
            flat["value"] = str(float(value))
        return json.dumps(flat, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, line: str) -> Row:
        """The row that `to_json` wrote; raises `RowsError` for anything else."""
        try:
            flat: dict[str, Any] = {"metrics": Case.metrics, "batch": Case.batch, **json.loads(line)}
            if isinstance(flat.get("value"), str):
                flat["value"] = float(flat["value"])
            case = Case(**{field.name: flat[field.name] for field in fields(Case)})
            reading = Reading(**{field.name: flat[field.name] for field in fields(Reading)})
            return cls(flat["run"], case, reading, flat["error"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RowsError(f"not a row of schema {SCHEMA}: {line[:80]!r} ({type(error).__name__}: {error})") from error


class RowFile:
    """Appends rows to a run's `rows.jsonl`; each batch reaches the disk before `append` returns."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        drop_torn_line(self.path)
        self._file = self.path.open("ab", buffering=0)

    def append(self, rows: Iterable[Row]) -> None:
        """Writes `rows` and waits until the operating system has them on disk.

        Raises `RowsError` where it cannot; then none of `rows` is in the file.
        """
        try:
            append_whole(self._file, utf8("".join(row.to_json() + "\n" for row in rows)))
        except OSError as error:
            raise RowsError(
                f"cannot write {self.path}: {error.strerror or error}; every finished case is kept; make room, and go "
                f"on with `restobench run ... --resume --out {self.path.parent}`"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def read_rows(directory: Path) -> Iterator[Row]:
    """The rows of a run directory in the order written; a torn last line is left out."""
    with (directory / FILE_NAME).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield Row.from_json(line)


def keep_rows(directory: Path, rows: Iterable[Row]) -> None:
    """Makes `rows` the whole content of a run's file, at once: a crash leaves the old file or the new one."""
    path = directory / FILE_NAME
    try:
        write_whole(path, (utf8(f"{row.to_json()}\n") for row in rows))
    except OSError as error:
        raise RowsError(f"cannot write {path}: {error.strerror or error}; the rows are as they were") from error
