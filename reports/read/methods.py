"""The methods of a run as `run.json` describes them: how each is written, and the options it has by default."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reports.read import older_runs

DCT = "dct"
"""The method whose block size, stride and threshold ratio have columns and figures of their own."""


@dataclass(frozen=True)
class Methods:
    """What is known of the methods of one run, by name."""

    titles: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def title(self, method: str) -> str:
        """How `method` is written in figures and sentences."""
        return self.titles.get(method) or older_runs.TITLES.get(method, method)

    def default_options(self, method: str) -> dict[str, Any]:
        """Every option of `method` that is known, with its default."""
        return {**older_runs.default_options(method), **self.defaults.get(method, {})}

    def number(self, method: str, options: str, name: str) -> float:
        """One option of a case as a number: what was chosen, or else the default; NaN where neither is a number."""
        chosen = number_of(options_of(options).get(name))
        return number_of(self.default_options(method).get(name)) if math.isnan(chosen) else chosen


def methods_of(records: Iterable[Mapping[str, Any]]) -> Methods:
    """The methods that `run.json` lists; what a record lacks, or has in a broken form, is as in earlier versions.

    A title that several methods share is followed by the name of each: they must not be taken for one.
    """
    named = {str(record.get("name")): record for record in records}
    stated = {name: record["title"] for name, record in named.items() if isinstance(record.get("title"), str)}
    shared = Counter(stated.values())
    titles = {name: title if shared[title] == 1 else f"{title} ({name})" for name, title in stated.items()}
    defaults = {name: record["options"] for name, record in named.items() if isinstance(record.get("options"), dict)}
    return Methods(titles, defaults)


@lru_cache(maxsize=65536)
def options_of(text: str) -> Mapping[str, Any]:
    """A case's `options` read back; an empty mapping where they are not a JSON object."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def number_of(value: object) -> float:
    """`value` where it is a number, else NaN."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
