"""What a denoiser loses that is told a wrong sigma, an estimated one, or the sigma of noise that was clipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from reports.draw.look import Chart, Palette
from reports.draw.number_text import counted, gain_text, signed
from reports.draw.sheet import Sheet, limited
from reports.studies.study import Study, of

TITLE = "Which sigma to tell a denoiser"
PLACE = 2.5
NEEDS = "psnr_db"

LOW, TRUE, HIGH = 0.8, 1.0, 1.2
"""Told over true sigma: 20 % off either way, and the truth."""

_DRAWN, _CLIPPED = "awgn", "awgn-8-bits"
_CASE = ["label", "image", "seed", "sigma_255", "degradation", "part"]


def study(table: pd.DataFrame) -> Study:
    """A figure for each sigma; what 20 % cost over all, what the estimate costs, and what 8 bits cost."""
    scores = _scores(table)
    drawn = scores[(scores["degradation"] == _DRAWN) & (scores["part"] == "told") & scores["told"].notna()]
    palette = Palette(zip(table["method"], table["label"], strict=True))
    charts = tuple(_chart(float(sigma), own, palette) for sigma, own in drawn.groupby("sigma_255"))  # type: ignore[arg-type]
    words = (_off_words(drawn, "Over all sigmas"), *_estimate_words(table, scores), *_clipped_words(table, scores))
    return Study(charts, tuple(word for word in words if word))


def _scores(table: pd.DataFrame) -> pd.DataFrame:
    """Each score with what was told over the truth; NaN where that was not a chosen ratio."""
    told = of(table, "told_over_true").drop_duplicates([*_CASE, "repeat"])
    told = told.rename(columns={"value": "told"})[[*_CASE, "repeat", "told"]]
    scores = of(table, "psnr_db").drop_duplicates([*_CASE, "repeat"])
    return scores[[*_CASE, "repeat", "value"]].merge(told, on=[*_CASE, "repeat"], how="left")


def _chart(sigma: float, own: pd.DataFrame, palette: Palette) -> Chart:
    """The mean PSNR of each method against told over true sigma."""
    sheet = Sheet()
    for label, scores in limited(own.groupby("label", sort=False)):
        wide = scores.pivot_table(index=["image", "seed"], columns="told", values="value").dropna()
        mean = wide.mean()
        tips = [f"{label}: {value:.2f} dB told {ratio:g} × sigma" for ratio, value in mean.items()]
        sheet.line(mean.index, mean, name=str(label), look=palette[str(label)], tips=tips)
    sheet.axes.set(xlabel="told sigma / true sigma", ylabel="PSNR (dB)")
    title = f"PSNR against the sigma that is told, sigma {sigma:g}"
    return sheet.chart(f"sigma-mismatch-{sigma:g}", title, _off_words(own, f"At sigma {sigma:g}"))


def _off_words(drawn: pd.DataFrame, where: str) -> str:
    """What each method loses that is told 20 % too little and too much."""
    wide = drawn.pivot_table(index=["label", "image", "seed", "sigma_255"], columns="told", values="value", sort=False)
    low, true, high = (wide.get(ratio) for ratio in (LOW, TRUE, HIGH))
    if low is None or true is None or high is None:
        return ""
    losses = pd.DataFrame({"low": true - low, "high": true - high}).dropna()
    means = list(_means(losses))
    if not means:
        return ""
    said = [f"{label} {signed(f'{low:.2f}')} and {signed(f'{high:.2f}')} dB" for label, low, high in means]
    gains = " Less than 0 is a gain." if any(min(mean[1:]) < 0 for mean in means) else ""
    over = f"means of {counted(_images(losses), 'image')}"
    return f"{where}, told a sigma 20 % too low and 20 % too high the methods lose, {over}: {'; '.join(said)}.{gains}"


def _estimate_words(table: pd.DataFrame, scores: pd.DataFrame) -> Iterator[str]:
    """What is estimated from unclipped noise, and what each method loses that is told it."""
    yield _bias_words(table, _DRAWN, "Of noise that is not clipped scikit-image estimates")
    losses = _against_truth(scores, (_DRAWN, "estimated"))
    if said := [f"{label} {signed(f'{loss:.2f}')} dB" for label, loss in _means(losses)]:
        over = f"means of {counted(_images(losses), 'image')}"
        yield f"Told that estimate in place of the true sigma the methods lose, {over}: {'; '.join(said)}."


def _clipped_words(table: pd.DataFrame, scores: pd.DataFrame) -> Iterator[str]:
    """What clipping and rounding the noisy image costs each method, by sigma, and what it does to an estimate."""
    losses = _against_truth(scores, (_CLIPPED, "told"))
    for sigma, own in losses.groupby(level="sigma_255"):
        said = "; ".join(f"{label} {signed(f'{loss:.2f}')} dB" for label, loss in _means(own))
        over = f"means of {counted(_images(own), 'image')}"
        costs = f"clipping and rounding the noisy image to 8 bits costs, told the true sigma, {over}"
        yield f"At sigma {sigma:g} {costs}: {said}."
    yield _input_words(scores)
    yield _bias_words(table, _CLIPPED, "Of noise that is clipped and rounded scikit-image estimates")
    told = _against_truth(scores, (_CLIPPED, "estimated"), (_CLIPPED, "told"))
    if said := "; ".join(f"{label} {signed(f'{loss:.2f}')} dB" for label, loss in _means(told)):
        over = f"means of {counted(_images(told), 'image')}"
        yield f"Told that estimate the methods lose, beside the true sigma on the same input, {over}: {said}."


def _input_words(scores: pd.DataFrame) -> str:
    """How much nearer to the clean image clipping brings the noisy one."""
    inputs = scores[scores["part"] == "input"].pivot_table(
        index="sigma_255", columns="degradation", values="value", sort=False
    )
    drawn, clipped = (inputs.get(name) for name in (_DRAWN, _CLIPPED))
    if drawn is None or clipped is None:
        return ""
    said = "; ".join(f"{gain_text(gain)} dB at sigma {sigma:g}" for sigma, gain in (clipped - drawn).dropna().items())
    return f"Clipping and rounding alone changes the PSNR of the noisy input by {said}." if said else ""


def _bias_words(table: pd.DataFrame, degradation: str, start: str) -> str:
    """The mean estimate for each true sigma."""
    found = of(table, "estimated_sigma_255")
    mean = found[found["degradation"] == degradation].groupby("sigma_255")["value"].mean()
    said = "; ".join(f"{value:.2f} for {sigma:g} ({_percent(value / sigma - 1)})" for sigma, value in mean.items())
    return f"{start}, on average, {said}." if said else ""


def _against_truth(
    scores: pd.DataFrame, what: tuple[str, str], truth: tuple[str, str] = (_DRAWN, "told")
) -> pd.DataFrame:
    """The loss of `what`, a degradation and a part, beside being told the truth, by method, image and sigma."""

    def of_part(degradation: str, part: str) -> pd.Series[float]:
        own = scores[(scores["degradation"] == degradation) & (scores["part"] == part)]
        own = own[(own["told"] == TRUE) | (part != "told")]
        return own.set_index(["label", "image", "seed", "sigma_255"])["value"]

    return pd.DataFrame({"loss": of_part(*truth) - of_part(*what)}).dropna()


def _means(losses: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Of each method its name and the means of its losses; nothing that rounds to -0.00."""
    mean = losses.groupby(level="label", sort=False).mean()
    return ((label, *(round(value, 2) + 0.0 for value in line)) for label, *line in mean.itertuples())


def _percent(share: float) -> str:
    return signed(f"{share:+.0%}") if round(100 * share) else "0 %"


def _images(losses: pd.DataFrame) -> int:
    return int(losses.index.get_level_values("image").nunique())
