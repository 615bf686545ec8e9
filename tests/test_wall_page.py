"""The Wall shows every class, sends few requests, and copes with changes while it's open."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.browser import IS_DRAWN, SERVER_FUNCTIONS, open_page, seeds, wait_for_seed
from tests.support.samples import make_checkpoint


@pytest.mark.slow
def test_the_wall_fetches_missing_drawings_when_the_server_is_back(page, site):
    open_page(page, site)
    page.wait_for_selector("[data-ahead]")
    page.route(SERVER_FUNCTIONS, lambda route: route.abort())
    page.get_by_role("tab", name="Wall").click()
    page.locator("#wall .lost", has_text="The server can't be reached").wait_for()
    page.unroute(SERVER_FUNCTIONS)
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile canvas'))")
    page.locator("#wall .lost").wait_for(state="hidden")


def test_classes_added_while_the_wall_is_open_do_not_mix_up_its_drawings(page, site, home_folder):
    open_page(page, site)
    page.wait_for_selector("[data-ahead]")
    page.get_by_role("tab", name="Wall").click()
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile canvas'))")
    before = page.locator(".wall-tile").count()
    checkpoint = make_checkpoint(home_folder / "checkpoints", "ant+bee", z_dim=64)
    try:
        page.locator(".wall-tile").last.scroll_into_view_if_needed()
        page.wait_for_function("number => document.querySelectorAll('.wall-tile').length > number", arg=before)
        page.locator(".wall-tile").last.scroll_into_view_if_needed()
        page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile:last-child canvas'))")
    finally:
        checkpoint.unlink()


def test_the_wall_shows_every_class_with_one_request_per_screenful(page, site):
    open_page(page, site)
    page.wait_for_selector("[data-ahead]")
    requests = []
    page.on("request", lambda request: requests.append(request.url) if "component_server" in request.url else None)
    page.get_by_role("tab", name="Wall").click()
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile canvas'))")
    assert page.locator(".wall-tile").count() >= 345 and len(requests) <= 2
    page.locator(".wall-tile").last.scroll_into_view_if_needed()
    page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile:last-child canvas'))")

    cut_off = "all => all.filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)"
    assert page.locator("#wall .name").evaluate_all(cut_off) == []
    page.locator("#wall .search").fill("giraf")
    assert page.locator(".wall-tile:visible").count() == 1
    page.wait_for_function("document.querySelector('.wall-tile:not([hidden])').href.includes('seeds=')")
    seed = parse_qs(urlsplit(page.locator(".wall-tile:visible").get_attribute("href")).query)["seeds"][0]
    page.locator(".wall-tile:visible").click()
    wait_for_seed(page, int(seed), "giraffe")  # the tile's own drawing comes first
    assert len(set(seeds(page))) == 16 and page.get_by_label("Picked").is_checked()
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
        assert answer == [200, '{"sheet":"","seeds":[]}'], wrong
