"""The specs that are compared time cases so short that a round holds many: reckoned from closed forms, not timed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.plan.case import Case
from bench.plan.spec_files import read_spec
from restoration.catalog import get

LONGEST = 0.02
"""Seconds of one call on one core."""

MACS_PER_SECOND = {
    "dct": 2.7e10, "dct 16": 5e10, "dct separable": 1.1e9, "dct dense": 5e9, "ffdnet": 7e10, "rdn-psnr-small": 2e10,
}  # fmt: skip
"""About, of one core that others keep busy, too: what a method reaches at these sizes, in multiply-accumulates."""

SECONDS_PER_MEGAPIXEL = {
    "wavelet": 0.11, "xphoto-dct": 3.0, "tv": 0.65, "nlm": 3.8, "bicubic": 0.07, "lanczos": 0.11,
}  # fmt: skip
"""About, of the same core, where a method has no closed form or spends its time otherwise; all channels together."""


def seconds(case: Case) -> float:
    """One call, about."""
    pixels = case.height * case.width * case.batch
    if case.method in SECONDS_PER_MEGAPIXEL:
        return SECONDS_PER_MEGAPIXEL[case.method] * pixels / 1e6
    options = case.option_values()
    kind = options.get("engine") or (16 if options.get("block_size") == 16 else "")
    method = get(case.method)
    assert method.macs_per_pixel is not None
    macs = method.macs_per_pixel(method.checked(case.setup()))
    return macs * pixels / MACS_PER_SECOND[f"{case.method} {kind}".strip()]


def timed(spec: str) -> list[Case]:
    """Its timed cases, on one core."""
    return [case for section in read_spec(spec).time for case in section.cases("time", "cpu", 1)]


@pytest.mark.parametrize("spec", ["quick", "gate"])
def test_one_call_of_each_timed_case_is_short(spec: str) -> None:
    found = {f"{case.method} {case.variant} {case.size}": seconds(case) for case in timed(spec)}
    assert {name: each for name, each in found.items() if each >= LONGEST} == {}


@pytest.mark.parametrize("spec", ["quick", "gate"])
def test_a_case_of_four_times_the_pixels_would_be_seen(spec: str) -> None:
    largest: dict[tuple[str, str], Case] = {}
    for case in sorted(timed(spec), key=lambda one: one.height):
        largest[case.method, case.variant] = case
    enlarged = [replace(case, height=2 * case.height, width=2 * case.width) for case in largest.values()]
    seen = {case.method for case in enlarged if seconds(case) >= LONGEST}
    assert {"dct", "ffdnet", "rdn-psnr-small"} <= seen
