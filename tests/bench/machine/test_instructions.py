"""The instruction sets that decide speed are in the fingerprint; a precision without any of its own is emulated."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.machine import instructions
from bench.machine.environment import environment
from bench.machine.instructions import emulated, instruction_sets
from bench.plan.case import Case, options_text
from bench.run.needs import emulated_notices

OLD = "processor : 0\nflags : fpu sse2 avx f16c avx2 fma\n\nprocessor : 1\nflags : fpu\n"
NEW = "flags\t\t: fma avx2 avx512f avx512_vnni avx512_bf16 avx512_fp16 amx_tile amx_int8 amx_bf16\n"
ARM = "Features : fp asimd asimdhp asimddp bf16 i8mm\n"


def on(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setattr(instructions, "system_text", lambda _: text)
    return instruction_sets()


def test_those_that_decide_speed_are_named_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on(OLD, monkeypatch) == ("avx", "avx2", "fma", "f16c")
    assert "avx512_vnni" in on(NEW, monkeypatch)
    assert on(ARM, monkeypatch) == ("asimd", "asimdhp", "asimddp", "i8mm", "bf16")
    assert on("", monkeypatch) == ()


def test_another_instruction_set_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    on(OLD, monkeypatch)
    before = environment(1)
    assert before.stable["instruction_sets"] == "avx avx2 fma f16c"
    on(NEW, monkeypatch)
    assert environment(1).differences(before) == ("instruction_sets",)


@pytest.mark.parametrize(
    ("precision", "text", "expected"),
    [
        ("float16", OLD, True), ("bfloat16", OLD, True), ("float32", OLD, False), ("int8", OLD, False),
        ("float16", NEW, False), ("bfloat16", NEW, False), ("bfloat16", ARM, False), ("float16", "", False),
    ],
)  # fmt: skip
def test_a_precision_without_instructions_is_emulated(
    precision: str,
    text: str,
    expected: bool,  # noqa: FBT001 - a value of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert emulated(precision, "cpu", on(text, monkeypatch)) is expected
    assert emulated(precision, "cuda", on(text, monkeypatch)) is False


def test_a_run_says_once_which_of_its_methods_are_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    on(OLD, monkeypatch)
    narrow = Case("time", "ffdnet", options=options_text({"precision": "bfloat16"}))
    cases = [narrow, Case("time", "ffdnet"), Case("quality", "ffdnet", dtype="bfloat16"), Case("time", "dct")]
    (said,) = emulated_notices(cases)
    assert said.startswith("ffdnet in bfloat16: the processor has no instructions for it")
    on(NEW, monkeypatch)
    assert list(emulated_notices(cases)) == []


def test_the_file_that_is_read_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(instructions, "system_text", lambda path: asked.append(path) or "")
    instruction_sets()
    assert asked == [Path("/proc/cpuinfo")]
