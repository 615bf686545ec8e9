"""The look is chosen once: it survives a reload, other tabs, links and exports."""

import numpy as np

from model.drawing.look import LOOKS, Look
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import DRAWING_KINDS
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
        page.locator("#draw .board .export [data-download=svg]").click()
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


def test_a_look_that_a_link_gets_wrong_is_ignored(page, site):
    open_page(page, site, "?class=cat&seed=7&count=1&look=oil&width=99")
    assert page.locator("#look input[value=pen]").is_checked()
    assert page.locator("#look input[type=range]").input_value() == "4"


HAS_TIP = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, place) => place % 4 === 0 && value - data[place + 2] > 100);
}"""


def test_drawings_draw_themselves_and_end_in_exactly_the_still_picture(page, site):
    open_page(page, site, "?class=cat&seed=7&count=2")
    wait_for_seed(page, 7)
    for look in LOOKS[:2]:
        page.locator(f"#look input[value={look}]").check()
        still, watch = pictures(page), page.locator("#draw .board .watch-play")
        watch.click()
        page.locator("#draw .board .watch-speed").select_option("2")
        page.wait_for_function(f"({HAS_TIP})(document.querySelector('#draw .tile canvas'))")
        watch.click()
        paused = pictures(page)
        ink, whole = ((pixels(url) < 128).sum() for url in (paused[0], still[0]))
        assert watch.inner_text() == "Go on" and ink < 0.8 * whole
        page.wait_for_timeout(100)
        assert pictures(page) == paused
        watch.click()
        page.locator("#draw .board .watch:not(.begun)").wait_for()
        assert pictures(page) == still, look

    page.emulate_media(reduced_motion="reduce")
    page.locator("#draw .tile").first.click()
    large = page.locator("#draw .detail canvas")
    still = large.evaluate("canvas => canvas.toDataURL()")
    assert (pixels(still) < 128).any(), "at once"
    page.locator("#draw .detail .watch-play").click()
    page.wait_for_function(f"({HAS_TIP})(document.querySelector('#draw .detail canvas'))")
    page.locator("#draw .detail .later").click()
    assert not large.evaluate(HAS_TIP) and page.locator("#draw .detail .watch.begun").count() == 0
    page.emulate_media(reduced_motion="no-preference")
    page.locator("#draw .detail .watch-play").click()
    page.locator("#draw .detail .earlier").click()
    page.wait_for_function(f"({HAS_TIP})(document.querySelector('#draw .detail canvas'))")
    page.locator("#draw .detail .close").click()
    assert large.evaluate("canvas => canvas.toDataURL()") == still


def test_every_kind_of_file_is_offered_for_the_sheet_and_for_one_drawing(page, site):
    open_page(page, site, "?class=cat&seed=7&count=2&look=ink")
    wait_for_seed(page, 7)
    offered = "buttons => buttons.map((button) => button.dataset.download)"
    assert set(page.eval_on_selector_all("#draw .board [data-download]", offered)) == set(DRAWING_KINDS) - {"png"}
    assert set(page.eval_on_selector_all("#draw .detail [data-download]", offered)) == set(DRAWING_KINDS) - {"zip"}
    page.locator("#draw .board .files summary").click()
    for look, sign in (("pen", 'fill="none"'), ("ink", "evenodd")):
        with page.expect_download() as download:
            page.locator(f"#draw .board [data-download=svg][data-look={look}]").click()
        assert sign in download.value.path().read_text(encoding="utf-8"), "whatever the page's own look is"
