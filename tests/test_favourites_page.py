"""Favourites survive visits, span classes, and leave as files, a morph and a link."""

import io
import json
import zipfile

import pytest

from model.drawing.sampler import Sampler
from studio.favourites.favourites import read_favourites
from tests.support.browser import WAIT, open_page, set_number, wait_for_seed
from tests.support.samples import SHIPPED
from train.site.constants import MAX_FAVOURITES

KEPT = "doodles-favourites"


def like(page, place: int = 0) -> None:
    cell = page.locator("#draw .cell").nth(place)
    cell.hover()
    cell.locator(".heart").click()
    cell.locator(".heart[aria-pressed=true]").wait_for()


def open_tray(page) -> list[str]:
    page.locator("#favourites .open").click()
    page.locator("#favourites dialog[open]").wait_for()
    return page.locator("#favourites figcaption").all_inner_texts()


def saved(page, selector: str) -> bytes:
    with page.expect_download() as download:
        page.locator(selector).first.click()
    return download.value.path().read_bytes()


def test_favourites_of_two_classes_survive_a_reload_and_leave_as_files_and_as_a_link(page, site, browser):
    open_page(page, site, "?class=cat&seed=7&count=4")
    wait_for_seed(page, 7)
    like(page, 2)
    open_page(page, site, "?class=dog&seed=3&count=4&psi=0.5")
    wait_for_seed(page, 3, "dog")
    page.locator("#draw .tile").first.focus()
    page.keyboard.press("h")
    page.locator("#draw .tile").nth(1).click()
    page.locator("#draw .detail .heart").click()
    page.locator("#draw .detail .close").click()
    assert page.locator("#draw .heart[aria-pressed=true]").count() == 3, "two tiles and the drawing that was open"
    page.reload()
    wait_for_seed(page, 3, "dog")
    assert open_tray(page) == ["cat", "dog", "dog"]
    with zipfile.ZipFile(io.BytesIO(saved(page, "#favourites [data-download=zip]"))) as file:
        assert {"strokes/cat-01-9.svg", "svg/dog-02-3.svg", "png/dog-03-4-large.png"} <= set(file.namelist())
        drawings = json.loads(file.read("manifest.json"))["drawings"]
    assert [(each["class"], each["seed"], each["psi"]) for each in drawings] == [
        ("cat", 9, 1.0), ("dog", 3, 0.5), ("dog", 4, 0.5)
    ]  # fmt: skip
    lines = saved(page, "#favourites [data-download=ndjson]").decode().splitlines()
    assert [json.loads(line)["word"] for line in lines] == ["cat", "dog", "dog"]

    page.locator("#favourites .morph").click()
    page.locator("#favourites .copied", has_text="remove the others").wait_for()
    page.locator("#favourites .link").click()
    page.locator("#favourites .copied", has_text="?favourites=").wait_for()
    link = page.locator("#favourites .copied").inner_text().removeprefix("Copied: ")
    other = browser.new_page(viewport={"width": 390, "height": 844})
    other.set_default_timeout(WAIT)
    other.goto(link)
    other.locator("#favourites h2", has_text="from a link").wait_for()
    assert other.locator("#favourites figcaption").all_inner_texts() == ["cat", "dog", "dog"]
    assert not other.evaluate(f"localStorage.getItem({KEPT!r})"), "nothing is kept unless they say so"
    other.locator("#favourites .keep").click()
    other.locator("#favourites .number", has_text="3").wait_for()
    kept = [json.loads(each.evaluate(f"localStorage.getItem({KEPT!r})")) for each in (page, other)]
    assert kept[0] == kept[1], "the same drawings, pixel by pixel"
    other.close()

    page.get_by_role("button", name="Remove cat, seed 9").click()
    page.locator("#favourites .morph").click()
    page.wait_for_selector("#morph .player canvas[aria-label*='seeds']")
    assert "keys=3,4" in page.url.replace("%2C", ",") and "psi=0.5" in page.url


def test_damaged_favourites_do_no_harm_and_a_bad_link_gives_one_sentence(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1")
    wait_for_seed(page, 7)
    good = {"name": "cat", "seed": 7, "psi": 1, "style": [], "latent": [], "ink": "AAAA" * 261 + "AA=="}
    bad = [None, 7, {}, good | {"ink": "<b>"}, good | {"seed": "7"}, good | {"name": 5}, good | {"latent": ["x"]}]
    for text in (json.dumps([*bad, good]), json.dumps([good] * 500)):
        page.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEPT, text])
        open_page(page, site, "?class=cat&seed=7&count=1")
        wait_for_seed(page, 7)
        expected = 1 if "null" in text else MAX_FAVOURITES
        page.locator("#favourites .number", has_text=str(expected)).wait_for()
    for text in ("{", "7", "null"):
        page.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEPT, text])
        open_page(page, site, "?favourites=nonsense:x.y")
        page.locator("#favourites .copied", has_text="can't be shown").wait_for()
        assert page.locator("#favourites figure").count() == 0
        page.keyboard.press("Escape")
    like(page)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_an_artist_takes_fifty_picked_trees_as_strokes_in_one_zip(browser, site, width):
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.set_default_timeout(WAIT)
    open_page(page, site, "?class=tree")
    set_number(page, "#draw .count", 50)
    page.wait_for_function("document.querySelectorAll('#draw .tile').length === 50")
    assert page.locator("#draw [name=draw-which][value=picked]").is_checked()
    with zipfile.ZipFile(io.BytesIO(saved(page, "#draw .board [data-download=zip]"))) as file:
        strokes = [name for name in file.namelist() if name.startswith("strokes/tree-")]
        assert len(strokes) == 50 and all(b"<path" in file.read(name) for name in strokes)
    page.close()


def test_the_server_draws_at_most_so_many_favourites_and_says_what_is_wrong():
    sampler = Sampler([SHIPPED])
    wish = {"name": "cat", "seed": 7, "psi": 1, "style": [], "latent": []}
    found = wish | {"seed": None, "latent": [0.5] * 64}
    assert [picture.mix for picture in read_favourites(sampler, [wish, found])] == [
        ((7, 1.0),), (((0.5,) * 64, 1.0),)
    ]  # fmt: skip
    for wrong in (
        None, [], [wish] * (MAX_FAVOURITES + 1), ["cat"], [{}], [wish | {"name": "nothing"}], [wish | {"seed": -1}],
        [wish | {"seed": None}], [wish | {"psi": "x"}], [wish | {"style": [99]}], [wish | {"latent": ["x"]}],
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"\.$|“"):
            read_favourites(sampler, wrong)
