"""Finds the study of an experiment: the module of the experiment's name, its `-` written as `_`.

A study's module has
  TITLE  heading of its section,
  PLACE  where among the sections that stand in every report; without one, only reports of the experiment have it,
  NEEDS  the quantity that it cannot do without: where it was not read, the readings are shown as they come,
  study  table of readings, each with its `method` and the `label` of that -> `Study`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from reports.derive.labels import label_of
from reports.read.methods import Methods
from reports.studies.curves import curves
from reports.studies.study import Study

_SHARED = ("catalog", "curves", "study")
_MODULES: Mapping[str, ModuleType] = {
    found.name.replace("_", "-"): importlib.import_module(f"reports.studies.{found.name}")
    for found in pkgutil.iter_modules([str(Path(__file__).parent)])
    if found.name not in _SHARED
}

TITLES: Mapping[str, str] = {name: module.TITLE for name, module in _MODULES.items()}
"""Of the experiments that have a study; others stand there by their own name."""

_PLACES = {name: module.PLACE for name, module in _MODULES.items() if hasattr(module, "PLACE")}

EXPERIMENTS = tuple(sorted(_PLACES, key=lambda name: _PLACES[name]))
"""Those that have a section in every report, in this order; others follow."""


def study_of(name: str, table: pd.DataFrame, methods: Methods) -> Study:
    """The study of the experiment `name` from its rows; one that is not known shows its curves as they come."""
    finite = table[np.isfinite(table["value"])].astype(
        dict.fromkeys(("part", "quantity", "variant", "image", "degradation", "note", "options"), object)
    )
    if finite.empty:
        return Study(())
    module = _MODULES.get(name)
    if module and (finite["quantity"] == module.NEEDS).any():
        methods_named = [variant.partition(" ")[0] for variant in finite["variant"]]
        labels = [label_of(methods, *line) for line in zip(methods_named, finite["options"], strict=True)]
        found: Study = module.study(finite.assign(label=labels, method=methods_named))
        return found
    if len(finite["variant"].unique()) > 1:
        finite = finite.assign(part=finite["variant"] + (": " + finite["part"]).where(finite["part"] != "", ""))
    charts = tuple(curves(finite, name))
    return Study(charts, tuple(chart.finding for chart in charts[:2]))
