"""A comparison that is written down whatever ends it."""

from __future__ import annotations

from pathlib import Path

from bench.interrupts import held_back, last_words, raising
from bench.regress.compare import ComparisonInterruptedError, Question, compare
from bench.regress.exports import write_comparison
from bench.regress.findings import Comparison
from bench.talk import Progress, Say


def compare_and_keep(question: Question, out: Path, *, progress: Progress, say: Say) -> tuple[Comparison, Path]:
    """Compares, and writes everything into a new folder below `out`: the comparison and that folder.

    What an interrupted one had found is written, too. Raises what `compare` raises.
    """
    with raising():
        try:
            comparison = compare(question, progress=progress, say=say)
        except ComparisonInterruptedError as interrupt:
            place = write_comparison(interrupt.comparison, out)
            last_words(f"interrupted; what it had found until then is in {place}")
            raise
        with held_back():
            place = write_comparison(comparison, out)
            last_words(f"interrupted; the comparison is whole, in {place}")
    return comparison, place
