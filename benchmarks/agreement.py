"""python -m benchmarks.agreement: does the evaluator rank generators as DoodleNet does?

The evaluator chooses the best snapshot of every run, so it has to agree with the independent measure. For each of
several classes, this compares four generators: the base's draft, the draft trained for a short and for a longer while,
and the checkpoint that ships. Both networks measure each one's Fréchet distance and top1 as a share of real drawings'.
It prints Spearman's rank correlation of the two over all generators, and writes AGREEMENT.md.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.harness.options import parse
from model.drawing.sampler import Sampler
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.writing import write_file
from model.networks.device import limit_threads
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.classes import CLASS_NAMES
from train.config import DOODLE
from train.data import DataError, load_drawings
from train.drawings import Drawings, learned
from train.evaluation import GeneratorEvaluation
from train.grow import grow_from_base
from train.home import Home
from train.quality.doodlenet_figures import FEWEST_FOR_DISTANCES, measure_generator, real_drawings
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet
from train.training import Training

OUTPUT = Path(__file__).with_name("AGREEMENT.md")
NUM_CLASSES = 15
STEPS = (60, 300)  # of the two that are trained here
FIGURES = ("frechet_distance", "top1")
AGREEMENT = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agreement", description=__doc__)
    _, home = parse(parser)
    limit_threads(1)
    try:
        rows = list(_measure(home))
    except (ValueError, DataError, DoodleNetError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error
    lines = ["| figure | generators | Spearman's rank correlation | at least 0.9 |", "|---|---|---|---|"]
    for place, figure in enumerate(FIGURES):
        agreement = spearman(*np.array(rows)[:, place].T)
        lines.append(f"| {figure.replace('_', ' ')} | {len(rows)} | {agreement:.3f} | {_yes(agreement >= AGREEMENT)} |")
    write_file(OUTPUT, ("\n".join(lines) + "\n").encode())
    print(*lines, sep="\n")


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of two lists of different numbers (N,), -1..1."""
    ranks = [each.argsort().argsort() for each in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def _measure(home: Home) -> Iterator[list[tuple[float, float]]]:
    """Of each generator, and of each of FIGURES, the shares of real drawings' by the evaluator and by DoodleNet."""
    doodlenet, sampler = load_doodlenet(home), Sampler(home.checkpoint_folders)
    loaded, base = home.first_usable(EVALUATOR_NAME, load_evaluator), home.first_usable(BASE_NAME, read_base)
    if loaded is None or base is None:
        raise ValueError("There is no evaluator or no base here; train them first: see python -m train --help.")
    drawings = {
        name: load_drawings(name, source=home.source, cache=home.cache)
        for name in sampler.trained_cards()
        if name in CLASS_NAMES
    }
    enough = [name for name, each in drawings.items() if len(each) // 5 >= 2 * FEWEST_FOR_DISTANCES]
    for name in tqdm(enough[:: max(1, len(enough) // NUM_CLASSES)][:NUM_CLASSES]):
        evaluation = GeneratorEvaluation(loaded[0], (name,), [drawings[name]])
        real = real_drawings([drawings[name]])
        training = Training(DOODLE, Drawings([(0, drawings[name], learned(len(drawings[name])))]))
        if not grow_from_base(training, base, (name,)):
            raise ValueError("The base doesn't fit the recipe's networks; train it again.")
        for generator in (base.generator_of(name), *_snapshots(training), sampler.generator(name)):
            by_evaluator = evaluation.measure(generator)
            by_doodlenet = measure_generator(doodlenet, generator, real, evaluation.classes)
            yield [(_share(by_evaluator, figure), _share(by_doodlenet, figure)) for figure in FIGURES]


def _snapshots(training: Training) -> Iterator[GeneratorNetwork]:
    """A training's averaged generator after each number of STEPS."""
    for num_steps in STEPS:
        while training.step < num_steps:
            training.advance()
        yield training.ema


def _share(figures: dict[str, float], figure: str) -> float:
    return figures[figure] / max(1e-9, figures[f"real_{figure}"])


def _yes(holds: bool) -> str:
    return "yes" if holds else "**no**"


if __name__ == "__main__":
    main()
