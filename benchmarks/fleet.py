"""python -m benchmarks.fleet: what a fleet costs, compared with single runs, and what a second worker gains.

It trains the same few classes one after the other in one process, in a fleet of one worker, and in a fleet of two, each
with one thread. Times are from the start of the first run to the end of the last. Then it hands out 10 and 345 classes
that fail at once because they have no drawings, and prints the seconds and the driver's memory.
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

from benchmarks.harness.drawings import REAL_DRAWINGS
from model.networks.device import limit_threads
from model.quickdraw.classes import CLASS_NAMES
from train.execution.execution import execute
from train.fleet.fleet import Fleet, train_fleet, train_on
from train.home import Home
from train.runs.order import Order
from train.runs.run import create_run, list_runs


def without_fleet(orders: list[Order], home: Home) -> None:
    for order in orders:
        for _ in execute(create_run(home.runs, order, begin=True), home):
            pass


def by_fleet(num_workers: int, orders: list[Order], home: Home) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        if train_fleet(orders, home, Fleet(workers=num_workers, as_json=True)):
            raise SystemExit("A class of the fleet failed.")


def makespan(orders: list[Order], how: object) -> tuple[float, float]:
    """Seconds from the start of the first run to the end of the last, and seconds in all."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), orders[0].source)
        began = time.time()
        how(orders, home)
        whole = time.time() - began
        runs = list_runs(home.runs)
        ended = max((run.folder / "run.json").stat().st_mtime for run in runs)
        return ended - min(run.status().created for run in runs), whole


def schedule(num_classes: int) -> None:
    """Print the seconds that so many classes without drawings take, and the driver's peak memory of its own in MB."""
    orders = [Order(name, (name,), "nowhere", num_steps=1) for name in CLASS_NAMES[:num_classes]]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        peak = max(own_megabytes() for _ in train_on(Fleet(workers=2), orders, Home(Path(folder), "nowhere")))
        seconds = time.perf_counter() - began
    print(json.dumps([seconds, peak]))


def own_megabytes() -> float:
    """Memory of this process alone, without files that it shares with others."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("RssAnon"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--classes", type=int, default=4, help="an even number (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=200, help="of each training (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of the comparison (default: %(default)s)")
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
        "without a fleet": without_fleet,
        "one worker": lambda *what: by_fleet(1, *what),
        "two workers": lambda *what: by_fleet(2, *what),
    }
    times = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, how in ways.items():
            times[way].append(makespan(orders, how))
            print(f"{way}: {times[way][-1][0]:.1f} s, with its start {times[way][-1][1]:.1f} s", file=sys.stderr)
    alone, one, two = (statistics.median(seconds for seconds, _ in times[way]) for way in ways)
    start = statistics.median(whole - seconds for seconds, whole in times["one worker"])
    empty = {}
    for number in (10, len(CLASS_NAMES)):
        command = [sys.executable, "-m", "benchmarks.fleet", "--schedule", str(number)]
        empty[number] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    (_, few_mb), (seconds, many_mb) = empty.values()

    print(
        f"{len(orders)} classes of {options.steps} steps, median of {options.rounds} rounds. Rows 1 and 2 leave out the"
    )
    print(f"{start:.1f} s that starting and stopping the workers take once:\n")
    print("| measure | reached | target | met |")
    print("|---|---|---|---|")
    rows = [
        (
            "one worker compared with the same runs without a fleet",
            f"{one / alone - 1:+.1%}",
            "+5 %",
            one / alone <= 1.05,
        ),
        ("two workers compared with one", f"{one / two:.2f} times", "1.7 times", one / two >= 1.7),
        (f"{len(CLASS_NAMES)} classes without drawings", f"{seconds:.1f} s", "20 s", seconds < 20),
        (
            f"driver's memory, {len(CLASS_NAMES)} classes compared with 10",
            f"{many_mb:.0f} MB, {few_mb:.0f} MB",
            "1.1",
            many_mb < 1.1 * few_mb,
        ),
    ]
    for measure, reached, target, is_met in rows:
        print(f"| {measure} | {reached} | {target} | {'yes' if is_met else '**no**'} |")


if __name__ == "__main__":
    main()
