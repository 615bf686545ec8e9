"""The app works as in a Space: newly installed, as an ordinary user, with read-only files."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.site import Site
from model.files.folders import REPOSITORY
from tests.support.browser import IS_CI, WAIT, pick_to_train, pixels
from train.home import Home
from train.hub.space_files import front_matter, space_files
from train.runs.run import list_runs

SPACE = "you/endless-doodles"
TORCH = "torch==2.13.0"
NOBODY = 65534
# An ordinary user who may, of all that root may, only read: this machine's Python may lie in root's home.
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
AS_NOBODY += ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]

pytestmark = pytest.mark.slow  # installs a new environment

if not IS_CI and (not shutil.which("setpriv") or os.geteuid() != 0):
    pytest.skip("only root can become an ordinary user, by setpriv", allow_module_level=True)


def find_python() -> tuple[str, str]:
    """Python 3.12, as on a Space, if PyTorch has a CPU build for it, otherwise ours. Also the PyTorch to install."""
    found = sorted((Path.home() / ".pyenv" / "versions").glob("3.12.*/bin/python3.12"))
    for python in [*found, shutil.which("python3.12")]:
        command = [python, "-m", "pip", "install", "--dry-run", "--no-deps", "-q", f"{TORCH}+cpu"]
        if python and subprocess.run(command, capture_output=True).returncode == 0:
            return str(python), f"{TORCH}+cpu"
    return sys.executable, TORCH


@pytest.fixture(scope="module")
def folder():
    """A folder that an ordinary user may read, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def environment(folder):
    """The Python of a new environment with the requirements and the packages that a Space adds."""
    python, torch = find_python()
    sdk_version = front_matter((REPOSITORY / "README.md").read_text(encoding="utf-8"))["sdk_version"]
    subprocess.run([python, "-m", "venv", folder / "environment"], check=True)
    installed = folder / "environment" / "bin" / "python"
    install = [installed, "-m", "pip", "install", "-q"]
    subprocess.run([*install, torch], check=True)  # the CPU build, before the requirements ask for a larger one
    requirements = ["-r", REPOSITORY / "requirements.txt", f"gradio[oauth,mcp]=={sdk_version}", "spaces"]
    subprocess.run([*install, *requirements], check=True)
    subprocess.run([installed, "-m", "pip", "check"], check=True)
    return installed


def kill_all(home: Path) -> None:
    """Kill the app, its worker, and the Node server that Gradio starts on a Space."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"HOME={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture(scope="module")
def space(folder, environment):
    """The app with a Space's variables and without any secret."""
    app, home, data = folder / "app", folder / "user", folder / "data"
    for name, content in space_files(Home(), SPACE, "cpu-basic").items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_bytes(content)
    for path in (app, *app.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    write_class(folder / "drawings", "giraffe", suns(60))
    running = Site(data, str(folder / "drawings"))
    home.mkdir()
    for path in (home, data):
        os.chown(path, NOBODY, NOBODY)
    running.folder, running.command = app, [*AS_NOBODY, environment, "app.py"]
    own = ("DOODLES_HOME", "DOODLES_SOURCE", "GRADIO_SERVER_PORT")
    running.environment = {name: running.environment[name] for name in own} | {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "SYSTEM": "spaces",
        "SPACE_ID": SPACE,
        "SPACE_HOST": "you-endless-doodles.hf.space",
        "SPACE_AUTHOR_NAME": "you",
        "GRADIO_SSR_MODE": "True",
        "DOODLES_PROXY": "1",
        "OAUTH_CLIENT_ID": "of the Space",
        "OAUTH_CLIENT_SECRET": "made for a test",
        "OAUTH_SCOPES": "openid profile contribute-repos",
        "OPENID_PROVIDER_URL": "http://127.0.0.1:9",
    }
    with running:
        yield running
        kill_all(home)


@pytest.fixture
def page(browser):
    context = browser.new_context(extra_http_headers={"x-forwarded-for": "1.2.3.4"})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not problems


def drawn(tile) -> float:
    """The share of a tile that is ink."""
    return (pixels(tile.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")) < 128).mean()


def test_a_space_draws_for_a_visitor_inside_the_hubs_frame(page, space):
    page.set_content(
        f'<iframe src="{space.url}?class=cat&seed=7&count=4" style="width: 1200px; height: 900px"></iframe>'
    )
    framed = page.frame_locator("iframe")
    tiles = framed.locator("#draw .tile")
    tiles.nth(3).wait_for()
    assert 0.02 < drawn(tiles.first) < 0.6
    framed.get_by_role("button", name="Generate").click()
    framed.get_by_role("button", name="cat, seed 7", exact=True).wait_for(state="detached")
    assert 0.02 < drawn(tiles.first) < 0.6


def test_a_space_trains_into_its_data_folder_and_lets_visitors_sign_in(page, space):
    page.goto(space.url)
    page.wait_for_selector("#draw .tile")
    page.get_by_role("tab", name="Train").click()
    pick_to_train(page, "giraffe")
    page.click("#train-start")
    page.get_by_text("images/s").first.wait_for()
    assert len(list_runs(space.home / "runs")) == 1
    page.click("#train-stop")
    page.get_by_text("Stopped").first.wait_for()
    page.get_by_text("Share it on the Hub").click()
    page.locator("#share-login").get_by_text("Sign in with Hugging Face").wait_for()


def test_a_space_runs_as_an_ordinary_user(space):
    status = Path(f"/proc/{space.process.pid}/status").read_text(encoding="utf-8")
    held = {
        name: value.split() for name, value in re.findall(r"^(Uid|Gid|Groups|CapEff|NoNewPrivs):(.*)$", status, re.M)
    }
    assert set(held["Uid"] + held["Gid"]) == {str(NOBODY)} and not held["Groups"] and held["NoNewPrivs"] == ["1"]
    assert int(held["CapEff"][0], 16) == 1 << 2, "it may read all files, like root, and nothing else"


def test_a_space_needs_no_other_permissions_and_no_secret(space):
    log = space.log.read_text(encoding="utf-8")
    assert not re.search("ERROR|PermissionError|Permission denied|Read-only file system|Unauthorized", log), log
    assert not [path for path in space.folder.rglob("*") if path.stat().st_uid == NOBODY]
