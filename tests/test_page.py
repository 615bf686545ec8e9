"""A visitor clicks through the page in a real browser: draws, morphs, trains, and draws what was trained."""

import base64
import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REAL_DRAWINGS, suns, write_class
from tests.mirror import Mirror

REPOSITORY = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WAIT = 30_000  # milliseconds

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
    port = _free_port()
    with Mirror(drawings) as mirror:
        environment = os.environ | {
            "DOODLES_HOME": str(folder / "home"),
            "DOODLES_SOURCE": mirror.url,
            "GRADIO_SERVER_PORT": str(port),
        }
        with (folder / "log").open("wb") as log:
            app = subprocess.Popen([sys.executable, "app.py"], cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}/"
            _wait_until_served(address, app, folder / "log")
            yield address
        finally:
            app.terminate()
            app.wait(20)


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
    page.wait_for_selector("#draw-pictures img")


def pictures(page) -> list[str]:
    return page.eval_on_selector_all("#draw-pictures img", "images => images.map(image => image.src)")


def pixels(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def set_number(page, selector: str, value: int) -> None:
    box = page.locator(f"{selector} input[type=number]")
    box.fill(str(value))
    box.press("Enter")


def wait_for_seed(page, seed: int) -> None:
    page.wait_for_selector(f'#draw-pictures img[alt="cat, seed {seed}"]:first-of-type')
    page.wait_for_function(f"document.querySelector('#draw-pictures figcaption').textContent === '{seed}'")


def start_giraffe(page, minutes: int) -> None:
    """Order a giraffe on the Train tab and wait until it learns."""
    box = page.locator("#train-classes input").first
    box.click()
    box.press_sequentially("giraffe")
    page.get_by_role("option", name="giraffe", exact=True).click()
    box.press("Escape")
    page.get_by_text("For experts").click()
    set_number(page, "#train-minutes", minutes)
    page.click("#train-start")
    page.get_by_text("images/s").wait_for(timeout=60_000)


def test_generate_shows_a_cat_and_the_same_seed_shows_the_same_pixels(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    page.click("#draw-generate")
    wait_for_seed(page, 7)
    (seven,) = pictures(page)
    drawing = pixels(seven)
    assert drawing.shape == (28, 28) and 0.03 < (drawing < 128).mean() < 0.6, "some ink, more paper"
    set_number(page, "#draw-seed", 8)
    wait_for_seed(page, 8)
    (eight,) = pictures(page)
    assert eight != seven
    set_number(page, "#draw-seed", 7)
    wait_for_seed(page, 7)
    assert pictures(page) == [seven]


def test_the_seed_slider_answers_to_the_keyboard(page, site):
    open_page(page, site, "?class=cat&seed=100&count=4")
    page.locator("#draw-seed input[type=range]").press("ArrowRight")
    wait_for_seed(page, 101)
    assert len(pictures(page)) == 4


def test_the_address_leads_back_to_what_is_shown(page, site):
    open_page(page, site, "?class=cat&seed=5&count=2")
    page.click("#draw-dice")
    page.wait_for_function("new URLSearchParams(location.search).get('seed') !== '5'")
    shown, address = pictures(page), page.url
    page.goto(address)
    page.wait_for_selector("#draw-pictures img")
    assert pictures(page) == shown


def test_a_bad_link_is_a_sentence_and_the_page_works(page, site):
    open_page(page, site, "?class=blorp&seed=-3")
    page.get_by_text("The link asks for something").first.wait_for()
    assert len(pictures(page)) == 16


def test_a_link_can_put_no_markup_on_the_page(page, site):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("class", "seed", "run"):
        open_page(page, site, f"?{name}=<img src=http://127.0.0.1:9/spy><b>bold</b>")
        page.wait_for_timeout(1500)
        assert not page.locator("b", has_text="bold").count()
    assert not [url for url in asked if url.startswith("http://127.0.0.1:9/")]


def test_a_class_without_a_sound_checkpoint_is_drawn_as_a_draft(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    assert "Recognised" in page.locator("#draw-pictures .origin").inner_text()
    box = page.locator("#draw-class input")
    box.fill("broom")
    box.press("Enter")
    page.wait_for_selector('#draw-pictures img[alt^="broom, seed"]')
    assert "broom is a draft" in page.locator("#draw-pictures .origin").inner_text()


def test_no_class_at_all_is_a_sentence_and_the_drawing_stays(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    before = pictures(page)
    box = page.locator("#draw-class input")
    box.fill("girafe")
    box.press("Enter")
    page.get_by_text("did you mean “giraffe”").first.wait_for()
    assert pictures(page) == before


def test_the_picker_marks_what_can_be_drawn_and_finds_by_typing(page, site):
    open_page(page, site)
    box = page.locator("#draw-class input")
    box.click()
    options = page.locator("#draw-class [role=option], ul[role=listbox] [role=option]")
    options.first.wait_for()
    assert options.first.inner_text().strip().startswith("✓")
    box.press_sequentially("giraf")
    page.get_by_role("option", name="giraffe").wait_for()
    assert page.get_by_role("option").count() == 1


def test_morph_scrubs_without_asking_the_server(page, site):
    open_page(page, site, "?class=cat")
    page.get_by_role("tab", name="Morph").click()
    page.wait_for_function("document.querySelector('#morph-player .end-a')?.textContent.startsWith('A')")
    page.wait_for_timeout(500)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    frame = "document.querySelector('#morph-player canvas').toDataURL()"
    slider = page.locator("#morph-player input[type=range]")
    seen = set()
    for position in range(0, 64, 7):
        slider.evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')) }", position
        )
        seen.add(page.evaluate(frame))
    assert len(seen) == 10, "every place shows another frame"
    page.click("#morph-player .play")
    page.wait_for_timeout(400)
    assert page.evaluate(frame) not in seen
    page.click("#morph-player .play")
    still = page.evaluate(frame)
    page.wait_for_timeout(200)
    assert page.evaluate(frame) == still, "a pause is a pause"
    assert not [url for url in requests if "heartbeat" not in url]


def test_the_morph_can_be_saved_as_a_gif(page, site):
    open_page(page, site, "?class=cat")
    page.get_by_role("tab", name="Morph").click()
    page.wait_for_function("document.querySelector('#morph-player .end-a')?.textContent.startsWith('A')")
    with page.expect_download() as caught:
        page.click("#morph-gif")
    with Image.open(caught.value.path()) as picture:
        assert picture.format == "GIF" and picture.n_frames > 60 and picture.size == (252, 252)


def test_a_giraffe_is_trained_for_a_minute_and_then_drawn(page, site):
    open_page(page, site, "?class=cat&seed=7&count=4")
    page.get_by_role("tab", name="Train").click()
    start_giraffe(page, minutes=1)
    first_sheet = page.locator("#train-sheet img").get_attribute("src")
    run_id = page.evaluate("localStorage.getItem('doodles-run')")
    assert run_id

    # A reload attaches to the run again; drawing goes on meanwhile.
    page.reload()
    page.wait_for_selector("#draw-pictures img")
    page.get_by_role("tab", name="Train").click()
    page.get_by_text("images/s").wait_for()
    page.get_by_text("can be drawn.", exact=False).wait_for(timeout=150_000)
    assert page.locator("#train-sheet img").get_attribute("src") != first_sheet
    assert page.locator("#train-losses canvas, #train-losses svg").count()

    page.get_by_role("tab", name="Draw").click()
    picker = page.locator("#draw-class input")
    picker.click()
    picker.press_sequentially("giraf")
    page.get_by_role("option", name="✓ giraffe", exact=True).click()
    page.wait_for_selector('#draw-pictures img[alt^="giraffe, seed"]')
    drawn = np.stack([pixels(url) for url in pictures(page)])
    assert 0.03 < (drawn < 128).mean() < 0.6
    assert len({drawing.tobytes() for drawing in drawn}) == len(drawn)


def test_stop_ends_a_run(page, site):
    open_page(page, site, "?class=cat")
    page.get_by_role("tab", name="Train").click()
    page.click("#train-start")
    page.get_by_text("Pick at least one class").first.wait_for()
    start_giraffe(page, minutes=30)
    page.click("#train-start")
    page.get_by_text("already in training").first.wait_for()
    page.click("#train-stop")
    page.get_by_text("Stopped", exact=False).first.wait_for()


def test_the_wall_shows_every_class_one_request_a_screenful(page, site):
    open_page(page, site)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "component_server" in request.url else None)
    page.get_by_role("tab", name="Wall").click()
    drawn = """(tile) => tile && tile.firstElementChild.style.backgroundImage.startsWith('url("data:image/png')"""
    page.wait_for_function(f"({drawn})(document.querySelector('.wall-tile'))")
    assert page.locator(".wall-tile").count() >= 345 and len(asked) <= 2
    page.locator(".wall-tile").last.scroll_into_view_if_needed()
    page.wait_for_function(f"({drawn})(document.querySelector('.wall-tile:last-child'))")

    page.locator("#wall .search").fill("giraf")
    assert page.locator(".wall-tile:visible").count() == 1
    seed = parse_qs(urlsplit(page.locator(".wall-tile:visible").get_attribute("href")).query)["seed"][0]
    page.locator(".wall-tile:visible").click()
    page.wait_for_selector(f'#draw-pictures img[alt="giraffe, seed {seed}"]')
    for wrong in ([0, 99], [-1, 0], [10**9, 0], ["0", 0], [0], {"a": 1}, None, "x"):
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


def test_programs_draw_through_the_api(site):
    from gradio_client import Client

    client = Client(site, verbose=False)
    one = client.predict("cat", 7, 1, 0.9, api_name="/draw")
    assert one[0] == client.predict("cat", 5, 4, 0.9, api_name="/draw")[2]
    assert "cat" in client.predict(api_name="/classes")
    for bad in (("blorp", 7, 1, 0.9), ("cat", -1, 1, 0.9), ("cat", 1, 10**9, 0.9), ("cat", 1, 1, 99.0)):
        with pytest.raises(Exception, match=r"There is no class|is not allowed|ask for 1 to 64"):
            client.predict(*bad, api_name="/draw")
    public = client.view_api(return_format="dict")["named_endpoints"]
    assert set(public) == {"/draw", "/classes", "/train", "/run"}


def _wait_until_served(address: str, app: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert app.poll() is None, log.read_text()
            time.sleep(0.25)
    raise AssertionError(f"the app did not start: {log.read_text()}")


def _free_port() -> int:
    """A loopback port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
