"""The methods beside each other: each at one setting, over the images that all of them have.

The setting is the method's own default where it was measured: to choose the threshold ratio on the very images that a
method is then scored on would be an advantage over methods that run at one strength. Only where a sweep leaves the
default out is its best setting taken, and `default` is false. What the label names (a block size, a stride, an engine,
a strength) is not chosen but told apart: each is a line of its own. Which images count is the rule of `boards`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.derive.boards import on_boards
from reports.derive.scores import RIVALS, SCORES, SETTING, means, on_shared_images
from reports.read.methods import Methods, options_of

_LABEL = [*RIVALS, "label"]


@dataclass(frozen=True)
class Comparison:
    """The settings that are compared, and what the comparison is made of."""

    lines: pd.DataFrame
    """One line per setting and board: its means over the board's `n` images.

    `compared` is false where it is on no board: then its means, if any, are over its own images and `board` is 0.
    `failed` of the `asked` images failed, the first with `error`; `default` is false where the setting is the best of
    `settings` that were tried on these images; `as_built` says that no other option differs from the method's defaults.
    """
    tries: pd.DataFrame
    """Every try of these settings on an image."""
    counted: pd.DataFrame
    """The scores that enter the means of the lines compared, once for each `board`."""

    def images(self, lines: pd.DataFrame) -> tuple[str, ...]:
        """The images behind the means of `lines`, which are on one board."""
        return tuple(dict.fromkeys(self._behind(lines)["image"].astype(str)))

    def count(self, lines: pd.DataFrame, score: str) -> int:
        """How many of these images the means of `score` are over: those on which every line of the board has it."""
        on = self._behind(lines)
        return int(on.loc[on[score].notna(), "image"].nunique())

    def _behind(self, lines: pd.DataFrame) -> pd.DataFrame:
        """What of `counted` is on the board of `lines`."""
        keys = [*RIVALS, "board"]
        return self.counted.merge(lines[keys].drop_duplicates(), on=keys)

    @property
    def main(self) -> pd.DataFrame:
        """The lines on the main board of each kind of input; what was judged without a reference has no PSNR."""
        own = self.lines["compared"] & (self.lines["board"] == 0) & self.lines["psnr_db"].notna()
        return self.lines[own]


def compare(tries: pd.DataFrame, swept: pd.DataFrame, methods: Methods, scores: Sequence[str] = SCORES) -> Comparison:
    """The comparison of what was tried (`scores.tried`); `swept` are the means of `scores.sweeps`."""
    chosen = _chosen(_facts(tries), swept, methods)
    own = tries[tries["member"].isin(chosen["member"])]
    counted = on_shared_images(on_boards(own, RIVALS), [name for name in scores if name not in SCORES])
    left = own[~own["member"].isin(counted["member"])]
    left = left.assign(board=0, **{name: left[name].where(left["ok"]) for name in scores})
    case = [*SETTING, "member", "board"]
    beside, alone = means(counted, case, scores), means(left, case, scores)
    scored = left[left["ok"]].groupby("member")["image"].nunique()
    alone = alone.assign(n=alone["member"].map(scored).fillna(0), low=np.nan, high=np.nan)
    parts = [part.assign(compared=part is beside) for part in (beside, alone)]
    lines = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    facts = chosen[["member", "asked", "failed", "error", "settings", "default", "as_built"]]
    return Comparison(lines.merge(facts, on="member").drop(columns="member"), own, counted)


def _facts(tries: pd.DataFrame) -> pd.DataFrame:
    """A line for each setting: of how many images it was asked, on how many of them it failed, and why first."""
    first = tries.drop_duplicates("member").set_index("member", drop=False)[["member", *SETTING, "method", "options"]]
    bad = tries[tries["failed"]].groupby("member")
    asked, failed = tries.groupby("member")["image"].nunique(), bad["image"].nunique()
    error = bad["error"].first().astype(object)
    found = first.assign(asked=asked, failed=failed.reindex(first.index, fill_value=0))
    return found.assign(error=error.reindex(first.index, fill_value="")).reset_index(drop=True)


def _chosen(facts: pd.DataFrame, swept: pd.DataFrame, methods: Methods) -> pd.DataFrame:
    """The line of `facts` that is compared of each label on each kind of input."""
    named = list(zip(facts["method"], facts["options"], facts["ratio"], strict=True))
    default = [math.isnan(ratio) or ratio == methods.number(method, "{}", "ratio") for method, _, ratio in named]
    as_built = [_as_built(methods, method, options) for method, options, _ in named]
    settings = facts.groupby(_LABEL, observed=True, dropna=False)["member"].transform("size")
    facts = facts.merge(swept[[*SETTING, "psnr_db"]], on=SETTING, how="left")
    facts = facts.assign(default=default, as_built=as_built, settings=settings.to_numpy())
    order, up = ["default", "failed", "psnr_db"], [False, True, False]
    best = facts.sort_values(order, ascending=up, kind="stable").drop_duplicates(_LABEL)
    return pd.DataFrame(best.sort_values("member"))


def _as_built(methods: Methods, method: str, options: str) -> bool:
    """Whether every option that was chosen, the ratio apart, is the method's default."""
    defaults, chosen = methods.default_options(method), options_of(options)
    return all(name in defaults and defaults[name] == value for name, value in chosen.items() if name != "ratio")
