"""Attack runs: kill the app and its worker, fill the disk, and let the source of drawings stall, break off and lie.

    mount -t tmpfs -o size=150m tmpfs FOLDER
    python -m benchmarks.chaos --home FOLDER [--requests 20] [--visitors 5] [--kills 30] [--seed 0]

Writes benchmarks/CHAOS.md and prints how every run ended. Exits with 1 if anything was lost or is wrong. A large disk
isn't filled. It ends when every run has ended, or `--patience` seconds after the last kill; on two slow cores it takes
about a quarter of an hour.
"""

import argparse
import contextlib
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gradio_client import Client

from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.mirror import Mirror
from benchmarks.harness.site import Site
from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.weights import CheckpointError
from model.quickdraw.classes import CLASS_NAMES
from train.runs.run import Run, find_run, list_runs

OUTPUT = Path(__file__).with_name("CHAOS.md")
TROUBLES = ("503", "no-range", "cut:2000", "stall:3") * 4 + ("stall:25",)
LIES = ("404", "html", "wrong-part", "liar")
SMALL_DISK_BYTES = 200_000_000
LEAVE_SECONDS = 15.0  # for processes to end after the app
LOST, DAMAGED, TWICE, LEFT = (
    "runs that ended without saying how",
    "damaged checkpoints",
    "runs trained twice",
    "processes and temporary files left over",
)


class Page(Protocol):
    """The app and the worker that it started, which the benchmark kills."""

    home: Path

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def kill_worker(self) -> bool: ...
    def workers(self) -> list[int]: ...
    def processes(self) -> list[int]: ...


class WildMirror(Mirror):
    """A source of drawings that answers about a third of all requests wrongly."""

    def __init__(self, folder: Path, rng: random.Random):
        super().__init__(folder)
        self.rng, self.num_wrong = rng, 0

    def answer(self, handler: object) -> None:
        if self.rng.random() < 0.3:
            self.num_wrong += 1
            self.faults = [self.rng.choice(TROUBLES + LIES)]
        super().answer(handler)


def storm(
    page: Page,
    ask: Callable[[int], str],
    num_requests: int,
    num_kills: int,
    rng: random.Random,
    patience: float,
    pause: tuple[float, float] = (1.0, 12.0),
) -> tuple[list[str], Counter]:
    """Request trainings and kill processes at random moments, then wait up to `patience` seconds for all runs to end.

    ask: requests the i-th training and returns its run's id, or raises if it is refused. Returns the ids of the
    accepted runs, and how often each thing happened.
    """
    deeds = ["ask"] * (num_requests - 1) + ["kill"] * num_kills
    rng.shuffle(deeds)
    accepted, counts, began = [], Counter(), time.monotonic()
    for deed in ["ask", *deeds]:
        if deed == "ask":
            try:
                accepted.append(ask(len(accepted) + counts["refused"]))
                _say(began, f"accepted: {accepted[-1]}")
            except Exception as error:
                counts["refused"] += 1
                _say(began, f"refused: {str(error)[:160]}")
            continue
        time.sleep(rng.uniform(*pause))
        target = rng.choice(("page", "worker", "both"))
        with full_disk(page.home, rng.uniform(0.5, 4.0), counts) if rng.random() < 0.2 else contextlib.nullcontext():
            worker_died = target != "page" and page.kill_worker()
            counts["workers killed"] += worker_died
            if target != "worker" or not worker_died:  # without a worker, the app is killed instead
                page.kill()
                page.start()
                counts["pages killed"] += 1
        counts["kills"] += 1
        _say(began, f"kill {counts['kills']} of {num_kills}")
    ends, last_states = time.monotonic() + patience, None
    while any(run.is_active() for run in list_runs(page.home / "runs")) and time.monotonic() < ends:
        states = dict(Counter(run.status().state for run in list_runs(page.home / "runs")))
        if states != last_states:
            last_states = states
            _say(began, f"waiting: {states}")
        time.sleep(1)
    while page.workers() and time.monotonic() < ends:
        time.sleep(0.5)
    return accepted, counts


def _say(began: float, event: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {event}", flush=True)


@contextlib.contextmanager
def full_disk(folder: Path, seconds: float, counts: Counter):
    """Fill a small disk for some seconds, and leave a large one alone."""
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


def verdict(page: Page, accepted: list[str]) -> tuple[Counter, dict[str, list[str]]]:
    """Kill the app. Returns how many runs ended in each state, and a list of problems of each kind."""
    page.kill()
    runs, states = page.home / "runs", Counter()
    wrongs: dict[str, list[str]] = {kind: [] for kind in (LOST, DAMAGED, TWICE, LEFT)}
    for run_id in {*accepted, *(run.id for run in list_runs(runs))}:
        run = find_run(runs, run_id)
        if run is None:
            wrongs[LOST].append(f"{run_id} is gone")
            continue
        status = run.status()
        states[status.state] += 1
        if status.state not in ("done", "failed", "stopped") or not status.sentence:
            wrongs[LOST].append(f"{run_id} is left {status.state} with “{status.sentence}”")
        if status.state == "done":
            wrongs[DAMAGED] += _damage(checkpoint_path(run.folder, status.order.class_name))
        wrongs[TWICE] += _repetitions(run)
    for path in (page.home / "checkpoints").glob("*.safetensors"):
        wrongs[DAMAGED] += _damage(path)
    ends = time.monotonic() + LEAVE_SECONDS
    while page.processes() and time.monotonic() < ends:
        time.sleep(0.5)
    wrongs[LEFT] += [f"process {pid}" for pid in page.processes()]
    wrongs[LEFT] += [f"{path.relative_to(page.home)}" for path in page.home.rglob(".*.tmp")]
    return states, wrongs


def _damage(checkpoint: Path) -> list[str]:
    try:
        load_checkpoint(checkpoint)
    except CheckpointError as error:
        return [f"{checkpoint.parent.name}: {error}"]
    return []


def _repetitions(run: Run) -> list[str]:
    """The work that a run repeated, according to its records and its log of workers."""
    steps = [entry.step for entry in run.progress()]
    wrongs = [] if steps == sorted(set(steps)) else [f"{run.id} has records of steps twice"]
    log = run.folder / "log.txt"
    lines = re.findall(r"\[(\d+)\] (running|done)\b", log.read_text(encoding="utf-8") if log.exists() else "")
    workers = [pid for number, (pid, _) in enumerate(lines) if not number or lines[number - 1][0] != pid]
    if len(workers) > len(set(workers)):
        wrongs.append(f"two workers had {run.id} at the same time")
    if "done" in [word for _, word in lines[:-1]]:
        wrongs.append(f"{run.id} went on after it was done")
    return wrongs


def table(
    options: argparse.Namespace, accepted: list[str], counts: Counter, states: Counter, wrongs: dict, minutes: float
) -> str:
    """A Markdown table of what happened and of what must not happen."""
    ended = ", ".join(f"{number} {state}" for state, number in states.most_common())
    rows = [
        ("minutes", f"{minutes:.0f}", "", ""),
        (f"requests of {options.visitors} visitors", f"{len(accepted)} accepted, {counts['refused']} refused", "", ""),
        ("kills", f"{counts['pages killed']} pages, {counts['workers killed']} workers", "", ""),
        ("times the disk was filled", counts["disk filled"], "", ""),
        ("late, cut or false answers of the source", counts["wrong answers"], "", ""),
        ("how the runs ended", ended, "", ""),
        *((kind, len(found), 0, "**no**" if found else "yes") for kind, found in wrongs.items()),
    ]
    lines = ["| measure | reached | target | met |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--visitors", type=int, default=5)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=6.0, help="of training for each request")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds to wait for the queue to empty")
    parser.add_argument(
        "--home", type=Path, help="folder for the app's files, best on a small disk (default: a temporary one)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        drawings, home = Path(folder) / "drawings", (options.home or Path(folder)) / "home"
        if home.exists():
            sys.exit(f"{home} already exists; remove it or name another folder.")
        class_names = [name for name in CLASS_NAMES if name.isalpha()][: options.requests]
        for number, class_name in enumerate(class_names):  # half of the classes have too few to measure with
            write_class(drawings, class_name, suns(4 if number % 2 else 80, number))
        limits = {"DOODLES_PROXY": "1", "DOODLES_QUEUE": "100", "DOODLES_RUNS_PER_HOUR": "100"}
        source_rng = random.Random(options.seed)  # its own, because requests come in no fixed order
        with WildMirror(drawings, source_rng) as mirror:
            site = Site(home, mirror.url, **limits)
            site.log = Path(folder) / "site.log"  # on another disk than the one that is filled

            def ask(number: int) -> str:
                headers = {"x-forwarded-for": f"10.0.0.{number % options.visitors}"}
                client = Client(site.url, headers=headers, verbose=False)
                return client.predict(class_names[number], options.seconds / 60, api_name="/train")

            began = time.monotonic()
            rng = random.Random(options.seed)
            with site:
                accepted, counts = storm(site, ask, options.requests, options.kills, rng, options.patience)
                states, wrongs = verdict(site, accepted)
            counts["wrong answers"] = mirror.num_wrong
        for run in list_runs(home / "runs"):
            print(f"{run.id}: {run.status().state}. {run.status().sentence}")
    for kind, found in wrongs.items():
        print(*(f"{kind}: {wrong}" for wrong in found), sep="\n", end="\n" if found else "")
    report = table(options, accepted, counts, states, wrongs, (time.monotonic() - began) / 60)
    OUTPUT.write_text(report, encoding="utf-8")
    print(report)
    return 1 if any(wrongs.values()) or not accepted else 0


if __name__ == "__main__":
    sys.exit(main())
