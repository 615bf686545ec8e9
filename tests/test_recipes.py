"""The recipes in docs/ for the Hub, a Space and nginx work when followed word for word in a shell."""

import base64
import io
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from benchmarks.harness.site import Site, free_port
from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.files.folders import REPOSITORY
from model.quickdraw.images import cut
from tests.support.hub import Hub
from tests.support.pages import examples

TOKEN = "hf_you"
SILENCE = 120.0  # seconds without output from a command that should end
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def checkout(folder: Path, *class_names: str) -> Path:
    """A clone of the repository with the checkpoints of these classes only."""
    for folder_name in ("model", "studio", "train", "docs"):
        shutil.copytree(REPOSITORY / folder_name, folder / folder_name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "requirements.txt", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder)
    (folder / "checkpoints").mkdir()
    for name in class_names:
        shutil.copy(REPOSITORY / "checkpoints" / f"{name}.safetensors", folder / "checkpoints")
    return folder


class Person:
    """A person at a shell in a checkout, who uses our loopback Hub and hasn't logged in yet."""

    def __init__(self, hub: Hub, home: Path, folder: Path):
        self.folder = folder
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        }

    def runs(self, line: str, typing: dict[bytes, bytes] | None = None) -> str:
        """Run a line at a terminal. typing: question to answer. Returns the terminal's output."""
        terminal, child_end = pty.openpty()
        shell = {"cwd": self.folder, "env": self.environment, "start_new_session": True}
        process = subprocess.Popen(["bash", "-c", line], stdin=child_end, stdout=child_end, stderr=child_end, **shell)
        os.close(child_end)
        shown, answers = b"", dict(typing or {})
        try:
            while select.select([terminal], [], [], SILENCE)[0] and (piece := os.read(terminal, 4096)):
                shown += piece
                for question in [question for question in answers if question in shown]:
                    while termios.tcgetattr(terminal)[3] & termios.ECHO:  # typing too early is lost
                        time.sleep(0.01)
                    os.write(terminal, answers.pop(question))
        except OSError:  # the terminal's other end is closed
            pass
        os.close(terminal)  # ends a command that still waits for an answer
        assert process.wait() == 0 and not answers, shown.decode()
        return shown.decode()

    def app(self, line: str, home: Path) -> Site:
        """The app as this line starts it, at its own port. The line runs until it's killed."""
        running = Site(home, "")
        running.environment = self.environment | {"GRADIO_SERVER_PORT": str(running.port)}
        running.command, running.folder = ["bash", "-c", line], self.folder
        return running


@pytest.fixture
def hub():
    with Hub() as running:
        yield running


def drawn(url: str) -> np.ndarray:
    (drawing,) = Client(url, verbose=False).predict("cat", 7, 1, api_name="/draw")
    return cut(Image.open(io.BytesIO(base64.b64decode(drawing.partition(",")[2]))), columns=1)


@pytest.mark.slow
def test_a_shared_class_is_drawn_by_others_and_by_a_space(hub, tmp_path):
    share, use, deploy = (recipe.splitlines() for recipe in examples("docs/hub-and-space.md", "sh"))
    owner = Person(hub, tmp_path / "owner", checkout(tmp_path / "mine", "cat"))
    assert share[0] == deploy[0] == "hf auth login"
    shown = owner.runs(share[0], {b"How would you like to log in?": b"2", b"Enter your token": TOKEN.encode() + b"\n"})
    shown += owner.runs(share[1])
    assert "Pushed 1 checkpoint (cat)" in shown
    expected = Sampler([tmp_path / "mine" / "checkpoints"]).draw(seeds_to_pictures("cat", 7))

    other = Person(hub, tmp_path / "other", checkout(tmp_path / "theirs"))
    with other.app(use[0], tmp_path / "log") as app:
        assert np.array_equal(drawn(app.url), expected)
    shown += other.runs(use[1])
    picture = (tmp_path / "theirs" / "cat.png").read_bytes()

    shown += owner.runs(deploy[0]) + owner.runs(deploy[1])
    space = hub.repos["spaces/you/endless-doodles"]
    variables = {each["key"]: each["value"] for each in space.settings["variables"]}
    assert variables == {"DOODLES_PROXY": "1", "DOODLES_HUB": "you/doodles"}
    assert "app.py" in space.at("main").files and "is building now" in shown and TOKEN not in shown

    hub.__exit__()
    (tmp_path / "theirs" / "cat.png").unlink()
    other.runs(use[1])
    assert (tmp_path / "theirs" / "cat.png").read_bytes() == picture, "it works offline after the first time"


@contextmanager
def nginx(folder: Path, port: int, location: str) -> Iterator[None]:
    """nginx, which passes on what `location` says from a port."""
    (folder / "nginx.conf").write_text(
        f"daemon off; pid nginx.pid; error_log stderr; events {{}}\nhttp {{ access_log off; server {{\n"
        f"listen 127.0.0.1:{port};\n{location}\n}} }}\n",
        encoding="utf-8",
    )
    proxy = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"])
    try:
        yield
    finally:
        proxy.terminate()
        proxy.wait()


@pytest.mark.slow
@pytest.mark.skipif(not NGINX, reason="no nginx on this machine")
def test_the_app_runs_behind_nginx(hub, tmp_path):
    (line,), (location,) = (examples("docs/hosting.md", language) for language in ("sh", "nginx"))
    app_port, port = free_port(), free_port()
    line = line.replace("7860", str(app_port)).replace("/var/lib/doodles", str(tmp_path / "data"))
    host = Person(hub, tmp_path / "host", checkout(tmp_path / "app", "cat"))
    running = host.app(line, tmp_path / "log")
    running.url = f"http://127.0.0.1:{app_port}/"
    with nginx(tmp_path, port, location.replace("7860", str(app_port))), running:
        expected = Sampler([tmp_path / "app" / "checkpoints"]).draw(seeds_to_pictures("cat", 7))
        assert np.array_equal(drawn(f"http://127.0.0.1:{port}/"), expected)


@pytest.mark.slow
@pytest.mark.skipif(not NGINX, reason="no nginx on this machine")
def test_below_a_path_the_page_works_or_says_what_its_host_has_to_set(hub, tmp_path, page):
    (location,) = examples("docs/hosting.md", "nginx")
    host = Person(hub, tmp_path / "host", checkout(tmp_path / "app", "cat"))
    running, port = host.app("python app.py", tmp_path / "log"), free_port()
    location = location.replace("location / ", "location /doodles/ ").replace("7860;", f"{running.port}/;")
    with nginx(tmp_path, port, location):
        with running:
            page.goto(f"http://127.0.0.1:{port}/doodles/")
            page.get_by_text("set GRADIO_ROOT_PATH to /doodles and start the app again").wait_for()
            page.goto(running.url)
            page.wait_for_selector("[data-ahead]", state="attached")  # the script runs
            assert page.locator("#misplaced").is_hidden()
        running.environment["GRADIO_ROOT_PATH"] = "/doodles"
        with running:
            page.goto(f"http://127.0.0.1:{port}/doodles/")
            page.wait_for_selector("[data-ahead]", state="attached")
            assert page.locator("#misplaced").is_hidden()
            expected = Sampler([tmp_path / "app" / "checkpoints"]).draw(seeds_to_pictures("cat", 7))
            assert np.array_equal(drawn(f"http://127.0.0.1:{port}/doodles/"), expected)


@pytest.mark.slow
def test_if_a_port_is_in_use_the_app_says_which_one_it_takes_instead(hub, tmp_path):
    host = Person(hub, tmp_path / "host", checkout(tmp_path / "app", "cat"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        host.environment |= {"GRADIO_SERVER_PORT": str(port), "GRADIO_NUM_PORTS": "1"}
        command, options = [sys.executable, "app.py"], {"cwd": host.folder, "env": host.environment, "text": True}
        refused = subprocess.run(command, capture_output=True, check=False, **options)
        assert refused.returncode == 1 and refused.stderr.splitlines()[-1].startswith("app.py: All ports")
        assert "Traceback" not in refused.stderr
        host.environment["GRADIO_NUM_PORTS"] = "9"
        app = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
        try:
            said = next(line for line in app.stdout if line.startswith("Port "))
        finally:
            app.kill()
            app.wait()
    address = re.fullmatch(rf"Port {port} is in use, so the page is at http://127.0.0.1:(\d+)/ instead.\n", said)
    assert address and int(address[1]) > port
