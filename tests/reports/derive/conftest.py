"""The summary of a run that every test of this folder may read; not to be changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.derive.summary import Summary, summarise
from reports.read.run import load_run
from reports.read.tables import all_tables


@pytest.fixture(scope="package")
def summary(run: Path) -> Summary:
    """The summary of the synthetic run."""
    return summarise(all_tables(load_run(run)))
