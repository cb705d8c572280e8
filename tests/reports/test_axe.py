"""Runs of every outcome in a real browser, at three widths, light and dark: nothing for axe, the console, a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
import said
import synthetic
from patience import patient

from reports import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

pytestmark = pytest.mark.browser

Rows = list[dict[str, Any]]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
"""Levels A and AA of WCAG 2.0, 2.1 and 2.2."""

WIDTHS = (1440, 820, 390)

SMALL = synthetic.Content(gray=("camera",), color=("astronaut",), sigmas=(25.0,))
"""Every kind of element and few of each: axe looks at each element."""


def whole(directory: Path) -> Path:
    return synthetic.write_run(directory, SMALL)


def half_failed(directory: Path) -> Path:
    """Every second case has an error in the place of its value."""
    run = whole(directory)
    file = run / "rows.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    failing = set(list(dict.fromkeys(map(_case, rows)))[1::2])
    bad = {"quantity": "failure", "value": None, "error": "OutputError: the output is NaN"}
    kept = ({**row, **bad} if _case(row) in failing else row for row in rows)
    file.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    return run


def _case(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in ("kind", "method", "options", "scale", "sigma_255", "image", "height"))


def of_sizes(directory: Path) -> Path:
    """Two methods that were not timed at one size, as in the spec quick."""
    rows = [*said.scored("dct", [28.0, 30.0]), *said.scored("ffdnet", [29.0, 31.1])]
    rows += [*said.timed("dct", 0.04, size=512), *said.timed("ffdnet", 0.03, size=160)]
    return said.write_rows(directory, rows)


def one_method(directory: Path) -> Path:
    return said.write_rows(directory, [*said.scored("dct", [28.0, 30.0]), *said.timed("dct", 0.04)])


def no_times(directory: Path) -> Path:
    return said.write_rows(directory, [*said.scored("dct", [28.0, 30.0]), *said.scored("ffdnet", [29.0, 31.1])])


RUNS: dict[str, Callable[[Path], Path]] = {
    "whole": whole, "half failed": half_failed, "of sizes": of_sizes, "one method": one_method, "no times": no_times,
}  # fmt: skip


@pytest.fixture(scope="module", params=list(RUNS))
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of one of the runs, made once for all widths and schemes."""
    folder = tmp_path_factory.mktemp("axe")
    return write_report(RUNS[request.param](folder / "run"), out=folder)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_any_width(browser: Browser, shown: Path, scheme: Literal["light", "dark"]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    viewport: ViewportSize = {"width": WIDTHS[0], "height": 900}
    context = patient(browser.new_context(offline=True, color_scheme=scheme, viewport=viewport))
    opened = context.new_page()
    heard: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: heard.append(message.text))
    opened.on("pageerror", lambda error: heard.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(shown.as_uri())
    opened.wait_for_selector("html[data-ready=yes]")
    for width in WIDTHS:
        opened.set_viewport_size({"width": width, "height": 900})
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        found = axe.Axe().run(opened, options=RULES).response["violations"]
        assert [(width, one["id"], one["nodes"][0]["html"][:160]) for one in found] == []
    assert heard == []
    assert [url for url in asked if not url.startswith(("data:", "blob:", "file:"))] == []
    assert sum(url.startswith("file:") for url in asked) == 1
    context.close()
