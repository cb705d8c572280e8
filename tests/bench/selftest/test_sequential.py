"""The rule of `compare` beside others: each judges the same streams, by the same words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.regress.stopping_rule import Chances, Rule
from bench.selftest import sequential
from bench.selftest.sequential import PEERS, STREAMS, Evidence, Peer, judged_by, line
from bench.selftest.simulated import MOST_PAIRS, Ended, Noise, drawn
from reports.derive.verdict_words import Word

RULE = Rule()
CHANCES = RULE.chances(cases=1)


def logs(change: float, noise: Noise | None = None) -> NDArray[np.float64]:
    """A case of which each pair says `change`."""
    return drawn(noise or Noise(0.0, 0.0), change, np.random.default_rng(0))


def peer(nothing: float, slowed: float, *, after: int = 0, least: int = 3) -> Peer:
    """A test that has this evidence after so many pairs, and none before."""

    def evidence(ratios: NDArray[np.float64], rule: Rule, chances: Chances) -> Iterator[Evidence]:
        assert (rule, chances) == (RULE, CHANCES)
        for pairs in range(1, len(ratios) + 1):
            yield Evidence(nothing, slowed) if pairs >= after else Evidence(-math.inf, -math.inf)

    return Peer("numpy", evidence, least)


ENOUGH = -math.log(CHANCES.alarm)
EXCLUDED = -math.log(CHANCES.miss)


@pytest.mark.parametrize(
    ("change", "found", "ended"),
    [
        (0.05, peer(ENOUGH + 0.01, 0.0), Ended(Word.SLOWER, 3)),
        (0.05, peer(ENOUGH + 0.01, 0.0, after=7), Ended(Word.SLOWER, 7)),
        (0.05, peer(ENOUGH - 0.01, 0.0), Ended(Word.NO_VERDICT, MOST_PAIRS)),
        (0.005, peer(ENOUGH + 0.01, 0.0), Ended(Word.NO_VERDICT, MOST_PAIRS)),  # sure, but too small to be called
        (0.0, peer(0.0, EXCLUDED + 0.01), Ended(Word.NOT_SLOWER, 3)),
        (0.0, peer(0.0, EXCLUDED + 0.01, least=10), Ended(Word.NOT_SLOWER, 10)),
        (0.0, peer(0.0, EXCLUDED - 0.01), Ended(Word.NO_VERDICT, MOST_PAIRS)),
        (0.05, peer(0.0, EXCLUDED + 0.01), Ended(Word.NO_VERDICT, MOST_PAIRS)),  # evidence of the other side
        (-0.05, peer(0.0, EXCLUDED + 0.01), Ended(Word.NOT_SLOWER, MOST_PAIRS)),  # looked at on: it may be faster
        (-0.05, peer(ENOUGH + 0.01, EXCLUDED + 0.01), Ended(Word.FASTER, 3)),
    ],
)
def test_a_peer_is_asked_what_compare_asks_itself(change: float, found: Peer, ended: Ended) -> None:
    assert judged_by(found, logs(change), RULE) == ended


def test_processes_that_follow_one_another_do_and_have_the_same_spread() -> None:
    drawn_pairs = Noise(0.01, 0.0, "following").draw(np.random.default_rng(0), 20_000)[:, 0]
    assert drawn_pairs.std() == pytest.approx(0.01, rel=0.03)
    assert np.corrcoef(drawn_pairs[:-1, 0], drawn_pairs[1:, 0])[0, 1] == pytest.approx(0.5, abs=0.03)
    assert drawn_pairs[:50].std() == pytest.approx(0.01, rel=0.3)  # from the first pair on


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the libraries' own, of what they import
@pytest.mark.parametrize("name", list(PEERS))
def test_each_library_finds_a_change_and_excludes_one(name: str) -> None:
    pytest.importorskip(PEERS[name].package)
    noise = STREAMS["Gaussian"]
    assert judged_by(PEERS[name], logs(0.1, noise), RULE).word is Word.SLOWER
    assert judged_by(PEERS[name], logs(-0.005, noise), RULE).word is Word.NOT_SLOWER


def test_without_the_libraries_our_own_rule_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- sequential: begin -->\n<!-- sequential: end -->\n")
    monkeypatch.setattr(sequential, "find_spec", lambda _: None)
    monkeypatch.setattr(sequential, "STREAMS", {"Gaussian": STREAMS["Gaussian"]})
    sequential.main(empty=3, slowed=2, page=page)
    said = capsys.readouterr().err
    assert "expectation is not installed: its rules are left out" in said
    lines = [each for each in page.read_text().splitlines() if each.startswith("| Gaussian")]
    assert [each.split(" | ")[1:4] for each in lines] == [
        ["none", "compare", "3"], ["+3%", "compare", "2"], ["+5%", "compare", "2"],
    ]  # fmt: skip


def test_a_line_has_the_mean_of_the_pairs() -> None:
    found = line("compare", "Gaussian", 0.0, [Ended(Word.UNCHANGED, 3), Ended(Word.SLOWER, 8)])
    assert found == {
        "stream": "Gaussian", "change": "none", "rule": "compare", "cases": 2, "slower, %": 50.0, "faster, %": 0.0,
        "excluded, %": 50.0, "no verdict, %": 0.0, "pairs: mean": 5.5, "95 % of cases": 8,
    }  # fmt: skip
