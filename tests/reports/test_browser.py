"""The page in a real browser, offline: its controls used, a silent console, and on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_every_figure_is_drawn_with_its_finding_in_words(tab: Page) -> None:
    figures = tab.locator("figure.chart")
    assert figures.count() > 15
    for number in range(figures.count()):
        drawn = figures.nth(number).locator("svg")
        box = drawn.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 90
        assert len(drawn.get_attribute("aria-label") or "") > 30


def test_table_sorts_both_ways(tab: Page) -> None:
    grid = tab.locator('[data-grid="time"]')
    button = grid.locator("th", has_text="median").locator("button")
    keys = "rows => rows.map(row => Number(row.cells[5].dataset.key))"
    button.click()
    rising = grid.locator("tbody tr").evaluate_all(keys)
    assert rising == sorted(rising)
    button.press("Enter")
    falling = grid.locator("tbody tr").evaluate_all(keys)
    assert falling == sorted(rising, reverse=True)
    assert grid.locator('th[aria-sort="descending"]').count() == 1


def test_table_filters_and_its_download_follows(tab: Page, tmp_path: Path) -> None:
    grid = tab.locator('[data-grid="time"]')
    before = grid.locator("tbody tr:visible").count()
    grid.locator("[data-filter]").fill("ffdnet")
    assert 0 < grid.locator("tbody tr:visible").count() < before
    assert "lines shown" in (grid.locator("[data-count]").text_content() or "")
    with tab.expect_download() as waiting:
        grid.locator("[data-csv]").click()
    waiting.value.save_as(tmp_path / "time.csv")
    lines = (tmp_path / "time.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("method,scale,channels,width,height,median")
    assert len(lines) == 4
    assert all(line.startswith("FFDNet,1,1,") for line in lines[1:])
    grid.locator("[data-filter]").fill("")


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_figures_download(tab: Page, tmp_path: Path, kind: str) -> None:
    with tab.expect_download() as waiting:
        tab.locator(f'#fig-counters [data-save="{kind}"]').click()
    waiting.value.save_as(tmp_path / "figure")
    content = (tmp_path / "figure").read_bytes()
    assert waiting.value.suggested_filename == f"counters.{kind}"
    assert content.startswith(b"<svg" if kind == "svg" else b"\x89PNG")
    assert b"var(--" not in content
    assert len(content) > 5000


def test_copy_puts_the_command_on_the_clipboard(tab: Page) -> None:
    tab.locator("#methods [data-copy]").click()
    from playwright.sync_api import expect

    expect(tab.locator("#said")).to_have_text("Command copied")
    assert tab.evaluate("navigator.clipboard.readText()") == "restobench run --spec standard"


def test_theme_switches_colours_of_text_and_figures(tab: Page) -> None:
    look = """() => [getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('figure.chart svg text')).fill]"""
    light = tab.evaluate(look)
    tab.locator("[data-theme-switch]").click()
    dark = tab.evaluate(look)
    assert light != dark
    assert dark[0] == "rgb(20, 23, 28)"
    tab.locator("[data-theme-switch]").click()
    assert tab.evaluate(look) == light


def test_a_mark_says_its_value_on_hover_and_focus(tab: Page) -> None:
    mark = tab.locator("#fig-front-sigma-25 a .mark").first
    mark.hover()
    assert "dB" in (tab.locator("#tip").text_content() or "")
    tab.keyboard.press("Escape")
    tab.locator("#fig-front-sigma-25 a").nth(1).focus()
    assert "per megapixel" in (tab.locator("#tip").text_content() or "")
    tab.locator("#fig-front-sigma-25 [data-values]").click()
    assert tab.locator("#fig-front-sigma-25 .values li").count() > 4


def test_a_click_on_a_point_leads_to_its_method(tab: Page) -> None:
    tab.locator("#fig-front-sigma-25 a", has=tab.locator('[data-tip^="FFDNet"]')).first.click()
    assert tab.evaluate("document.querySelector(':target').cells[0].textContent") == "ffdnet"


def test_a_method_can_be_taken_out_of_figures_and_tables(tab: Page) -> None:
    tab.locator(".series summary").click()
    box = tab.locator('[data-toggle-series="FFDNet"]')
    box.uncheck()
    assert tab.locator('svg [data-method="FFDNet"]:visible').count() == 0
    assert tab.locator('tr[data-method="FFDNet"]:visible').count() == 0
    tab.locator("#choose [name=budget]").fill("100000")
    assert tab.locator('#choice-chart [data-method="FFDNet"]').count() == 2
    assert tab.locator('svg [data-method="FFDNet"]:visible').count() == 0
    box.check()
    assert tab.locator('#choice-chart [data-method="FFDNet"]:visible').count() == 2
    tab.locator("#choose [type=reset]").click()
    assert tab.locator('tr[data-method="FFDNet"]:visible').count() > 0
    tab.locator(".series summary").click()


def test_a_method_under_the_pointer_or_in_focus_is_lit_in_figures_tables_and_pictures(tab: Page) -> None:
    tab.locator('[data-grid="time"] tr[data-method="FFDNet"]').first.hover()
    for lit in ("svg g", "tr", ".shot"):
        found = tab.locator(f'{lit}[data-method="FFDNet"]')
        assert found.count() > 0
        assert found.evaluate_all("all => all.every(one => one.classList.contains('lit'))")
    assert tab.locator('.lit:not([data-method="FFDNet"])').count() == 0
    assert tab.locator("#fig-time-pixels svg.dim").count() == 1
    tab.locator("h1").hover()
    assert tab.locator(".lit, svg.dim").count() == 0
    tab.locator(".series summary").click()
    tab.locator('[data-toggle-series="DCT 8×8"]').focus()
    assert tab.locator('tr.lit[data-method="DCT 8×8"]').count() > 0
    tab.locator(".series summary").click()
    tab.locator("h1").hover()


def test_a_filter_may_be_of_one_column_and_x_finds_the_sign(tab: Page) -> None:
    grid = tab.locator('[data-grid="denoising"]')
    rows = grid.locator("tbody tr:visible")
    grid.locator("[data-filter]").fill("8x8")
    names = rows.locator("td:first-child").all_text_contents()
    assert "DCT 8×8" in names
    assert all("8×8" in name for name in names)
    grid.locator("[data-column]").select_option(label="sigma (/ 255)")
    grid.locator("[data-filter]").fill("25")
    place = int(grid.locator("[data-column]").input_value()) + 1
    assert set(rows.locator(f"td:nth-child({place})").all_text_contents()) == {"25"}
    grid.locator("[data-filter]").fill("5")
    assert rows.count() == 0
    grid.locator("[data-filter]").fill("")
    grid.locator("[data-column]").select_option("")


def test_on_a_phone_the_words_of_figures_are_large_enough_and_the_first_column_stays(tab: Page) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    sizes = tab.evaluate("""() => [...document.querySelectorAll('figure svg text')].map(text =>
        parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.getBoundingClientRect().width
        / text.ownerSVGElement.viewBox.baseVal.width)""")
    assert min(sizes) >= 11
    cell = tab.locator('[data-grid="time"] tbody td').first
    assert cell.evaluate("cell => getComputedStyle(cell).position") == "sticky"
    tab.set_viewport_size({"width": 1280, "height": 900})


def test_a_thumb_beside_a_mark_finds_it(tab: Page) -> None:
    mark = tab.locator("#fig-front-sigma-25 .mark").first
    mark.scroll_into_view_if_needed()
    said = mark.get_attribute("data-tip")
    box = mark.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] + 3)
    assert tab.locator("#tip").text_content() == said


def test_paper_has_the_first_screen_the_boards_and_the_figures_on_at_most_12_pages(tab: Page) -> None:
    tab.emulate_media(media="print")
    for part in (".board", "#choice", "#conventions"):
        assert tab.locator(f"{part}:visible").count() == tab.locator(part).count()
    for part in ("section:not(#failed) .grid", ".viewer", ".top", "#choose", ".gridhead button", ".gridhead label"):
        assert tab.locator(f"{part}:visible").count() == 0
    assert tab.locator("#failed .grid:visible").count() == tab.locator("#failed .grid").count() > 0
    assert tab.evaluate(
        "[...document.querySelectorAll('th')].every(one => getComputedStyle(one).position === 'static')"
    )
    written = tab.pdf(format="A4")
    tab.emulate_media(media="null")
    assert len(re.findall(rb"/Type /Page\b", written)) <= 12


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_no_sideways_scroll_at_any_width(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size({"width": 1280, "height": 900})


def test_interactive_within_a_second_of_script(tab: Page) -> None:
    """The budget is one second here; the bound leaves room for a busy machine, since tests do not time."""
    entry = "performance.getEntriesByType('navigation')[0]"
    assert tab.evaluate(f"{entry}.domContentLoadedEventEnd - {entry}.responseEnd") < 10_000
