"""The page without a server: made by one command, it draws in the browser, even offline, and reads a collection."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from huggingface_hub import RepoCard
from PIL import Image

from benchmarks.harness.site import free_port
from model.drawing.sampler import Sampler
from model.drawing.view import read_view
from model.files.checkpoint import card_from
from model.quickdraw.classes import CLASS_NAMES, find_class
from studio.shared.pictures import origin
from tests.support.browser import IS_DRAWN, pictures, pixels, wait_for_seed
from tests.support.hub import Hub
from tests.support.samples import SHIPPED, make_checkpoint
from tests.support.static_files import serving
from train.cli.main import main
from train.home import Home
from train.hub.push import push
from train.hub.static_space import deploy_static

PIXELS = "&look=pixels"
NAMES = ("cat", "dog", "cat+dog")


@pytest.fixture(scope="module")
def own_home(tmp_path_factory):
    """A home with three classes and the base, and without what else the repository has."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "checkpoints").mkdir()
    for name in (*NAMES, "_base"):
        shutil.copy(SHIPPED / f"{name}.safetensors", folder / "checkpoints")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Home, "checkpoint_folders", property(lambda home: [home.folder / "checkpoints"]))
        patch.setenv("DOODLES_HOME", str(folder))
        yield Home(folder)


@pytest.fixture(scope="module")
def made(own_home, tmp_path_factory) -> Path:
    """The site's folder, made by the command."""
    folder = tmp_path_factory.mktemp("made") / "site"
    assert main(["site", str(folder)]) == 0
    return folder


def with_hub(made: Path, folder: Path, hub: Hub, collection: str) -> Path:
    """A copy of the site that also reads a collection, as if it had been made with --hub."""
    site = shutil.copytree(made, folder / "site")
    page = (site / "index.html").read_text(encoding="utf-8")
    start = page.index('<script type="application/json" id="settings">') + 46
    end = page.index("</script>", start)
    settings = json.loads(page[start:end]) | {"hub": collection, "endpoint": hub.url}
    (site / "index.html").write_text(page[:start] + json.dumps(settings) + page[end:], encoding="utf-8")
    return site


def greys(drawing: np.ndarray) -> np.ndarray:
    """A drawing as a canvas shows it in the look of pixels, before it's enlarged."""
    return 255 - drawing


def small(url: str) -> np.ndarray:
    """The drawing in a canvas that shows it in pixels."""
    picture = pixels(url)
    step = len(picture) // 28
    return picture[step // 2 :: step, step // 2 :: step][:28, :28]


def test_the_page_draws_without_any_server_and_again_offline(browser, made, own_home):
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(made)])
    address = f"http://127.0.0.1:{port}/"
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    asked, problems = [], []
    context.on("request", lambda request: asked.append(request.url))
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        for _ in range(100):
            try:
                page.goto(address)
                break
            except Exception:  # the server is still starting
                page.wait_for_timeout(100)
        expected = Sampler(own_home.checkpoint_folders).draw(read_view("?class=cat&seed=7&count=4").pictures())

        def drive() -> None:
            page.goto(f"{address}?class=cat&seed=7&count=4{PIXELS}")
            wait_for_seed(page, 7)
            drawn = [small(url) for url in pictures(page)]
            assert len(drawn) == 4
            for actual, drawing in zip(drawn, expected, strict=True):
                assert np.abs(actual.astype(int) - greys(drawing)).max() <= 1
            with page.expect_download() as download:
                page.locator("#draw .board [data-download='large.png']").click()
            with Image.open(io.BytesIO(Path(download.value.path()).read_bytes())) as picture:
                assert picture.size == (1024, 1024)
            page.get_by_role("tab", name="Morph").click()
            page.wait_for_selector("#morph .player canvas[aria-label*='seeds']")
            assert "keys=" in page.url
            page.get_by_role("tab", name="Wall").click()
            page.wait_for_function(f"({IS_DRAWN})(document.querySelector('.wall-tile canvas'))")
            assert page.locator(".wall-tile").count() == 346

        drive()
        page.wait_for_function("navigator.serviceWorker.controller && 'prepared' in document.documentElement.dataset")
        server.kill()
        server.wait()
        drive()
        page.goto(f"{address}?class=giraffe&seed=3&count=1")
        wait_for_seed(page, 3, "giraffe")
    finally:
        server.kill()
        context.close()
    assert not problems
    assert {urlsplit(url).netloc for url in asked if not url.startswith(("blob:", "data:"))} == {f"127.0.0.1:{port}"}


def test_links_and_words_are_those_of_the_app(page, made):
    links = [
        "?class=cat", "?class=Cats&seed=5", "?class=cat+dog&seed=1&count=3", "?class=cat&psi=0.5&style=1,-2",
        "?class=cat&seed=-1", "?class=cat&seed=x", "?class=cat&psi=3", "?class=cat&count=0",
        "?class=cat&style=1,2,3,4,5,6", "?class=cat&seed=4294967296", "?psi=nan&class=cat",
        "?class=cat&seeds=9,4,7&psi=0.5", "?class=cat&seeds=5,6&count=9", "?class=cat&seeds=1,x",
        "?class=cat&seeds=1,-1", "?class=cat&keys=1,2&seeds=3,5", f"?class=cat&seeds={','.join(['3'] * 65)}",
    ]  # fmt: skip
    texts = ["Cats", "kitty", "pineaple", "the eiffel tower", "dog + cat", "c", "zzzz", "aeroplane"]
    cards = [json.loads(json.dumps(each)) for each in json.loads((made / "index.json").read_bytes())["checkpoints"]]
    names = (*CLASS_NAMES, "cat+dog")
    with serving(made) as address:
        page.goto(address)
        answers = page.evaluate(
            """async ([links, cards, texts, names]) => {
                const [{ viewIn }, { origin }, { findClass }] = await Promise.all(
                    ["requests", "words", "names"].map((name) => import(`./scripts/static/${name}.js`)));
                const { constants, words } = JSON.parse(document.querySelector("#settings").textContent);
                const usual = { name: "cat", seed: 0, seeds: [], count: 16, psi: 1, style: [0, 0, 0, 0, 0] };
                const read = (link) => {
                    try { return viewIn(link, usual, constants); } catch (error) { return error.message; }
                };
                const find = (text) => {
                    try { return findClass(text, names, words); } catch { return null; }
                };
                return [links.map(read), cards.map(origin), texts.map(find)];
            }""",
            [links, cards, texts, names],
        )
    for link, actual in zip(links, answers[0], strict=True):
        try:
            view = read_view(link, count=16)
            style = [*view.style, *[0] * (5 - len(view.style))]
            expected: Any = {"seed": view.seed, "count": view.count, "psi": view.psi, "style": style}
            expected["seeds"] = list(view.all_seeds) if "seeds=" in link else []
            actual.pop("name")
        except ValueError as error:
            expected = str(error)
        assert actual == expected or (isinstance(actual, str) and isinstance(expected, str)), link
    fields = ("class_name", "architecture", "recipe", "images_seen", "trained_on", "source", "attribution", "metrics")
    for text, found in zip(texts, answers[2], strict=True):
        try:
            assert found == find_class(text, names), text
        except ValueError:
            assert found is None, text
    assert answers[1] == [origin(card_from({name: card[name] for name in fields})) for card in cards]


def test_a_class_that_is_pushed_appears_on_the_open_page(page, made, hub, tmp_path):
    hub.create()
    with serving(with_hub(made, tmp_path, hub, "you/doodles")) as address:
        page.goto(f"{address}?class=cat&seed=1&count=1")
        wait_for_seed(page, 1)
        path = make_checkpoint(tmp_path, "bee+ant", z_dim=16)
        push("you/doodles", [path])
        page.goto(f"{address}?class=ant%2Bbee&seed=4&count=1{PIXELS}")
        name = parse_qs("class=bee%2Bant")["class"][0]
        wait_for_seed(page, 4, name)
        (drawing,) = Sampler([tmp_path]).draw(read_view("?class=bee%2Bant&seed=4").pictures())
        assert np.abs(small(pictures(page)[0]).astype(int) - greys(drawing)).max() <= 1
        page.get_by_role("tab", name="Train").click()
        page.locator("#train-news", has_text=name).wait_for()


def test_a_file_of_a_collection_that_was_changed_on_the_way_is_not_used(page, made, hub, tmp_path):
    push("you/doodles", [make_checkpoint(tmp_path, "bee+ant", z_dim=16)])
    hub.faults.append("tamper@/cdn/")
    with serving(with_hub(made, tmp_path, hub, "you/doodles")) as address:
        page.goto(f"{address}?class=bee%2Bant")
        page.locator("#draw .message", has_text="doesn't have the hash that the index gives").wait_for()
        wait_for_seed(page, int(page.locator("#draw .tile span").first.inner_text()))


def test_a_collection_that_is_gone_leaves_the_page_in_order(page, made, hub, tmp_path):
    with serving(with_hub(made, tmp_path, hub, "you/nothing")) as address:
        page.goto(f"{address}?class=cat&seed=1&count=1")
        wait_for_seed(page, 1)
        page.get_by_role("tab", name="Train").click()
        page.locator("#train-notice", has_text="reload the page to try again").wait_for()


def test_the_page_works_without_workers_webassembly_and_storage(browser, made):
    context = browser.new_context()
    context.add_init_script("delete window.Worker; delete window.WebAssembly; delete window.caches;")
    page = context.new_page()
    with serving(made) as address:
        page.goto(f"{address}?class=cat&seed=7&count=1")
        wait_for_seed(page, 7)
    context.close()


def test_a_static_space_is_published_and_brought_up_to_date(own_home, hub):
    hub.create()
    first = deploy_static(own_home, "you/endless-doodles")
    assert first.is_new
    repo = hub.repos["spaces/you/endless-doodles"]
    assert repo.settings["sdk"] == "static"
    files = repo.at("main").files
    assert {"index.html", "service_worker.js", "drafts.safetensors", "classes/cat.safetensors"} <= files.keys()
    card = RepoCard(files["README.md"].decode(), ignore_metadata_errors=False)
    card.repo_type = "space"
    hub.validate(card)
    assert (card.data.sdk, card.data.app_file) == ("static", "index.html")
    again = deploy_static(own_home, "you/endless-doodles")
    assert again.plan.is_empty and not again.is_new
    with_collection = deploy_static(own_home, "you/endless-doodles", "you/doodles", dry_run=True)
    assert {"index.html", "README.md"} <= with_collection.plan.files_to_write.keys() and "cat" not in repr(
        with_collection.plan.files_to_delete
    )


def test_a_folder_with_other_files_is_left_alone(tmp_path, own_home, capsys):
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    assert main(["site", str(tmp_path)]) == 2
    assert "has other files in it" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.slow
def test_a_link_shows_the_same_on_both_pages(browser, made, site):
    link = f"?class=cat&seed=5&count=2&psi=0.7&style=1,0,-2{PIXELS}"
    shown = []
    with serving(made) as address:
        for base in (address, site):
            page = browser.new_page()
            page.goto(base + link)
            wait_for_seed(page, 5)
            shown.append([small(url).astype(int) for url in pictures(page)])
            page.close()
    assert np.abs(np.array(shown[0]) - np.array(shown[1])).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_tab_has_a_serious_violation_or_scrolls_sideways(browser, made, theme):
    context = browser.new_context(viewport={"width": 360, "height": 800}, color_scheme=theme)
    page = context.new_page()
    with serving(made) as address:
        page.goto(f"{address}?class=cat&seed=7&count=4")
        wait_for_seed(page, 7)
        for tab in ("Draw", "Morph", "Yours", "Train", "Wall"):
            page.get_by_role("tab", name=tab, exact=True).click()
            page.wait_for_timeout(1000)
            found = Axe().run(page).response["violations"]
            serious = [f"{tab}: {one['help']}" for one in found if one["impact"] in ("serious", "critical")]
            assert not serious, serious
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab
    context.close()
