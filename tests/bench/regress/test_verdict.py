"""A verdict is right on simulated machines: rarely a false alarm, rarely a missed change, and honest about the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray
from scipy.stats import trim_mean

from bench.plan.case import Case
from bench.plan.spec import Tolerance
from bench.regress import verdict
from bench.regress.findings import PROCESSOR, WALL, Finding
from bench.regress.pairs import Pairs
from bench.regress.stopping_rule import Chances, Rule
from bench.regress.verdict import Estimate, contaminated, estimate, ratios, unlike, word
from reports.derive.verdict_words import Tolerances, Word

CONTROL = Case("time", "control")
CASES = [Case("time", "m", variant=str(number)) for number in range(9)]
CHANCES = Rule().chances(cases=1)


def of_seconds(seconds: NDArray[np.float64]) -> Estimate:
    """The estimate from seconds (pairs, blocks, 3)."""
    return estimate(ratios(seconds))


class Machine:
    """Pairs of processes on a machine of known noise: of processes, of blocks, and of disturbances now and then.

    Wall time may be `busy` beside that, which processor time does not show, and `sleeps` of head, too.
    """

    def __init__(
        self,
        *,
        seed: int,
        process: float = 0.005,
        block: float = 0.006,
        disturbed: float = 0.0,
        busy: float = 0.0,
        sleeps: float = 0.0,
        one_thread: bool = False,
        effects: Mapping[Case, float] | None = None,
    ) -> None:
        self.generator = np.random.default_rng(seed)
        self.process, self.block, self.disturbed = process, block, disturbed
        self.busy, self.sleeps, self.one_thread = busy, sleeps, one_thread
        self.effects = effects or {}

    def __call__(self, cases: Sequence[Case], blocks: int) -> dict[Case, NDArray[np.float64]]:
        return {case: self.seconds(case, blocks) for case in cases}

    def seconds(self, case: Case, blocks: int = 6) -> NDArray[np.float64]:
        logs = self.generator.normal(0, self.process, 3) + self.generator.normal(0, self.block, (blocks, 3))
        logs += (self.generator.random(logs.shape) < self.disturbed) * self.generator.exponential(0.4, logs.shape)
        logs[:, 2] += math.log1p(self.effects.get(case, 0.0))
        wall = logs + (self.busy and self.generator.exponential(self.busy, logs.shape))
        wall[:, 2] += math.log1p(self.sleeps) * (case != CONTROL)
        processor = logs if self.one_thread else logs * math.nan
        processor[:, 2] *= math.nan if self.sleeps else 1.0
        return np.exp(np.stack([wall, processor], axis=-1))


def timed(machine: Machine, cases: Sequence[Case] = CASES, *, pairs: int = 30) -> tuple[Pairs, list[Finding]]:
    """All cases, in a budget of so many pairs."""
    running = Pairs(machine, Rule(), controls=(CONTROL,))
    running.left = lambda: float(pairs - running.measured)
    return running, running.run(cases)


def words(machine: Machine, cases: Sequence[Case] = CASES, *, pairs: int = 30) -> list[Word]:
    return [finding.word for finding in timed(machine, cases, pairs=pairs)[1]]


@pytest.mark.parametrize(
    ("process", "block", "disturbed"),
    [(0.003, 0.004, 0.0), (0.005, 0.006, 0.0), (0.005, 0.006, 0.1), (0.02, 0.02, 0.0), (0.1, 0.1, 0.3)],
)
def test_without_a_change_hardly_a_case_is_called_changed(process: float, block: float, disturbed: float) -> None:
    compares = [words(Machine(seed=seed, process=process, block=block, disturbed=disturbed)) for seed in range(25)]
    alarms = sum(word in {Word.SLOWER, Word.FASTER} for compare in compares for word in compare)
    assert alarms <= 0.005 * 25 * len(CASES)


@pytest.mark.parametrize(("effect", "share"), [(0.03, 0.95), (0.05, 1.0), (0.10, 1.0), (-0.05, 1.0)])
def test_a_change_on_one_method_is_found(effect: float, share: float) -> None:
    expected = Word.SLOWER if effect > 0 else Word.FASTER
    found = [words(Machine(seed=seed, effects={CASES[4]: effect})) for seed in range(20)]
    assert sum(compare[4] is expected for compare in found) >= share * len(found)
    assert all(word in {Word.UNCHANGED, Word.NOT_SLOWER} for compare in found for word in compare[:4])


def test_a_change_well_below_the_tolerance_is_unchanged() -> None:
    assert set(words(Machine(seed=0, process=0.002, block=0.002, effects=dict.fromkeys(CASES, 0.01)))) == {
        Word.UNCHANGED
    }


def test_a_clear_run_stops_at_once_and_a_noisy_one_goes_on_until_its_budget_is_spent() -> None:
    running, _ = timed(Machine(seed=1, process=0.002, block=0.002))
    assert running.measured == Rule().least
    running, findings = timed(Machine(seed=3, process=0.1, block=0.1), pairs=12)
    assert running.measured == 12
    assert {finding.word for finding in findings} == {Word.NO_VERDICT}
    assert all(finding.reason for finding in findings)


def test_only_what_is_unclear_goes_on() -> None:
    class OneNoisy(Machine):
        def seconds(self, case: Case, blocks: int = 6) -> NDArray[np.float64]:
            self.process = 0.03 if case == CASES[2] else 0.002
            return super().seconds(case, blocks)

    running, findings = timed(OneNoisy(seed=5, block=0.002), pairs=60)
    assert len(running.samples[CASES[2]]) == running.measured > Rule().least
    assert {len(running.samples[case]) for case in CASES if case != CASES[2]} == {Rule().least}
    assert {finding.word for finding in findings} <= {Word.UNCHANGED, Word.NOT_SLOWER}


def test_a_budget_shorter_than_three_pairs_leaves_no_verdict_and_says_so() -> None:
    for pairs in (0, 2):
        _, (found,) = timed(Machine(seed=0, effects={CASES[0]: 1.0}), CASES[:1], pairs=pairs)
        assert found.word is Word.NO_VERDICT
        assert "time for it was spent" in found.reason
        assert not found.undecided


def test_a_pair_for_which_no_time_is_left_is_not_begun() -> None:
    seconds = iter(range(0, 1000, 10))
    running = Pairs(Machine(seed=3, process=0.1), Rule(), controls=(), now=lambda: next(seconds))
    running.left = lambda: 55.0 - 10 * running.measured
    running.run(CASES[:1])
    assert running.measured == 5


def test_after_the_first_look_it_says_how_long_what_goes_on_will_take() -> None:
    said: list[str] = []
    seconds = iter(range(0, 10_000, 30))
    machine = Machine(seed=3, process=0.02, block=0.005)
    running = Pairs(machine, Rule(), controls=(), now=lambda: next(seconds), say=said.append)
    running.left = lambda: 120.0 - 30 * running.measured
    running.run(CASES[:1])
    seen = of_seconds(np.stack(running.samples[CASES[0]][:3])[..., 0])
    minutes = (Rule().pairs_needed(seen.error, 3, Rule().miss) - 3) * 30 / 60
    begins = "after 3 pairs 1 of 1 cases go on; minutes until a slow-down of 3.0% is excluded, if there is none:"
    assert said == [f"{begins} m 0 {minutes:.1f}; 0.5 minutes are left"]


def test_few_cases_that_go_on_get_more_blocks_for_the_same_start() -> None:
    asked: list[int] = []

    class Asked(Machine):
        def __call__(self, cases: Sequence[Case], blocks: int) -> dict[Case, NDArray[np.float64]]:
            asked.append(blocks)
            return super().__call__(cases, blocks)

    for number in (9, 4, 1):
        running = Pairs(Asked(seed=3, process=0.1), Rule(), controls=())
        running.left = lambda running=running: 5.0 - running.measured  # type: ignore[misc]
        (finding, *_) = running.run(CASES[:number])
        assert len(finding.samples[0]) == sum(asked[-5:])
    assert asked == [6, 6, 6, 7, 7, 6, 6, 6, 10, 10, 6, 6, 6, 20, 20]


def test_two_sizes_of_a_method_are_told_apart_in_the_forecast() -> None:
    said: list[str] = []
    running = Pairs(Machine(seed=3, process=0.05), Rule(), controls=(), say=said.append)
    running.left = lambda: 4.0 - running.measured
    running.run([Case("time", "m", height=size, width=size) for size in (8, 16)])
    assert ": m 8x8 " in said[0]
    assert ", m 16x16 " in said[0]


def test_the_forecast_is_the_pairs_after_which_an_error_that_shrinks_is_small_enough() -> None:
    rule = Rule()
    needed = rule.pairs_needed(0.01, 3, 0.025)
    assert rule.half_width(0.01 * math.sqrt(3 / needed), 2 * (needed - 1), 0.025) < rule.limit
    assert rule.half_width(0.01 * math.sqrt(3 / (needed - 1)), 2 * (needed - 2), 0.025) >= rule.limit


def test_what_cannot_be_slower_passes_and_what_seems_faster_goes_on() -> None:
    noise = {"process": 0.009, "block": 0.006}
    faster = [timed(Machine(seed=seed, **noise, effects={CASES[0]: -0.012}), CASES[:1]) for seed in range(40)]
    passed = [found for _, (found,) in faster if found.word is Word.NOT_SLOWER and not found.reason]
    assert passed
    assert all(found.at_most is not None and found.at_most <= Rule().tolerance for found in passed)
    running, _ = timed(Machine(seed=1, process=0.03, block=0.03, effects={CASES[0]: -0.1}), CASES[:1])
    assert running.measured > Rule().least  # it may still be worth a word


def test_a_case_that_stays_undecided_says_what_it_excludes_and_a_disturbed_one_does_not() -> None:
    _, (unsure,) = timed(Machine(seed=2, process=0.05, block=0.05), CASES[:1], pairs=8)
    assert unsure.undecided
    assert unsure.at_most is not None
    assert unsure.reason == f"at most {unsure.at_most:+.1%}; the tolerance is 3.0%"
    _, (disturbed,) = timed(Machine(seed=3, effects={CONTROL: 0.9}), CASES[:1])
    assert disturbed.word is Word.NO_VERDICT
    assert not disturbed.undecided


def test_where_noise_hides_everything_no_interval_is_shown() -> None:
    _, (found,) = timed(Machine(seed=2, process=2.0, block=1.0), CASES[:1], pairs=4)
    assert (found.word, found.interval, found.at_most, found.detectable) == (Word.NO_VERDICT, None, None, None)
    assert found.reason == "too noisy to exclude even a tenfold slow-down"
    assert not found.undecided


def test_processor_time_decides_where_a_neighbour_leaves_wall_time_without_a_verdict() -> None:
    busy = {"busy": 0.3, "one_thread": True}
    unsure = words(Machine(seed=1, busy=0.3), CASES[:3], pairs=12)
    assert set(unsure) == {Word.NO_VERDICT}
    _, findings = timed(Machine(seed=1, **busy, effects={CASES[1]: 0.05}), CASES[:3], pairs=12)
    assert [found.word for found in findings] == [Word.UNCHANGED, Word.SLOWER, Word.UNCHANGED]
    assert {found.clock for found in findings} == {PROCESSOR}
    assert all(found.reason.startswith("by processor time; by wall time at most +") for found in findings)
    assert findings[0].measured == "processor seconds"
    quiet = timed(Machine(seed=1, one_thread=True), CASES[:3])[1]
    assert {(found.clock, found.measured, found.reason) for found in quiet} == {(WALL, "seconds", "")}


def test_wall_time_that_is_nothing_but_noise_leaves_processor_time_to_decide() -> None:
    """Its interval is wider than any number: the line says so, and nothing overflows."""
    _, findings = timed(Machine(seed=1, busy=50.0, one_thread=True), CASES[:2], pairs=12)
    assert {found.clock for found in findings} == {PROCESSOR}
    assert all(found.reason.startswith("by processor time; by wall time at most +inf") for found in findings)


def test_processor_time_does_not_decide_where_head_waits() -> None:
    """A method that sleeps takes no more of the processor."""
    found = words(Machine(seed=1, busy=0.3, one_thread=True, sleeps=0.05), CASES[:3], pairs=12)
    assert set(found) == {Word.NO_VERDICT}
    assert set(words(Machine(seed=1, one_thread=True, sleeps=0.05), CASES[:3])) == {Word.SLOWER}


def test_two_clocks_that_may_decide_a_case_share_its_chances() -> None:
    whole = Rule().chances(cases=1)
    assert whole.alarm == pytest.approx(Rule().alarm / 2)  # slower or faster
    threaded, alone = (timed(Machine(seed=0, one_thread=one), CASES[:1])[0] for one in (False, True))
    given = [threaded._by(CASES[0], WALL).chances, *(alone._by(CASES[0], clock).chances for clock in (WALL, PROCESSOR))]
    shares = (1.0, 0.75, 0.25)
    assert given == [Chances(share * whole.alarm, share * whole.miss) for share in shares]
    assert Rule().chances(cases=100).alarm == pytest.approx(Rule().alarms / 200)


def test_a_contaminated_control_takes_every_verdict_back() -> None:
    machine = Machine(seed=3, process=0.002, block=0.002, effects={CONTROL: 0.05, CASES[0]: 0.05})
    running, findings = timed(machine)
    assert {finding.word for finding in findings} == {Word.NO_VERDICT}
    assert "control differs by +" in findings[0].reason
    control = running.control_findings()[0]
    assert control.change == pytest.approx(0.05, abs=0.01)
    assert control.word is Word.SLOWER


def test_a_control_that_moves_late_takes_back_what_was_settled_early() -> None:
    class Late(Machine):
        def __call__(self, cases: Sequence[Case], blocks: int) -> dict[Case, NDArray[np.float64]]:
            self.called = getattr(self, "called", 0) + 1
            self.effects = {CONTROL: 0.3 if self.called > Rule().least else 0.0}
            found = super().__call__(cases, blocks)
            return {case: seconds ** (20 if case == CASES[0] else 1) for case, seconds in found.items()}

    _, findings = timed(Late(seed=3, process=0.002, block=0.002))
    assert {finding.word for finding in findings} == {Word.NO_VERDICT}


def test_an_interrupted_case_keeps_its_word_if_it_was_settled() -> None:
    class Interrupted(Machine):
        def __call__(self, cases: Sequence[Case], blocks: int) -> dict[Case, NDArray[np.float64]]:
            if self.called == Rule().least:
                raise KeyboardInterrupt
            self.called += 1
            found = super().__call__(cases, blocks)
            return {case: seconds ** (20 if case == CASES[0] else 1) for case, seconds in found.items()}

        called = 0

    running = Pairs(Interrupted(seed=3, process=0.002, block=0.002), Rule(), controls=())
    with pytest.raises(KeyboardInterrupt):
        running.run(CASES[:2])
    unsettled, settled = running.unfinished(CASES[:2])
    assert (unsettled.word, unsettled.reason) == (Word.NO_VERDICT, "interrupted")
    assert (settled.word, settled.reason) == (Word.UNCHANGED, "")


def test_a_control_that_moved_contaminates_and_one_that_is_only_noisy_does_not() -> None:
    rule = Rule()
    assert not contaminated("c", Estimate(0.001, 0.002, 0.001, 0.002, 8), rule, CHANCES)
    assert not contaminated("c", Estimate(0.02, 0.02, 0.02, 0.02, 8), rule, CHANCES)
    assert "c differs by +5.1%, although" in contaminated("c", Estimate(0.05, 0.002, 0.0, 0.002, 8), rule, CHANCES)
    assert "between two processes of base" in contaminated("c", Estimate(0.0, 0.002, 0.05, 0.002, 8), rule, CHANCES)


def test_a_base_that_differs_from_itself_has_no_verdict() -> None:
    moved = Estimate(change=0.06, error=0.003, floor=0.06, floor_error=0.003, freedom=8)
    assert word(moved, Rule(), CHANCES) is Word.NO_VERDICT
    assert unlike(moved, Rule(), CHANCES) == "differs by +6.2% between two processes of base"


def test_the_estimate_is_the_geometric_mean_of_the_ratios_and_its_interval_covers_the_truth() -> None:
    machine = Machine(seed=5, effects={CASES[0]: 0.04})
    covered = 0
    for _ in range(100):
        seconds = np.stack([machine.seconds(CASES[0]) for _ in range(4)])[..., 0]
        found = of_seconds(seconds)
        logs = np.log(seconds[..., 2] / np.sqrt(seconds[..., 0] * seconds[..., 1]))
        assert found.change == pytest.approx(trim_mean(logs, verdict.TRIM, axis=1).mean())
        covered += abs(found.change - math.log1p(0.04)) <= found.margin(Rule(), CHANCES)
    assert covered >= 95


@pytest.mark.parametrize(("process", "block"), [(0.005, 0.0), (0.005, 0.01), (0.0, 0.01)])
def test_two_pairs_of_processes_tell_how_far_the_estimate_scatters(process: float, block: float) -> None:
    """Their noise is that of whole processes: the blocks of one process are alike."""
    found = []
    for seed in range(600):
        machine = Machine(seed=seed, process=process, block=block)
        found.append(of_seconds(np.stack([machine.seconds(CASES[0]) for _ in range(4)])[..., 0]))
    scatter = np.std([one.change for one in found])
    assert np.sqrt(np.mean([one.error**2 for one in found])) == pytest.approx(scatter, rel=0.15)


def test_the_error_is_pooled_from_head_and_from_base_against_base_by_their_variances() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (4, 6))
    of_head = of_seconds(np.exp(np.stack([0 * noise, 0 * noise, noise], axis=-1)))  # base against base is without noise
    of_base = of_seconds(np.exp(np.stack([0 * noise, noise, noise / 2], axis=-1)))  # head against base is
    assert of_base.error / of_head.error == pytest.approx(math.sqrt(3 / 4))
    assert of_head.floor_error / of_head.error == pytest.approx(math.sqrt(4 / 3))
    assert of_head.freedom == 2 * (4 - 1)


def test_the_lines_are_those_of_the_published_procedure() -> None:
    """Kim and Nelson: eta = ((2 alpha)^(-2/(n-1)) - 1) / 2 for two-sided alpha, a line of height eta (n-1) s^2 / m."""
    rule, chance, freedom, error, pairs = Rule(), 0.01, 6, 0.004, 4
    eta = (chance ** (-2 / freedom) - 1) / 2
    middle = rule.limit / 2  # between no change and the tolerance
    height = eta * freedom * error**2 * pairs / middle
    slope = middle / 2
    crossed = (height - slope * pairs) / pairs + middle  # the mean from which on the upper line is crossed
    assert rule.half_width(error, freedom, chance) == pytest.approx(crossed)


def test_of_six_pairs_the_lowest_and_the_highest_are_left_out() -> None:
    seconds = Machine(seed=7).seconds(CASES[0], blocks=36)[..., 0].reshape(6, 6, 3)
    apart = seconds.copy()
    apart[np.argmax(trim_mean(np.log(seconds[..., 2] / seconds[..., 0]), 0.25, axis=1)), :, 2] *= 100
    same = seconds.copy()
    same[..., 1] = same[..., 0]  # base against base has its own order
    apart[..., 1] = apart[..., 0]
    assert of_seconds(apart).change == pytest.approx(of_seconds(same).change)
    assert of_seconds(apart).error == pytest.approx(of_seconds(same).error, rel=0.5)
    assert of_seconds(apart).freedom == 2 * (4 - 1)


def test_a_process_at_half_its_speed_for_some_blocks_does_not_move_the_estimate() -> None:
    seconds = Machine(seed=7).seconds(CASES[0], blocks=32)[..., 0].reshape(4, 8, 3)
    stuck = seconds.copy()
    stuck[[1, 2, 3], [0, 3, 5], 2] *= 2
    undisturbed, disturbed = of_seconds(seconds), of_seconds(stuck)
    assert disturbed.change == pytest.approx(undisturbed.change, abs=0.004)
    assert disturbed.error < 0.01


def test_a_pair_at_half_its_speed_raises_no_alarm() -> None:
    for number in range(3, 9):
        seconds = np.exp(np.random.default_rng(number).normal(0, 0.002, (number, 6, 3)))
        seconds[-1, :, 2] *= 2
        assert word(of_seconds(seconds), Rule(), CHANCES) not in {Word.SLOWER, Word.FASTER}


def test_the_minimum_detectable_change_is_found_in_most_comparisons() -> None:
    quiet = Estimate(0, 0.001, 0, 0.001, 6)
    noisy = Estimate(0, 0.01, 0, 0.01, 6)
    rule = Rule()
    assert rule.call < quiet.detectable(rule, CHANCES) < math.log1p(rule.tolerance)
    assert noisy.detectable(rule, CHANCES) > math.log1p(rule.tolerance)


def test_a_constant_ratio_without_noise_is_certain() -> None:
    seconds = np.ones((3, 6, 3)) * [1.0, 1.0, 1.05]
    assert word(of_seconds(seconds), Rule(), Rule().chances(cases=100)) is Word.SLOWER
    assert word(of_seconds(np.ones((3, 6, 3))), Rule(), CHANCES) is Word.UNCHANGED


@given(st.floats(-0.1, 0.1), st.floats(1e-5, 0.002))
def test_a_steady_machine_always_ends(change: float, error: float) -> None:
    """Whatever the true change is, enough pairs give a word: there is no gap between the lines."""
    found = Estimate(change, error, 0.0, error, 1000)
    assert word(found, Rule(), CHANCES) is not Word.NO_VERDICT


def test_a_spec_without_tolerances_has_those_of_the_report() -> None:
    assert Tolerance().model_dump() == asdict(Tolerances())
