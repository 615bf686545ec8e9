"""python -m benchmarks.cost: what training costs, one class and all 345, from rates measured here.

It trains a class for --seconds as `python -m train` would, prints the pace, the share of time that the two networks
take and the peak memory, and multiplies. Rates of other machines can be given, to see what they would take.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from model.classes import CLASS_NAMES, find_class
from model.sampler import limit_threads, pick_device
from train import loop
from train.data import DEFAULT_ROWS, ROW_BYTES, DataError
from train.execute import execute
from train.home import Home
from train.order import Order
from train.runs import create_run

MINUTES = 3.0  # for a class
BASE_IMAGES = 1_500_000


@dataclass
class Clock:
    """Seconds spent inside some functions."""

    seconds: float = 0.0

    def around(self, function: Callable) -> Callable:
        def timed(*arguments: object, **options: object) -> object:
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("class_name", nargs="?", default="cat", metavar="CLASS")
    parser.add_argument("--seconds", type=float, default=60, help="of training (default: %(default)s)")
    parser.add_argument("--data", metavar="FOLDER|URL", help="where the drawings are (default: the dataset's bucket)")
    parser.add_argument("--threads", type=int, default=1, help="for the training (default: %(default)s)")
    parser.add_argument("--other", action="append", default=[], metavar="NAME:IMAGES_PER_SECOND:AT_ONCE")
    options = parser.parse_args()
    limit_threads(options.threads)
    home = Home.from_environment()
    home = home.with_source(options.data) if options.data else home
    class_name, device = find_class(options.class_name), pick_device()

    steps, preparing = Clock(), Clock()
    loop.Training.advance = steps.around(loop.Training.advance)
    loop.Training._next_rows = preparing.around(loop.Training._next_rows)
    loop.to_ink = preparing.around(loop.to_ink)
    loop.augment = preparing.around(loop.augment)
    with tempfile.TemporaryDirectory() as folder:
        order = Order(class_name, (class_name,), home.source, seconds=options.seconds, replace=True)
        run = create_run(Path(folder) / "runs", order, begin=True)
        try:
            last = list(execute(run, Home(Path(folder), home.source), device))[-1]
        except DataError as error:
            raise SystemExit(f"{parser.prog}: {error}") from error
    pace = last.step * order.config.batch_size / last.seconds
    share = (steps.seconds - preparing.seconds) / last.seconds
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{class_name} on {device}, {torch.get_num_threads()} threads: {pace:.0f} images/s, {share:.0%} of the time in"
    )
    print(f"the networks, {memory:.2f} GB at the peak.\n")

    images = MINUTES * 60 * pace
    gigabytes = len(CLASS_NAMES) * DEFAULT_ROWS * ROW_BYTES / 1e9
    print(f"A class as {MINUTES:g} minutes here make it ({images:,.0f} images), the base of {BASE_IMAGES:,} images,")
    print(f"and all {len(CLASS_NAMES)} classes with {DEFAULT_ROWS:,} drawings each ({gigabytes:.1f} GB, mapped):\n")
    print("| machine | images/s | at once | a class | the base | all classes |")
    print("|---|---|---|---|---|---|")
    machines = [("one core here", pace, 1), ("two cores here", pace, 2), ("64 such cores", pace, 64)]
    machines += [(name, float(rate), int(count)) for name, rate, count in (other.split(":") for other in options.other)]
    for name, rate, at_once in machines:
        whole = len(CLASS_NAMES) * images / rate / at_once
        cells = [
            f"{rate:,.0f}",
            f"{at_once}",
            _duration(images / rate),
            _duration(BASE_IMAGES / rate),
            _duration(whole),
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    main()
