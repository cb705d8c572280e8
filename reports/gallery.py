"""`python -m reports.gallery RUN`: three screenshots of a run's report, as a README shows them."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reports import write_report
from reports.errors import ReportError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Chromium's, for a page without a screen, a graphics card or a network."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


class GalleryError(ReportError):
    """Screenshots cannot be made here."""


@dataclass(frozen=True)
class View:
    """One screenshot: what part of the page, in which theme and width."""

    name: str
    start: str
    """The element at its top."""
    theme: Literal["light", "dark"] = "light"
    width: int = 1280
    height: int = 860


VIEWS = (View("summary", "body"), View("pictures", "[data-viewer]"), View("figures", "#ratio", theme="dark"))


def chromium() -> str | None:
    """The path of the browser; None where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def take(run: Path, out: Path) -> list[Path]:
    """Writes `summary.png`, `pictures.png` and `figures.png` of the report of `run` into `out`; returns their paths.

    Raises `GalleryError` where there is no Playwright or no Chromium, and what `write_report` raises.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise GalleryError("the gallery needs the package playwright; install the dependency group `test`") from error
    if (found := chromium()) is None:
        raise GalleryError(f"the gallery needs a browser; none of {', '.join(BROWSERS)} is on the PATH")
    page = write_report(run)
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        paths = [_taken(browser, page, view, out) for view in VIEWS]
        browser.close()
    return [path for path in paths if path]


def _taken(browser: Browser, page: Path, view: View, out: Path) -> Path | None:
    """The screenshot's path; None where the page has no such part."""
    size = {"width": view.width, "height": view.height}
    tab = browser.new_page(viewport=size, color_scheme=view.theme, offline=True)  # type: ignore[arg-type]  # a plain dict
    tab.goto(page.resolve().as_uri())
    tab.wait_for_selector("html[data-ready=yes]")
    part = tab.locator(view.start).first
    path, found = out / f"{view.name}.png", part.count() > 0
    if found:
        part.evaluate("element => window.scrollTo({top: element.offsetTop - 60, behavior: 'instant'})")
        tab.wait_for_timeout(300)
        tab.screenshot(path=path)
        _shrink(path)
    tab.close()
    return path if found else None


def _shrink(path: Path) -> None:
    """The same picture in 256 colours: a third of the bytes."""
    from PIL import Image

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Takes the screenshots, prints their paths, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reports.gallery", description="Screenshots of a run's report.")
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"), help="default: docs/gallery")
    chosen = parser.parse_args(arguments)
    try:
        paths = take(chosen.run, chosen.out)
    except ReportError as error:
        sys.stderr.write(f"reports.gallery: {error}\n")
        return error.status
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
