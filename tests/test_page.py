"""A visitor goes from tab to tab: trains a class, draws it, and loses the connection in between."""

import numpy as np
import pytest

from tests.support.browser import (
    WAIT,
    count_requests,
    open_morph,
    open_page,
    pick,
    pick_to_train,
    pictures,
    pixels,
    seeds,
    set_number,
)


def start_giraffe(page, minutes: float) -> None:
    """Request a giraffe on the Train tab and wait until it learns."""
    pick_to_train(page, "giraffe")
    page.get_by_text("For experts").click()
    page.locator("#train-minutes input[type=number]").wait_for()
    page.wait_for_timeout(500)  # a box that has just opened may still receive its first value
    set_number(page, "#train-minutes", minutes)
    page.click("#train-start")
    page.get_by_text("images/s").wait_for()


def test_without_the_server_draw_morph_and_yours_say_so_and_keep_their_drawings(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    page.get_by_role("tab", name="Yours").click()
    page.locator("#yours-pad .top button").first.wait_for()  # the tab's script has made it
    page.context.set_offline(True)
    gone = "The server can't be reached"
    page.locator("#yours-pad canvas").click(position={"x": 50, "y": 50})
    page.locator("#yours-pad .likeliest", has_text=gone).wait_for()
    page.get_by_role("tab", name="Morph").click()
    page.get_by_role("button", name="Shuffle").click()
    page.locator("#morph .message", has_text=gone).wait_for()
    assert [box.input_value() for box in page.locator("#morph .keys input").all()] == ["7", "12"]
    page.get_by_role("tab", name="Draw").click()
    before = seeds(page)
    page.get_by_role("button", name="Generate").click()
    page.locator("#draw .message", has_text=gone).wait_for()
    assert seeds(page) == before and page.locator("#draw-seed").input_value() == str(before[0])
    page.locator("#draw .board .export").get_by_role("button", name="Copy link").click()
    page.locator("#draw .board .copied", has_text=gone).wait_for()
    page.locator("#draw-class").click()
    page.locator("#draw-classes", has_text=gone).wait_for()
    page.context.set_offline(False)
    page.locator("#draw-class").press("Escape")
    page.get_by_role("button", name="Generate").click()
    page.wait_for_selector("#draw .message", state="hidden")
    page.wait_for_function(
        "(before) => document.querySelector('#draw .tile span').textContent != before", arg=before[0]
    )


@pytest.mark.slow
def test_a_giraffe_is_trained_and_then_drawn(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.get_by_role("tab", name="Train").click()
    start_giraffe(page, minutes=0.4)
    first_sheet = page.locator("#train-sheet img").get_attribute("src")
    run_id = page.evaluate("localStorage.getItem('doodles-run')")
    assert run_id

    # After a reload, the page watches the run again.
    page.reload()
    page.get_by_text("images/s").wait_for()
    page.get_by_text("can be drawn.", exact=False).first.wait_for(timeout=60_000 + 2 * WAIT)
    assert page.locator("#train-sheet img").get_attribute("src") != first_sheet
    page.locator("#train-losses canvas, #train-losses svg").first.wait_for(state="attached")

    page.get_by_role("tab", name="Draw").click()
    pick(page, "giraffe")
    page.wait_for_selector('#draw .tile[aria-label^="giraffe"]')
    drawn = np.stack([pixels(url) for url in pictures(page)])
    assert 0.03 < (drawn < 128).mean() < 0.6
    assert len({drawing.tobytes() for drawing in drawn}) == len(drawn)
    assert "learned from" in page.locator("#draw .origin").inner_text()


def test_a_draft_can_be_sent_to_train(page, site):
    for name in ("zebra", "yoga"):
        open_page(page, site, f"?class={name}&count=4")
        page.get_by_text(f"{name} is a draft").wait_for()
        page.get_by_role("button", name="Train it").click()
        page.get_by_role("button", name=f"Remove {name}").wait_for()
    page.get_by_role("tab", name="Draw").click()
    pick(page, "zebra")
    page.get_by_text("zebra is a draft").wait_for()
    page.get_by_role("button", name="Train it").click()
    page.get_by_role("button", name="Remove zebra").wait_for()
    assert page.get_by_role("button", name="Remove yoga").count() == 0


def test_scripts_of_train_are_fetched_only_when_the_tab_is_opened(page, site):
    requests = count_requests(page)
    open_page(page, site, "?class=cat")
    page.wait_for_selector("[data-ahead]")
    before = {url for url in requests if "/assets/" in url}
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-start").wait_for()
    page.get_by_text("For experts").wait_for()
    assert len({url for url in requests if "/assets/" in url} - before) > 5


@pytest.mark.slow
def test_stop_ends_a_run(page, site):
    open_page(page, site, "?class=cat")
    page.get_by_role("tab", name="Train").click()
    refusal = page.get_by_text("Pick at least one class")
    page.click("#train-start")
    refusal.first.wait_for()
    page.get_by_text("For experts").click()
    assert page.locator("#train-minutes input[type=number]").input_value() == "0", "the choice above applies"
    refusal.wait_for(state="hidden")  # it disappears by itself
    page.click("#train-start")
    refusal.first.wait_for()
    page.get_by_text("For experts").click()
    start_giraffe(page, minutes=30)
    page.click("#train-start")
    page.get_by_text("already being trained").first.wait_for()
    page.click("#train-stop")
    page.get_by_text("Stopped", exact=False).first.wait_for()
