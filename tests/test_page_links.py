"""The page's address leads back to what is shown, and a bad link gives one sentence."""

import pytest

from tests.support.browser import open_page, pick, pictures, unanswered, wait_for_seed
from tests.support.samples import make_checkpoint


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
    page.get_by_role("button", name="Random seed").click()
    page.wait_for_function("new URLSearchParams(location.search).get('seed') !== '5'")
    shown, address = pictures(page), page.url
    page.goto(address)
    page.wait_for_selector("#draw .tile")
    assert pictures(page) == shown


def test_a_bad_link_gives_one_sentence_and_the_page_works(page, site):
    for query in ("?class=blorp&seed=-3", "?psi=nan", "?seed=" + "9" * 5000):
        open_page(page, site, query)
        page.get_by_text("This link can't be opened").first.wait_for()
        assert len(pictures(page)) == 16


def test_a_link_can_put_no_markup_on_the_page(page, site):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    for name in ("class", "seed", "run", "keys", "into"):
        open_page(page, site, f"?{name}=<img src=http://127.0.0.1:9/spy><b>bold</b>")
        page.wait_for_timeout(1500)
        assert not page.locator("b", has_text="bold").count()
    assert not [url for url in requests if url.startswith("http://127.0.0.1:9/")]


@pytest.mark.slow
def test_the_address_is_that_of_the_open_tab(page, site):
    def wait_for_query(**entries):
        expected = {name: str(value) for name, value in entries.items()}
        page.wait_for_function(
            "(expected) => { const query = Object.fromEntries(new URLSearchParams(location.search));"
            " return Object.keys(query).length === Object.keys(expected).length"
            " && Object.keys(expected).every((key) => query[key] === expected[key]); }",
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
    page.locator("#morph .reverse").click()
    wait_for_query(**{"class": "cat"}, keys="15,14", psi=1)
    page.get_by_role("tab", name="Draw").click()
    wait_for_query(**{"class": "cat"}, seed=7, count=4, psi=0.9)
    page.get_by_role("tab", name="Morph").click()
    page.locator("#morph .reverse").click()
    wait_for_query(**{"class": "cat"}, keys="14,15", psi=1)
    page.go_back()
    wait_for_query(**{"class": "cat"}, seed=7, count=4, psi=0.9)
    page.locator("#draw .tile").first.click()
    page.go_back()
    page.wait_for_selector("#morph .player canvas[aria-label='cat, through the seeds 15, 14']")
    assert not page.get_by_role("dialog").is_visible(), "an open dialog blocks the page"
    page.get_by_role("tab", name="Train").click()
    wait_for_query(tab="train")
    page.reload()
    page.locator("#train-start").wait_for()


@pytest.mark.slow
def test_going_back_keeps_the_address_while_drawings_load(page, site):
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


@pytest.mark.slow
def test_a_slow_first_answer_does_not_switch_tabs(page, site):
    with unanswered(page):
        page.goto(site + "?class=cat&seed=7&count=4")
        page.get_by_role("tab", name="Wall").click()
        page.locator(".wall-tile").first.wait_for()
    page.wait_for_selector('#draw .tile[aria-label="cat, seed 7"]', state="attached")
    page.wait_for_timeout(300)
    assert page.locator("#wall").is_visible() and "tab=wall" in page.url


def test_on_a_narrow_window_tabs_in_the_menu_have_addresses_too(page, site):
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(site + "?tab=train")
    page.locator("#train-start").wait_for()
    page.get_by_role("button", name="More tabs").click()
    page.locator(".overflow-dropdown button", has_text="Wall").click()
    page.wait_for_function("location.search === '?tab=wall'")
    page.go_back()
    page.locator("#train-start").wait_for()


def test_a_link_to_a_damaged_mixture_shows_something_else_and_says_why(page, site, home_folder):
    checkpoint = make_checkpoint(home_folder / "checkpoints", "ant+bee", z_dim=64)
    content = bytearray(checkpoint.read_bytes())
    content[-100] ^= 255
    checkpoint.write_bytes(content)
    try:
        open_page(page, site, "?class=ant%2Bbee&seed=7")
        page.locator("#draw .message", has_text="ant+bee.safetensors is damaged").wait_for()
    finally:
        checkpoint.unlink()
