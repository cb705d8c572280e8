"""The processor's instruction sets that decide how fast a precision is, and which precisions it only emulates."""

from __future__ import annotations

from pathlib import Path

from bench.machine.system_files import system_text

DECIDING = (
    "avx", "avx2", "fma", "f16c", "avx_vnni", "avx_vnni_int8", "avx_ne_convert", "avx512f", "avx512bw", "avx512cd",
    "avx512dq", "avx512vl", "avx512ifma", "avx512vbmi", "avx512_vbmi2", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "avx10", "amx_tile", "amx_int8", "amx_bf16", "amx_fp16", "neon", "asimd", "asimdhp", "fphp", "asimddp", "asimdfhm",
    "i8mm", "bf16", "sve", "sve2", "svei8mm", "svebf16", "sme", "sme2",
)  # fmt: skip
"""As Linux names them in /proc/cpuinfo, of x86-64 and of Arm."""

_COMPUTING = {
    "float16": {"avx512_fp16", "amx_fp16", "asimdhp"},
    "bfloat16": {"avx512_bf16", "amx_bf16", "bf16", "svebf16"},
}
"""Any of these sets multiplies numbers of that kind; f16c only converts them."""


def instruction_sets() -> tuple[str, ...]:
    """Those of `DECIDING` that the first processor has, in that order; none where the system does not tell."""
    for line in system_text(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            return tuple(name for name in DECIDING if name in value.split())
    return ()


def emulated(precision: str, device: str, sets: tuple[str, ...]) -> bool:
    """Whether a device computes in `precision` only by converting to float32 and back; False where `sets` is empty."""
    return device == "cpu" and bool(sets) and not _COMPUTING.get(precision, set(sets)) & set(sets)
