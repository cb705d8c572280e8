"""The chooser on the page: it answers as the terminal does, and keeps its question in the address."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from patience import patient

from reports.derive.candidates import candidates, kinds
from reports.derive.choice import Candidate, choose
from reports.derive.question import Asked, read_question
from reports.derive.summary import Summary
from reports.read.run import load_run
from reports.sections.chooser import answer, number

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

browsing = pytest.mark.browser

HASHED = """asked => asked.map(hash => {
    history.replaceState(null, '', '#' + hash);
    dispatchEvent(new HashChangeEvent('hashchange'));
    return document.getElementById('choice').textContent;
})"""
"""The answers to questions that stand in the address."""


@pytest.fixture(scope="module")
def tab(browser: Browser, page: Path) -> Iterator[Page]:
    opened = patient(browser.new_context(offline=True)).new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(f"{page.as_uri()}#sigma=25&budget=30ms")
    opened.wait_for_selector("html[data-ready=yes]")
    yield opened
    assert said == []
    opened.context.close()


def questions(count: int) -> Iterator[dict[str, str]]:
    """Questions of all kinds, many of which nothing fits."""
    draw = random.Random(5)
    for _ in range(count):
        upscale = draw.random() < 0.2
        asked = {
            "task": draw.choice(["upscale, bicubic ×2", "upscale, decimate ×2"]) if upscale else "",
            "sigma": "" if upscale else draw.choice(["", "15", "25", "50"]),
            "budget": draw.choice(
                ["", f"{draw.lognormvariate(3, 2.5):.2f}ms", f"{draw.lognormvariate(-3, 2):.4f}s/MP"]
            ),
            "quality": draw.choice(["", f"{draw.uniform(22, 36):.1f}", f"{draw.uniform(22, 36):.0f}"]),
            "memory": draw.choice(["", "", f"{draw.lognormvariate(4, 2):.1f}MiB/MP", "1GiB/MP"]),
            "size": draw.choice(["", "", "1920x1080", "640x480"]),
            "device": draw.choice(["", "", "", "cpu", "cuda"]),
            "without": draw.choice(["", "", "gpl", "noncommercial"]),
        }
        yield {name: text for name, text in asked.items() if text}


def in_python(summary: Summary, found: Sequence[Candidate], asked: dict[str, str]) -> str:
    """The answer as the terminal gives it; a bare budget is for a megapixel, as in the form."""
    numbers = {name: float(asked[name]) for name in ("sigma", "quality") if name in asked}
    texts = {name: asked[name] for name in ("task", "budget", "memory", "size", "device") if name in asked}
    if "size" not in texts and texts.get("budget", "/").find("/") < 0:
        texts["budget"] += "/MP"
    without = [asked["without"]] if "without" in asked else []
    question = read_question(Asked(**texts, **numbers, without=without), kinds(found, summary))  # type: ignore[arg-type]  # by name
    return answer(choose(found, question), asked.get("size", "").replace("x", "×")).whole


@browsing
def test_the_page_and_the_terminal_give_the_same_answer_in_the_same_words(
    tab: Page, summary: Summary, run: Path
) -> None:
    asked = [one for one in questions(300) if one]
    shown = tab.evaluate(HASHED, [urlencode(one) for one in asked])
    found = candidates(summary, load_run(run).listed("methods"))
    expected = [in_python(summary, found, one) for one in asked]
    assert [*zip(asked, shown, strict=True)] == [*zip(asked, expected, strict=True)]
    assert sum("Nothing fits" in text for text in shown) > 30
    assert len(set(shown)) > 60


@browsing
def test_the_form_answers_and_writes_its_question_into_the_address(tab: Page) -> None:
    form = tab.locator("#choose")
    tab.evaluate(HASHED, ["sigma=25"])
    form.locator("[name=budget]").fill("30")
    form.locator("[name=quality]").fill("28")
    assert tab.locator("#choice [data-method]").text_content() == "DCT 8×8"
    assert tab.url.endswith("#sigma=25&budget=30ms&quality=28")
    assert "--methods dct --set sigma_255=25" in (tab.locator("[data-run=command]").text_content() or "")
    assert (tab.locator("[data-run=python]").text_content() or "").count("\n") == 2
    for code in tab.locator("[data-run]").all():
        command = code.text_content() or ""
        button = code.locator("xpath=..").locator("[data-copy]")
        assert button.get_attribute("data-copy") == command
        assert button.get_attribute("aria-label") == f"Copy the command {command}"
    assert tab.locator("#choice-chart circle.chosen").count() == 1
    form.locator("[name=quality]").fill("99")
    assert tab.locator("#choice [data-method]").count() == 0
    assert tab.locator("#run").is_hidden()
    form.locator("[name=quality]").fill("much")
    assert "“much” is not understood" in (tab.locator("#choice").text_content() or "")
    form.locator("[type=reset]").click()
    tab.wait_for_url(lambda url: "quality" not in url)


@browsing
def test_a_link_carries_the_question_and_shows_its_board(browser: Browser, page: Path) -> None:
    opened = patient(browser.new_context(offline=True)).new_page()
    opened.goto(f"{page.as_uri()}#sigma=50&budget=30ms&without=gpl")
    opened.wait_for_selector("html[data-ready=yes]")
    assert opened.locator("#choose [name=sigma]").input_value() == "50"
    assert opened.locator("#choose [name=budget]").input_value() == "30"
    assert opened.locator("#choose [value=gpl]").is_checked()
    assert opened.locator("[data-board]:visible").get_attribute("data-sigma") == "50"
    opened.context.close()


@browsing
def test_without_script_the_verdict_an_answer_and_every_leaderboard_are_there(browser: Browser, page: Path) -> None:
    opened = patient(browser.new_context(offline=True, java_script_enabled=False)).new_page()
    opened.goto(page.as_uri())
    assert opened.locator("#summary .verdict").first.is_visible()
    assert opened.locator("#choice [data-method]").text_content() == "FFDNet"
    assert opened.locator("#choose").is_hidden()
    assert opened.locator("[data-board]:visible").count() == 6
    opened.locator("[data-board] summary").first.click()
    assert opened.locator("[data-board] details[open] tr:visible").count() > 3
    opened.context.close()


@browsing
def test_tabs_show_one_leaderboard_and_the_arrow_keys_the_next(tab: Page) -> None:
    tabs = tab.locator("[role=tab]")
    tabs.first.click()
    first = tab.locator("[data-board]:visible").get_attribute("id")
    tabs.first.press("ArrowRight")
    assert tab.locator("[data-board]:visible").count() == 1
    assert tab.locator("[data-board]:visible").get_attribute("id") != first
    assert tabs.nth(1).get_attribute("aria-selected") == "true"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17.094, "17.1"),
        (549.5, "550"),
        (8921.4, "8,921"),
        (0.0464, "0.0464"),
        (12.25, "12.3"),
        (0.0, "0"),
        (99.96, "100"),
    ],
)
def test_numbers_have_three_digits_and_halves_go_up(value: float, text: str) -> None:
    assert number(value) == text
