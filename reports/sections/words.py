"""The sentences of the page: `words.toml`, read once, with the named fields filled in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from reports.draw.number_text import signed

FILE = Path(__file__).with_name("words.toml")


class _Numbers(Formatter):
    """Fields as Python formats them, numbers with a true minus sign."""

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return signed(text) if isinstance(value, (int, float)) else text


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Every sentence by section and name; the lines of one sentence are joined."""
    with FILE.open("rb") as file:
        read = tomllib.load(file)
    return {
        section: {name: re.sub(r"\s*\n\s*", " ", text.strip("\n")) for name, text in named.items()}
        for section, named in read.items()
    }


def words(key: str, **fields: object) -> str:
    """The sentence `key`, written `section.name`, with its fields filled in.

    Raises `KeyError` for a sentence or a field that does not exist.
    """
    section, _, name = key.partition(".")
    try:
        return _Numbers().vformat(sentences()[section][name], (), fields)
    except KeyError as error:
        raise KeyError(f"{FILE.name}: the sentence {key} or its field {error} does not exist") from error


def joined(parts: Iterable[str]) -> str:
    """One sentence of its parts, with a capital letter and a full stop: `At sigma 15 …; at sigma 25 ….`."""
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}."
