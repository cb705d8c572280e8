"""A side's process times by two clocks, and says where the second does not count."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.plan.case import Case
from bench.regress.session import Session
from bench.regress.turns import Pace

METHODS = """
import time

def works(image):
    until = time.process_time() + 0.01
    while time.process_time() < until:
        pass
    return image

def sleeps(image):
    time.sleep(0.005)
    return works(image)
"""


def seconds(folder: Path, method: str, *, threads: int = 1) -> tuple[float, float]:
    file = folder / "methods_of_two_clocks.py"
    file.write_text(METHODS)
    case = Case("time", f"{file}:{method}", height=8, width=8, threads=threads)
    session = Session()
    session.ready(case, np.zeros((1, 1, 8, 8), dtype=np.float32))
    return session.seconds(case, Pace(calls=2, samples=3))


def test_processor_time_is_what_the_method_took_of_its_core(tmp_path: Path) -> None:
    tried = (seconds(tmp_path, "works") for _ in range(20))  # a thread that another test left may spin meanwhile
    wall, processor = next(found for found in tried if not math.isnan(found[1]))
    assert 0.01 <= processor <= 1.1 * wall  # the clocks are read one after the other
    assert processor == pytest.approx(0.01, rel=0.2)


def test_it_does_not_count_where_another_thread_of_the_process_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = time.process_time
    monkeypatch.setattr("bench.regress.session.clock_for", lambda _: clock)  # wall time, had nobody else been here
    monkeypatch.setattr("bench.regress.session.time.process_time", lambda: 1.3 * clock())
    assert math.isnan(seconds(tmp_path, "works")[1])


def test_it_does_not_count_where_the_method_waits_or_several_threads_may_work(tmp_path: Path) -> None:
    wall, processor = seconds(tmp_path, "sleeps")
    assert wall >= 0.015
    assert math.isnan(processor)
    assert math.isnan(seconds(tmp_path, "works", threads=2)[1])


def test_what_a_method_changes_of_its_process_is_put_back_before_the_next_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "methods_that_meddle.py"
    file.write_text(
        "import os, torch\n\ndef meddles(image):\n    os.chdir('/')\n    torch.set_default_dtype(torch.float64)\n"
        "    torch.set_num_threads(3)\n    return image.clone()\n"
    )
    case, image = Case("time", f"{file}:meddles", height=8, width=8), np.zeros((1, 1, 8, 8), dtype=np.float32)
    other = Case("time", "dct", height=8, width=8, sigma_255=25.0)
    session = Session()
    questions = (
        lambda: session.rehearse(case, image),
        lambda: session.ready(case, image),
        lambda: session.seconds(case, Pace(calls=2, samples=3)),
        lambda: session.restored(case, image),
        lambda: session.costs(case),
    )
    for question in questions:
        question()
        session.ready(other, image)
        assert (Path.cwd(), torch.get_default_dtype(), torch.get_num_threads()) == (tmp_path, torch.float32, 1)
