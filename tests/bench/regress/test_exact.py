"""Quality, operations and memory are judged by their tolerances."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.machine.fresh_process import Failure
from bench.measure.image_set import ImageSet
from bench.plan.case import Case, FailedReading, Reading, metrics_text
from bench.plan.spec import Tolerance
from bench.regress import exact
from bench.regress.exact import both
from bench.regress.findings import Finding
from reports.derive.verdict_words import Word
from restoration.metrics import get

PSNR = get("psnr_db")


def test_failures_say_which_side_they_are_of() -> None:
    assert both(1, 2) == (1, 2)
    no = Failure("no", ("ValueError",), "no")
    assert both(replace(no, kinds=("UnknownMethodError", "RestorationError")), 2) == "absent from base: no"
    assert both(1, no) == "failed in head: no"
    assert both(no, replace(no, error="b")) == "failed in both: b"


def quality(changes: dict[str, float], tolerance: float = 0.01) -> Finding:
    values = {image: (30.0, 30.0 + change) for image, change in changes.items()}
    return exact._quality_finding(Case("quality", "m"), PSNR, values, tolerance)


def test_a_hundredth_of_a_decibel_is_always_found_and_one_lossy_image_is_not_hidden() -> None:
    assert quality({"a": -0.01, "b": -0.01}).word is Word.WORSE
    assert quality({"a": -0.005, "b": -0.005}).word is Word.UNCHANGED
    assert quality({"a": 0.02, "b": 0.01}).word is Word.BETTER
    hidden = quality({"a": -0.02, "b": 0.02})
    assert hidden.word is Word.WORSE
    assert hidden.reason == "most on a: -0.0200 dB"
    assert hidden.interval is not None
    assert (hidden.interval.low, hidden.interval.high) == pytest.approx((-0.02, 0.02))


def test_images_and_seeds_of_a_method_are_one_finding_of_head_against_base(folder: Path) -> None:
    class Sides:
        def ask(self, _request: str, _case: Case, noisy: NDArray[np.float32]) -> tuple[object, object]:
            return noisy, 0.9 * noisy + 0.1 * noisy.mean()

    images, method = ImageSet(folder), Case("quality", "m", task="denoise", sigma_255=25.0, degradation="awgn")
    cases = [replace(method, image=name, seed=seed) for name in images.names()[1] for seed in (0, 1)]
    done: list[None] = []
    found = list(exact.quality(Sides(), cases, images, Tolerance(), lambda: done.append(None)))  # type: ignore[arg-type]  # a stand-in
    assert [finding.case for finding in found] == [method]
    assert found[0].word is Word.BETTER
    assert found[0].base == pytest.approx(20.3, abs=0.3)  # noise of deviation 25 / 255, clipped and rounded
    assert len(done) == len(cases) == 4


def test_equal_infinities_are_unchanged_and_a_failed_image_is_no_verdict() -> None:
    case = Case("quality", "m")
    assert exact._quality_finding(case, PSNR, {"a": (np.inf, np.inf)}, 0.01).word is Word.UNCHANGED
    assert exact._quality_finding(case, PSNR, {"a": (np.inf, 30.0)}, 0.01).word is Word.WORSE
    failed = {"a": (30.0, 30.0), "b": "failed in head: no"}
    assert exact._quality_finding(case, PSNR, failed, 0.01).word is Word.NO_VERDICT


def test_every_metric_that_a_spec_names_is_judged_by_its_own_direction_and_digits(folder: Path) -> None:
    class Sides:
        def ask(self, _request: str, _case: Case, noisy: NDArray[np.float32]) -> tuple[object, object]:
            return noisy, 0.9 * noisy + 0.1 * noisy.mean()

    names = metrics_text(["gmsd", "mean_offset_255", "psnr_db"])
    case = Case("quality", "m", task="denoise", sigma_255=25.0, degradation="awgn", metrics=names)
    image = ImageSet(folder).names()[1][0]
    found = list(exact.quality(Sides(), [replace(case, image=image)], ImageSet(folder), Tolerance(), lambda: None))  # type: ignore[arg-type]  # a stand-in
    assert [finding.metric for finding in found] == ["gmsd", "psnr_db"]  # an offset judges nothing
    gmsd, psnr = found
    assert gmsd.change is not None
    assert gmsd.change < 0 and gmsd.word is Word.BETTER  # noqa: PT018 - less is better
    assert (gmsd.detectable, gmsd.unit, gmsd.bigger_is_better) == (1e-4, "", False)
    assert psnr.word is Word.BETTER
    assert exact._quality_finding(case, get("gmsd"), {"a": (0.1, 0.1002)}, 1e-4).word is Word.WORSE


def test_a_metric_that_fails_on_one_side_is_no_verdict_and_says_which() -> None:
    fine, bad = Reading("gmsd", 0.1), FailedReading("gmsd", "no")
    assert exact._pair(fine, bad) == "failed in head: no"
    assert exact._pair(Reading("gmsd", None, note="too small"), fine) == "too small"
    assert exact._pair(fine, fine) == (0.1, 0.1)


@pytest.mark.parametrize(
    ("base", "head", "word"),
    [
        ({"torch": 8192.0}, {"torch": 8193.0}, Word.SLOWER),
        ({"torch": 8192.0, "closed_form": 1.0}, {"torch": 8191.0, "closed_form": 1.0}, Word.FASTER),
        ({"torch": 8192.0}, {"torch": 8192.0 * (1 + 1e-13)}, Word.UNCHANGED),
        ({"torch": 8192.0, "fvcore": None}, {"torch": 8192.0, "fvcore": None}, Word.UNCHANGED),
        ({"torch": 8192.0, "fvcore": 1.0}, {"torch": 8192.0, "fvcore": None}, Word.NO_VERDICT),
        ({"torch": 8192.0}, {"torch": None}, Word.NO_VERDICT),
        ({"torch": None}, {"torch": 8192.0}, Word.NO_VERDICT),
        ({"torch": None}, {"torch": None}, Word.NOT_MEASURED),
        ({}, {}, Word.NOT_MEASURED),
    ],
)
def test_one_operation_more_is_always_found(
    base: dict[str, float | None], head: dict[str, float | None], word: Word
) -> None:
    assert exact._operations_finding(Case("cost", "m"), base, head, 0.0).word is word


def test_a_counter_that_fails_in_head_alone_is_named() -> None:
    finding = exact._operations_finding(Case("cost", "m"), {"torch": 1.0, "fvcore": 1.0}, {"torch": 1.0}, 0.0)
    assert finding.reason == "not counted in head by fvcore"
    finding = exact._operations_finding(Case("cost", "m"), {"torch": None}, {"torch": 1.0}, 0.0)
    assert finding.reason == "not counted in base by torch"


def test_memory_that_seems_to_change_is_measured_again_and_the_lower_peak_counts() -> None:
    class Sides:
        def __init__(self, *peaks: tuple[float | None, float | None]) -> None:
            self.peaks = list(peaks)

        def ask(self, *_: object) -> tuple[object, object]:
            base, head = self.peaks.pop(0)
            forecast = Reading("peak_bytes", 1.0, "B", part="forecast")
            return tuple((forecast, Reading("peak_bytes", peak, "B", part="measured")) for peak in (base, head))  # type: ignore[return-value]  # two of them

    def found(*peaks: tuple[float | None, float | None]) -> Finding:
        sides = Sides(*peaks)
        return next(iter(exact.memory(sides, [Case("memory", "m")], Tolerance(), lambda: None)))  # type: ignore[arg-type]  # a stand-in

    assert found((100, 101)).word is Word.UNCHANGED
    assert found((100, 110), (100, 101), (100, 100)).word is Word.UNCHANGED
    assert found((100, 110), (100, 110), (101, 111)).word is Word.WORSE
    assert found((100, 90), (100, 90), (100, 90)).word is Word.BETTER
    assert found((90, 100), (100, 100), (100, 100)).word is Word.WORSE  # the lowest of all three
    assert found((0, 0)).word is Word.NOT_MEASURED  # below what can be told apart
    assert found((None, None)).word is Word.NOT_MEASURED
    assert found((None, 100)).reason == "no peak could be measured in base"
    assert found((100, None)).word is Word.NO_VERDICT
    assert found((0, 100), (0, 100), (0, 100)).word is Word.WORSE
