"""The app and the commands start, draw and train on any machine. `.ci/environments` runs this in some odd ones."""

import base64
import json
import os
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.site import Site
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import export
from model.files.folders import REPOSITORY
from tests.support.samples import SHIPPED, odd_name

pytestmark = pytest.mark.slow  # because each of four processes imports everything, and other tests check the parts


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(odd_name())
    write_class(folder / "drawings", "giraffe", suns(60))
    return folder


@pytest.fixture(scope="module")
def app(folder):
    running = Site(folder / "home", str(folder / "drawings"))
    running.environment = without_exemption(running.environment)
    with running:
        yield running


def without_exemption(environment: dict[str, str]) -> dict[str, str]:
    """Where there is a proxy, this process asks none for the app; the app and the commands must do so themselves."""
    return {name: value for name, value in environment.items() if name.lower() != "no_proxy"}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
    """A command, started in the folder."""
    environment = without_exemption(dict(os.environ)) | {"PYTHONPATH": str(REPOSITORY)} | settings
    return subprocess.run([sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True)


def ask(site: Site, endpoint: str, *values: object) -> object:
    """The answer of an endpoint for programs."""
    address, body = f"{site.url}gradio_api/call/{endpoint}", json.dumps({"data": values}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=60) as answer:
        lines = answer.read().decode().split("\n")
    assert "event: complete" in lines, lines
    return json.loads(next(line.removeprefix("data: ") for line in lines if line.startswith("data: ")))[0]


def assert_umask(path: Path) -> None:
    umask = os.umask(0o022)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask, path


def test_the_page_arrives_with_every_character(app):
    with urllib.request.urlopen(app.url, timeout=60) as answer:
        page = answer.read().decode()
    assert "“" in page and "×" in page and "â€" not in page


def test_the_app_draws_and_trains(app):
    (url,) = ask(app, "draw", "cat", 7, 1, 1.0, [], False)
    assert base64.b64decode(url.partition(",")[2]) == export(Sampler([SHIPPED]), View("cat", 7), "png")
    run_id, deadline = ask(app, "train", "giraffe", 1 / 60), time.monotonic() + 120
    while (report := ask(app, "run", run_id))["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.5)
    assert report["state"] == "done", report
    assert_umask(app.home / "checkpoints" / "giraffe.safetensors")


def test_the_commands_draw_train_and_explain_themselves(folder):
    drawn = run(folder, "model", "stop sign", "--seed", "7", "--out", f"{odd_name()}.PNG")
    assert drawn.returncode == 0, drawn.stderr
    path = folder / f"{odd_name()}.PNG"
    assert path.read_bytes() == export(Sampler([SHIPPED]), View("stop sign", 7), "png")
    assert_umask(path)
    source, home = str(folder / "drawings"), str(folder / "another home")
    trained = run(folder, "train", "giraffe", "--steps", "2", "--data", source, DOODLES_HOME=home)
    assert trained.returncode == 0, trained.stderr
    helped = run(folder, "train", "--help")
    assert helped.returncode == 0 and b"COMMAND" in helped.stdout, helped.stderr


@pytest.mark.skipif(os.access(REPOSITORY, os.W_OK), reason="this user may write here")
def test_in_a_read_only_checkout_training_says_so(folder):
    refused = run(folder, "train", "giraffe", "--steps", "2", "--data", str(folder / "drawings"), DOODLES_HOME="")
    assert refused.returncode == 2 and refused.stderr.count(b"\n") == 1, refused.stderr
    assert b"check the folder and its permissions" in refused.stderr
