"""Runs under attack: page and worker are killed, the disk fills up, the source of drawings stalls, breaks off and lies.

    python -m benchmarks.chaos [--requests 20] [--visitors 5] [--kills 30] [--seed 0] [--home FOLDER]

Says at the end what became of every request that was accepted, and exits with 1 if anything was lost or is a lie. Give
a small disk as the home to have it filled, such as one made by: mount -t tmpfs -o size=150m tmpfs FOLDER
"""

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gradio_client import Client

from model.checkpoint import checkpoint_path, load_checkpoint
from model.classes import CLASS_NAMES
from model.weights import CheckpointError
from tests.conftest import suns, write_class
from tests.mirror import Mirror
from tests.site import Site
from train.runs import Run, find_run, list_runs

TROUBLES = ("503", "no-range", "cut:9000", "stall:3")
LIES = ("404", "html", "wrong-part", "liar")
SMALL_DISK_BYTES = 200_000_000


class Page(Protocol):
    """What is killed: a page and the worker that it started."""

    home: Path

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def kill_worker(self) -> bool: ...
    def workers(self) -> list[int]: ...


class WildMirror(Mirror):
    """A source of drawings where every third answer or so is wrong in one way or another."""

    def __init__(self, folder: Path, rng: random.Random):
        super().__init__(folder)
        self.rng = rng

    def answer(self, handler: object) -> None:
        if self.rng.random() < 0.3:
            self.faults = [self.rng.choice(TROUBLES * 4 + LIES)]
        super().answer(handler)


def storm(
    page: Page,
    ask: Callable[[int], str],
    num_requests: int,
    num_kills: int,
    rng: random.Random,
    patience: float,
    pause: tuple[float, float] = (1.0, 8.0),
) -> tuple[list[str], Counter]:
    """Order and kill by turns at random moments, then wait until nothing is active, `patience` seconds at most.

    ask: orders the i-th training and returns its run's id, or raises when it is refused. Returns the ids of the
    accepted requests and how often what was done.
    """
    deeds = ["ask"] * (num_requests - 1) + ["kill"] * num_kills
    rng.shuffle(deeds)
    accepted, counts = [], Counter()
    for deed in ["ask", *deeds]:
        if deed == "ask":
            try:
                accepted.append(ask(len(accepted) + counts["refused"]))
            except Exception as error:
                counts["refused"] += 1
                print(f"refused: {str(error)[:160]}", flush=True)
            continue
        time.sleep(rng.uniform(*pause))
        whom = rng.choice(("page", "worker", "both"))
        with full_disk(page.home, rng.uniform(0.5, 4.0), counts) if rng.random() < 0.2 else contextlib.nullcontext():
            if whom != "page":
                counts["workers killed"] += page.kill_worker()
            if whom != "worker":
                page.kill()
                page.start()
                counts["pages killed"] += 1
    ends = time.monotonic() + patience
    while any(run.is_active() for run in list_runs(page.home / "runs")) and time.monotonic() < ends:
        time.sleep(1)
    while page.workers() and time.monotonic() < ends:
        time.sleep(0.5)
    return accepted, counts


@contextlib.contextmanager
def full_disk(folder: Path, seconds: float, counts: Counter):
    """Fill a small disk for some seconds; a large one is left alone."""
    filler = folder / "filler"
    is_small = shutil.disk_usage(folder).total < SMALL_DISK_BYTES
    if is_small:
        counts["disk filled"] += 1
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                pass
    try:
        yield
        if is_small:
            time.sleep(seconds)
    finally:
        filler.unlink(missing_ok=True)


def verdict(page: Page, accepted: list[str]) -> tuple[Counter, list[str]]:
    """What became of the accepted requests, and everything that must not be, in sentences."""
    runs, states, wrongs = page.home / "runs", Counter(), []
    for run_id in accepted:
        run = find_run(runs, run_id)
        if run is None:
            wrongs.append(f"{run_id} is gone")
            continue
        status = run.status()
        states[status.state] += 1
        wrongs += [f"{run_id} {wrong}" for wrong in _wrongs(run)]
    for path in (page.home / "checkpoints").glob("*.safetensors"):
        try:
            load_checkpoint(path)
        except CheckpointError as error:
            wrongs.append(f"damaged checkpoint: {error}")
    wrongs += [f"temporary file left: {path.relative_to(page.home)}" for path in page.home.rglob(".*.tmp")]
    wrongs += [f"worker left: process {pid}" for pid in page.workers()]
    return states, wrongs


def _wrongs(run: Run) -> list[str]:
    status, wrongs = run.status(), []
    steps = [entry.step for entry in run.progress()]
    if steps != sorted(set(steps)):
        wrongs.append("was trained twice")
    if run.is_active() or not status.sentence:
        wrongs.append(f"is left {status.state} with “{status.sentence}”")
    if status.state == "done":
        try:
            load_checkpoint(checkpoint_path(run.folder, status.order.class_name))
        except CheckpointError as error:
            wrongs.append(f"is done without a checkpoint: {error}")
    return wrongs


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--visitors", type=int, default=5)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3.0, help="of training, for each request")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds for the rest of the queue")
    parser.add_argument("--home", type=Path, help="a folder, best on a small disk (default: a temporary one)")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        drawings = Path(folder) / "drawings"
        class_names = [name for name in CLASS_NAMES if name.isalpha()][: options.requests]
        for number, class_name in enumerate(class_names):
            write_class(drawings, class_name, suns(80, number))
        home = (options.home or Path(folder)) / "home"
        limits = {"DOODLES_PROXY": "1", "DOODLES_QUEUE": "100", "DOODLES_RUNS_PER_HOUR": "100"}
        with WildMirror(drawings, rng) as mirror, Site(home, mirror.url, **limits) as site:

            def ask(number: int) -> str:
                headers = {"x-forwarded-for": f"10.0.0.{number % options.visitors}"}
                client = Client(site.url, headers=headers, verbose=False)
                return client.predict(class_names[number], options.seconds / 60, api_name="/train")

            began = time.monotonic()
            accepted, counts = storm(site, ask, options.requests, options.kills, rng, options.patience)
            states, wrongs = verdict(site, accepted)
            sentences = Counter(find_run(home / "runs", run_id).status().sentence for run_id in accepted)
    print(
        f"{len(accepted)} of {options.requests} requests accepted in {time.monotonic() - began:.0f} s; {dict(counts)}"
    )
    print(f"states: {dict(states)}")
    for sentence, times in sentences.most_common():
        print(f"  {times} x {sentence}")
    print("\n".join(wrongs) or "Nothing was lost, damaged, trained twice or left behind.")
    return 1 if wrongs or sum(states.values()) < len(accepted) else 0


if __name__ == "__main__":
    sys.exit(main())
