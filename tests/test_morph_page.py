"""A visitor morphs in a real browser: key drawings, playing, and a class that turns into another."""

import numpy as np
from PIL import Image

from tests.support.browser import (
    FRAME,
    SERVER_FUNCTIONS,
    count_requests,
    open_morph,
    open_page,
    pick,
    pictures,
    pixels,
    wait_for_seed,
)


def test_a_drawing_can_be_sent_to_morph(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.locator("#draw .tile").nth(2).click()
    page.get_by_role("button", name="Morph from here").click()
    page.wait_for_selector("#morph .player canvas[aria-label*='seeds 9, ']")
    assert page.locator("#morph .keys input").first.input_value() == "9"
    assert not page.locator("#morph .message").is_visible()


def test_a_cat_and_a_dog_sent_to_morph_turn_into_each_other(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4&style=2,0,0,0,0")
    page.locator("#draw .tile").first.click()
    page.get_by_role("button", name="Morph from here").click()
    page.locator("#morph .message", has_text="Morph draws seed 7 without its style").wait_for()
    page.get_by_role("tab", name="Draw").click()
    pick(page, "dog")
    page.wait_for_selector('#draw .tile[aria-label^="dog, seed"]')
    page.get_by_role("button", name="Reset").click()
    page.locator("#draw .sheet[aria-busy=false]").wait_for()
    page.locator("#draw .tile").nth(1).click()
    page.get_by_role("button", name="Morph to here").click()
    page.wait_for_selector("#morph .player canvas[aria-label='cat turning into dog, through the seeds 7, 8']")
    assert page.locator("#morph-class").input_value() == "cat" and page.locator("#morph-into").input_value() == "dog"
    page.locator("#morph .message").wait_for(state="hidden")
    page.get_by_role("tab", name="Draw").click()
    pick(page, "bee")
    page.wait_for_selector('#draw .tile[aria-label^="bee, seed"]')
    page.locator("#draw .tile").first.click()
    page.get_by_role("button", name="Morph to here").click()
    page.locator("#morph .message", has_text="“cat” and “bee” don't blend well").wait_for()


def test_an_exported_morph_plays_as_on_the_page(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    for speed, loop, frames, milliseconds in (("2", "once", 64, 20), ("0.5", "back", 126, 80)):
        page.locator("#morph .speed").select_option(speed)
        page.locator("#morph .loop").select_option(loop)
        with page.expect_download() as taken:
            page.locator("#morph [data-download=gif]").click()
        with Image.open(taken.value.path()) as morph:
            assert (morph.n_frames, morph.info["duration"]) == (frames, milliseconds)


def test_morph_scrubs_without_requests(page, site):
    open_morph(page, site, "?class=cat&keys=7,12,40")
    page.wait_for_timeout(500)
    requests = count_requests(page)
    slider = page.locator("#morph .player input[type=range]")
    seen = set()
    for position in range(0, 64, 7):
        slider.evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')) }", position
        )
        seen.add(page.evaluate(FRAME))
    assert len(seen) == 10, "every position shows another frame"
    play = page.locator("#morph .play")
    play.click()
    page.wait_for_function(f"(seen) => !seen.includes({FRAME})", arg=list(seen))
    play.click()
    still = page.evaluate(FRAME)
    page.wait_for_timeout(200)
    assert page.evaluate(FRAME) == still, "a paused morph doesn't move"
    slider.press(" ")
    page.wait_for_function(f"(still) => {FRAME} !== still", arg=still)  # the space bar plays
    assert not requests


def test_key_drawings_are_added_moved_pinned_shuffled_and_removed(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    keys = page.locator("#morph .keys input")

    def shown() -> list[str]:
        return [keys.nth(place).input_value() for place in range(keys.count())]

    page.get_by_role("button", name="Pin drawing 1").click()
    page.get_by_role("button", name="Shuffle").click()
    assert shown()[0] == "7" and shown()[1] != "12"
    page.get_by_role("button", name="Move drawing 1 later").click()
    assert shown()[1] == "7"
    for _ in range(6):
        page.get_by_role("button", name="Add", exact=True).click()
    assert len(shown()) == 8 and page.get_by_role("button", name="Add", exact=True).is_disabled()
    page.get_by_role("button", name="Remove drawing 2").click()
    assert len(shown()) == 7 and "7" not in shown()
    label = ", ".join(shown())
    page.wait_for_selector(f"#morph .player canvas[aria-label$='seeds {label}']")
    page.wait_for_function("(keys) => new URLSearchParams(location.search).get('keys') === keys", arg=",".join(shown()))


def test_a_cat_turns_into_a_dog(page, site):
    open_morph(page, site, "?class=cat&into=dog&keys=14,14")
    first = page.evaluate(FRAME)
    page.locator("#morph .player input[type=range]").press("End")
    last = page.evaluate(FRAME)
    page.goto(site + "?class=dog&seed=14&count=1")
    wait_for_seed(page, 14, "dog")
    dog = pixels(pictures(page)[0])
    assert first != last

    def gap(url: str) -> float:
        small = Image.fromarray(pixels(url)).resize((28, 28), Image.Resampling.BOX)
        alone = Image.fromarray(dog).resize((28, 28), Image.Resampling.BOX)
        return float(np.abs(np.asarray(small, float) - np.asarray(alone, float)).mean())

    assert gap(last) < 4 < gap(first), "the morph ends at the dog of that seed"


def test_a_bad_morph_link_gives_one_sentence(page, site):
    for query in ("?class=cat&keys=-1,x", "?class=blorp&keys=1,2"):
        open_page(page, site, query)
        page.wait_for_selector("#morph .message:not([hidden])")


def test_the_valid_parts_of_a_bad_morph_link_are_drawn(page, site):
    open_page(page, site, "?class=dog&keys=1,3&into=unicorn")
    page.get_by_text("no class “unicorn”").wait_for()
    page.wait_for_selector("#morph .player canvas[aria-label='dog, through the seeds 14, 15']")
    assert page.locator("#morph .message").is_visible(), "the message stays visible"
    page.get_by_role("button", name="Shuffle").click()
    page.wait_for_selector("#morph .message", state="hidden")
    open_page(page, site, "?class=dog&keys=1,x,3")
    page.get_by_text("The seed x is not allowed").wait_for()


def test_after_a_lost_answer_the_requested_morph_can_be_drawn(page, site):
    page.route(
        SERVER_FUNCTIONS,
        lambda route: route.abort() if "morph" in (route.request.post_data or "") else route.continue_(),
    )
    open_page(page, site, "?class=dog&keys=5,6,7&psi=0.8")
    page.locator("#morph .message", has_text="can't be reached").wait_for()
    page.unroute_all()
    assert "keys=5,6,7" in page.url.replace("%2C", ",")
    page.get_by_role("button", name="Reverse").click()
    page.wait_for_selector("#morph .player canvas[aria-label='dog, through the seeds 7, 6, 5']")


def test_the_buttons_of_a_key_drawing_work_after_a_seed_is_typed(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    keys = page.locator("#morph .keys input")
    keys.nth(1).fill("99")
    page.get_by_role("button", name="Move drawing 2 earlier").click()
    page.wait_for_selector("#morph .player canvas[aria-label$='seeds 99, 7']")
    pin = page.get_by_role("button", name="Pin drawing 1")
    pin.press("Enter")
    assert pin.get_attribute("aria-pressed") == "true" and pin.evaluate("pin => pin === document.activeElement")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Remove drawing 3").press("Enter")
    assert keys.count() == 2 and page.evaluate("document.activeElement.closest('#morph .keys') !== null")
