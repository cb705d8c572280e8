"""A verdict is right on simulated machines: rarely a false alarm, rarely a missed change, and honest about the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray
from scipy.stats import trim_mean

from bench.plan.case import Case
from bench.plan.spec import Tolerance
from bench.regress import verdict
from bench.regress.findings import Finding
from bench.regress.pairs import CONFIRMING_PAIRS, Pairs
from bench.regress.stopping_rule import Rule
from bench.regress.verdict import Estimate, confirmed, contaminated, estimate, holm, look
from reports.derive.verdict_words import Tolerances, Word

CONTROL = Case("time", "control")
CASES = [Case("time", "m", variant=str(number)) for number in range(9)]


class Machine:
    """Pairs of processes on a machine of known noise: of processes, of blocks, and of disturbances now and then."""

    def __init__(
        self,
        *,
        seed: int,
        process: float = 0.005,
        block: float = 0.006,
        disturbed: float = 0.0,
        effects: Mapping[Case, float] | None = None,
    ) -> None:
        self.generator = np.random.default_rng(seed)
        self.process, self.block, self.disturbed = process, block, disturbed
        self.effects = effects or {}

    def __call__(self, cases: Sequence[Case]) -> dict[Case, NDArray[np.float64]]:
        return {case: self.seconds(case) for case in cases}

    def seconds(self, case: Case, blocks: int = 6) -> NDArray[np.float64]:
        logs = self.generator.normal(0, self.process, 3) + self.generator.normal(0, self.block, (blocks, 3))
        logs += (self.generator.random(logs.shape) < self.disturbed) * self.generator.exponential(0.4, logs.shape)
        logs[:, 2] += math.log1p(self.effects.get(case, 0.0))
        return np.exp(logs)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for a standard error to a few per cent, and fast."""
    monkeypatch.setattr(verdict, "RESAMPLES", 200)


def timed(machine: Machine, cases: Sequence[Case] = CASES) -> tuple[Pairs, list[Finding]]:
    running = Pairs(machine, Rule(), controls=(CONTROL,))
    return running, running.run(cases)


def words(machine: Machine, cases: Sequence[Case] = CASES) -> list[Word]:
    return [finding.word for finding in timed(machine, cases)[1]]


@pytest.mark.parametrize(
    ("process", "block", "disturbed"),
    [(0.003, 0.004, 0.0), (0.005, 0.006, 0.0), (0.005, 0.006, 0.1), (0.02, 0.02, 0.0), (0.1, 0.1, 0.3)],
)
def test_without_a_change_hardly_a_case_is_called_changed(process: float, block: float, disturbed: float) -> None:
    compares = [words(Machine(seed=seed, process=process, block=block, disturbed=disturbed)) for seed in range(25)]
    alarms = sum(word in {Word.SLOWER, Word.FASTER} for compare in compares for word in compare)
    assert alarms <= 0.005 * 25 * len(CASES)


@pytest.mark.parametrize(("effect", "share"), [(0.03, 0.9), (0.05, 1.0), (0.10, 1.0), (-0.05, 1.0)])
def test_a_change_on_one_method_is_found(effect: float, share: float) -> None:
    expected = Word.SLOWER if effect > 0 else Word.FASTER
    found = [words(Machine(seed=seed, effects={CASES[4]: effect})) for seed in range(20)]
    assert sum(compare[4] is expected for compare in found) >= share * len(found)
    assert all(word is Word.UNCHANGED for compare in found for word in compare[:4])


def test_a_change_well_below_the_tolerance_is_unchanged() -> None:
    assert set(words(Machine(seed=0, process=0.002, block=0.002, effects=dict.fromkeys(CASES, 0.01)))) == {
        Word.UNCHANGED
    }


def test_a_clear_run_stops_early_and_a_noisy_one_goes_on_to_the_maximum_and_says_nothing() -> None:
    running, _ = timed(Machine(seed=1, process=0.002, block=0.002))
    assert running.measured == Rule().least
    running, findings = timed(Machine(seed=3, process=0.05, block=0.05))
    assert running.measured == Rule().most
    assert {finding.word for finding in findings} == {Word.NO_VERDICT}
    assert all(finding.reason for finding in findings)


def test_what_cannot_be_slower_passes_and_what_seems_faster_goes_on() -> None:
    noise = {"process": 0.009, "block": 0.006}
    faster = [timed(Machine(seed=seed, **noise, effects={CASES[0]: -0.012}), CASES[:1]) for seed in range(20)]
    passed = [found for _, (found,) in faster if found.word is Word.NOT_SLOWER and not found.reason]
    assert passed
    assert all(found.at_most is not None and found.at_most <= Rule().tolerance for found in passed)
    assert any(running.measured < Rule().most for running, _ in faster)
    running, _ = timed(Machine(seed=1, process=0.03, block=0.03, effects={CASES[0]: -0.1}), CASES[:1])
    assert running.measured >= Rule().most  # it may still be worth a word


def test_a_case_that_stays_undecided_says_what_it_excludes_and_a_disturbed_one_does_not() -> None:
    _, (unsure,) = timed(Machine(seed=2, process=0.05, block=0.05), CASES[:1])
    assert unsure.undecided
    assert unsure.at_most is not None
    assert unsure.reason == f"at most {unsure.at_most:+.1%}; the tolerance is 3.0%"
    _, (disturbed,) = timed(Machine(seed=3, process=0.05, block=0.05, effects={CONTROL: 0.9}), CASES[:1])
    assert disturbed.word is Word.NO_VERDICT
    assert not disturbed.undecided


def test_a_flagged_case_is_measured_again_in_fresh_processes() -> None:
    running, findings = timed(Machine(seed=1, process=0.002, block=0.002, effects={CASES[0]: 0.1}))
    assert running.measured == Rule().least + CONFIRMING_PAIRS
    assert findings[0].word is Word.SLOWER
    assert len(findings[0].samples[0]) == 6 * running.measured
    assert len(findings[1].samples[0]) == 6 * Rule().least


def test_what_fresh_processes_do_not_confirm_does_not_count() -> None:
    class Fluke(Machine):
        def seconds(self, case: Case, blocks: int = 6) -> NDArray[np.float64]:
            self.drawn = getattr(self, "drawn", 0) + 1
            effects, self.effects = self.effects, self.effects if self.drawn <= 2 * Rule().least else {}
            found = super().seconds(case, blocks)
            self.effects = effects
            return found

    found = words(Fluke(seed=2, process=0.002, block=0.002, effects={CASES[0]: 0.06}), CASES[:1])
    assert found == [Word.UNCHANGED]


def test_a_contaminated_control_takes_every_verdict_back() -> None:
    machine = Machine(seed=3, process=0.002, block=0.002, effects={CONTROL: 0.05, CASES[0]: 0.05})
    running, findings = timed(machine)
    assert {finding.word for finding in findings} == {Word.NO_VERDICT}
    assert "control differs by +" in findings[0].reason
    control = running.control_findings()[0]
    assert control.change == pytest.approx(0.05, abs=0.01)
    assert control.word is Word.NO_VERDICT


def test_a_control_may_not_move_as_far_as_a_case_may() -> None:
    running, _ = timed(Machine(seed=3, process=0.0005, block=0.0005, effects={CONTROL: 0.025}))
    assert running.control_findings()[0].word is Word.NO_VERDICT
    assert words(Machine(seed=3, process=0.0005, block=0.0005, effects={CASES[0]: 0.015}))[0] is Word.UNCHANGED


def test_a_control_that_moves_while_changes_are_confirmed_takes_them_back() -> None:
    class Disturbed(Machine):
        def __call__(self, cases: Sequence[Case]) -> dict[Case, NDArray[np.float64]]:
            confirming = cases[0] is CASES[0] and len(cases) == 2
            self.effects = {CASES[0]: 0.1, CONTROL: 0.05 if confirming else 0.0}
            return super().__call__(cases)

    _, findings = timed(Disturbed(seed=3, process=0.002, block=0.002))
    assert findings[0].word is Word.NO_VERDICT
    assert "control differs by +" in findings[0].reason
    assert {finding.word for finding in findings[1:]} == {Word.UNCHANGED}


def test_a_control_that_moved_contaminates_and_one_that_is_only_noisy_does_not() -> None:
    rule = Rule()
    assert not contaminated("c", Estimate(0.001, 0.002, 0.001, 0.002, 4), rule)
    assert not contaminated("c", Estimate(0.02, 0.02, 0.02, 0.02, 4), rule)
    assert "c differs by +5.1%, although" in contaminated("c", Estimate(0.05, 0.002, 0.0, 0.002, 4), rule)
    assert "between two processes of base" in contaminated("c", Estimate(0.0, 0.002, 0.05, 0.002, 4), rule)


def test_a_base_that_differs_from_itself_has_no_verdict() -> None:
    moved = Estimate(change=0.06, error=0.003, floor=0.06, floor_error=0.003, freedom=4)
    assert look({"x": moved}, Rule(), level=0.05, family=1) == {"x": Word.NO_VERDICT}


def test_the_estimate_is_the_geometric_mean_of_the_ratios_and_its_interval_covers_the_truth() -> None:
    machine = Machine(seed=5, effects={CASES[0]: 0.04})
    covered = 0
    for _ in range(100):
        seconds = np.stack([machine.seconds(CASES[0]) for _ in range(4)])
        found = estimate(seconds)
        ratios = np.log(seconds[..., 2] / np.sqrt(seconds[..., 0] * seconds[..., 1])).ravel()
        assert found.change == pytest.approx(trim_mean(ratios, verdict.TRIM))
        covered += abs(found.change - math.log1p(0.04)) <= found.margin
    assert covered >= 90


def test_two_pairs_of_processes_tell_how_far_the_estimate_scatters() -> None:
    """Their noise is that of whole processes: the blocks of one process are alike."""
    found = []
    for seed in range(400):
        machine = Machine(seed=seed, process=0.005, block=0.0)
        found.append(estimate(np.stack([machine.seconds(CASES[0]) for _ in range(2)]), seed=seed))
    scatter = np.std([one.change for one in found])
    assert np.sqrt(np.mean([one.error**2 for one in found])) == pytest.approx(scatter, rel=0.15)


def test_the_error_is_pooled_from_head_and_from_base_against_base_by_their_variances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verdict, "RESAMPLES", 20_000)
    noise = np.random.default_rng(0).normal(0, 0.01, (4, 6))
    of_head = estimate(np.exp(np.stack([0 * noise, 0 * noise, noise], axis=-1)))  # base against base is without noise
    of_base = estimate(np.exp(np.stack([0 * noise, noise, noise / 2], axis=-1)))  # head against base is
    assert of_base.error / of_head.error == pytest.approx(math.sqrt(3 / 4), rel=0.02)
    assert of_head.floor_error / of_head.error == pytest.approx(math.sqrt(4 / 3))
    assert of_head.freedom == 2 * (4 - 1)


def test_intervals_and_p_values_are_those_of_students_t() -> None:
    found = Estimate(change=0.02, error=0.01, floor=0.03, floor_error=0.02, freedom=8)
    assert found.margin == pytest.approx(2.306 * 0.01, rel=1e-3)  # of a printed table: 95 %, two-sided
    assert found.floor_margin == pytest.approx(2.306 * 0.02, rel=1e-3)
    at_the_end = replace(found, change=found.margin, floor=-found.floor_margin)
    assert at_the_end.p_value == pytest.approx(0.05)
    assert at_the_end.floor_p_value == pytest.approx(0.05)


def test_a_process_at_half_its_speed_for_some_blocks_does_not_move_the_estimate() -> None:
    seconds = Machine(seed=7).seconds(CASES[0], blocks=32).reshape(4, 8, 3)
    stuck = seconds.copy()
    stuck[[1, 2, 3], [0, 3, 5], 2] *= 2
    undisturbed, disturbed = estimate(seconds), estimate(stuck)
    assert disturbed.change == pytest.approx(undisturbed.change, abs=0.004)
    assert disturbed.margin < 0.03


def test_the_minimum_detectable_change_is_found_in_most_comparisons() -> None:
    quiet = Estimate(0, 0.001, 0, 0.001, 4)
    noisy = Estimate(0, 0.01, 0, 0.01, 4)
    rule = Rule()
    assert rule.call < quiet.detectable(rule, 0.05) < math.log1p(rule.tolerance)
    assert noisy.detectable(rule, 0.05) > math.log1p(rule.tolerance)
    assert noisy.detectable(rule, 0.001) > noisy.detectable(rule, 0.05)


def test_the_looks_together_spend_alpha() -> None:
    rule = Rule(least=3, most=6)
    assert sum(rule.level(pairs) for pairs in range(3, 7)) == pytest.approx(rule.alpha)
    assert [pairs for pairs in range(3, 7) if rule.level(pairs) > 0] == [3, 6]
    assert Rule(least=2, most=2).level(2) == pytest.approx(rule.alpha)


def test_a_constant_ratio_without_noise_is_certain() -> None:
    seconds = np.ones((3, 6, 3)) * [1.0, 1.0, 1.05]
    assert look({"x": estimate(seconds)}, Rule(), level=0.01, family=100) == {"x": Word.SLOWER}
    assert look({"x": estimate(np.ones((3, 6, 3)))}, Rule(), level=0.01, family=1) == {"x": Word.UNCHANGED}


def test_a_level_is_shared_among_all_cases_of_a_comparison() -> None:
    found = Estimate(change=0.05, error=0.015, floor=0.0, floor_error=0.015, freedom=8)
    assert 0.005 < found.p_value < 0.02
    assert look({"x": found}, Rule(), level=0.02, family=1) == {"x": Word.SLOWER}
    assert look({"x": found}, Rule(), level=0.02, family=10) == {"x": Word.NO_VERDICT}


def test_a_detectable_change_is_that_of_a_look_that_can_call_one() -> None:
    levels = set()
    for seed in range(12):
        running, _ = timed(Machine(seed=seed, process=0.009, block=0.009))
        levels |= {round(level * len(CASES), 9) for _, level in running.settled.values()}
    assert levels == {round(Rule().level(pairs), 9) for pairs in (Rule().least, Rule().most)}


@given(st.dictionaries(st.integers(), st.floats(0, 1), max_size=8))
def test_holm_rejects_no_more_than_uncorrected_and_no_less_than_bonferroni(p_values: dict[int, float]) -> None:
    rejected = holm(p_values, 0.05)
    assert {key for key, p in p_values.items() if p <= 0.05 / len(p_values)} <= rejected
    assert rejected <= {key for key, p in p_values.items() if p <= 0.05}


def test_holm_of_worked_examples() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}, 0.05) == {"a", "d"}
    assert holm({"a": 0.01, "b": 0.02, "c": 0.03, "d": 0.005}, 0.05) == {"a", "b", "c", "d"}


def test_fresh_processes_confirm_at_their_own_level() -> None:
    clear = Estimate(change=0.05, error=0.02, floor=0.0, floor_error=0.02, freedom=8)
    p_value = 2 * verdict.CONFIRMING_LEVEL
    just = replace(clear, error=clear.change / verdict.student_quantile(1 - 0.9 * p_value / 2, clear.freedom))
    not_quite = replace(clear, error=clear.change / verdict.student_quantile(1 - 1.1 * p_value / 2, clear.freedom))
    assert confirmed(Word.SLOWER, just, Rule()) is Word.SLOWER
    assert confirmed(Word.SLOWER, not_quite, Rule()) is Word.NO_VERDICT


def test_fresh_processes_that_say_the_opposite_leave_no_verdict() -> None:
    faster = Estimate(change=-0.05, error=0.002, floor=0.0, floor_error=0.002, freedom=4)
    slower = Estimate(change=0.05, error=0.002, floor=0.0, floor_error=0.002, freedom=4)
    assert confirmed(Word.SLOWER, slower, Rule()) is Word.SLOWER
    assert confirmed(Word.SLOWER, faster, Rule()) is Word.NO_VERDICT


def test_a_spec_without_tolerances_has_those_of_the_report() -> None:
    assert Tolerance().model_dump() == asdict(Tolerances())
