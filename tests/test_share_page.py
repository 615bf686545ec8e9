"""Visitors draw classes from the Hub, and push their trained classes only in their own name."""

from urllib.parse import urlencode

import pytest

from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.site import Site
from model.hub.index import read_index
from tests.support.browser import WAIT
from tests.support.hub import Hub
from tests.support.samples import SMALL, make_checkpoint
from train.hub.push import push
from train.runs.order import Order
from train.runs.run import create_run


@pytest.fixture(scope="module")
def hub():
    with Hub() as running:
        yield running


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run with a checkpoint, as a visitor's training leaves it."""
    home = tmp_path_factory.mktemp("site") / "home"
    order = Order("cat+sun", ("cat", "sun"), "folder", num_steps=1, config=SMALL, requested_by="visitor-1")
    run = create_run(home / "runs", order)
    make_checkpoint(run.folder, "cat+sun")
    run.set_state("done", "Done: “cat+sun” can be drawn.")
    return run


@pytest.fixture(scope="module")
def site(hub, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.url)
        push("you/doodles", [make_checkpoint(folder, "cat+dog+sun")], token="hf_you")
    write_class(folder / "drawings", "sun", suns(20))
    settings = hub.environment(folder / "cache", "hf_visitor") | {"OAUTH_CLIENT_ID": "x", "DOODLES_HUB": "you/doodles"}
    with Site(run.folder.parents[1], str(folder / "drawings"), **settings) as running:
        yield running


@pytest.fixture
def page(browser, site, run):
    """The Train tab, watching the run."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{site.url}?{urlencode({'run': run.id})}")
    show(page)
    yield page
    context.close()


def show(page) -> None:
    page.locator("#train-status").get_by_text("cat+sun").first.wait_for()
    page.get_by_role("button", name="Share it on the Hub").click()
    page.wait_for_selector("#share-push")


def test_a_class_of_the_collection_is_drawn(site, browser):
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{site.url}?class=cat%2Bdog%2Bsun&seed=3&count=4")
    page.wait_for_selector("#draw .tile")
    page.wait_for_function("document.querySelectorAll('#draw .tile').length == 4")
    assert "cat+dog+sun" in page.locator("#draw").inner_text()
    context.close()


def test_a_push_without_signing_in_asks_for_it(page, hub):
    page.locator("#share-push").click()
    page.get_by_text("Sign in with Hugging Face first").wait_for()
    assert "models/visitor/doodles" not in hub.repos


def test_a_visitor_signs_in_pushes_and_offers_a_class(page, hub, run, site):
    with page.expect_navigation(url="**/?run=*"):
        page.locator("#share-login").click()
    show(page)
    page.get_by_role("button", name="Logout (visitor)").wait_for()

    page.locator("#share-push").click()
    page.locator("#share-said a").wait_for()
    files = hub.repos["models/visitor/doodles"].at("main").files
    assert set(read_index(files["index.json"])) == {"cat+sun"}
    assert page.locator("#share-said a").get_attribute("href").startswith(f"{hub.url}/visitor/doodles/commit/")

    page.locator("#share-offer").click()
    page.get_by_text("Offered as a pull request").wait_for()
    repo = hub.repos["models/you/doodles"]
    assert set(read_index(repo.at("refs/pr/1").files["index.json"])) == {"cat+dog+sun", "cat+sun"}
    assert set(read_index(repo.at("main").files["index.json"])) == {"cat+dog+sun"}

    page.locator("#share-repo input, #share-repo textarea").fill("you/doodles")
    page.locator("#share-push").click()
    page.get_by_text("may not write to you/doodles").wait_for()

    contents = [path.read_bytes() for path in run.folder.parents[1].rglob("*") if path.is_file()]
    assert not [content for content in contents if b"mock-oauth" in content or b"hf_visitor" in content]
    assert "mock-oauth" not in page.content()
