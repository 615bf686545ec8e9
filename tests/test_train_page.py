"""The Train tab shows the true state after a reload, a restart, a stop or a failure, and to a second visitor."""

import re
import time

import pytest

from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.site import Site
from tests.support.browser import WAIT, page_errors, pick_to_train
from train.runs.run import list_runs

EVENTS = re.compile("/(queue/join|run/predict)")
CONTROLS = ("stop", "resume", "longer", "discard")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    write_class(folder / "drawings", "giraffe", suns(60))
    with Site(folder / "home", str(folder / "drawings"), DOODLES_PROXY="1", DOODLES_MAX_MINUTES="45") as running:
        yield running


@pytest.fixture
def visit(browser, site):
    """A function that opens the Train tab as a visitor from a given address."""
    contexts, problems = [], []

    def open_tab(address: str, query: str = "", opens_by_itself: bool = False):
        context = browser.new_context(extra_http_headers={"x-forwarded-for": address})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        problems.append(page_errors(page))
        if opens_by_itself:
            page.goto(site.url + query)
        else:
            show_tab(page, site.url + query)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert not any(problems)


def show_tab(page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#draw .tile", state="attached")
    page.get_by_role("tab", name="Train").click()


def start(page, class_name: str, minutes: float) -> None:
    pick_to_train(page, class_name)
    page.get_by_text("For experts").click()
    number = page.locator("#train-minutes input")
    number.wait_for()
    page.wait_for_timeout(500)  # a box that has just opened may still receive its first value
    number.fill(str(minutes))
    number.press("Enter")
    assert number.input_value() == str(minutes)
    page.click("#train-start")


def shows(page, text: str, timeout: float | None = None) -> None:
    page.locator("#train-status").get_by_text(re.compile(text)).first.wait_for(timeout=timeout)


def enabled(page) -> set[str]:
    """The names of the controls that are enabled."""
    return {name for name in CONTROLS if page.locator(f"#train-{name}").is_enabled()}


def call(request) -> tuple[str, str | None] | None:
    """The call that a page makes, and for which run: watch the linked one, or poll one (None: no run)."""
    data = (request.post_data_json or {}).get("data")
    return {1: ("watch", data[0]), 3: ("poll", data[0])}.get(len(data)) if data else None


def wait_enabled(page, *names: str) -> None:
    for name in CONTROLS:  # they don't all change at the same moment
        state = ":not([disabled])" if name in names else "[disabled]"
        page.locator(f"#train-{name}{state}").wait_for()
    assert enabled(page) == set(names)


@pytest.mark.slow
def test_a_run_is_watched_reloaded_shared_restarted_stopped_resumed_and_discarded(visit, site):
    early = visit("5.5.5.5")
    early.get_by_text("Nothing has been trained here yet").wait_for()
    early.get_by_role("tab", name="Draw").click()
    page = visit("1.1.1.1")
    assert "Pick a class" in page.locator("#train-status").inner_text() and enabled(page) == set()
    start(page, "giraffe", 40)
    shows(page, "images/s")
    wait_enabled(page, "stop")
    early.get_by_role("tab", name="Train").click()
    early.locator("#train-runs a[data-run]", has_text="giraffe").wait_for()
    early.context.close()
    link = "?run=" + page.evaluate("new URLSearchParams(location.search).get('run')")

    show_tab(page, site.url)
    shows(page, "images/s")
    wait_enabled(page, "stop")

    other = visit("2.2.2.2", link, opens_by_itself=True)
    shows(other, "images/s")
    assert enabled(other) == set(), "only the visitor who started a run can stop it"
    start(other, "giraffe", 40)
    other.get_by_text("already being trained").first.wait_for()
    assert len(list_runs(site.home / "runs")) == 1
    other.context.close()

    before = list_runs(site.home / "runs")[0].last_progress().step
    with page.expect_event("load"):  # the page reloads itself as soon as the server answers again
        site.kill()
        site.start()
    show_tab(page, site.url)
    shows(page, "learning")
    shows(page, "images/s")
    page.wait_for_function(
        f"Number(/step (\\d+)/.exec(document.querySelector('#train-status').textContent)?.[1]) > {before}"
    )

    page.click("#train-stop")
    shows(page, "stopp")
    shows(page, r"stopped$|· stopped")
    wait_enabled(page, "resume", "longer", "discard")
    other = page.context.new_page()  # another tab of the same browser
    other.set_default_timeout(WAIT)
    other.goto(site.url + link)
    shows(other, r"stopped$|· stopped")
    wait_enabled(other, "resume", "longer", "discard")
    page.click("#train-resume")
    shows(page, "images/s")
    other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when a visitor comes back to the page
    shows(other, "images/s")
    other.close()
    wait_enabled(page, "stop")
    page.click("#train-stop")
    wait_enabled(page, "resume", "longer", "discard")
    page.click("#train-discard")
    page.click("#train-keep")
    page.locator("#train-discard-sure").wait_for(state="hidden")
    page.click("#train-discard")
    page.click("#train-discard-now")
    shows(page, "Pick a class")
    assert list_runs(site.home / "runs") == [] and enabled(page) == set()
    page.get_by_text("Nothing has been trained here yet").wait_for()


@pytest.mark.slow
def test_a_failure_gives_one_sentence_and_can_be_resumed_once_its_cause_is_gone(visit, site, tmp_path):
    page = visit("3.3.3.3")
    start(page, "zebra", 0.1)
    shows(page, "There is no file “zebra.npy”")
    wait_enabled(page, "resume", "discard")
    page.locator("#train-runs a[data-run]", has_text="zebra").get_by_text("failed").wait_for()
    write_class(site.home.parent / "drawings", "zebra", suns(60))
    page.click("#train-resume")
    shows(page, "zebra.*can be drawn", timeout=3 * WAIT)
    wait_enabled(page, "longer", "discard")
    slider = page.locator("#train-moment input[type=range]")
    last = page.locator("#train-sheet img").get_attribute("src")
    slider.press("Home")
    page.wait_for_function("last => document.querySelector('#train-sheet img').src !== last", arg=last)
    page.get_by_text("step 0, after 0 s").wait_for()
    page.locator("a.draw-link").click()
    page.wait_for_selector('#draw .tile[aria-label^="zebra, seed"]')


@pytest.mark.slow
def test_an_outdated_answer_does_not_replace_a_newer_one(visit, site):
    page = visit("7.7.7.7")
    start(page, "owl", 0.5)
    shows(page, "There is no file “owl.npy”")
    run_id = page.evaluate("new URLSearchParams(location.search).get('run')")
    other, held = visit("8.8.8.8"), {}

    def hold(route) -> None:
        key = call(route.request)
        if key in (("watch", run_id), ("poll", None)) and key not in held:
            held[key] = route
        else:
            route.continue_()

    other.goto("about:blank")  # this page sends no requests
    other.route(EVENTS, hold)
    other.goto(site.url + "?run=" + run_id)
    late = time.monotonic() + WAIT / 1000
    while len(held) < 2:
        assert time.monotonic() < late, (held, other.url)
        other.wait_for_timeout(50)
    held["watch", run_id].continue_()
    shows(other, "There is no file “owl.npy”")
    with other.expect_response(lambda answer: call(answer.request) == ("poll", run_id)):
        held["poll", None].continue_()
    shows(other, "There is no file “owl.npy”")


@pytest.mark.slow
def test_of_two_clicked_runs_the_last_is_shown(visit, site):
    from gradio_client import Client

    client = Client(site.url, verbose=False)
    ant, bee = (client.predict(name, 0.5, api_name="/train") for name in ("ant", "bee"))
    while {client.predict(run_id, api_name="/run")["state"] for run_id in (ant, bee)} != {"failed"}:
        time.sleep(0.5)
    page, held = visit("9.9.9.9"), []
    page.route(EVENTS, lambda route: held.append(route) if call(route.request) == ("poll", bee) else route.continue_())
    page.locator(":is(#train-runs, #train-runs *)[data-mounted]").first.wait_for()  # before, it is a plain link
    page.locator("#train-runs a[data-run]", has_text="bee").click()
    page.wait_for_function("run => location.search.includes(run)", arg=bee)
    page.locator("#train-runs a[data-run]", has_text="ant").click()
    shows(page, "There is no file “ant.npy”")
    with page.expect_response(lambda answer: call(answer.request) == ("poll", ant)):
        held[0].continue_()
    shows(page, "There is no file “ant.npy”")
    page.locator("#train-runs a[aria-current]", has_text="ant").wait_for()
    assert ant in page.url


def chosen(page) -> list[str]:
    """The classes on the Train tab, each a button that removes it."""
    return [text.removesuffix(" ×") for text in page.locator("#train-picker .chips button").all_inner_texts()]


def test_a_typed_class_is_added_on_leaving_the_box(visit):
    page = visit("6.6.6.6")
    box = page.locator("#train-class")
    for typed, leave in (("tree", page.locator("#title h1").click), ("dog", lambda: box.press("Tab"))):
        box.click()
        box.press_sequentially(typed)
        page.locator(f'#train-classes [data-name="{typed}"][aria-selected=true]').wait_for()
        leave()
        page.get_by_role("button", name=f"Remove {typed}", exact=True).wait_for()
    box.click()
    box.press_sequentially("lisa")
    page.locator("#train-classes [data-name='The Mona Lisa'][aria-selected=true]").wait_for()
    page.locator("#title h1").click()
    assert chosen(page) == ["tree", "dog", "The Mona Lisa"], "leaving the box takes what Enter would take"


@pytest.mark.slow
def test_classes_are_picked_and_removed_with_keys(visit):
    page = visit("6.6.6.7")
    box = page.locator("#train-class")
    box.click()
    page.locator("#train-classes [data-name=airplane]").wait_for()
    assert not page.locator("#train-classes [data-name='cat+dog']").count(), "a mixture is picked class by class"
    for name in ("cat", "dog", "owl", "bee", "ant"):
        box.press_sequentially(name)
        page.locator(f"#train-classes [data-name={name}][aria-selected=true]").wait_for()
        box.press("Enter")
    assert chosen(page) == ["cat", "dog", "owl", "bee", "ant"] and box.is_disabled(), "five is the limit"
    page.get_by_role("button", name="Remove owl").press("Enter")
    assert box.evaluate("box => box === document.activeElement") and box.is_enabled()
    box.press("Backspace")
    assert chosen(page) == ["cat", "dog", "bee"]
    for typed, key in (("cat", "Enter"), ("qwerty", "Escape"), ("qwerty", "Tab")):
        box.click()
        box.press_sequentially(typed)
        box.press(key)
        assert chosen(page) == ["cat", "dog", "bee"] and box.input_value() == "", (typed, key)


def test_too_many_minutes_are_refused_in_one_sentence(visit):
    page = visit("4.4.4.4")
    start(page, "giraffe", 46)
    page.get_by_text("at most 45 minutes").first.wait_for()
    assert page.locator("#train-status").get_by_text("Pick a class").count()


def test_programs_can_train_and_read_the_status(site):
    from gradio_client import Client

    client = Client(site.url, verbose=False)
    with pytest.raises(Exception, match="at most 45 minutes"):
        client.predict("giraffe", 50, api_name="/train")
    with pytest.raises(Exception, match="no such run"):
        client.predict("../../etc", api_name="/run")
    run_id = client.predict("giraffe", 40, api_name="/train")
    assert client.predict("giraffe", 40, api_name="/train") == run_id
    status = client.predict(run_id, api_name="/run")
    assert status["class_name"] == "giraffe" and status["state"] in ("queued", "running")
    list_runs(site.home / "runs")[-1].ask_to_stop()
