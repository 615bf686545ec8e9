"""No matter what is killed and when, every accepted training ends with a checkpoint or an error in one sentence."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import chaos
from benchmarks.chaos import storm, verdict
from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.mirror import Mirror
from benchmarks.harness.site import Site
from model.files.folders import REPOSITORY
from tests.support.samples import SMALL, make_checkpoint
from train.execution.admission import request_training
from train.home import Home
from train.runs.order import Order
from train.runs.run import create_run
from train.runs.settings import Settings

# Stands in for the app, which takes long to start: it only starts the worker.
STAND_IN = """
import time
from train.home import Home
from train.execution.worker import ensure_worker
while True:
    ensure_worker(Home.from_environment())
    time.sleep(0.5)
"""


class Page(Site):
    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", STAND_IN], cwd=REPOSITORY, env=self.environment)


@pytest.mark.slow
def test_kills_at_random_moments_lose_no_request(tmp_path):
    rng = random.Random(4)
    for number, class_name in enumerate(("sun", "cat", "dog")):
        write_class(tmp_path / "drawings", class_name, suns(4, number))  # too few to measure with, which is slow
    with Mirror(tmp_path / "drawings") as mirror, Page(tmp_path / "home", mirror.url) as page:
        mirror.faults = rng.sample(["503", "cut:2000", "stall:1", "no-range", "503", "cut:90", "", ""], 8)
        home = Home(page.home, mirror.url)

        def ask(number: int) -> str:
            class_name = ("sun", "cat", "dog", "moon")[number]
            config = replace(SMALL, seed=number)
            order = Order(class_name, (class_name,), mirror.url, num_steps=20, seconds=4.0, config=config, replace=True)
            return request_training(home, Settings(), replace(order, requested_by=f"visitor-{number % 2}")).id

        accepted, counts = storm(page, ask, 4, 4, rng, patience=900, pause=(0.5, 4.0))
        states, wrongs = verdict(page, accepted)
    assert len(accepted) == 4 and counts["pages killed"] + counts["workers killed"] >= 3
    assert not any(wrongs.values()), wrongs
    assert states == {"done": 3, "failed": 1}, "the fourth has no source and says so"


class DeadPage:
    """A page that has ended, but left one process running."""

    def __init__(self, home: Path):
        self.home = home

    def kill(self) -> None:
        pass

    def processes(self) -> list[int]:
        return [123]


def test_the_verdict_sees_every_problem(home, monkeypatch):
    monkeypatch.setattr(chaos, "LEAVE_SECONDS", 0.0)
    orders = [Order(name, ("sun",), home.source, num_steps=20, requested_by="visitor-a") for name in ("a", "b", "c")]
    waiting, twice, again = [create_run(home.runs, order) for order in orders]
    for run, words in ((twice, ("1] running", "2] running", "1] running")), (again, ("1] done", "2] running"))):
        run.set_state("failed", "What happened.")
        (run.folder / "log.txt").write_text(
            "".join(f"2026-01-01 00:00:00 [{word}. Measuring.\n" for word in words), encoding="utf-8"
        )
    make_checkpoint(home.checkpoints)
    (home.checkpoints / "dog.safetensors").write_bytes(b"half")
    (home.runs / ".visits.json.abcd1234.tmp").touch()
    states, wrongs = verdict(DeadPage(home.folder), [waiting.id, "20260101-000000-sun-abcd"])
    assert states == {"queued": 1, "failed": 2}
    found = {kind: " ".join(sorted(sentences)) for kind, sentences in wrongs.items()}
    assert "is left queued" in found[chaos.LOST] and "sun-abcd is gone" in found[chaos.LOST]
    assert "dog.safetensors" in found[chaos.DAMAGED] and "cat" not in found[chaos.DAMAGED]
    assert "two workers had" in found[chaos.TWICE] and "after it was done" in found[chaos.TWICE]
    assert "process 123" in found[chaos.LEFT] and "visits.json" in found[chaos.LEFT]
