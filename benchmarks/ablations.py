"""python -m benchmarks.ablations: compare the recipe with variants of it and write ABLATIONS.md.

All variants learn the same class, most of them from the base, for the same number of seconds, in short alternating
slices. On a CPU, a second is a second of processor time, so other work on the machine doesn't count; on a GPU, it is a
second by the clock. Distances are to held-back drawings, in the evaluator's features. Quote ratios, not distances.
"""

import argparse
import os
import time
from pathlib import Path

from benchmarks.variants import VARIANTS, Variant
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
    parser.add_argument("--seconds", type=float, default=120, help="of work for each variant (default: %(default)s)")
    parser.add_argument("--data", metavar="FOLDER|URL", help="source of the drawings (default: the dataset's bucket)")
    parser.add_argument(
        "--only", nargs="+", metavar="VARIANT", help="only these variants; leaves ABLATIONS.md as it is"
    )
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (default: %(default)s)")
    parser.add_argument("--sheets", action="store_true", help="write a sample sheet of each variant to runs/")
    options = parser.parse_args()
    home = Home.from_environment()
    limit_threads(options.threads)
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # in child processes, whose time is counted
    try:
        class_name = find_class(options.class_name)
        drawings = load_drawings(class_name, source=options.data or home.source, cache=home.cache)
        loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
        if loaded is None:
            raise ValueError("There is no evaluator here; train one with: python -m train evaluator")
    except (ValueError, DataError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error
    device = pick_device()
    clock = time.monotonic if device == "cuda" else _processor_seconds
    evaluation = GeneratorEvaluation(loaded[0].to(device), (class_name,), [drawings])
    rows = Drawings([(0, drawings, learned(len(drawings)))])
    variants = [variant for variant in VARIANTS if not options.only or variant.name in options.only]
    trainings = {variant.name: _begin(variant, rows, class_name, home, device) for variant in variants}
    images = dict.fromkeys(trainings, 0)
    for end in range(1, 1 + round(options.seconds / SLICE_SECONDS)):
        for name, training in trainings.items():
            started = clock() - training.seconds
            while training.seconds < end * SLICE_SECONDS:
                training.set_rate(min(1.0, training.seconds / options.seconds))
                training.advance()
                images[name] += training.config.batch_size
                training.seconds = clock() - started

    lines = [
        f"{class_name}, {options.seconds:g} seconds of work each, {options.threads} threads, seed {DOODLE.seed},"
        f" {len(rows):,} drawings, against {len(evaluation.references)} held-back ones.\n",
        f"| variant | images/s | {' | '.join(figure.replace('frechet_', '') for figure in FIGURES)} |",
        f"|---|---|{'---|' * len(FIGURES)}",
    ]
    results = {}
    for name, training in trainings.items():
        getattr(training, "finish", lambda: None)()
        results[name] = evaluation.measure(training.ema)
        pace = images[name] / training.seconds
        figures = " | ".join(f"{results[name][figure]:.2f}" for figure in FIGURES)
        lines.append(f"| {name} | {pace:.0f} | {figures} |")
        if options.sheets:
            home.runs.mkdir(exist_ok=True)
            sheet(draw_seeds(training.ema, range(64)), scale=3).save(home.runs / f"variant-{len(lines)}.png")
    real = next(iter(results.values()))
    figures = " | ".join(f"{real['real_' + figure]:.2f}" for figure in FIGURES)
    lines.append(f"| real drawings | | {figures} |")
    print(*lines, sep="\n")
    if not options.only:
        write_file(OUTPUT, ("\n".join(lines) + "\n").encode())


def _processor_seconds() -> float:
    """Processor time of this process and of the child processes that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _begin(variant: Variant, drawings: Drawings, class_name: str, home: Home, device: str) -> Training:
    training = variant.training(variant.config, drawings, device=device)
    if variant.config.from_base:
        base = home.first_usable(BASE_NAME, read_base)
        if base is None or not grow_from_base(training, base, (class_name,)):
            raise SystemExit("There is no base here to grow from; train one with: python -m train base")
    elif variant.config.discriminator == "guided":
        training.use_feature_network(find_feature_network(home), [CLASS_NAMES.index(class_name)])
    variant.prepare(training)
    return training


if __name__ == "__main__":
    main()
