"""python -m benchmarks.recipes: both recipes from scratch on one class, side by side for equal time.

They take turns in short slices, so that whatever else the machine does meets both alike. Distances are to held-back
drawings that neither has seen (see train/metrics.py); quote the ratios.
"""

import argparse
import time

import numpy as np

from model.classes import find_class
from model.images import sheet
from model.sampler import pick_device
from train.data import DataError, load_drawings
from train.home import Home
from train.loop import Training, draw_seeds
from train.metrics import features, measure
from train.recipes import DOODLE, SUPERDEEP

SLICE_SECONDS = 10.0
NUM_MEASURED = 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes", description=__doc__)
    parser.add_argument("class_name", nargs="?", default="cat", metavar="CLASS")
    parser.add_argument("--seconds", type=float, default=300, help="of work for each recipe (default: %(default)s)")
    parser.add_argument("--data", metavar="FOLDER|URL", help="where the drawings are (default: the dataset's bucket)")
    parser.add_argument("--sheets", action="store_true", help="leave a sheet of each recipe in runs/")
    options = parser.parse_args()
    home = Home.from_environment()
    try:
        class_name = find_class(options.class_name)
        drawings = np.array(load_drawings(class_name, source=options.data or home.source, cache=home.cache))
    except (ValueError, DataError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error
    if len(drawings) < 3 * NUM_MEASURED:
        raise SystemExit(f"“{class_name}” has {len(drawings)} drawings here; the benchmark needs {3 * NUM_MEASURED}.")
    held_back, others, learned = (
        drawings[:NUM_MEASURED],
        drawings[NUM_MEASURED : 2 * NUM_MEASURED],
        drawings[NUM_MEASURED:],
    )
    real = features(held_back)

    trainings = {config.recipe: Training(config, learned, device=pick_device()) for config in (SUPERDEEP, DOODLE)}
    for end in np.arange(0, options.seconds, SLICE_SECONDS) + SLICE_SECONDS:
        for training in trainings.values():
            started = time.monotonic() - training.seconds
            while training.seconds < min(end, options.seconds):
                training.advance()
                training.seconds = time.monotonic() - started

    print(
        f"{class_name}, {options.seconds:g} s each, {len(learned)} drawings, distances to {NUM_MEASURED} held-back ones"
    )
    print(f"{'':>16}{'images/s':>10}{'distance':>10}{'precision':>11}{'recall':>8}{'coverage':>10}")
    rows = {"real drawings": (None, measure(real, features(others)))}
    for recipe, training in trainings.items():
        pace = training.step * training.config.batch_size / training.seconds
        fake = draw_seeds(training.ema, range(NUM_MEASURED))
        rows[recipe] = (pace, measure(real, features(fake)))
        if options.sheets:
            path = home.runs / f"benchmark-{recipe}.png"
            path.parent.mkdir(exist_ok=True)
            sheet(fake[:64], scale=3).save(path)
    for name, (pace, figures) in rows.items():
        shown = f"{pace:10.0f}" if pace else " " * 10
        distance, precision, recall, covered = figures.values()
        print(f"{name:>16}{shown}{distance:10.2f}{precision:11.2f}{recall:8.2f}{covered:10.2f}")
    (old_pace, old), (new_pace, new) = rows["superdeep"], rows["doodle"]
    print(
        f"doodle against superdeep: {new_pace / old_pace:.1f} times the images/s, "
        f"{old['frechet_distance'] / new['frechet_distance']:.1f} times nearer"
    )


if __name__ == "__main__":
    main()
