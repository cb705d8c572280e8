"""The table of the gate's self-test: how often each planted change was found, and what was called without one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.errors import BenchError
from bench.record.files import write_whole
from bench.record.table_text import to_markdown
from bench.selftest.trials import Trial
from bench.talk import Record, counted
from reports.derive.verdict_words import CHANGES, Word


def records(trials: Sequence[Trial]) -> list[Record]:
    """The table: one line for each plant, then what was said where nothing was planted."""
    planted: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        for said in trial.said:
            if said.planted:
                planted[said.planted][said.word] += 1
    lines = [_line(stated, words) for stated, words in planted.items()]
    for name, kinds in (("nothing", {"empty", "planted", "detect"}), ("nothing, one core busy", {"busy"})):
        words = Counter(said.word for trial in trials if trial.kind in kinds for said in trial.untouched)
        whole = Counter(_whole(trial) for trial in trials if trial.kind in kinds & {"empty", "busy"})
        lines += [_line(f"{name}: cases", words)] if words else []
        lines += [_line(f"{name}: whole comparisons", whole)] if whole else []
    peers = [trial.peer for trial in trials if trial.peer]
    if peers:
        cases, alarms = (sum(counts) for counts in zip(*peers, strict=True))
        lines.append(_line("nothing: cases, by `--benchmark-compare-fail=median:5%`", _counted(alarms, cases)))
        runs = _counted(sum(alarms > 0 for _, alarms in peers), len(peers))
        lines.append(_line("nothing: whole runs, by `--benchmark-compare-fail=median:5%`", runs))
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
    prints = "; ".join(dict.fromkeys(f"{trial.machine}, environment {trial.fingerprint}" for trial in trials))
    days = sorted({trial.started[:10] for trial in trials})
    seconds = sorted(trial.seconds for trial in trials)
    return (
        f"{counted(len(trials), 'comparison')} ({prints}), {seconds[0]:.0f} to {seconds[-1]:.0f} s each, "
        f"{median(seconds):.0f} s in the middle, {' to '.join(dict.fromkeys((days[0], days[-1])))}."
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
    """A whole comparison without a change as one word: it raised an alarm, passed, or had no verdict."""
    if trial.alarmed:
        return Word.SLOWER
    return Word.NO_VERDICT if trial.status else Word.UNCHANGED
