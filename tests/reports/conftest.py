"""What the tests of the report share: synthetic runs, a report made once, and a browser without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import synthetic
from patience import patient

from reports.derive.summary import Summary, summarise
from reports.gallery import FLAGS, chromium
from reports.read.run import load_run
from reports.read.tables import all_tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole synthetic run directory; not to be changed."""
    return synthetic.write_run(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="session")
def summary(run: Path) -> Summary:
    """The summary of `run`."""
    found = load_run(run)
    return summarise(all_tables(found), found.methods)


@pytest.fixture(scope="session")
def page(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of `run`, made once."""
    from reports import write_report

    return write_report(run, out=tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not (found := chromium()):
        pytest.skip("no Chromium on this machine: install the package chromium to test the page")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a network, which may download and copy."""
    opened = patient(
        browser.new_context(
            accept_downloads=True, offline=True, viewport={"width": 1280, "height": 900}, color_scheme="light"
        )
    )
    opened.grant_permissions(["clipboard-read", "clipboard-write"])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tab(context: BrowserContext, page: Path) -> Iterator[Page]:
    """The report of `run`, opened; at its end nothing was said on the console and nothing asked of a network."""
    opened = context.new_page()
    said: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(page.as_uri())
    opened.wait_for_selector("html[data-ready=yes]")
    yield opened
    assert said == []
    assert [url for url in requests if not url.startswith(("data:", "blob:", "file:"))] == []
    assert sum(url.startswith("file:") for url in requests) == 1
