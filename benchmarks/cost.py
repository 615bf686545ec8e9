"""python -m benchmarks.cost: what training costs, one class and all 345, from rates measured here.

It trains a class for --seconds as `python -m train` would, and prints the pace, the share of time that the two networks
take and the peak memory. Then it does the same in several processes at once, as a fleet would. The other rows of the
table are computed from these rates and marked so. Without a GPU, the GPU rows show the rate that one would need.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.options import parse
from model.networks.device import limit_threads, pick_device
from model.quickdraw.classes import CLASS_NAMES, find_class
from train import training
from train.data import DEFAULT_ROWS, ROW_BYTES, DataError
from train.execution.execution import execute
from train.home import Home
from train.runs.order import Order
from train.runs.run import create_run

MINUTES = 3.0  # for a class
BASE_IMAGES = 1_500_000
CORE_DOLLARS = 0.03 / 8  # an hour of one of eight virtual cores, and of a GPU (L4), by Hugging Face's list for Jobs
GPU_DOLLARS = 0.80
COMPUTED, MEASURED, NEEDED = "computed", "measured", "needed"


@dataclass(frozen=True)
class Machine:
    """rate: images a second of each training; at_once: trainings; dollars: per hour; origin: of the rate."""

    name: str
    rate: float
    at_once: int
    dollars: float
    origin: str


@dataclass
class Clock:
    """Seconds spent inside the functions that it wraps."""

    seconds: float = 0.0

    def around(self, function: Callable) -> Callable:
        def timed(*arguments: object, **options: object) -> object:
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


@dataclass(frozen=True)
class Measured:
    """rate: images a second while training; share: of it spent in the networks; overhead: all other seconds."""

    rate: float
    share: float
    overhead: float


def measure(class_name: str, home: Home, seconds: float, device: str) -> Measured:
    """Measure one training. Raises DataError."""
    steps, preparing = Clock(), Clock()
    training.Training.advance = steps.around(training.Training.advance)
    training.Training._next_rows = preparing.around(training.Training._next_rows)
    training.to_ink = preparing.around(training.to_ink)
    training.augment = preparing.around(training.augment)
    with tempfile.TemporaryDirectory() as folder:
        order = Order(class_name, (class_name,), home.source, seconds=seconds, replace=True)
        began = time.perf_counter()
        run = create_run(Path(folder) / "runs", order, begin=True)
        last = list(execute(run, Home(Path(folder), home.source), device))[-1]
        overhead = time.perf_counter() - began - last.seconds
    images = last.step * order.config.batch_size
    return Measured(images / last.seconds, (steps.seconds - preparing.seconds) / last.seconds, overhead)


def measure_at_once(number: int, arguments: list[str]) -> float:
    """Images a second of each of several trainings that run at the same time, in a process each."""
    command = [sys.executable, "-m", "benchmarks.cost", *arguments, "--rate"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(number)]
    answers = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("python -m benchmarks.cost: one of the trainings failed; run fewer at once.")
    return sum(json.loads(answer) for answer in answers) / number


def machines(rate: float, rate_of_many: float, at_once: int, *, on_gpu: bool) -> list[Machine]:
    """The rows of the table. rate: of a single training; rate_of_many: of each of `at_once` trainings.

    Without a GPU, its rows show the rate that it needs to be as quick as 64 cores, and the cost at that rate.
    """
    if on_gpu:
        names = "1 GPU, one class", f"1 GPU, {at_once} classes", f"8 GPUs, {8 * at_once} classes"
        return [
            Machine(names[0], rate, 1, GPU_DOLLARS, MEASURED),
            Machine(names[1], rate_of_many, at_once, GPU_DOLLARS, MEASURED),
            Machine(names[2], rate_of_many, 8 * at_once, 8 * GPU_DOLLARS, COMPUTED),
        ]
    return [
        Machine("1 core", rate, 1, CORE_DOLLARS, MEASURED),
        Machine(f"{at_once} cores", rate_of_many, at_once, at_once * CORE_DOLLARS, MEASURED),
        Machine("64 cores", rate_of_many, 64, 64 * CORE_DOLLARS, COMPUTED),
        Machine("1 GPU", rate_of_many, 64, GPU_DOLLARS, NEEDED),
        Machine("8 GPUs", rate_of_many, 64, 8 * GPU_DOLLARS, NEEDED),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("class_name", nargs="?", default="cat", metavar="CLASS")
    parser.add_argument("--seconds", type=float, default=60, help="of training (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="for each training (default: %(default)s)")
    parser.add_argument("--at-once", type=int, default=2, help="trainings measured together (default: %(default)s)")
    parser.add_argument("--images", type=float, help="of a class (default: as many as three minutes allow)")
    parser.add_argument("--other", action="append", default=[], metavar="NAME:RATE:AT_ONCE:DOLLARS")
    parser.add_argument("--rate", action="store_true", help=argparse.SUPPRESS)
    options, home = parse(parser)
    limit_threads(options.threads)
    class_name, device = find_class(options.class_name), pick_device()
    try:
        measured = measure(class_name, home, options.seconds, device)
    except DataError as error:
        raise SystemExit(f"{parser.prog}: {error}") from error
    if options.rate:
        print(json.dumps(measured.rate))
        return
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rate = measured.rate
    print(f"{class_name} on {device}, {options.threads} threads: {rate:.0f} images/s, {measured.share:.0%} of the time")
    print(f"in the networks, {memory:.2f} GB at the peak.\n")
    arguments = [class_name, "--seconds", str(options.seconds), "--threads", str(options.threads)]
    rate_of_many = measure_at_once(options.at_once, [*arguments, *(["--data", options.data] if options.data else [])])
    rows = machines(rate, rate_of_many, options.at_once, on_gpu=device == "cuda")
    for other in options.other:
        name, other_rate, count, dollars = other.rsplit(":", 3)
        rows.append(Machine(name, float(other_rate), int(count), float(dollars), "given"))
    print_table(rows, options.images or MINUTES * 60 * rate, measured.overhead)
    if device != "cuda":
        whole, dollars = rows[2].rate * rows[2].at_once, rows[2].dollars
        print("\nThere is no GPU here to measure; run this on a machine with one. The GPU rows show what it would need")
        print(
            f"to be as quick as 64 such cores: {whole:,.0f} images/s in all with 1 GPU, {whole / 8:,.0f} each with 8;"
        )
        print(f"to be as cheap as well, {whole * GPU_DOLLARS / dollars:,.0f} images/s each.")


def print_table(rows: list[Machine], images: float, overhead: float) -> None:
    """How long each machine takes. images: of each class; overhead: seconds of each class besides training."""
    gigabytes = len(CLASS_NAMES) * DEFAULT_ROWS * ROW_BYTES / 1e9
    print(f"A class of {images:,.0f} images and {overhead:.0f} s of fetching, measuring and writing, the base of")
    print(f"{BASE_IMAGES:,} images, and all {len(CLASS_NAMES)} classes with {DEFAULT_ROWS:,} drawings each")
    print(f"({gigabytes:.1f} GB, mapped); a core is ${CORE_DOLLARS:.5f} an hour, a GPU ${GPU_DOLLARS:.2f}:\n")
    print("| machine | images/s each | at once | a class | the base | all classes | all, dollars | rate |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        seconds = images / row.rate + overhead
        rounds = math.ceil(len(CLASS_NAMES) / row.at_once)  # the last round may leave some idle
        cells = [
            f"{row.rate:,.0f}",
            f"{row.at_once}",
            _duration(seconds),
            _duration(BASE_IMAGES / row.rate),
            _duration(rounds * seconds),
            f"{rounds * seconds / 3600 * row.dollars:.2f}",
            row.origin,
        ]
        print(f"| {row.name} | {' | '.join(cells)} |")


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    main()
