"""Nothing on any tab keeps anybody out, as far as a machine can tell (axe-core)."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.test_page import browser, open_page, page, site  # noqa: F401

READY = {
    "Draw": "[data-ahead]",
    "Morph": "#morph .player canvas[aria-label*='seeds']",
    "Yours": "#yours-find",
    "Train": "#train-start",
    "Wall": "#wall .wall-tile",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_tab_has_a_serious_violation(page, site, theme):  # noqa: F811
    open_page(page, site, f"?class=cat&seed=7&count=4&__theme={theme}")
    for tab, ready in READY.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_selector(ready)
        page.wait_for_timeout(500)
        found = Axe().run(page).response["violations"]
        serious = [
            f"{tab}: {one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert not serious, "\n".join(serious)


def test_no_tab_scrolls_sideways(page, site):  # noqa: F811
    open_page(page, site, "?class=cat&seed=7&count=16")
    for tab, ready in READY.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_selector(ready)
        for width in (360, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{tab} at {width} pixels"
