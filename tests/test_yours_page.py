"""A visitor draws: the page says what it sees, finds the closest drawing, varies it and morphs from it."""

import json
import math
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from model.drawing.look import Look
from model.drawing.sampler import Sampler
from model.drawing.search import likeness
from model.drawing.view import read_view
from model.exports.looks import picture
from model.pen.strokes import trace
from tests.support.browser import IS_DRAWN, WAIT, open_page, pixels, set_number
from tests.support.samples import SHIPPED

CIRCLE = [(0.5 + 0.3 * math.cos(t), 0.55 + 0.3 * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 25)]
CAT = (
    CIRCLE,
    [(0.25, 0.4), (0.22, 0.12), (0.42, 0.27)],
    [(0.58, 0.27), (0.78, 0.12), (0.75, 0.4)],
    [(0.4, 0.5), (0.41, 0.51)],
    [(0.6, 0.5), (0.61, 0.51)],
    [(0.3, 0.62), (0.05, 0.58)],
    [(0.3, 0.68), (0.05, 0.72)],
    [(0.7, 0.62), (0.95, 0.58)],
    [(0.7, 0.68), (0.95, 0.72)],
)


def open_yours(page, site, query: str = "?class=cat&seed=7&count=4") -> None:
    open_page(page, site, query)
    page.get_by_role("tab", name="Yours").click()
    page.locator(":is(#yours-pad, #yours-pad *)[data-mounted]").first.wait_for()  # before, the paper takes no strokes
    page.locator("#yours-pad canvas").scroll_into_view_if_needed()


def draw(page, stroke) -> None:
    box = page.locator("#yours-pad canvas").bounding_box()
    positions = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*positions[0])
    page.mouse.down()
    for position in positions[1:]:
        page.mouse.move(*position, steps=3)
    page.mouse.up()


def ink(page) -> int:
    """The number of pixels with ink on the paper."""
    return page.evaluate(
        """() => {
            const canvas = document.querySelector("#yours-pad canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((value, place) => place % 4 === 3 && value > 127).length;
        }"""
    )


def wait_for_likeliest(page, class_name: str) -> None:
    page.wait_for_function(
        f"document.querySelector('#yours-pad .likeliest').textContent === 'It looks most like “{class_name}”.'",
        timeout=WAIT,
    )


def find(page) -> None:
    page.click("#yours-find")
    wait_for_found(page, "cat")


def wait_for_found(page, class_name: str) -> None:
    page.locator("#yours-found .sentence", has_text=f"closest “{class_name}” share").wait_for(timeout=WAIT)
    page.wait_for_selector(f'#yours-variations canvas[aria-label^="{class_name}, varied"]')


def shown(page, selector: str) -> list[np.ndarray]:
    urls = page.eval_on_selector_all(f"{selector} canvas", "all => all.map((canvas) => canvas.toDataURL())")
    return [pixels(url) for url in urls]


def assert_shows(canvas: np.ndarray, drawing: np.ndarray) -> None:
    expected = np.asarray(picture(drawing, len(canvas), Look()))
    assert np.abs(canvas.astype(float) - expected).mean() < 2, "of 255"


def test_the_guesses_change_with_each_stroke_and_undo_removes_one(page, site):
    open_yours(page, site)
    assert page.locator("#yours-pad .hint").is_visible()
    draw(page, CIRCLE)
    wait_for_likeliest(page, "circle")
    assert not page.locator("#yours-pad .hint").is_visible()
    only_circle = ink(page)
    for stroke in CAT[1:]:
        draw(page, stroke)
    wait_for_likeliest(page, "cat")
    shares = page.locator("#yours-pad .share").all_inner_texts()
    assert len(shares) == 5 and sum(int(share.rstrip("%")) for share in shares) <= 102
    page.locator("#yours-pad canvas").evaluate("canvas => canvas.closest('#yours-pad').querySelector('.undo').focus()")
    for _ in CAT[1:]:
        page.keyboard.press("Enter")
    wait_for_likeliest(page, "circle")
    assert ink(page) == pytest.approx(only_circle, rel=0.01)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#yours-pad .likeliest", has_text="Nothing yet.").wait_for()
    assert ink(page) == 0 and page.locator("#yours-pad .hint").is_visible()


def test_a_drawing_survives_a_reload(page, site):
    open_yours(page, site)
    for stroke in CAT:
        draw(page, stroke)
    wait_for_likeliest(page, "cat")
    before = ink(page)
    page.reload()
    page.locator("#yours-pad .likeliest", has_text="It looks most like “cat”.").wait_for()
    assert ink(page) == pytest.approx(before, rel=0.02)


def test_my_drawing_is_found_varied_and_morphed_and_its_link_draws_it_again(page, site):
    open_yours(page, site)
    for stroke in CAT:
        draw(page, stroke)
    wait_for_likeliest(page, "cat")
    find(page)
    mine, nearest, both = shown(page, "#yours-found")
    page.locator("#look input[value=ink]").check()
    mine_in_ink, nearest_in_ink, _ = shown(page, "#yours-found")
    assert likeness(255 - mine_in_ink, 255 - nearest_in_ink) > 0.7
    page.locator("#look input[value=pen]").check()
    inks = [(each < 250).sum() for each in (mine, nearest, both)]
    assert max(inks[:2]) < inks[2] <= sum(inks[:2]), "with the same pen, and both on top of each other"

    view = read_view("?" + urlsplit(page.url).query)
    (drawing,) = Sampler([SHIPPED]).draw(view.pictures())
    assert_shows(nearest, drawing)  # the address leads to the found drawing

    varied = shown(page, "#yours-variations")
    assert len(varied) == 16 and len({drawing.tobytes() for drawing in varied}) == 16
    set_number(page, "#yours-strength", 0)
    page.wait_for_function(
        "new Set([...document.querySelectorAll('#yours-variations canvas')].map((each) => each.dataset.ink)).size === 1"
    )
    assert_shows(shown(page, "#yours-variations")[0], drawing)  # at 0 there is only the found drawing

    page.wait_for_function("document.querySelector('#yours-player .end-a')?.textContent.includes('found')")
    page.wait_for_timeout(500)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    frames = set()
    for position in range(0, 64, 7):
        page.locator("#yours-player input[type=range]").evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')) }", position
        )
        frames.add(page.evaluate("document.querySelector('#yours-player canvas').toDataURL()"))
    assert len(frames) == 10, "every position of the morph shows another frame"
    assert not [url for url in requests if "heartbeat" not in url]
    set_number(page, "#yours-seed", 99)
    page.wait_for_function("document.querySelector('#yours-player .end-b').textContent.includes('99')")

    with page.expect_download() as taken:
        page.locator("#yours-found [data-latent] [data-download='large.png']").click()
    with Image.open(taken.value.path()) as file:
        assert (
            np.array_equal(file, picture(drawing, 1024, Look()))
            and taken.value.suggested_filename == "cat-found.large.png"
        )
    for kind, ending in (("svg", "-yours.svg"), ("ndjson", "-yours.ndjson")):
        with page.expect_download() as taken:
            page.locator(f"#yours-found .beside[data-download={kind}]").click()
        text = taken.value.path().read_text(encoding="utf-8")
        assert taken.value.suggested_filename.endswith(ending)
        if kind == "svg":
            assert text.count("<path") == len(CAT) + len(trace(drawing)), "my own strokes, then the found ones"
        else:
            own, found = (json.loads(line)["drawing"] for line in text.splitlines())
            assert len(own) == len(CAT) and len(found) == len(trace(drawing))
    page.locator("#yours-found [data-copy=link]").click()
    page.locator("#yours-found .copied", has_text="latent=").wait_for()
    link = page.locator("#yours-found .copied").inner_text().removeprefix("Copied: ")
    page.evaluate("sessionStorage.clear()")  # as another visitor
    page.goto(link)
    page.wait_for_selector('#yours-variations canvas[aria-label^="cat, varied"]')
    assert np.array_equal(shown(page, "#yours-found")[0], nearest), "the link leads to exactly this drawing"
    assert page.locator("#yours-found .beside").count() == 0, "nobody's own drawing is beside it"
    page.get_by_role("tab", name="Draw").click()
    page.get_by_role("button", name="Generate").click()
    page.wait_for_function("!new URLSearchParams(location.search).has('latent')")


@pytest.mark.slow
def test_a_variation_can_be_varied_and_the_found_drawing_survives_a_reload(page, site):
    open_yours(page, site)
    draw(page, CIRCLE)
    wait_for_likeliest(page, "circle")
    page.locator("#yours-pad .top button").first.click()
    wait_for_found(page, "circle")
    sentence = page.locator("#yours-found .sentence").inner_text().partition(" The closest of")[0]
    page.reload()
    wait_for_found(page, "circle")
    assert page.locator("#yours-found .sentence").inner_text() == sentence and len(shown(page, "#yours-found")) == 3

    draw(page, CAT[1])
    page.reload()
    page.locator("#yours-found .sentence", has_text="from a link").wait_for()  # it doesn't belong to the new strokes
    page.wait_for_selector("#yours-variations canvas")

    found, varied = page.url, shown(page, "#yours-variations")
    fifth = page.locator("#yours-variations canvas").nth(5).get_attribute("data-ink")
    page.locator("#yours-variations .one").nth(5).click()
    page.locator("#yours-found .sentence", has_text="that you chose").wait_for()
    page.wait_for_function("(before) => location.href !== before", arg=found)
    (drawing,) = Sampler([SHIPPED]).draw(read_view("?" + urlsplit(page.url).query).pictures())
    assert_shows(shown(page, "#yours-found")[0], drawing)
    assert_shows(varied[5], drawing)  # it's the one that was clicked
    page.wait_for_function(
        "(old) => document.querySelectorAll('#yours-variations canvas')[5].dataset.ink !== old", arg=fifth
    )  # it has its own variations

    def asks_for_variations(request) -> bool:
        return "run/predict" in request.url and len(request.post_data_json["data"]) == 3

    def hold(route) -> None:
        held.append(route) if asks_for_variations(route.request) and not held else route.continue_()

    held = []
    page.route("**/run/predict*", hold)
    for number in (1, 2):
        before = page.url
        page.locator("#yours-variations .one").nth(number).click()
        page.wait_for_function("(before) => location.href !== before", arg=before)
    with page.expect_request(asks_for_variations):  # for the one clicked last
        held[0].continue_()


@pytest.mark.slow
def test_of_two_searches_the_newest_is_shown(page, site):
    open_yours(page, site)
    for stroke in CAT:
        draw(page, stroke)
    wait_for_likeliest(page, "cat")
    page.click("#yours-find")
    page.locator("#yours-found .sentence", has_text="Looking for").wait_for()
    second = page.locator("#yours-pad .top .name").nth(1).inner_text()
    page.locator("#yours-pad .top button").nth(1).click()
    wait_for_found(page, second)


@pytest.mark.slow
def test_a_search_without_the_server_gives_one_sentence(page, site):
    open_yours(page, site)
    draw(page, CIRCLE)
    wait_for_likeliest(page, "circle")
    page.context.set_offline(True)
    page.click("#yours-find")
    page.locator("#yours-pad .likeliest", has_text="can't be reached").wait_for()
    page.locator("#yours-found .sentence", has_text="press “Find mine”").wait_for()
    page.context.set_offline(False)
    page.click("#yours-find")
    wait_for_found(page, "cat")


@pytest.mark.slow
def test_a_search_that_ends_while_another_tab_is_open_keeps_its_address(page, site):
    open_yours(page, site)
    draw(page, CIRCLE)
    page.click("#yours-find")
    page.get_by_role("tab", name="Draw").click()
    page.locator("#yours-found [data-latent]").wait_for(state="attached", timeout=WAIT)
    page.wait_for_timeout(300)
    assert "latent" not in page.url and "seed=7" in page.url


def test_a_bad_link_to_a_found_drawing_gives_one_sentence(page, site):
    for latent, sentence in {
        "1,2": "The latent has 2 numbers",
        "x": "“x” is not a number",
        "9999": "number 9999.0 is not allowed",
        "0," * 1900: "A latent is a list",
    }.items():
        open_page(page, site, f"?class=cat&latent={latent}")
        page.get_by_text(sentence).first.wait_for()


def test_the_picker_has_thumbnails_and_starts_with_the_pages_class(page, site):
    open_yours(page, site, "?class=apple&seed=7&count=4")
    box = page.locator("#yours-class")
    page.wait_for_function("document.querySelector('#yours-class').value === 'apple'")
    box.click()
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('#yours-classes .thumbnail'))")
    box.press_sequentially("giraf")
    box.press("Enter")
    assert box.input_value() == "giraffe"


@pytest.mark.slow
def test_a_drawing_that_looks_like_another_class_can_switch_to_it(page, site):
    open_yours(page, site, "?class=apple&seed=7&count=4")
    draw(page, [(0.5, 0.08), (0.75, 0.9), (0.1, 0.4), (0.9, 0.4), (0.25, 0.9), (0.5, 0.08)])
    wait_for_likeliest(page, "star")
    page.click("#yours-find")
    wait_for_found(page, "apple")
    page.get_by_role("button", name="It looks more like “star”").click()
    wait_for_found(page, "star")
    assert page.locator("#yours-class").input_value() == "star"
    page.locator("#yours-pad .top button").nth(1).click()
    wait_for_found(page, page.locator("#yours-pad .top .name").nth(1).inner_text())


def test_an_empty_paper_gives_one_sentence(page, site):
    open_yours(page, site)
    page.click("#yours-find")
    page.get_by_text("There is no drawing yet").first.wait_for()
    page.locator("#yours-found .sentence", has_text="press “Find mine”").wait_for()


@pytest.mark.slow
def test_drawing_with_a_finger_does_not_scroll_the_page(browser, site):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    open_yours(page, site)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("#yours-pad canvas").bounding_box()
    before = page.evaluate("scrollY")
    touch = context.new_cdp_session(page)
    for stroke in CAT:
        steps = [("touchStart", stroke[:1]), *(("touchMove", [point]) for point in stroke[1:]), ("touchEnd", [])]
        page.wait_for_timeout(350)  # a finger's pace: any faster, and the browser sees flings and double taps
        for kind, points in steps:
            places = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
            page.wait_for_timeout(20)
    wait_for_likeliest(page, "cat")
    assert page.evaluate("scrollY") == before
    page.locator("#yours-find").click()  # the browser loses a synthetic tap right after synthetic strokes
    wait_for_found(page, "cat")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
