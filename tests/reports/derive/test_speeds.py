"""Which samples enter a median: warm calls alone, whatever was slower before them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reports.derive.speeds import by_threads, measured_calls, speeds
from reports.read.tables import SETUP

NUMBERS = {"channels", "scale", "threads", "height", "width", "batch"}
CASE = {name: float(name == "batch") if name in NUMBERS else "" for name in SETUP}


def samples(**phases: list[float]) -> pd.DataFrame:
    """A table `time` of one case of 1000 x 1000 pixels."""
    case = {**CASE, "label": "one", "height": 1000.0, "width": 1000.0, "threads": 2.0}
    lines = [{**case, "phase": phase, "seconds": value} for phase, values in phases.items() for value in values]
    return pd.DataFrame(lines)


def test_building_the_first_call_and_warming_up_enter_no_median() -> None:
    table = samples(build=[90.0], first=[50.0], warmup=[9.0, 8.0, 7.0], measure=[1.0, 2.0, 3.0] * 2)
    found = speeds(table).iloc[0]
    assert (found["median"], found["low"], found["high"], found["n"]) == (2.0, 1.0, 3.0, 6)
    assert (found["build"], found["first"]) == (90.0, 50.0)
    assert found["per_megapixel"] == pytest.approx(2.0)


def test_samples_that_are_no_times_are_left_out() -> None:
    assert measured_calls(samples(measure=[1.0, np.nan, np.inf, 0.0, -1.0]))["seconds"].tolist() == [1.0]


def test_the_usual_number_of_threads_is_kept_and_the_others_stand_apart() -> None:
    one, two = samples(measure=[4.0] * 3).assign(threads=1.0), samples(measure=[2.0] * 3)
    both = pd.concat([one, two, two.assign(label="other")])
    assert set(speeds(both)["threads"]) == {2.0}
    assert by_threads(both).set_index(["label", "threads"])["median"].to_dict() == {
        ("one", 1.0): 4.0, ("one", 2.0): 2.0, ("other", 2.0): 2.0
    }  # fmt: skip
