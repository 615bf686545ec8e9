"""The look is chosen once: it survives a reload, other tabs, links and exports."""

import numpy as np
import pytest

from model.drawing.look import LOOKS, Look
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.looks import picture
from tests.support.browser import FRAME, open_page, pictures, pixels, wait_for_seed
from tests.support.samples import SHIPPED


def test_a_look_is_kept_in_other_tabs_after_a_reload_and_in_links_and_exports(page, site):
    (drawing,) = Sampler([SHIPPED]).draw_all(View("cat", 7).pictures())
    open_page(page, site, "?class=cat&seed=7&count=1")
    wait_for_seed(page, 7)
    for look in (*LOOKS[1:], LOOKS[0]):
        page.locator(f"#look input[value={look}]").check()
        (shown,) = pictures(page)
        large = pixels(shown).astype(float)
        assert np.abs(large - np.asarray(picture(drawing, len(large), Look(look)))).mean() < 2, look
    page.locator("#look input[value=ink]").check()
    page.wait_for_function("location.search.includes('look=ink')")
    with page.expect_download() as download:
        page.locator("#draw .board [data-download=svg]").click()
    assert "evenodd" in download.value.path().read_text(encoding="utf-8"), "outlines"
    open_page(page, site, "?class=cat&seed=7&count=1")
    wait_for_seed(page, 7)
    assert page.locator("#look input[value=ink]").is_checked(), "remembered"
    open_page(page, site, "?class=cat&seed=7&count=1&look=pen&width=2")
    wait_for_seed(page, 7)
    assert page.locator("#look input[value=pen]").is_checked(), "a link's look wins"
    large = pixels(pictures(page)[0]).astype(float)
    assert np.abs(large - np.asarray(picture(drawing, len(large), Look("pen", 2)))).mean() < 2
    page.get_by_role("tab", name="Morph").click()
    page.wait_for_selector("#morph .player canvas[aria-label*='seeds']")
    thin = pixels(page.evaluate(FRAME))
    page.locator("#look input[type=range]").fill("6")
    assert (pixels(page.evaluate(FRAME)) < 128).sum() > 1.5 * (thin < 128).sum()


@pytest.mark.parametrize("link", ["look=oil", "look=pen&width=99", "width=x"])
def test_a_look_that_a_link_gets_wrong_is_ignored(page, site, link):
    open_page(page, site, f"?class=cat&seed=7&count=1&{link}")
    assert page.locator("#look input[value=pen]").is_checked()
