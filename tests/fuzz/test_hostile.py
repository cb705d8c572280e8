"""Mutated and random files end in an error of ours or in a good reading, never in a crash, a hang or code that ran.

`nox -s fuzz` runs the same tests with many more examples (profile `fuzz`), and then `guided.py` with atheris.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from targets import TARGETS, seeds

from bench.errors import SpecError
from bench.plan.spec import Spec


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """Valid input with pieces overwritten, cut, doubled or put in, or noise from the start."""
    content = draw(st.sampled_from([*seeds(name), b""]))
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(0, len(content)))
        end = draw(st.integers(begin, min(len(content), begin + 24)))
        piece = draw(st.one_of(st.binary(max_size=16), st.just(content[begin:end] * 2), st.sampled_from(TELLING)))
        content = content[:begin] + piece + content[end:]
    return content


TELLING = (
    b"../", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"1e999", b"1e300", b"True",
    b"-1", b"nan", b"null", b"true", b"\n", b'"', b"99999999999",
    b"\xf0\x9f", b"\xe2\x80\xa8", b"\\u0000", b"\\ud800", b"\xff", b"[" * 20_000,
)  # fmt: skip
"""What parsers stumble over."""


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore")  # other libraries may warn of what they read; the outcome counts
def test_hostile_input_is_read_or_refused(name: str) -> None:
    @settings(settings.default if settings.default.max_examples > 1000 else settings(max_examples=40, deadline=None))
    @given(content=mutated(name))
    def run(content: bytes) -> None:
        TARGETS[name](content)

    run()


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore")
def test_deep_nesting_overflows_no_stack(name: str) -> None:
    for opening in (b"[", b'{"a":'):
        for before in (b"\0", b"\2", b"", b"a="):
            TARGETS[name](before + opening * 200_000 + b"\n")


def test_a_grid_of_a_thousand_million_cases_is_refused_unexpanded() -> None:
    sigmas = [number / 1000 for number in range(100_000)]
    section = {"method": "noisy", "seed": list(range(10_000)), "sigma_255": sigmas}
    spec = Spec.model_validate({"name": "large", "quality": [section]})
    with pytest.raises(SpecError, match=r"up to 1,000,000,000 cases, at most 1,000,000 in one run"):
        spec.cases({1: ["camera"], 3: []})
