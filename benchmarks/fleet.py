"""python -m benchmarks.fleet: what a fleet costs beside the same runs by hand, and what a second worker brings.

It trains the same few classes by turns: one after the other in one process, by a fleet of one worker, and by a fleet of
two, each with one thread; a time is from the first run's beginning to the last one's end. Then it hands out 10 and 345
classes that need no work at all and send a checkpoint's bytes back, and prints the seconds and the driver's memory.
"""

import argparse
import contextlib
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import train.fleet.fleet
from benchmarks.harness.drawings import REAL_DRAWINGS
from model.networks.device import limit_threads
from model.quickdraw.classes import CLASS_NAMES
from train.execution.execution import execute
from train.fleet.fleet import Fleet, train_fleet
from train.fleet.task import Outcome
from train.home import Home
from train.runs.order import Order
from train.runs.run import create_run, list_runs

CHECKPOINT_BYTES = 950_000


def by_hand(orders: list[Order], home: Home) -> None:
    for order in orders:
        for _ in execute(create_run(home.runs, order, begin=True), home):
            pass


def by_fleet(num_workers: int, orders: list[Order], home: Home) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        if train_fleet(orders, home, Fleet(workers=num_workers, as_json=True)):
            raise SystemExit("A class of the fleet failed.")


def makespan(orders: list[Order], how: object) -> tuple[float, float]:
    """Seconds from the first run's beginning to the last one's end, and those of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), orders[0].source)
        began = time.time()
        how(orders, home)
        whole = time.time() - began
        runs = list_runs(home.runs)
        ended = max((run.folder / "run.json").stat().st_mtime for run in runs)
        return ended - min(run.status().created for run in runs), whole


def nothing(task: object, shared_weights: object) -> Outcome:
    """A task without work, whose result is as large as a checkpoint."""
    return Outcome(task.order.class_name, "done", "Nothing to do.", files={"none": bytes(CHECKPOINT_BYTES)})


def schedule(num_classes: int) -> None:
    """Print the seconds of so many empty classes and the most memory in MB that the driver had for itself meanwhile."""
    from benchmarks import fleet  # by its name, so that a worker finds `nothing`

    most = 0.0

    def look(outcome: Outcome, home: Home) -> None:
        nonlocal most
        most = max(most, own_megabytes())

    train.fleet.fleet.work, train.fleet.fleet.land = fleet.nothing, look
    orders = [Order(name, (name,), "nowhere", num_steps=1) for name in CLASS_NAMES[:num_classes]]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        by_fleet(2, orders, Home(Path(folder), "nowhere"))
        seconds = time.perf_counter() - began
    print(json.dumps([seconds, most]))


def own_megabytes() -> float:
    """Memory of this process alone, without the store that Ray's processes share, which has a size of its own."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("RssAnon"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--classes", type=int, default=4, help="an even number (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=200, help="of each training (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of all three ways (default: %(default)s)")
    parser.add_argument("--schedule", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.schedule:
        schedule(options.schedule)
        return
    if not REAL_DRAWINGS.is_dir():
        raise SystemExit(f"There are no drawings in {REAL_DRAWINGS} to train with.")
    limit_threads(1)
    names = [path.stem for path in sorted(REAL_DRAWINGS.glob("*.npy"), key=lambda path: -path.stat().st_size)]
    orders = [
        Order(name, (name,), str(REAL_DRAWINGS), num_rows=400, num_steps=options.steps, replace=True)
        for name in names[: options.classes]
    ]
    ways = {
        "by hand": by_hand,
        "one worker": lambda *what: by_fleet(1, *what),
        "two workers": lambda *what: by_fleet(2, *what),
    }
    times = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, how in ways.items():
            times[way].append(makespan(orders, how))
            print(f"{way}: {times[way][-1][0]:.1f} s, with its start {times[way][-1][1]:.1f} s", file=sys.stderr)
    hand, one, two = (statistics.median(seconds for seconds, _ in times[way]) for way in ways)
    start = statistics.median(whole - seconds for seconds, whole in times["one worker"])
    empty = {}
    for number in (10, len(CLASS_NAMES)):
        command = [sys.executable, "-m", "benchmarks.fleet", "--schedule", str(number)]
        empty[number] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    (_, few_mb), (seconds, many_mb) = empty.values()

    print(f"{len(orders)} classes of {options.steps} steps, median of {options.rounds} rounds; the start of Ray, of")
    print(f"PyTorch and its end ({start:.1f} s, once) are not in the first two rows:\n")
    print("| what | reached | bar | holds |")
    print("|---|---|---|---|")
    rows = [
        ("one worker against the same runs by hand", f"{one / hand - 1:+.1%}", "+5 %", one / hand <= 1.05),
        ("two workers against one", f"{one / two:.2f} times", "1.7 times", one / two >= 1.7),
        (f"{len(CLASS_NAMES)} empty classes, start of Ray included", f"{seconds:.1f} s", "20 s", seconds < 20),
        (
            "driver's memory, 345 classes against 10",
            f"{many_mb:.0f} MB, {few_mb:.0f} MB",
            "1.1",
            many_mb < 1.1 * few_mb,
        ),
    ]
    for what, reached, bar, holds in rows:
        print(f"| {what} | {reached} | {bar} | {'yes' if holds else '**no**'} |")


if __name__ == "__main__":
    main()
