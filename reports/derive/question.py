"""A question as it is written, on the command line or in the address of a page, and what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.derive.choice import Question
from reports.derive.speeds import MEGAPIXEL
from reports.errors import QuestionError

REFUSABLE = ("gpl", "noncommercial")
DEVICES = ("cpu", "cuda")

_NUMBER = r"\s*(\d+(?:\.\d*)?|\.\d+)\s*"
_TIME = re.compile(_NUMBER + r"(ms|s)\s*(/\s*MP)?\s*", re.IGNORECASE)
_MEMORY = re.compile(_NUMBER + r"(MiB|GiB|MB|GB)\s*(/\s*MP)?\s*", re.IGNORECASE)
_SIZE = re.compile(r"\s*(\d{1,6})\s*[x×]\s*(\d{1,6})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class _Amount:
    """An option that takes an amount with a unit."""

    option: str
    form: re.Pattern[str]
    units: Mapping[str, float]
    expected: str


_BUDGET = _Amount("--budget", _TIME, {"ms": 1.0, "s": 1e3}, "30ms/MP, or 60ms with --size 1920x1080")
_PEAK = _Amount(
    "--memory",
    _MEMORY,
    {"mib": 1.0, "gib": 1024.0, "mb": 1e6 / 2**20, "gb": 1e9 / 2**20},
    "200MiB/MP, or 1GiB with --size 1920x1080",
)


@dataclass(frozen=True)
class Asked:
    """A question in the words of the person who asks it; empty and None where nothing is said."""

    task: str = ""
    sigma: float | None = None
    budget: str = ""
    quality: float | None = None
    memory: str = ""
    without: Sequence[str] = ()
    device: str = ""
    size: str = ""


def read_question(asked: Asked, kinds: Mapping[str, Sequence[float]]) -> Question:
    """What was asked; `kinds` are the kinds of input of a run with their sigmas, the usual ones first.

    Raises `QuestionError`, one line, for what cannot be understood or was not measured.
    """
    if not kinds:
        raise QuestionError("this run compares no method, so there is none to choose; see `restobench run`")
    megapixels = _megapixels(asked.size)
    kind = _kind(asked, kinds)
    for name in asked.without:
        _one_of("--without", name, REFUSABLE)
    if asked.device:
        _one_of("--device", asked.device, DEVICES)
    return Question(
        kind,
        _sigma(asked.sigma, kind, kinds[kind]),
        _amount(_BUDGET, asked.budget, megapixels),
        _finite(asked.quality),
        _amount(_PEAK, asked.memory, megapixels),
        frozenset(asked.without),
        asked.device,
        megapixels or 1.0,
    )


def _amount(kind: _Amount, text: str, megapixels: float) -> float | None:
    """An amount for the image of the question, or for a megapixel where it has no size."""
    if not text:
        return None
    found = kind.form.fullmatch(text)
    if found is None:
        raise QuestionError(f"{kind.option} {text[:60]!r}: expected {kind.expected}")
    number, unit, each = found.groups()
    if not each and not megapixels:
        raise QuestionError(
            f"{kind.option} {text!r} is for a whole image: say of which --size, or write {text.strip()}/MP"
        )
    return float(number) * kind.units[unit.lower()] * (megapixels or 1.0 if each else 1.0)


def _megapixels(size: str) -> float:
    """Of a size such as 1920x1080; 0 where none is given."""
    if not size:
        return 0.0
    found = _SIZE.fullmatch(size)
    if found is None or not (pixels := int(found[1]) * int(found[2])):
        raise QuestionError(f"--size {size[:60]!r}: expected width x height of the output, as in 1920x1080")
    return pixels / MEGAPIXEL


def _kind(asked: Asked, kinds: Mapping[str, Sequence[float]]) -> str:
    """The first kind of input that has all the words of the task; with a sigma, the first that has noise."""
    wanted = _words_of(asked.task)
    fitting = [kind for kind in kinds if wanted <= _words_of(kind)]
    if not fitting:
        known = "; ".join(kinds)
        raise QuestionError(f"--task {asked.task[:60]!r} was not measured in this run; it has: {known}")
    noisy = [kind for kind in fitting if any(sigma > 0 for sigma in kinds[kind])]
    return (noisy if asked.sigma is not None and noisy else fitting)[0]


def _words_of(text: str) -> frozenset[str]:
    return frozenset(re.sub(r"\bx(?=\d)", "×", text.lower()).replace(",", " ").split())


def _sigma(sigma: float | None, kind: str, measured: Sequence[float]) -> float:
    if sigma is None:
        return measured[0]
    if sigma not in measured:
        levels = ", ".join(f"{level:g}" for level in sorted(measured) if level > 0) or "no noise at all"
        raise QuestionError(f"sigma {sigma:g} was not measured for {kind!r}; this run has: {levels}")
    return sigma


def _finite(quality: float | None) -> float | None:
    if quality is not None and not math.isfinite(quality):
        raise QuestionError(f"--quality {quality}: expected a number of decibels, as in 29")
    return quality


def _one_of(option: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise QuestionError(f"{option} {given[:60]!r}: expected {' or '.join(known)}")
