"""Questions as they are written: units, sizes, words of a task, and one line for what cannot be understood."""

from __future__ import annotations

import pytest

from reports.derive.question import Asked, read_question
from reports.errors import QuestionError

KINDS = {"denoise": (25.0, 15.0), "upscale, bicubic ×2": (0.0,), "upscale, decimate ×2": (0.0,)}


@pytest.mark.parametrize(
    ("asked", "budget"),
    [
        (Asked(budget="30ms/MP"), 30.0),
        (Asked(budget=" 0.03 s / mp "), 30.0),
        (Asked(budget="60ms", size="2000x1000"), 60.0),
        (Asked(budget="30ms/MP", size="2000×1000"), 60.0),
    ],
)
def test_times_are_for_a_megapixel_or_for_an_image(asked: Asked, budget: float) -> None:
    assert read_question(asked, KINDS).budget == pytest.approx(budget)


def test_memory_has_binary_and_decimal_units() -> None:
    assert read_question(Asked(memory="1GiB", size="100x100"), KINDS).memory == 1024.0
    assert read_question(Asked(memory="2.097152MB/MP"), KINDS).memory == pytest.approx(2.0)


def test_the_usual_kind_and_noise_are_meant_where_nothing_is_said() -> None:
    assert (read_question(Asked(), KINDS).kind, read_question(Asked(), KINDS).sigma) == ("denoise", 25.0)
    assert read_question(Asked(task="Upscale"), KINDS).kind == "upscale, bicubic ×2"
    assert read_question(Asked(task="decimate x2"), KINDS).kind == "upscale, decimate ×2"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(budget="soon"), "--budget 'soon': expected 30ms/MP"),
        (Asked(budget="60ms"), "say of which --size, or write 60ms/MP"),
        (Asked(memory="8"), "--memory '8': expected 200MiB/MP"),
        (Asked(size="0x5"), "--size '0x5': expected width x height"),
        (Asked(sigma=30.0), "sigma 30 was not measured for 'denoise'; this run has: 15, 25"),
        (Asked(task="sharpen"), "--task 'sharpen' was not measured in this run; it has: denoise; upscale"),
        (Asked(without=("mit",)), "--without 'mit': expected gpl or noncommercial"),
        (Asked(device="tpu"), "--device 'tpu': expected cpu or cuda"),
        (Asked(quality=float("nan")), "--quality nan: expected a number of decibels"),
    ],
)
def test_what_cannot_be_understood_is_one_line(asked: Asked, said: str) -> None:
    with pytest.raises(QuestionError) as caught:
        read_question(asked, KINDS)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_that_compares_nothing_says_so() -> None:
    with pytest.raises(QuestionError, match="compares no method"):
        read_question(Asked(), {})
