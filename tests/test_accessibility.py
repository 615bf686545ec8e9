"""Every tab is accessible, by what a machine can check (axe-core)."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.browser import FRAME, WAIT, open_page, wait_for_seed

READY = {
    "Draw": "[data-ahead]",
    "Morph": "#morph .player canvas[aria-label*='seeds']",
    "Yours": "#yours-find",
    "Train": "#train-start",
    "Wall": "#wall .wall-tile",
}

# Buttons narrower or lower than 40 pixels. In Gradio's dropdowns and radios, the area around the input counts too.
SMALL = """() => [...document.querySelectorAll("button, select, input, [role=tab]")]
  .filter((one) => !one.matches("[type=radio], [aria-controls$='-options']"))
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("footer"))
  .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && box.height > 1 && (box.width < 40 || box.height < 40))
  .map(([html, box]) => `${html} ${Math.round(box.width)}x${Math.round(box.height)}`)"""


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_tab_has_a_serious_violation(page, site, theme):
    open_page(page, site, f"?class=cat&seed=7&count=4&__theme={theme}")
    for tab, ready in READY.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_selector(ready)
        page.wait_for_timeout(500)
        found = Axe().run(page).response["violations"]
        serious = [
            f"{tab}: {one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert not serious, "\n".join(serious)
    page.get_by_role("tab", name="Draw", exact=True).click()
    page.locator("#draw .heart").first.click()
    page.locator("#favourites .open").click()
    page.wait_for_selector("#favourites figure")
    found = Axe().run(page).response["violations"]
    assert not [one["id"] for one in found if one["impact"] in ("serious", "critical")], "favourites"


def test_no_tab_scrolls_sideways(page, site):
    open_page(page, site, "?class=cat&seed=7&count=16")
    for tab, ready in READY.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_selector(ready)
        for width in (360, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_function("(width) => innerWidth === width", arg=width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{tab} at {width} pixels"


def test_classes_seeds_and_morphs_can_be_used_by_keyboard(page, site):
    """With keys alone: type a class, change its seed, and morph one of its drawings into another."""
    problems = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    open_page(page, site, "?class=cat&seed=7&count=4")
    wait_for_seed(page, 7)
    tab_to(page, "#draw-class")
    page.keyboard.press("Control+A")
    page.keyboard.type("giraf")
    page.wait_for_function("document.querySelectorAll('#draw-classes [data-name]:not([hidden])').length === 1")
    page.keyboard.press("Enter")
    wait_for_seed(page, 7, "giraffe")
    tab_to(page, "#draw-seed")
    page.keyboard.press("Control+A")
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    wait_for_seed(page, 40, "giraffe")
    tab_to(page, "#draw .cell:nth-child(2) .tile")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "the focus is visible"
    page.keyboard.press("Enter")
    tab_to(page, "#draw .to-a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#morph .player canvas[aria-label*='giraffe, through the seeds 41, ']")
    tab_to(page, "#morph .play")
    still = page.evaluate(FRAME)
    page.keyboard.press("Space")
    page.wait_for_function(f"(still) => {FRAME} !== still", arg=still)
    page.keyboard.press("Space")
    assert page.locator("#morph .play").inner_text() == "Play"
    assert not problems


def tab_to(page, selector: str) -> None:
    for _ in range(60):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} can't be reached by Tab")


def test_a_phone_shows_the_drawings_and_buttons_large_enough_for_a_finger(browser, site):
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    open_page(page, site, "?class=cat&seed=7&count=16")
    page.wait_for_selector(READY["Draw"])
    last = page.locator("#draw .tile").last.bounding_box()
    assert last["y"] + last["height"] <= 740, "all sixteen, without scrolling"
    for tab, ready in READY.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_selector(ready)
        small = page.evaluate(SMALL)
        assert not small, (tab, small)
    context.close()
