"""The best of a table: all that tie as written, and none where nothing is finite."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.leaders import leaders

TWO_PLACES = "{:.2f}".format


def table(**values: float) -> pd.DataFrame:
    """A table of labels with a value each."""
    return pd.DataFrame({"label": list(values), "psnr_db": list(values.values())})


def test_values_that_are_written_alike_tie() -> None:
    assert leaders(table(a=30.001, b=29.999, c=29.0), "psnr_db", TWO_PLACES) == (["a", "b"], "30.00")
    assert leaders(table(a=30.001, b=29.99, c=29.0), "psnr_db", TWO_PLACES) == (["a"], "30.00")
    assert leaders(table(a=3.0, b=1.0, c=1.0), "psnr_db", TWO_PLACES, least=True) == (["b", "c"], "1.00")


def test_what_is_infinite_or_undefined_leads_nothing() -> None:
    assert leaders(table(a=np.inf, b=1.0, c=np.nan), "psnr_db", TWO_PLACES) == (["b"], "1.00")
    assert leaders(table(a=np.inf), "psnr_db", TWO_PLACES) == ([], "")
