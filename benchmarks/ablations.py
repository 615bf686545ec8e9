"""python -m benchmarks.ablations: the recipe against variants of it, each for equal seconds, into ABLATIONS.md.

All learn the same class, most of them from the base, and take turns in short slices. A try's seconds are those that the
processor worked for it, so that whatever else the machine does costs none of them (on a GPU, those of the clock).
Distances are to drawings that none has seen, by the evaluator's features; quote ratios.
"""

import argparse
import os
import time
from pathlib import Path

from benchmarks.variants import TRIES, Try
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.writing import write_file
from model.networks.device import limit_threads, pick_device
from model.quickdraw.classes import CLASS_NAMES, find_class
from model.quickdraw.images import sheet
from train.config import DOODLE
from train.data import DataError, load_drawings
from train.drawings import Drawings, learned
from train.evaluation import GeneratorEvaluation
from train.grow import find_feature_network, grow_from_base
from train.home import Home
from train.training import Training, draw_seeds

SLICE_SECONDS = 5.0
OUTPUT = Path(__file__).with_name("ABLATIONS.md")
FIGURES = ("frechet_distance", "precision", "recall", "coverage", "top1")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablations", description=__doc__)
    parser.add_argument("class_name", nargs="?", default="cat", metavar="CLASS")
    parser.add_argument("--seconds", type=float, default=120, help="of work for each try (default: %(default)s)")
    parser.add_argument("--data", metavar="FOLDER|URL", help="where the drawings are (default: the dataset's bucket)")
    parser.add_argument("--only", nargs="+", metavar="TRY", help="some of them, by name")
    parser.add_argument("--threads", type=int, default=1, help="for each step (default: %(default)s)")
    parser.add_argument("--sheets", action="store_true", help="leave a sheet of each try in runs/")
    options = parser.parse_args()
    home = Home.from_environment()
    limit_threads(options.threads)
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # in processes that are waited for, so that their work counts
    try:
        class_name = find_class(options.class_name)
        drawings = load_drawings(class_name, source=options.data or home.source, cache=home.cache)
        loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
        if loaded is None:
            raise ValueError("There is no evaluator here; make one with: python -m train evaluator")
    except (ValueError, DataError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error
    device = pick_device()
    clock = time.monotonic if device == "cuda" else _worked
    evaluation = GeneratorEvaluation(loaded[0].to(device), (class_name,), [drawings])
    rows = Drawings([(0, drawings, learned(len(drawings)))])
    tries = [one for one in TRIES if not options.only or one.what in options.only]
    trainings = {one.what: _begin(one, rows, class_name, home, device) for one in tries}
    images = dict.fromkeys(trainings, 0)
    for end in range(1, 1 + round(options.seconds / SLICE_SECONDS)):
        for what, training in trainings.items():
            started = clock() - training.seconds
            while training.seconds < end * SLICE_SECONDS:
                training.set_rate(min(1.0, training.seconds / options.seconds))
                training.advance()
                images[what] += training.config.batch_size
                training.seconds = clock() - started

    lines = [
        f"{class_name}, {options.seconds:g} seconds of work each, {options.threads} threads, seed {DOODLE.seed},"
        f" {len(rows):,} drawings, against {len(evaluation.references)} held-back ones.\n",
        f"| try | images/s | {' | '.join(name.replace('frechet_', '') for name in FIGURES)} |",
        f"|---|---|{'---|' * len(FIGURES)}",
    ]
    results = {}
    for what, training in trainings.items():
        getattr(training, "finish", lambda: None)()
        results[what] = evaluation.measure(training.ema)
        pace = images[what] / training.seconds
        figures = " | ".join(f"{results[what][name]:.2f}" for name in FIGURES)
        lines.append(f"| {what} | {pace:.0f} | {figures} |")
        if options.sheets:
            home.runs.mkdir(exist_ok=True)
            sheet(draw_seeds(training.ema, range(64)), scale=3).save(home.runs / f"try-{len(lines)}.png")
    real = next(iter(results.values()))
    figures = " | ".join(f"{real['real_' + name]:.2f}" for name in FIGURES)
    lines.append(f"| real drawings | | {figures} |")
    print(*lines, sep="\n")
    if not options.only:
        write_file(OUTPUT, ("\n".join(lines) + "\n").encode())


def _worked() -> float:
    """Seconds that processors have worked for this process and for those that it waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _begin(one: Try, drawings: Drawings, class_name: str, home: Home, device: str) -> Training:
    training = one.training(one.config, drawings, device=device)
    if one.config.from_base:
        base = home.first_usable(BASE_NAME, read_base)
        if base is None or not grow_from_base(training, base, (class_name,)):
            raise SystemExit("There is no base here that this can grow from; train one with: python -m train base")
    elif one.config.discriminator == "guided":
        training.use_feature_network(find_feature_network(home), [CLASS_NAMES.index(class_name)])
    one.prepare(training)
    return training


if __name__ == "__main__":
    main()
