"""Two dozen ways in which a change can hide, in four layouts: none of them is taken for the same code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.selftest import disguises
from bench.selftest.disguises import DISGUISES, INNOCENT, LAYOUTS, Layout, reasons, said_of_hidden


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.skipif(not shutil.which("cc"), reason="one of the changes is compiled")
def test_no_disguised_change_is_taken_for_the_same_code_and_no_innocent_one_is_measured(
    tmp_path: Path, layout: Layout
) -> None:
    found = reasons(tmp_path, layout)
    assert found.keys() == DISGUISES.keys() | INNOCENT.keys()
    for name in layout.changed():  # each for a reason of its own
        assert name in found[name] or found[name] == "it starts another program", name
    assert {name: found[name] for name in INNOCENT} == dict.fromkeys(INNOCENT, "")


def test_what_is_hidden_is_counted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = dict.fromkeys(DISGUISES, "it differs")
    monkeypatch.setattr(disguises, "reasons", lambda *_: measured)
    of = f"Of {4 * len(DISGUISES) - 2} changes that hide, {len(DISGUISES)} kinds in 4 layouts,"
    assert said_of_hidden() == f"{of} 0 were taken for the same code."
    monkeypatch.setattr(disguises, "LAYOUTS", LAYOUTS[:2])
    monkeypatch.setattr(
        disguises, "reasons", lambda _, layout: {**measured, **({"link": ""} if layout.by_file else {})}
    )
    assert said_of_hidden().endswith("1 were taken for the same code: src/link/method.py:restore.")
