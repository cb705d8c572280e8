"""Words of the command line -> what they stand for.

`name=value` is what TOML would have read: `sigma_255=[15,25]`, `rule="soft"`, `rule=soft`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

from bench.errors import SpecError
from restoration.method import Option


def assignment(text: str) -> tuple[str, Any]:
    """The dotted name and the value of one `name=value`; a value that is no TOML is taken as the text it is."""
    name, sign, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not sign or not name or not value:
        raise SpecError(f"--set {text!r}: expected name=value, as in sigma_255=[15,25]")
    try:
        read = tomllib.loads(f"value = {value}")
    except (tomllib.TOMLDecodeError, RecursionError):
        if value[0] in "[{\"'":
            raise SpecError(
                f"--set {text[:80]!r}: {value[:80]!r} is not TOML; expected 25, [15, 25], true or a word"
            ) from None
        return name, value
    if set(read) != {"value"}:  # a line break let more than one value in
        raise SpecError(f"--set {text!r}: expected one value")
    return name, read["value"]


def options_from(texts: Iterable[str]) -> dict[str, Option]:
    """A method's options; raises SpecError for a value that no option can have."""
    options = dict(assignment(text) for text in texts)
    for name, value in options.items():
        if not isinstance(value, bool | int | float | str):
            raise SpecError(f"--set {name}={value!r}: an option is a number, true, false or a word")
    return options


def method_names(text: str) -> tuple[str, ...]:
    """`dct, ffdnet` -> the names, each once, and none for an empty text; raises SpecError for an empty name."""
    names = [name.strip() for name in text.split(",")] if text else []
    if not all(names):
        raise SpecError(f"--methods {text!r} holds an empty name; expected names by commas, as in dct,ffdnet")
    return tuple(dict.fromkeys(names))


def share_of(text: str) -> float:
    """`3%` or `0.03` -> 0.03; 0 for what is no number."""
    number = text.strip().removesuffix("%")
    try:
        return float(number) / (100 if number != text.strip() else 1)
    except ValueError:
        return 0.0


def percent(text: str) -> float:
    """`3%` or `0.03` -> 0.03; raises SpecError unless it lies between 0 and 1, both left out."""
    value = share_of(text)
    if not 0 < value < 1:
        raise SpecError(f"expected a share such as 3% or 0.03, got {text!r}")
    return value


def size_in_bytes(text: str) -> int:
    """`2GiB`, `500 MB` or a number of bytes; raises SpecError for anything else."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    try:
        return int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError:
        raise SpecError(f"expected a size such as 2GiB or 500MB, got {text!r}") from None
