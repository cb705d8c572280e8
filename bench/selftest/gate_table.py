"""The table of the gate's self-test: how often each planted change was found, and what was called without one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from bench.errors import BenchError
from bench.machine.environment import cpu_model
from bench.machine.threads import usable_cores
from bench.record.files import write_whole
from bench.record.table_text import to_markdown
from bench.selftest.trials import Trial
from bench.talk import Record
from reports.derive.verdict_words import CHANGES, Word


def records(trials: Sequence[Trial]) -> list[Record]:
    """The table: one line for each plant, then what was said where nothing was planted."""
    planted: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        for stated, word in trial.planted:
            planted[stated][word] += 1
    lines = [_line(stated, words) for stated, words in planted.items()]
    for condition in dict.fromkeys(trial.condition for trial in trials):
        name = ", ".join(part for part in ("nothing", condition) if part)
        mine = [trial for trial in trials if trial.condition == condition]
        empty = [trial for trial in mine if not trial.planted]
        lines.append(_line(f"{name}: cases", Counter(word for trial in mine for word in trial.untouched)))
        if empty:
            lines.append(_line(f"{name}: whole comparisons", Counter(_whole(trial) for trial in empty)))
    peers = [trial.peer for trial in trials if trial.peer]
    if peers:
        cases, alarms = (sum(counts) for counts in zip(*peers, strict=True))
        lines.append(_line("nothing: cases, by `--benchmark-compare-fail=median:5%`", _counted(alarms, cases)))
        whole = _counted(sum(alarms > 0 for _, alarms in peers), len(peers))
        lines.append(_line("nothing: whole runs, by `--benchmark-compare-fail=median:5%`", whole))
    return lines


def write_table(records: Sequence[Record], page: Path, *, said: str, name: str = "gate-check") -> None:
    """Puts the table and a sentence between the markers of that name in `page`; raises `BenchError` without them."""
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in text or end not in text:
        raise BenchError(f"{page}: expected the lines {begin} and {end} around the table")
    head, _, rest = text.partition(begin)
    tail = rest.partition(end)[2]
    lines = [f"{head}{begin}", "", said, "", to_markdown(records), "", f"{end}{tail}"]
    write_whole(page, ["\n".join(lines).encode()])


def said_of(trials: Sequence[Trial]) -> str:
    """What the table rests on, in a sentence."""
    prints = ", ".join(dict.fromkeys(trial.fingerprint for trial in trials))
    shortest, longest = min(trial.seconds for trial in trials), max(trial.seconds for trial in trials)
    return (
        f"{len(trials)} comparisons on {usable_cores()} cores ({cpu_model()}, environment {prints}), {shortest:.0f} to "
        f"{longest:.0f} s each, {date.today():%Y-%m-%d}."  # noqa: DTZ011 - the reader's day
    )


def _line(name: str, words: Mapping[str, int]) -> Record:
    total = sum(words.values())
    changed = sum(count for word, count in words.items() if word in CHANGES)
    return {
        "planted": name,
        "tried": total,
        "called a change": changed,
        "%": round(100 * changed / total, 1) if total else "",
        "no verdict": words.get(Word.NO_VERDICT, 0),
    }


def _counted(alarms: int, total: int) -> dict[str, int]:
    return {Word.SLOWER: alarms, Word.UNCHANGED: total - alarms}


def _whole(trial: Trial) -> str:
    if trial.alarmed:
        return Word.SLOWER
    return Word.NO_VERDICT if Word.NO_VERDICT in trial.untouched else Word.UNCHANGED
