"""What the restored images of a run were judged by, as `run.json` describes it: names, units, which way is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """One score: a column of the tables, and how it is written and compared."""

    name: str
    title: str
    unit: str = ""
    better: str = "bigger"
    """`bigger`, `smaller`, or empty for what describes an image and judges none."""
    digits: int = 4

    @property
    def heading(self) -> str:
        """The title with the unit, and which way is better where that is the unusual one."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.title}{unit}" + (", less is better" if self.better == "smaller" else "")

    @property
    def least(self) -> bool:
        """Whether the smallest value is the best."""
        return self.better == "smaller"

    def text(self, value: float) -> str:
        """A value as tables write it, without the unit."""
        return f"{value:.{self.digits}f}"

    def said(self, value: float) -> str:
        """A value as a sentence writes it, with the unit."""
        return f"{self.text(value)} {self.unit}".rstrip()


USUAL = (
    Metric("psnr_db", "PSNR", "dB", digits=2),
    Metric("ssim", "SSIM"),
    Metric("residual_std_255", "residual deviation", "/ 255", "smaller", 2),
    Metric("mean_offset_255", "mean offset", "/ 255", "", 2),
)
"""The scores that tables, figures and sentences of the page know by themselves."""

_USUAL = frozenset(metric.name for metric in USUAL)


def metrics_of(records: Iterable[Mapping[str, Any]]) -> tuple[Metric, ...]:
    """The usual scores, and those that `run.json` lists beside them, but for records without a name or digits."""
    others: dict[str, Metric] = {}
    for record in records:
        name, digits = record.get("name"), record.get("digits")
        if isinstance(name, str) and name and name not in _USUAL and isinstance(digits, int) and 0 <= digits <= 12:  # noqa: PLR2004 - of a float
            title, unit, better = (str(record.get(field) or "") for field in ("title", "unit", "better"))
            others[name] = Metric(name, title or name, unit, better, digits)
    return (*USUAL, *others.values())


def others_of(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Those that are not among the usual ones."""
    return tuple(metric for metric in metrics if metric.name not in _USUAL)


def names_of(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Their names, which are columns."""
    return tuple(metric.name for metric in metrics)
