"""A visitor clicks through the page in a real browser: draws, morphs, trains, and draws what was trained."""

import base64
import contextlib
import io
import os
import re
import shutil
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.vector import enlarged
from tests.conftest import REAL_DRAWINGS, make_checkpoint, suns, write_class
from tests.mirror import Mirror
from tests.site import REPOSITORY, Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WAIT = 120_000  # milliseconds
SERVER_FUNCTIONS = re.compile("/component_server/")
IS_DRAWN = """(canvas) => {
  const { data } = canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
  return data[3] === 255 && data.some((value, place) => place % 4 === 0 && value < 128);
}"""

if not CHROMIUM and os.environ.get("CI") != "true":
    pytest.skip("no browser on this machine; install Debian's chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of the app, started by its own command, with a loopback mirror of the drawings."""
    folder = tmp_path_factory.mktemp("site")
    drawings = REAL_DRAWINGS
    if not drawings.is_dir():
        drawings = folder / "drawings"
        write_class(drawings, "giraffe", suns(1500))
    (folder / "home" / "checkpoints").mkdir(parents=True)
    (folder / "home" / "checkpoints" / "broom.safetensors").write_bytes(b"broken")
    with Mirror(drawings) as mirror:
        app = Site(folder / "home", mirror.url)
        app.log = folder / "log"  # the home holds only what the app keeps there
        with app:
            yield app.url


@pytest.fixture(scope="module")
def home_folder(site, tmp_path_factory):
    """Where the app of `site` keeps its things."""
    logs = [path for path in tmp_path_factory.getbasetemp().glob("site*/log") if not path.parent.is_symlink()]
    (log,) = (path for path in logs if site.rstrip("/") in path.read_text())
    return log.parent / "home"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(WAIT)
    problems = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    opened.close()
    assert not problems


def open_page(page, address: str, query: str = "") -> None:
    page.goto(address + query)
    page.wait_for_selector("#draw .tile", state="attached")


def pictures(page) -> list[str]:
    """The drawings on the Draw tab, as PNGs in data URLs."""
    return page.eval_on_selector_all("#draw .tile canvas", "all => all.map((canvas) => canvas.toDataURL())")


def seeds(page) -> list[int]:
    return [int(text) for text in page.locator("#draw .tile span").all_inner_texts()]


def pixels(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L"))


def set_number(page, selector: str, value: int) -> None:
    box = page.locator(f"{selector} input[type=number]")
    box.fill(str(value))
    box.press("Enter")


def set_seed(page, seed: int) -> None:
    box = page.locator("#draw-seed")
    box.fill(str(seed))
    box.press("Enter")


def wait_for_seed(page, seed: int, class_name: str = "cat") -> None:
    page.wait_for_selector(f'#draw .tile:first-child[aria-label="{class_name}, seed {seed}"]')


def pick(page, text: str) -> None:
    box = page.locator("#draw-class")
    box.fill(text)
    box.press("Enter")


def count_requests(page) -> list[str]:
    """The requests from now on, without the heartbeat that Gradio's pages send."""
    asked = []
    page.on("request", lambda request: None if "heartbeat" in request.url else asked.append(request.url))
    return asked


def start_giraffe(page, minutes: int) -> None:
    """Order a giraffe on the Train tab and wait until it learns."""
    box = page.locator("#train-classes input").first
    box.click()
    box.press_sequentially("giraffe")
    page.get_by_role("option", name="giraffe", exact=True).click()
    box.press("Escape")
    page.get_by_text("For experts").click()
    page.locator("#train-minutes input[type=number]").wait_for()
    page.wait_for_timeout(500)  # a box that has just been opened may still be given its first value
    set_number(page, "#train-minutes", minutes)
    page.click("#train-start")
    page.get_by_text("images/s").wait_for()


def test_the_first_view_shows_cats_and_generate_shows_others(page, site):
    open_page(page, site)
    first = pictures(page)
    assert len(set(first)) == 16, "nobody has to click to see drawings"
    page.get_by_role("button", name="Generate").click()
    page.wait_for_function("(old) => document.querySelector('#draw .tile canvas').toDataURL() !== old", arg=first[0])
    assert not set(first) & set(pictures(page))


def test_the_first_drawings_come_with_the_page_and_are_those_of_their_seeds(page, site):
    page.route("**/component_server/**", lambda route: route.abort())
    open_page(page, site)
    brought, first = pictures(page), seeds(page)[0]
    assert len(set(brought)) == 16
    page.unroute("**/component_server/**")
    open_page(page, site, f"?class=cat&seed={first}&count=16")
    wait_for_seed(page, first)
    assert pictures(page) == brought


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


def test_the_page_shows_what_is_taken_along(page, site):
    """The edges of the drawings on the page are those of the large pictures, in the grid and alone."""
    open_page(page, site, "?class=cat&seed=7&count=4")
    wait_for_seed(page, 7)
    page.locator("#draw .tile").nth(2).click()
    shown = [*pictures(page), page.locator("#draw .detail canvas").evaluate("(canvas) => canvas.toDataURL()")]
    view = View("cat", 7, 4)
    drawings = Sampler([REPOSITORY / "checkpoints"]).draw_all(view.pictures())
    for url, drawing in zip(shown, drawings[[0, 1, 2, 3, 2]], strict=True):
        large = pixels(url).astype(float)
        assert np.abs(large - np.asarray(enlarged(drawing, len(large)))).mean() < 1.5, "of 255 grey levels"


def test_generate_keeps_a_locked_seed(page, site):
    open_page(page, site, "?class=cat&seed=7&count=2")
    page.get_by_role("button", name="Keep the seed").click()
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("The seed is locked").wait_for()
    page.wait_for_timeout(300)
    assert seeds(page) == [7, 8]
    page.get_by_role("button", name="Keep the seed").click()
    page.get_by_role("button", name="Generate").click()
    page.wait_for_function("document.querySelector('#draw .tile span').textContent !== '7'")
    assert not page.get_by_text("The seed is locked").is_visible()


def test_a_bad_seed_is_a_sentence_and_the_drawings_stay(page, site):
    open_page(page, site, "?class=cat&seed=7&count=2")
    before = pictures(page)
    for wrong in ("-1", "4294967296", "1.5", ""):
        set_seed(page, wrong)
        page.get_by_text("A seed is a whole number from 0 to 4294967295").wait_for()
        assert page.locator("#draw-seed").input_value() == "7" and pictures(page) == before


def test_neighbouring_seeds_and_styles_are_shown_without_asking(page, site):
    open_page(page, site, "?class=cat&seed=100&count=4")
    page.wait_for_selector("[data-ahead^='cat|']")
    near = page.locator("#draw .near")
    with unanswered(page) as asked:
        for seed in (101, 102, 103):
            near.press("ArrowRight")
            assert seeds(page)[0] == seed, "drawn within the same turn, from memory"
    assert [4] not in asked, "only what may come next is asked for, once nothing moves"
    seen = {pictures(page)[0]}
    style = page.locator("#draw .style input").nth(1)
    with page.expect_response(lambda answer: counts(answer.request) == [4] * 25) as came:
        style.focus()
    came.value.finished()
    page.wait_for_timeout(1500)
    with unanswered(page) as asked:
        for _ in range(4):
            style.press("ArrowRight")
            seen.add(pictures(page)[0])
    assert len(seen) == 5 and [4] not in asked, "every step is another drawing, and none was asked for"


def counts(request) -> list[int]:
    """How many drawings the Draw tab asks for, group by group; none if the request is another one."""
    body = request.post_data_json if "component_server" in request.url else {}
    return [count for _, count, *_ in body["data"][1]] if body.get("fn_name") == "drawings" else []


@contextlib.contextmanager
def unanswered(page) -> Iterator[list[list[int]]]:
    """What is asked of the server waits for the end. Gives the `counts` of every request, as they come."""
    held, asked = [], []

    def hold(route) -> None:
        held.append(route)
        asked.append(counts(route.request))

    page.route(SERVER_FUNCTIONS, hold)
    yield asked
    page.route(SERVER_FUNCTIONS, lambda route: route.continue_())  # which goes before the older one
    for route in held:
        route.continue_()


def test_styles_are_reset_and_part_of_the_address(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1&style=1.5,0,-2")
    page.wait_for_function("document.querySelector('#draw .style input').value === '1.5'")
    changed = pictures(page)
    page.locator("#draw .reset").click()
    page.wait_for_function("(old) => document.querySelector('#draw .tile canvas').toDataURL() !== old", arg=changed[0])
    page.wait_for_function("!new URLSearchParams(location.search).has('style')")
    page.goto(site + "?class=cat&seed=7&count=1&style=1.5,0,-2")
    page.wait_for_selector("#draw .tile")
    assert pictures(page) == changed


def test_the_address_leads_back_to_what_is_shown(page, site):
    open_page(page, site, "?class=cat&seed=5&count=2")
    page.get_by_role("button", name="A seed by chance").click()
    page.wait_for_function("new URLSearchParams(location.search).get('seed') !== '5'")
    shown, address = pictures(page), page.url
    page.goto(address)
    page.wait_for_selector("#draw .tile")
    assert pictures(page) == shown


def test_a_bad_link_is_a_sentence_and_the_page_works(page, site):
    for query in ("?class=blorp&seed=-3", "?psi=nan", "?count=1e9", "?style=1,2,3,4,5,6", "?seed=" + "9" * 5000):
        open_page(page, site, query)
        page.get_by_text("The link asks for something").first.wait_for()
        assert len(pictures(page)) == 16


def test_a_link_can_put_no_markup_on_the_page(page, site):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("class", "seed", "run", "keys", "into"):
        open_page(page, site, f"?{name}=<img src=http://127.0.0.1:9/spy><b>bold</b>")
        page.wait_for_timeout(1500)
        assert not page.locator("b", has_text="bold").count()
    assert not [url for url in asked if url.startswith("http://127.0.0.1:9/")]


def test_a_class_without_a_sound_checkpoint_is_drawn_as_a_draft(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    assert "Recognised" in page.locator("#draw .origin").inner_text()
    pick(page, "broom")
    wait_for_seed(page, 7, "broom")
    assert "broom is a draft" in page.locator("#draw .origin").inner_text()
    pick(page, "cat")
    wait_for_seed(page, 7)
    assert "Recognised" in page.locator("#draw .origin").inner_text()


def test_no_class_at_all_is_a_sentence_and_the_drawing_stays(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    before = pictures(page)
    pick(page, "girafe")
    page.get_by_text("did you mean “giraffe”").first.wait_for()
    assert pictures(page) == before and page.locator("#draw-class").input_value() == "cat"


def test_the_picker_shows_every_class_with_a_drawing_and_finds_by_typing(page, site):
    open_page(page, site)
    box = page.locator("#draw-class")
    box.click()
    options = page.locator("#draw-classes [role=option]")
    page.wait_for_function("document.querySelectorAll('#draw-classes [role=option]').length >= 345")
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('#draw-classes .thumbnail'))")
    assert options.filter(has_text="cat").filter(has_text="✓").count() and options.filter(has_text="draft").count()
    box.press_sequentially("giraf")
    assert page.locator("#draw-classes [role=option]:visible").count() == 1
    box.press("Enter")
    page.wait_for_selector('#draw .tile[aria-label^="giraffe"]')
    box.click()
    page.wait_for_function("document.querySelectorAll('#draw-classes [role=option]').length >= 345")
    box.press("ArrowDown")
    box.press("Escape")
    assert box.input_value() == "giraffe" and box.get_attribute("aria-expanded") == "false"


def test_a_class_that_is_typed_before_the_list_has_come_again_is_drawn(page, site):
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


def test_a_drawing_can_be_looked_at_and_becomes_the_seed(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.locator("#draw .tile").nth(2).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("cat, seed 9").wait_for()
    assert (pixels(dialog.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")) < 128).mean() > 0.02
    dialog.get_by_role("button", name="The drawing after").click()
    dialog.get_by_text("cat, seed 10").wait_for()
    dialog.get_by_role("button", name="The drawing after").click()
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


def open_morph(page, site: str, query: str) -> None:
    open_page(page, site, query)
    page.wait_for_selector("#morph .player canvas[aria-label*='seeds']")
    page.wait_for_selector("[data-ahead]", state="attached")  # all that the Draw tab asks for has come


FRAME = "document.querySelector('#morph .player canvas').toDataURL()"


def test_a_drawing_goes_to_morph(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.locator("#draw .tile").nth(2).click()
    page.get_by_role("button", name="Morph from here").click()
    page.wait_for_selector("#morph .player canvas[aria-label*='seeds 9, ']")
    assert page.locator("#morph .keys input").first.input_value() == "9"
    assert not page.locator("#morph .message").is_visible()


def test_a_cat_and_a_dog_that_were_sent_to_morph_turn_into_each_other(page, site):
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
    pick(page, "ant")
    page.wait_for_selector('#draw .tile[aria-label^="ant, seed"]')
    page.locator("#draw .tile").first.click()
    page.get_by_role("button", name="Morph to here").click()
    page.locator("#morph .message", has_text="cat and ant are not among the classes").wait_for()


def test_a_film_is_taken_along_as_it_plays(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    for speed, loop, frames, milliseconds in (("2", "once", 64, 20), ("0.5", "back", 126, 80)):
        page.locator("#morph .speed").select_option(speed)
        page.locator("#morph .loop").select_option(loop)
        with page.expect_download() as taken:
            page.locator("#morph [data-take=gif]").click()
        with Image.open(taken.value.path()) as morph:
            assert (morph.n_frames, morph.info["duration"]) == (frames, milliseconds)


def test_morph_scrubs_without_asking_the_server(page, site):
    open_morph(page, site, "?class=cat&keys=7,12,40")
    page.wait_for_timeout(500)
    asked = count_requests(page)
    slider = page.locator("#morph .player input[type=range]")
    seen = set()
    for position in range(0, 64, 7):
        slider.evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')) }", position
        )
        seen.add(page.evaluate(FRAME))
    assert len(seen) == 10, "every place shows another frame"
    play = page.locator("#morph .play")
    play.click()
    page.wait_for_function(f"(seen) => !seen.includes({FRAME})", arg=list(seen))
    play.click()
    still = page.evaluate(FRAME)
    page.wait_for_timeout(200)
    assert page.evaluate(FRAME) == still, "a pause is a pause"
    slider.press(" ")
    page.wait_for_function(f"(still) => {FRAME} !== still", arg=still)  # the space bar plays
    assert not asked


def test_key_drawings_are_added_moved_pinned_shuffled_and_removed(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    keys = page.locator("#morph .keys input")

    def shown() -> list[str]:
        return [keys.nth(place).input_value() for place in range(keys.count())]

    page.get_by_role("button", name="Pin drawing 1").click()
    page.get_by_role("button", name="Shuffle").click()
    assert shown()[0] == "7" and shown()[1] != "12"
    page.get_by_role("button", name="Drawing 1 later").click()
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

    assert gap(last) < 4 < gap(first), "the way ends at the dog of that seed"


def test_a_bad_morph_link_is_a_sentence(page, site):
    for query in ("?class=cat&keys=1", "?class=cat&keys=-1,x", "?class=blorp&keys=1,2", "?class=cat&into=zzz&keys=1,2"):
        open_page(page, site, query)
        page.wait_for_selector("#morph .message:not([hidden])")


def test_a_bad_morph_link_is_drawn_as_far_as_it_can_be(page, site):
    open_page(page, site, "?class=dog&keys=1,3&into=unicorn")
    page.get_by_text("no class “unicorn”").wait_for()
    page.wait_for_selector("#morph .player canvas[aria-label='dog, through the seeds 14, 15']")
    assert page.locator("#morph .message").is_visible(), "what was wrong stays to be read"
    page.get_by_role("button", name="Shuffle").click()
    page.wait_for_selector("#morph .message", state="hidden")
    open_page(page, site, "?class=dog&keys=1,x,3")
    page.get_by_text("The seed x is not allowed").wait_for()


def test_a_lost_answer_leaves_what_was_asked_for(page, site):
    page.route(
        SERVER_FUNCTIONS,
        lambda route: route.abort() if "morph" in (route.request.post_data or "") else route.continue_(),
    )
    open_page(page, site, "?class=dog&keys=5,6,7&psi=0.8")
    page.locator("#morph .message", has_text="can't be reached").wait_for()
    page.unroute_all()
    assert "keys=5,6,7" in page.url.replace("%2C", ",")
    page.get_by_role("button", name="Turn round").click()
    page.wait_for_selector("#morph .player canvas[aria-label='dog, through the seeds 7, 6, 5']")


def test_answers_that_are_overtaken_change_nothing(page, site):
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


def test_pressing_a_button_of_a_key_drawing_after_its_seed_was_typed_does_what_it_says(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    keys = page.locator("#morph .keys input")
    keys.nth(1).fill("99")
    page.get_by_role("button", name="Drawing 2 earlier").click()
    page.wait_for_selector("#morph .player canvas[aria-label$='seeds 99, 7']")
    pin = page.get_by_role("button", name="Pin drawing 1")
    pin.press("Enter")
    assert pin.get_attribute("aria-pressed") == "true" and pin.evaluate("pin => pin === document.activeElement")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Remove drawing 3").press("Enter")
    assert keys.count() == 2 and page.evaluate("document.activeElement.closest('#morph .keys') !== null")


def test_without_the_server_draw_morph_and_yours_say_so_and_show_what_they_draw(page, site):
    open_morph(page, site, "?class=cat&keys=7,12")
    page.get_by_role("tab", name="Yours").click()
    page.locator("#yours-pad canvas").wait_for()
    page.context.set_offline(True)
    gone = "The server can't be reached"
    page.locator("#yours-pad canvas").click(position={"x": 50, "y": 50})
    page.locator("#yours-pad .most", has_text=gone).wait_for()
    page.get_by_role("tab", name="Morph").click()
    page.get_by_role("button", name="Shuffle").click()
    page.locator("#morph .message", has_text=gone).wait_for()
    assert [box.input_value() for box in page.locator("#morph .keys input").all()] == ["7", "12"]
    page.get_by_role("tab", name="Draw").click()
    before = seeds(page)
    page.get_by_role("button", name="Generate").click()
    page.locator("#draw .message", has_text=gone).wait_for()
    assert seeds(page) == before and page.locator("#draw-seed").input_value() == str(before[0])
    page.locator("#draw .board .take").get_by_role("button", name="Copy link").click()
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


def test_a_class_that_was_typed_counts_when_generate_is_pressed(page, site):
    page.set_viewport_size({"width": 390, "height": 844})  # where the button is beside the box, not under its list
    open_page(page, site, "?class=cat&count=4")
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("do")
    page.locator("#draw-classes [aria-selected=true]", has_text="dog").wait_for()
    page.get_by_role("button", name="Generate").click()
    page.wait_for_selector('#draw .tile[aria-label^="dog, seed"]')
    assert page.locator("#draw-class").input_value() == "dog"
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("be")
    page.locator("#draw-classes [aria-selected=true]", has_text="beach").wait_for()
    page.evaluate("document.querySelector('#draw .generate').click()")  # which leaves the focus where it is
    page.wait_for_selector('#draw .tile[aria-label^="beach, seed"]')
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("dog")
    page.locator("#draw-class").press("Tab")
    page.wait_for_selector('#draw .tile[aria-label^="dog, seed"]')
    page.locator("#draw-class").click()
    page.locator("#draw-class").press_sequentially("unicornx")
    page.get_by_text("No class is called that.").locator("visible=true").wait_for()
    page.locator("#draw-seed").click()
    assert page.locator("#draw-class").input_value() == "dog"


def test_an_answer_does_not_take_the_words_from_who_is_typing(page, site):
    open_page(page, site, "?class=cat&count=4")
    page.wait_for_selector("[data-ahead]")
    before = seeds(page)[0]
    with unanswered(page):
        page.get_by_role("button", name="A seed by chance").click()
        page.wait_for_function(
            "getComputedStyle(document.querySelector('#draw .tile canvas')).opacity === '0.5'"
        )  # so that one sees that something is under way
        page.locator("#draw-class").click()
        page.locator("#draw-class").press_sequentially("zeb")
    page.wait_for_function("(before) => document.querySelector('#draw .tile span').textContent != before", arg=before)
    assert page.locator("#draw-class").input_value() == "zeb"


def test_the_address_is_that_of_the_open_tab(page, site):
    def wait_for_query(**entries):
        expected = {name: str(value) for name, value in entries.items()}
        page.wait_for_function(
            "(wanted) => { const query = Object.fromEntries(new URLSearchParams(location.search));"
            " return Object.keys(query).length === Object.keys(wanted).length"
            " && Object.keys(wanted).every((key) => query[key] === wanted[key]); }",
            arg=expected,
        )

    open_page(page, site, "?class=cat&seed=7&count=4&psi=0.9")
    wait_for_query(**{"class": "cat"}, seed=7, count=4, psi=0.9)
    page.get_by_role("tab", name="Morph").click()
    wait_for_query(**{"class": "cat"}, keys="14,15", psi=1)
    page.get_by_role("tab", name="Draw").click()
    wait_for_query(**{"class": "cat"}, seed=7, count=4, psi=0.9)
    page.get_by_role("tab", name="Yours").click()
    wait_for_query(tab="yours", **{"class": "cat"})
    page.get_by_role("tab", name="Draw").click()
    pick(page, "dog")
    wait_for_query(**{"class": "dog"}, seed=7, count=4, psi=0.9)
    page.get_by_role("tab", name="Wall").click()
    wait_for_query(tab="wall")
    page.get_by_role("tab", name="Yours").click()
    wait_for_query(tab="yours", **{"class": "dog"})
    page.get_by_role("tab", name="Wall").click()
    wait_for_query(tab="wall")
    page.locator("#wall .wall-tile", has_text="zebra").click()
    page.wait_for_selector('#draw .tile[aria-label^="zebra, seed"]')
    page.wait_for_function("new URLSearchParams(location.search).get('class') === 'zebra'")
    page.go_back()
    page.locator("#wall .wall-tile", has_text="zebra").wait_for()
    page.wait_for_function("scrollY > 500")
    assert page.get_by_role("tab", name="Wall").get_attribute("aria-selected") == "true"
    for tab, address in (
        ("Yours", {"tab": "yours", "class": "zebra"}),
        ("Wall", {"tab": "wall"}),
        ("Draw", {"class": "dog", "seed": 7, "count": 4, "psi": 0.9}),
        ("Yours", {"tab": "yours", "class": "dog"}),
        ("Draw", {"class": "cat", "seed": 7, "count": 4, "psi": 0.9}),
        ("Morph", {"class": "cat", "keys": "14,15", "psi": 1}),
    ):
        page.go_back()
        page.wait_for_function(
            "(name) => document.querySelector('[role=tab][aria-selected=true]').textContent.trim() === name", arg=tab
        )
        wait_for_query(**address)
        if tab == "Draw":
            wait_for_seed(page, 7, address["class"])
    page.locator("#morph .turn").click()
    wait_for_query(**{"class": "cat"}, keys="15,14", psi=1)
    page.get_by_role("tab", name="Draw").click()
    wait_for_query(**{"class": "cat"}, seed=7, count=4, psi=0.9)
    page.get_by_role("tab", name="Morph").click()
    page.locator("#morph .turn").click()
    wait_for_query(**{"class": "cat"}, keys="14,15", psi=1)
    page.go_back()
    wait_for_query(**{"class": "cat"}, seed=7, count=4, psi=0.9)
    page.locator("#draw .tile").first.click()
    page.go_back()
    page.wait_for_selector("#morph .player canvas[aria-label='cat, through the seeds 15, 14']")
    assert not page.get_by_role("dialog").is_visible(), "which would let nothing else be pressed"
    page.get_by_role("tab", name="Train").click()
    wait_for_query(tab="train")
    page.reload()
    page.locator("#train-start").wait_for()


def test_the_way_back_keeps_its_place_while_it_is_drawn(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.get_by_role("tab", name="Wall").click()
    page.locator("#wall .wall-tile", has_text="zebra").click()
    page.wait_for_selector('#draw .tile[aria-label^="zebra, seed"]')
    page.wait_for_function("new URLSearchParams(location.search).get('class') === 'zebra'")
    page.go_back()
    page.wait_for_function("location.search === '?tab=wall'")
    with unanswered(page):
        page.go_back()
        page.locator("#draw").wait_for()
        page.wait_for_timeout(300)
        assert "class=cat" in page.url
    page.wait_for_selector('#draw .tile[aria-label="cat, seed 7"]')
    page.wait_for_timeout(500)
    assert "class=cat" in page.url


def test_a_giraffe_is_trained_for_a_minute_and_then_drawn(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.get_by_role("tab", name="Train").click()
    start_giraffe(page, minutes=1)
    first_sheet = page.locator("#train-sheet img").get_attribute("src")
    run_id = page.evaluate("localStorage.getItem('doodles-run')")
    assert run_id

    # A reload attaches to the run again; drawing goes on meanwhile.
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


def test_a_draft_is_sent_to_be_trained(page, site):
    for name in ("zebra", "yoga"):
        open_page(page, site, f"?class={name}&count=4")
        page.get_by_text(f"{name} is a draft").wait_for()
        page.get_by_role("button", name="Train it").click()
        page.locator("#train-classes").get_by_text(name, exact=True).wait_for()
    page.get_by_role("tab", name="Draw").click()
    pick(page, "zebra")
    page.get_by_text("zebra is a draft").wait_for()
    page.get_by_role("button", name="Train it").click()
    page.locator("#train-classes").get_by_text("zebra", exact=True).wait_for()
    assert page.locator("#train-classes").get_by_text("yoga", exact=True).count() == 0


def test_a_first_answer_that_takes_long_calls_nobody_back(page, site):
    with unanswered(page):
        page.goto(site + "?class=cat&seed=7&count=4")
        page.get_by_role("tab", name="Wall").click()
        page.locator(".wall-tile").first.wait_for()
    page.wait_for_selector('#draw .tile[aria-label="cat, seed 7"]', state="attached")
    page.wait_for_timeout(300)
    assert page.locator("#wall").is_visible() and "tab=wall" in page.url


def test_on_the_narrowest_window_the_tabs_in_the_menu_have_addresses_too(page, site):
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(site + "?tab=train")
    page.locator("#train-start").wait_for()
    page.get_by_role("button", name="More tabs").click()
    page.locator(".overflow-dropdown button", has_text="Wall").click()
    page.wait_for_function("location.search === '?tab=wall'")
    page.go_back()
    page.locator("#train-start").wait_for()


def test_what_train_is_made_of_is_fetched_when_somebody_opens_it(page, site):
    asked = count_requests(page)
    open_page(page, site, "?class=cat")
    page.wait_for_selector("[data-ahead]")
    before = {url for url in asked if "/assets/" in url}
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-start").wait_for()
    page.get_by_text("For experts").wait_for()
    assert len({url for url in asked if "/assets/" in url} - before) > 5


def test_stop_ends_a_run(page, site):
    open_page(page, site, "?class=cat")
    page.get_by_role("tab", name="Train").click()
    refusal = page.get_by_text("Pick at least one class")
    page.click("#train-start")
    refusal.first.wait_for()
    page.get_by_text("For experts").click()
    assert page.locator("#train-minutes input[type=number]").input_value() == "0", "as the dial says"
    refusal.wait_for(state="hidden")  # as it does by itself
    page.click("#train-start")
    refusal.first.wait_for()
    page.get_by_text("For experts").click()
    start_giraffe(page, minutes=30)
    page.click("#train-start")
    page.get_by_text("already in training").first.wait_for()
    page.click("#train-stop")
    page.get_by_text("Stopped", exact=False).first.wait_for()


def test_what_a_wall_could_not_fetch_comes_when_the_server_is_back(page, site):
    open_page(page, site)
    page.wait_for_selector("[data-ahead]")
    page.route(SERVER_FUNCTIONS, lambda route: route.abort())
    page.get_by_role("tab", name="Wall").click()
    page.locator("#wall .lost", has_text="The server can't be reached").wait_for()
    page.unroute(SERVER_FUNCTIONS)
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile canvas'))")
    page.locator("#wall .lost").wait_for(state="hidden")


def test_classes_that_come_while_a_wall_is_looked_at_do_not_mix_up_its_drawings(page, site, home_folder):
    open_page(page, site)
    page.wait_for_selector("[data-ahead]")
    page.get_by_role("tab", name="Wall").click()
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile canvas'))")
    before = page.locator(".wall-tile").count()
    made = make_checkpoint(home_folder / "checkpoints", "ant+bee", z_dim=64)
    try:
        page.locator(".wall-tile").last.scroll_into_view_if_needed()
        page.wait_for_function("number => document.querySelectorAll('.wall-tile').length > number", arg=before)
        page.locator(".wall-tile").last.scroll_into_view_if_needed()
        page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile:last-child canvas'))")
    finally:
        made.unlink()


def test_what_is_said_of_a_generator_is_of_the_one_that_drew(page, site, home_folder):
    open_page(page, site, "?class=anvil&seed=7&count=4")
    page.locator("#draw .origin", has_text="is a draft").wait_for()
    page.wait_for_selector("[data-ahead]")
    made = make_checkpoint(home_folder / "checkpoints", "anvil", z_dim=64)
    try:
        set_seed(page, 5000)
        page.locator("#draw .origin", has_text="learned from 10 drawings").wait_for()
    finally:
        made.unlink()


def test_a_link_to_a_damaged_mixture_shows_something_else_and_says_why(page, site, home_folder):
    made = make_checkpoint(home_folder / "checkpoints", "ant+bee", z_dim=64)
    content = bytearray(made.read_bytes())
    content[-100] ^= 255
    made.write_bytes(content)
    try:
        open_page(page, site, "?class=ant%2Bbee&seed=7")
        page.locator("#draw .message", has_text="ant+bee.safetensors is damaged").wait_for()
    finally:
        made.unlink()


def test_the_wall_shows_every_class_one_request_a_screenful(page, site):
    open_page(page, site)
    page.wait_for_selector("[data-ahead]")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "component_server" in request.url else None)
    page.get_by_role("tab", name="Wall").click()
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile canvas'))")
    assert page.locator(".wall-tile").count() >= 345 and len(asked) <= 2
    page.locator(".wall-tile").last.scroll_into_view_if_needed()
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile:last-child canvas'))")

    page.locator("#wall .search").fill("giraf")
    assert page.locator(".wall-tile:visible").count() == 1
    seed = parse_qs(urlsplit(page.locator(".wall-tile:visible").get_attribute("href")).query)["seed"][0]
    page.locator(".wall-tile:visible").click()
    wait_for_seed(page, int(seed), "giraffe")
    for wrong in ([0, 99, 0], [-1, 0, 0], [10**9, 0, 0], ["0", 0, 0], [0, 0, 0], [0], {"a": 1}, None, "x"):
        answer = page.evaluate(
            """async ([address, wrong]) => {
                const component = gradio_config.components.find((one) => one.props.elem_id === "wall");
                const body = {session_hash: "x", component_id: component.id, fn_name: "screenful", data: wrong};
                const headers = {"Content-Type": "application/json"};
                const answer = await fetch(address + "gradio_api/component_server",
                    {method: "POST", headers, body: JSON.stringify(body)});
                return [answer.status, await answer.text()];
            }""",
            [site, wrong],
        )
        assert answer == [200, '""'], wrong
