"""A run's call from Python as text, by which it can be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bench.run.request import RESULTS, USUAL_TIMEOUT, Request
from restoration.callables import name_of


@dataclass(frozen=True)
class _Written:
    """What stands in a call as `text`."""

    text: str

    def __repr__(self) -> str:
        return self.text


def call_text(wanted: Request, given: Mapping[str, object], *, jobs: int | None, **settings: str) -> str:
    """The call as a person would write it: every argument that decides what is measured, and what is not as usual.

    `given` are the methods by name, each with the object that it is, None for one that is named only. `settings` are in
    TOML, whose values JSON holds, too.
    """
    arguments = {
        "methods": _in_call(given) or None,
        "images": wanted.images,
        "degraded": wanted.degraded and str(wanted.degraded),
        "out": None if wanted.out == RESULTS else str(wanted.out),
        "jobs": jobs,
        "timeout": None if wanted.timeout == USUAL_TIMEOUT else wanted.timeout,
        **{name: json.loads(text) for name, text in settings.items()},
    }
    written = [repr(wanted.spec), *(f"{key}={value!r}" for key, value in arguments.items() if value is not None)]
    return f"bench.api.run({', '.join(written)})"


def _in_call(given: Mapping[str, object]) -> list[object]:
    """The methods in a call: each by its name, an object beside it as far as it can be written."""
    return [name if found is None else (name, _Written(_made(found))) for name, found in given.items()]


def _made(found: object) -> str:
    """An object in a call: a function or class by its own name, an instance by its class, whatever it was made with."""
    return name_of(found) if hasattr(found, "__name__") else f"{type(found).__name__}(...)"
