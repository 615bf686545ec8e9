"""Browsers get the page's scripts and nothing else, and never an outdated one."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from studio.shared import assets
from studio.shared.assets import calling, mounting, preload_links, script_routes
from train.site.markup import STUDIO

ADDRESS = re.compile(r'new URL\("([^"]+)"')
IMPORTED = re.compile(r'^import .* from "([^"]+)";$', re.MULTILINE)


@pytest.fixture
def browser():
    return TestClient(Starlette(routes=script_routes()), base_url="http://page/")


def address_of(script: str) -> str:
    (address,) = ADDRESS.findall(mounting(script))
    return address


def test_a_script_is_sent_unchanged_and_cached_forever(browser):
    answer = browser.get(address_of("draw/draw.js"))
    assert answer.content == (STUDIO / "draw" / "draw.js").read_bytes()
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.fixture
def own_scripts(tmp_path, monkeypatch):
    """An empty folder in place of `studio/`."""
    monkeypatch.setattr(assets, "STUDIO", tmp_path)
    yield tmp_path
    forget()


def forget() -> None:
    """Clear the caches, as a restart of the app does."""
    assets._scripts.cache_clear()
    assets._version.cache_clear()


def test_a_changed_script_has_another_address(own_scripts):
    addresses = set()
    for text in ("1", "2"):
        (own_scripts / "draw.js").write_text(text, encoding="utf-8")
        forget()
        addresses.add(address_of("draw.js"))
    assert len(addresses) == 2


def test_a_page_from_before_an_update_gets_scripts_that_are_not_cached(browser):
    answer = browser.get("gradio_api/scripts/old/draw/draw.js")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name",
    ["page.py", "draw/draw.html", "shared/types.d.ts", "../app.py", "..%2Fapp.py", "%2Fetc%2Fpasswd", "draw", ""],
)
def test_nothing_but_scripts_is_served(browser, name):
    folder = address_of("draw/draw.js").removesuffix("draw/draw.js")
    assert browser.get(folder + name).status_code == 404


def test_every_file_that_a_script_imports_exists():
    for path in STUDIO.rglob("*.js"):
        for name in IMPORTED.findall(path.read_text(encoding="utf-8")):
            assert (path.parent / name).is_file(), f"{path} imports {name}"


def test_events_name_functions_that_their_scripts_export():
    sources = "".join(path.read_text(encoding="utf-8") for path in STUDIO.rglob("*.py"))
    calls = re.findall(r'calling\(\s*"([\w/]+\.js)",\s*"(\w+)"', sources)
    calls += [("train/watching.js", name) for name in re.findall(r'_watching\("(\w+)"\)', sources)]
    assert len(calls) > 8
    for script, function in calls:
        exported = Path(STUDIO / script).read_text(encoding="utf-8")
        assert re.search(rf"^export (function|const) {function}\b", exported, re.MULTILINE), (script, function)


def test_events_pass_their_arguments_as_data():
    assert calling("shared/events.js", "give", "`${1}`").endswith('.give(...["`${1}`"], ...values)')


def test_scripts_of_the_first_view_are_fetched_at_once():
    links, pending, needed = preload_links("shared", "tracing", "look", "draw"), [STUDIO / "draw" / "draw.js"], set()
    while pending:
        path = pending.pop()
        needed.add(path.relative_to(STUDIO).as_posix())
        imported = {(path.parent / name).resolve() for name in IMPORTED.findall(path.read_text(encoding="utf-8"))}
        pending += [each for each in imported if each.relative_to(STUDIO).as_posix() not in needed]
    assert len(needed) > 8 and all(f'{name}">' in links for name in needed)
