"""The app as a process of its own, to be started, killed and started again on the same folder."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from model.files.folders import REPOSITORY


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """Use as a context manager. settings: environment variables."""

    def __init__(self, home: Path, source: str, **settings: str):
        self.home, self.log = home, home / "site.log"
        home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.environment = os.environ | settings
        self.environment |= {
            "DOODLES_HOME": str(home),
            "DOODLES_SOURCE": source,
            "GRADIO_SERVER_PORT": str(self.port),
        }
        self.command, self.folder = [sys.executable, "app.py"], REPOSITORY
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Site":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        # A machine with much else to do may not answer Gradio's own check in time, which ends the start.
        assert any(self._starts() for _ in range(3)), f"the app did not start: {self.log.read_text()[-3000:]}"

    def _starts(self) -> bool:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        while self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return True
            except OSError:
                time.sleep(0.25)
        return False

    def kill(self) -> None:
        """As the system would, without a word."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def kill_worker(self) -> bool:
        """Whether there was one of this page's to kill."""
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def workers(self) -> list[int]:
        """Processes that train for this folder, whoever started them."""
        return self.processes(b"train.execution.worker")

    def processes(self, *marks: bytes) -> list[int]:
        """All that work for this folder and carry these words in their command."""
        home, found = f"DOODLES_HOME={self.home}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                is_ours = home in (folder / "environ").read_bytes().split(b"\0")
                dead = "(zombie)" in (folder / "status").read_text()
            except OSError:
                continue
            if is_ours and set(marks) <= set(words) and not dead:
                found.append(int(folder.name))
        return found
