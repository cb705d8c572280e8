"""The pages of several runs and of the history in a real browser: silent, offline, without faults for axe, filtered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import said
from said import counts, scored, timed

from reports import compare_reports
from reports.two_runs.trends import Shift, Span, Stop, TrendLine
from reports.two_runs.trends_page import write_trends

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

KINDS = ("machines", "revisions", "history")


def run(folder: Path, name: str, factor: float, **about: Any) -> Path:
    """A small run with two methods, one of which takes `factor` times as long as in others."""
    rows = [
        *timed("dct", 0.001), *timed("ffdnet", 0.1 * factor), *timed("nlm", 0.2), *timed("wavelet", 0.3),
        *scored("dct", [30.0, 29.0 + factor]), *counts("dct", closed_form=8192.0 * factor),
    ]  # fmt: skip
    return said.write_rows(folder / name, rows, run=name, **about)


def trend(method: str, metric: str, shift: Shift | None) -> TrendLine:
    """A series of ten runs, with a change in their midst or without."""
    stops = tuple(Stop(f"r{at}", f"{at:07d}", f"Change {at}", f"2026-01-{at + 1:02d}", 1.0 + at, 9) for at in range(10))
    spans = (Span(0, 5, 3.0, 1.0, 5.0), Span(5, 10, 8.0, 6.0, 10.0)) if shift else (Span(0, 10, 5.0, 0.0, 11.0),)
    shifts = (shift,) if shift else ()
    return TrendLine(f"{metric} {method} 8x8", metric, method, "f", {"cpu": "x"}, stops, spans, shifts, "1 %")


def history() -> list[TrendLine]:
    """Series of which one got a little slower, one much, and one not."""
    shifts = {"small": Shift(5, 0.05, "slower", 1.5), "large": Shift(5, 0.5, "slower", 9.0), "none": None}
    return [trend(method, metric, shift) for method, shift in shifts.items() for metric in ("seconds", "psnr_db")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    base, head = run(folder, "base", 1.0, subject="Begin"), run(folder, "head", 1.5, revision="f" * 12, subject="Go on")
    other = run(folder, "other", 3.0, fingerprint="other", environment={"stable": {"cpu": "Other"}})
    return {
        "machines": compare_reports(base, other, out=folder / "machines"),
        "revisions": compare_reports(base, head, out=folder / "revisions"),
        "history": write_trends(history(), folder / "history.jsonl", runs=10),
    }


@pytest.fixture(params=KINDS)
def opened(request: pytest.FixtureRequest, context: BrowserContext, pages: dict[str, Path]) -> Iterator[Page]:
    """One of the pages; at its end nothing was said on the console and nothing asked of a network."""
    tab, told = context.new_page(), list[str]()
    tab.on("console", lambda message: told.append(message.text))
    tab.on("pageerror", lambda error: told.append(str(error)))
    tab.on("request", lambda asked: told.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None)
    tab.goto(pages[request.param].as_uri())
    tab.wait_for_selector("html[data-ready=yes]")
    yield tab
    tab.close()
    assert told == []


def test_nothing_is_wider_than_the_screen_and_axe_finds_nothing(opened: Page) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    for width in (390, 1440):
        opened.set_viewport_size({"width": width, "height": 900})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(opened, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found] == []
    assert opened.locator("figure.chart svg .mark").count() > 3
    handlers = (
        "[...document.querySelectorAll('*')].flatMap(one => [...one.attributes]).filter(one => /^on/.test(one.name))"
    )
    assert opened.evaluate(f"{handlers}.length") == 0


def test_a_method_is_taken_out_of_tables_and_figures_that_hold_nothing_else_go(
    context: BrowserContext, pages: dict[str, Path]
) -> None:
    tab = context.new_page()
    tab.goto(pages["history"].as_uri())
    tab.wait_for_selector("html[data-ready=yes]")
    figures = tab.locator("figure.chart:visible")
    assert figures.count() == 6
    tab.locator(".series summary").click()
    tab.locator('[data-toggle-series="large"]').uncheck()
    assert figures.count() == 4
    assert tab.locator('tr[data-method="large"]:visible').count() == 0
    tab.locator('[data-toggle-series="large"]').check()
    assert figures.count() == 6
    tab.close()


def test_the_history_has_the_worst_change_first_by_commit_and_subject(pages: dict[str, Path]) -> None:
    page = pages["history"].read_text(encoding="utf-8")
    worst = "The worst of 4 changes for the worse: time of large 8x8 changed by +50.00 % (slower)"
    assert f"{worst} at 0000005 Change 5." in page
    first = page.index('data-grid="changes"')
    assert page.index('data-method="large"', first) < page.index('data-method="small"', first)
    charts = [page.index(f"Time: {method} 8x8</bdi>") for method in ("large", "small", "none")]
    assert charts == sorted(charts)
    assert page.count("0000005 Change 5</text>") == 4
