"""What tests do in a browser: open the page, set its boxes, read its drawings, hold back its requests."""

import base64
import contextlib
import io
import os
import re
import shutil
from collections.abc import Iterator

import numpy as np
from PIL import Image

# A Chromium without windows comes first, because it opens a page in half the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
IS_CI = os.environ.get("CI") == "true"  # here a missing browser fails the tests instead of skipping them
WAIT = 120_000  # milliseconds
SERVER_FUNCTIONS = re.compile("/component_server/")
FRAME = "document.querySelector('#morph .player canvas').toDataURL()"
IS_DRAWN = """(canvas) => {
  const { data } = canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
  return data[3] === 255 && data.some((value, place) => place % 4 === 0 && value < 128);
}"""


def page_errors(page) -> list[str]:
    """What scripts throw on a page from now on, except when a page is left while its style sheets still load."""
    errors: list[str] = []
    page.on("pageerror", lambda error: None if "preload CSS" in str(error) else errors.append(str(error)))
    return errors


def open_page(page, address: str, query: str = "") -> None:
    page.goto(address + query)
    page.wait_for_selector("#draw .tile", state="attached")


def open_morph(page, site: str, query: str) -> None:
    open_page(page, site, query)
    page.wait_for_selector("#morph .player canvas[aria-label*='seeds']")
    page.wait_for_selector("[data-ahead]", state="attached")  # all requests of the Draw tab are answered


def pictures(page) -> list[str]:
    """The drawings on the Draw tab, as PNGs in data URLs."""
    return page.eval_on_selector_all("#draw .tile canvas", "all => all.map((canvas) => canvas.toDataURL())")


def seeds(page) -> list[int]:
    return [int(text) for text in page.locator("#draw .tile span").all_inner_texts()]


def pixels(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L"))


def set_number(page, selector: str, value: float) -> None:
    box = page.locator(f"{selector} input[type=number]")
    box.fill(str(value))
    box.press("Enter")


def set_seed(page, seed: int) -> None:
    box = page.locator("#draw-seed")
    box.fill(str(seed))
    box.press("Enter")


def wait_for_seed(page, seed: int, class_name: str = "cat") -> None:
    page.wait_for_selector(f'#draw .cell:first-child .tile[aria-label="{class_name}, seed {seed}"]')


def pick(page, text: str) -> None:
    box = page.locator("#draw-class")
    box.fill(text)
    box.press("Enter")


def pick_to_train(page, name: str) -> None:
    """Add a class to the mixture on the Train tab."""
    box = page.locator("#train-class")
    box.click()
    box.press_sequentially(name)
    page.locator(f'#train-classes [data-name="{name}"]').click()
    page.get_by_role("button", name=f"Remove {name}", exact=True).wait_for()


def count_requests(page) -> list[str]:
    """The addresses of all requests from now on, except the heartbeat of Gradio's pages."""
    requests = []
    page.on("request", lambda request: None if "heartbeat" in request.url else requests.append(request.url))
    return requests


def counts(request) -> list[int]:
    """The number of drawings in each group that the Draw tab requests. Empty for other requests."""
    body = request.post_data_json if "component_server" in request.url else {}
    return [count for _, count, *_ in body["data"][1]] if body.get("fn_name") == "drawings" else []


@contextlib.contextmanager
def unanswered(page) -> Iterator[list[list[int]]]:
    """Hold all requests back until the end. Yields the `counts` of every request so far."""
    held, requests = [], []

    def hold(route) -> None:
        held.append(route)
        requests.append(counts(route.request))

    page.route(SERVER_FUNCTIONS, hold)
    yield requests
    page.route(SERVER_FUNCTIONS, lambda route: route.continue_())  # it takes precedence over the older route
    for route in held:
        route.continue_()
