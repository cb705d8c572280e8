"""What a comparison comes to, in one line, and what is worth reading after it."""

from __future__ import annotations

from bench.record.table_text import shortened
from bench.regress.findings import Comparison, Finding
from reports.derive.verdict_words import CHANGES, REGRESSIONS, Word

_LONGEST_REASON = 160
"""Letters of a reason that are shown; the whole of it is in the table of everything."""


def headline(comparison: Comparison) -> str:
    """One line: the word, what changed most, and what the exit status means."""
    return f"{comparison.word}: {most(comparison)}; exit status {comparison.status}: {said_of_status(comparison)}"


def said_of_status(comparison: Comparison) -> str:
    """What the exit status says of the whole."""
    if comparison.interrupted:
        return "it was interrupted, and this is what it had found"
    if comparison.status:
        return "it does not pass" if comparison.status == 1 else "without a verdict it does not pass"
    forgiven = any(finding.word is Word.NO_VERDICT for finding in comparison.findings)
    return "it passes, as the spec lets undecided cases pass" if forgiven else "it passes"


def most(comparison: Comparison) -> str:
    """What decides: the worst regression, else what has no verdict, else the largest gain; how many more there are."""
    read = worth_reading(comparison)
    if not read:
        return _smallest(comparison)
    first = read[0]
    like = sum(_rank(finding) == _rank(first) for finding in read)
    word = "" if first.word is comparison.word else f" is {first.word}"
    return f"{said(first, word)}{f', and {like - 1} more' if like > 1 else ''}"


def worth_reading(comparison: Comparison) -> list[Finding]:
    """What changed or is undecided: regressions, then what has no verdict, then gains; what weighs most first."""
    kept = [finding for finding in comparison.findings if finding.word in CHANGES or finding.word is Word.NO_VERDICT]
    return sorted(kept, key=lambda finding: (_rank(finding), finding.undecided, -_weight(finding)))


def _rank(finding: Finding) -> int:
    if finding.word in REGRESSIONS:
        return 0
    return 1 if finding.word is Word.NO_VERDICT else 2


def _weight(finding: Finding) -> float:
    """What puts findings of one rank in order; of those without a verdict the slow-down that is not excluded."""
    return finding.at_most or 0.0 if finding.word is Word.NO_VERDICT else finding.size


def said(finding: Finding, word: str = "") -> str:
    """One finding in words: `m a=1, seconds 8x8: +10.00 % (+8.00 % .. +12.00 %)`."""
    brief = finding.brief()
    numbers = f"{brief['change']} ({brief['interval']})" if brief["interval"] else str(brief["change"])
    if finding.word is Word.NO_VERDICT:
        numbers = ", ".join(text for text in (numbers, shortened(finding.reason, _LONGEST_REASON)) if text)
    return f"{finding.name}, {finding.measured}{word}: {numbers}".removesuffix(": ")


def _smallest(comparison: Comparison) -> str:
    """Where nothing changed: the largest change there was, or why nothing was measured."""
    known = [finding for finding in comparison.findings if finding.change is not None]
    if known:
        return f"the most that anything changed is {said(max(known, key=lambda finding: finding.size))}"
    same = any(finding.word is Word.SAME_CODE for finding in comparison.findings)
    return "nothing that differs matters to a method" if same else "nothing could be measured"
