"""A visitor draws in a real browser: classes, seeds, styles, and a single drawing enlarged."""

from collections.abc import Sequence

import numpy as np

from model.drawing.look import Look
from model.drawing.picking import picked
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.looks import picture
from tests.support.browser import (
    IS_DRAWN,
    counts,
    open_page,
    pick,
    pictures,
    pixels,
    seeds,
    set_seed,
    unanswered,
    wait_for_seed,
)
from tests.support.samples import SHIPPED, make_checkpoint


def test_the_first_view_shows_cats_and_generate_shows_others(page, site):
    open_page(page, site)
    first = pictures(page)
    assert len(set(first)) == 16, "the drawings appear without a click"
    page.get_by_role("button", name="Generate").click()
    page.wait_for_function("(old) => document.querySelector('#draw .tile canvas').toDataURL() !== old", arg=first[0])
    assert not set(first) & set(pictures(page))


def test_the_page_comes_with_the_first_drawings_which_match_their_seeds(page, site):
    page.route("**/component_server/**", lambda route: route.abort())
    open_page(page, site)
    brought, picked = pictures(page), seeds(page)
    assert len(set(brought)) == 16 and page.get_by_label("Picked").is_checked()
    page.unroute("**/component_server/**")
    open_page(page, site, f"?class=cat&seeds={','.join(map(str, picked))}")
    wait_for_seed(page, picked[0])
    assert pictures(page) == brought


def test_picked_drawings_keep_their_seeds_until_others_are_wanted(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    assert seeds(page) == [7, 8, 9, 10] and page.get_by_label("As they come").is_checked()
    page.get_by_label("Picked").check()
    page.wait_for_function("new URLSearchParams(location.search).has('seeds')")
    expected = list(view_picked("cat", 7, 4))
    assert seeds(page) == expected != [7, 8, 9, 10]
    page.locator("#draw-psi").fill("0.9")
    page.wait_for_function("new URLSearchParams(location.search).get('psi') === '0.9'")
    assert seeds(page) == expected
    page.locator("#draw .board > .export").get_by_role("button", name="Command line").click()
    page.locator("#draw .board > .copied", has_text=f"--seeds {','.join(map(str, expected))}").wait_for()
    page.reload()
    wait_for_seed(page, expected[0])
    assert seeds(page) == expected
    page.get_by_label("As they come").check()
    page.wait_for_function("!new URLSearchParams(location.search).has('seeds')")


def view_picked(class_name: str, seed: int, count: int) -> Sequence[int]:
    return picked(Sampler([SHIPPED]), View(class_name, seed, count)).all_seeds


def test_the_same_seed_shows_the_same_pixels(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    wait_for_seed(page, 7)
    (seven,) = pictures(page)
    assert 0.03 < (pixels(seven) < 128).mean() < 0.6, "some ink, more paper"
    set_seed(page, 8)
    wait_for_seed(page, 8)
    (eight,) = pictures(page)
    assert eight != seven
    set_seed(page, 7)
    wait_for_seed(page, 7)
    assert pictures(page) == [seven]


def test_exported_pictures_look_like_the_page(page, site):
    """Drawings on the page have the same edges as the large pictures, in the grid and enlarged."""
    open_page(page, site, "?class=cat&seed=7&count=4")
    wait_for_seed(page, 7)
    page.locator("#draw .tile").nth(2).click()
    shown = [*pictures(page), page.locator("#draw .detail canvas").evaluate("(canvas) => canvas.toDataURL()")]
    view = View("cat", 7, 4)
    drawings = Sampler([SHIPPED]).draw_all(view.pictures())
    for url, drawing in zip(shown, drawings[[0, 1, 2, 3, 2]], strict=True):
        large = pixels(url).astype(float)
        assert np.abs(large - np.asarray(picture(drawing, len(large), Look()))).mean() < 1.5, "of 255 grey levels"


def test_generate_keeps_a_locked_seed(page, site):
    open_page(page, site, "?class=cat&seed=7&count=2")
    page.get_by_role("button", name="Lock the seed").click()
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("The seed is locked").wait_for()
    page.wait_for_timeout(300)
    assert seeds(page) == [7, 8]
    page.get_by_role("button", name="Lock the seed").click()
    page.get_by_role("button", name="Generate").click()
    page.wait_for_function("document.querySelector('#draw .tile span').textContent !== '7'")
    assert not page.get_by_text("The seed is locked").is_visible()


def test_a_bad_seed_gives_one_sentence_and_the_drawings_stay(page, site):
    open_page(page, site, "?class=cat&seed=7&count=2")
    before = pictures(page)
    for wrong in ("-1", "4294967296", "1.5", ""):
        set_seed(page, wrong)
        page.get_by_text("A seed is a whole number from 0 to 4294967295").wait_for()
        assert page.locator("#draw-seed").input_value() == "7" and pictures(page) == before


def test_neighbouring_seeds_and_styles_are_shown_without_a_request(page, site):
    open_page(page, site, "?class=cat&seed=100&count=4")
    page.wait_for_selector("[data-ahead^='cat|']")
    near = page.locator("#draw .near")
    with unanswered(page) as requests:
        for seed in (101, 102, 103):
            near.press("ArrowRight")
            assert seeds(page)[0] == seed, "drawn at once, from memory"
    assert [4] not in requests, "once nothing moves, only possible next drawings are requested"
    seen = {pictures(page)[0]}
    style = page.locator("#draw .style input").nth(1)
    with page.expect_response(lambda answer: counts(answer.request) == [4] * 25) as came:
        style.focus()
    came.value.finished()
    page.wait_for_timeout(1500)
    with unanswered(page) as requests:
        for _ in range(4):
            style.press("ArrowRight")
            seen.add(pictures(page)[0])
    assert len(seen) == 5 and [4] not in requests, "every step shows another drawing without a request"


def test_a_class_without_a_sound_checkpoint_is_drawn_as_a_draft(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    assert "recognises" in page.locator("#draw .origin").inner_text()
    pick(page, "broom")
    wait_for_seed(page, 7, "broom")
    assert "broom is a draft" in page.locator("#draw .origin").inner_text()
    pick(page, "cat")
    wait_for_seed(page, 7)
    assert "recognises" in page.locator("#draw .origin").inner_text()


def test_an_unknown_class_gives_one_sentence_and_the_drawing_stays(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    before = pictures(page)
    with unanswered(page):
        pick(page, "docter")  # before the list has come, the server looks up the text
    page.get_by_text("There is no class “docter”").first.wait_for()
    assert pictures(page) == before and page.locator("#draw-class").input_value() == "cat"


def test_the_picker_shows_every_class_with_a_drawing_and_finds_by_typing(page, site):
    open_page(page, site)
    box = page.locator("#draw-class")
    box.click()
    options = page.locator("#draw-classes [role=option]")
    page.wait_for_function("document.querySelectorAll('#draw-classes [role=option]').length >= 345")
    thumbnails = "#draw-classes [role=option]%s .thumbnail"
    for which in ("[aria-selected=true]", ":last-child"):  # those in view have a drawing
        page.locator(thumbnails % which).scroll_into_view_if_needed()
        page.wait_for_function(f"({IS_DRAWN})(document.querySelector('{thumbnails % which}'))")
    assert options.filter(has_text="cat").filter(has_text="✓").count() and options.filter(has_text="draft").count()
    box.press_sequentially("giraf")
    assert page.locator("#draw-classes [role=option]:visible").count() == 1
    box.press("Enter")
    page.wait_for_selector('#draw .tile[aria-label^="giraffe"]')
    box.click()
    page.wait_for_function("document.querySelectorAll('#draw-classes [role=option]').length >= 345")
    box.press("ArrowDown")
    box.press("Escape")
    for typed, key, name in (("kitty", "Enter", "cat"), ("pineaple", "Tab", "pineapple"), ("tre", "Tab", "tree")):
        box.click()
        box.press_sequentially(typed)
        assert page.locator("#draw-classes [role=option]:visible").first.get_attribute("data-name") == name
        assert (
            page.locator("#draw-classes").bounding_box()["y"] > page.locator("#draw .generate").bounding_box()["y"] + 40
        )
        box.press(key)
        page.wait_for_selector(f'#draw .tile[aria-label^="{name},"]')
    box.click()
    box.press_sequentially("qwerty")
    box.press("Enter")
    page.locator("#draw-classes", has_text="No class is called “qwerty”.").wait_for()
    box.press("Escape")
    assert box.input_value() == "tree" and box.get_attribute("aria-expanded") == "false"


def test_a_class_typed_before_the_list_has_loaded_again_is_drawn(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    box = page.locator("#draw-class")
    box.click()
    page.wait_for_function("document.querySelectorAll('#draw-classes [role=option]').length >= 345")
    pick(page, "broom")
    wait_for_seed(page, 7, "broom")
    with unanswered(page):
        pick(page, "cat")
        assert box.input_value() == "cat"
    wait_for_seed(page, 7)


def test_a_drawing_can_be_enlarged_and_its_seed_taken(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.locator("#draw .tile").nth(2).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("cat, seed 9").wait_for()
    assert (pixels(dialog.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")) < 128).mean() > 0.02
    dialog.get_by_role("button", name="Next drawing").click()
    dialog.get_by_text("cat, seed 10").wait_for()
    dialog.get_by_role("button", name="Next drawing").click()
    dialog.get_by_text("cat, seed 7").wait_for()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    dialog.get_by_text("cat, seed 9").wait_for()
    page.get_by_role("button", name="Start from this seed").click()
    wait_for_seed(page, 9)
    page.locator("#draw .tile").first.click()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.locator("#draw .tile").first.click()
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()


def test_outdated_answers_change_nothing(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.wait_for_selector("[data-ahead]")
    with unanswered(page):
        pick(page, "dog")
        pick(page, "cat")
        assert page.locator("#draw-class").input_value() == "cat"
    page.wait_for_selector("[data-ahead^='cat|']")
    page.locator("#draw .sheet[aria-busy=false]").wait_for()
    assert page.locator("#draw-class").input_value() == "cat" and "cat, seed 7" in page.locator(
        "#draw .tile"
    ).first.get_attribute("aria-label")
    for _ in range(2):
        pick(page, "cats")
        page.wait_for_function("document.querySelector('#draw-class').value === 'cat'")


def test_a_typed_class_counts_when_generate_is_pressed(page, site):
    page.set_viewport_size({"width": 390, "height": 844})  # here the button is beside the box, not under its list
    open_page(page, site, "?class=cat&count=4")
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("do")
    page.locator("#draw-classes [aria-selected=true]", has_text="dog").wait_for()
    page.get_by_role("button", name="Generate").click()
    page.wait_for_selector('#draw .tile[aria-label^="dog, seed"]')
    assert page.locator("#draw-class").input_value() == "dog"
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("beac")
    page.locator("#draw-classes [aria-selected=true]", has_text="beach").wait_for()
    page.evaluate("document.querySelector('#draw .generate').click()")  # this leaves the focus where it is
    page.wait_for_selector('#draw .tile[aria-label^="beach, seed"]')
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("dog")
    page.locator("#draw-class").press("Tab")
    page.wait_for_selector('#draw .tile[aria-label^="dog, seed"]')
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("qwerty")
    page.get_by_text("No class is called “qwerty”.").locator("visible=true").wait_for()
    page.locator("#draw-seed").click()
    assert page.locator("#draw-class").input_value() == "dog"


def test_an_answer_does_not_overwrite_what_a_visitor_is_typing(page, site):
    open_page(page, site, "?class=cat&count=4")
    page.wait_for_selector("[data-ahead]")
    before = seeds(page)[0]
    with unanswered(page):
        page.get_by_role("button", name="Random seed").click()
        page.wait_for_function(
            "getComputedStyle(document.querySelector('#draw .tile canvas')).opacity === '0.5'"
        )  # a visitor sees that the page is busy
        page.locator("#draw-class").click()
        page.locator("#draw-class").press_sequentially("zeb")
    page.wait_for_function("(before) => document.querySelector('#draw .tile span').textContent != before", arg=before)
    assert page.locator("#draw-class").input_value() == "zeb"


def test_the_figures_shown_are_those_of_the_generator_that_drew(page, site, home_folder):
    open_page(page, site, "?class=anvil&seed=7&count=4")
    page.locator("#draw .origin", has_text="is a draft").wait_for()
    page.wait_for_selector("[data-ahead]")
    checkpoint = make_checkpoint(home_folder / "checkpoints", "anvil", z_dim=64)
    try:
        set_seed(page, 5000)
        page.locator("#draw .origin", has_text="learned from 10 drawings").wait_for()
    finally:
        checkpoint.unlink()
