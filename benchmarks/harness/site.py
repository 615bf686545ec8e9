"""The app in its own process, which can be started, killed and restarted on the same folder."""

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
    """Use it as a context manager. settings: environment variables of the app."""

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
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        while self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return
            except OSError:
                time.sleep(0.25)
        raise RuntimeError(f"The app did not start: {self.log.read_text(encoding='utf-8')[-3000:]}")

    def kill(self) -> None:
        """Kill the app without warning, as the system would."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def kill_worker(self) -> bool:
        """Kill a worker of this folder. False if there is none."""
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def workers(self) -> list[int]:
        """The ids of all processes that train for this folder, no matter what started them."""
        return self.processes(b"train.execution.worker")

    def processes(self, *words: bytes) -> list[int]:
        """The ids of all processes that work for this folder and have these words in their command."""
        home, pids = f"DOODLES_HOME={self.home}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
                is_ours = home in (folder / "environ").read_bytes().split(b"\0")
                is_dead = "(zombie)" in (folder / "status").read_text(encoding="utf-8")
            except OSError:
                continue
            if is_ours and set(words) <= set(command) and not is_dead:
                pids.append(int(folder.name))
        return pids
