"""Fixtures for tests in a browser: the app as a process, Chromium, and a page that must not throw."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.harness.drawings import REAL_DRAWINGS, suns, write_class
from benchmarks.harness.mirror import Mirror
from benchmarks.harness.site import Site
from tests.support.browser import CHROMIUM, IS_CI, WAIT, page_errors


@contextmanager
def running_app(folder: Path, **settings: str) -> Iterator[Site]:
    """The app, started by its own command, with a loopback mirror of the drawings and one broken checkpoint."""
    drawings = REAL_DRAWINGS
    if not drawings.is_dir():
        drawings = folder / "drawings"
        write_class(drawings, "giraffe", suns(1500))
    (folder / "home" / "checkpoints").mkdir(parents=True)
    (folder / "home" / "checkpoints" / "broom.safetensors").write_bytes(b"broken")
    with Mirror(drawings) as mirror:
        running = Site(folder / "home", mirror.url, **settings)
        running.log = folder / "log"  # the home holds only what the app keeps there
        with running:
            yield running


@pytest.fixture(scope="session")
def app(tmp_path_factory) -> Iterator[Site]:
    """One app for all test files that don't define their own."""
    with running_app(tmp_path_factory.mktemp("app")) as running:
        yield running


@pytest.fixture(scope="module")
def site(app) -> str:
    """The address of the app."""
    return app.url


@pytest.fixture(scope="module")
def home_folder(app) -> Path:
    """The folder of the app's checkpoints and runs."""
    return app.home


@pytest.fixture(scope="module")
def browser():
    """Chromium. One for each file, because Playwright's event loop would be in the way of later asyncio tests."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM and not IS_CI:
        pytest.skip("no browser on this machine; install Debian's chromium-headless-shell")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(WAIT)
    problems = page_errors(opened)
    yield opened
    opened.close()
    assert not problems
