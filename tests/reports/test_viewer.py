"""The pictures of the page in a real browser: divider, flicker, zoom, residuals, decibels, where two differ most."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

PIXELS = """image => { const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
    return [canvas.width, [...context.getImageData(0, 0, canvas.width, canvas.height).data]]; }"""


@pytest.fixture
def viewer(tab: Page) -> Locator:
    found = tab.locator("#denoising [data-viewer]")
    found.locator("[data-zoom]").fill("1")
    found.locator('[data-choose="image"]').select_option("camera")
    found.locator('[data-choose="level"]').select_option("sigma 25")
    found.scroll_into_view_if_needed()
    return found


def pixels(viewer: Locator, label: str) -> np.ndarray[Any, Any]:
    """The pixels of the crop with this label, (height, width, 3)."""
    width, values = viewer.locator(f'.scene:visible .shot[data-label="{label}"] img').evaluate(PIXELS)
    return np.array(values, dtype=float).reshape(-1, width, 4)[..., :3]


def psnr_db(own: np.ndarray[Any, Any], clean: np.ndarray[Any, Any]) -> float:
    return 10 * math.log10(255**2 / float(((own - clean) ** 2).mean()))


def test_every_method_with_a_picture_can_be_chosen_the_best_first(viewer: Locator) -> None:
    labels = viewer.locator('[data-choose="b"] option').all_text_contents()
    shots = viewer.locator(".scene:visible .shot")
    assert labels == shots.evaluate_all("all => all.map(one => one.dataset.label)")
    scores = shots.evaluate_all("all => all.slice(2).map(one => Number(one.dataset.db))")
    assert scores == sorted(scores, reverse=True)
    assert viewer.locator('[data-choose="a"]').input_value() == "noisy input"
    assert viewer.locator('[data-choose="b"]').input_value() == labels[2]


def test_the_divider_is_dragged_and_is_a_slider_for_the_keyboard(tab: Page, viewer: Locator) -> None:
    bar = viewer.get_by_role("slider", name="Divider")
    stage, box = viewer.locator(".stage").bounding_box(), bar.bounding_box()
    assert stage is not None
    assert box is not None
    assert box["width"] >= 44
    tab.mouse.move(box["x"] + box["width"] / 2, stage["y"] + 90)
    tab.mouse.down()
    tab.mouse.move(stage["x"] + 0.2 * stage["width"], stage["y"] + 100)
    tab.mouse.up()
    assert bar.get_attribute("aria-valuenow") == "20"
    over = viewer.locator(".stage .over")
    clip = str(over.evaluate("element => getComputedStyle(element).clipPath"))
    assert abs(float(clip.rsplit(maxsplit=1)[-1].rstrip("%)")) - 20) < 0.5
    for key, value in (("ArrowRight", "22"), ("PageUp", "32"), ("End", "100"), ("Home", "0")):
        bar.press(key)
        assert bar.get_attribute("aria-valuenow") == value
    assert bar.get_attribute("aria-valuetext") == f"only {viewer.locator('[data-choose=b]').input_value()}"


def test_the_key_f_shows_one_of_the_two_and_then_the_other(viewer: Locator) -> None:
    bar = viewer.locator("[data-cut]")
    viewer.locator(".stage .pane").first.press("f")
    assert viewer.locator(".who:visible").all_text_contents()[0].startswith("noisy input")
    assert viewer.locator(".who:visible").count() == 1
    viewer.locator(".stage .pane").first.press("f")
    assert bar.get_attribute("aria-valuenow") == "0"
    viewer.locator("[data-flicker]").click()
    assert bar.get_attribute("aria-valuenow") == "100"


def test_decibels_of_the_part_in_view_stand_beside_those_of_the_image(viewer: Locator) -> None:
    clean, own = pixels(viewer, "clean"), pixels(viewer, "FFDNet")
    viewer.locator('[data-choose="b"]').select_option("FFDNet")
    label = viewer.locator(".who.b")
    whole = viewer.locator('.scene:visible .shot[data-label="FFDNet"]').get_attribute("data-db")
    assert label.text_content() == f"FFDNet image {float(str(whole)):.2f} dB, crop {psnr_db(own, clean):.2f} dB"
    viewer.locator("[data-zoom]").fill("2")
    quarter = slice(len(own) // 4, len(own) // 4 + len(own) // 2)
    seen = psnr_db(own[quarter, quarter], clean[quarter, quarter])
    assert (label.text_content() or "").endswith(f"crop {seen:.2f} dB")


def test_the_window_where_two_differ_most_is_found(viewer: Locator) -> None:
    viewer.locator('[data-choose="a"]').select_option("DCT 8×8")
    viewer.locator('[data-choose="b"]').select_option("FFDNet")
    viewer.locator("[data-differ]").click()
    one, other = pixels(viewer, "DCT 8×8"), pixels(viewer, "FFDNet")
    squares = ((one - other) ** 2).mean(axis=2)
    side = math.ceil(len(one) / 4)
    sums = np.lib.stride_tricks.sliding_window_view(squares, (side, side)).sum(axis=(2, 3))
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    style = viewer.get_attribute("style") or ""
    x, y = (float(re.findall(f"--p{axis}: ([0-9.]+)", style)[0]) * len(one) / 100 for axis in "xy")
    assert "--zoom: 4" in style
    assert (round(x), round(y)) == (min(left, len(one) * 3 // 4), min(top, len(one) * 3 // 4))


def test_pictures_fill_the_screen_and_come_back(tab: Page, viewer: Locator) -> None:
    viewer.locator("[data-full]").click()
    tab.wait_for_function("document.fullscreenElement?.dataset.viewer !== undefined")
    viewer.locator("[data-full]", has_text="Leave full screen").click()
    tab.wait_for_function("document.fullscreenElement === null")


def test_zoom_is_nearest_neighbour_and_moves_all_panes(viewer: Locator) -> None:
    viewer.locator("[data-zoom]").fill("16")
    viewer.locator(".stage .pane").first.press("ArrowRight")
    looks = viewer.locator(".scene:visible .pane img").evaluate_all(
        "all => all.map(one => [getComputedStyle(one).transform, getComputedStyle(one).imageRendering])"
    )
    assert len(looks) >= 3
    scales = {float(transform.split("(")[1].split(",")[0]) for transform, _ in looks}
    assert scales == {16.0}
    assert {rendering for _, rendering in looks} == {"pixelated"}
    viewer.locator("[data-zoom]").fill("1")


def test_residuals_and_the_choice_of_image_and_level(viewer: Locator) -> None:
    viewer.locator('[data-choose="image"]').select_option("coins")
    viewer.locator('[data-choose="level"]').select_option("sigma 50")
    assert (viewer.locator(".scene:visible h3").text_content() or "").startswith("coins, sigma 50")
    viewer.locator("[data-residual]").check()
    viewer.locator(".scene:visible canvas").nth(2).wait_for()
    spread = viewer.locator('.scene:visible .shot[data-part="degraded"] canvas').evaluate(
        """canvas => { const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let sum = 0; for (let i = 0; i < data.length; i += 4) sum += data[i]; return sum / (data.length / 4); }"""
    )
    assert abs(spread - 128) < 12
    viewer.locator("[data-residual]").uncheck()
    assert viewer.locator(".scene:visible canvas").count() == 0
