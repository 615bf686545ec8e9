"""The commands of `python -m train` besides training one class."""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.classifiers import (
    EVALUATOR_NAME,
    FEATURE_NETWORK_NAME,
    Report,
    load_evaluator,
    save_evaluator,
    save_feature_network,
)
from model.files.shared_base import BASE_NAME, read_base
from model.files.weights import CheckpointError
from model.networks.device import pick_device
from model.networks.evaluator import MAX_CHANNELS, Evaluator
from model.networks.feature_network import FeatureClassifier, fold
from model.quickdraw.classes import CLASS_NAMES
from train.classifier import DEFAULT_IMAGES, ClassifierTraining, accuracy
from train.cli.command import Command, also_folder, data_arguments, no_arguments
from train.cli.everything import ALL
from train.cli.push_command import PUSH
from train.cli.space_command import SPACE
from train.cli.study import STUDY
from train.cli.track import TRACK
from train.config import DOODLE
from train.data import ATTRIBUTION, load_drawings, load_extra
from train.drawings import Drawings, held_back, learned
from train.evaluation import GeneratorEvaluation
from train.home import Home
from train.hub.cards import write_cards
from train.pairs import measure_pairs, save_pairs
from train.runs.messages import undone
from train.runs.promotion import undo


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    data_arguments(parser)
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="what to measure (default: all checkpoints)")
    parser.add_argument("--drafts", action="store_true", help="what the base draws of them, not their checkpoints")
    parser.add_argument("--nearest", type=Path, metavar="FOLDER", help="leave pictures of the nearest drawings there")


def _evaluate(options: argparse.Namespace, home: Home) -> int:
    home = home.with_source(options.data) if options.data else home
    device = pick_device(options.device)
    loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
    if loaded is None:
        raise ValueError("There is no evaluator here; make one with: python -m train evaluator")
    sampler = Sampler(home.checkpoint_folders)
    names = [sampler.find(text) for text in options.classes]
    base, also = home.first_usable(BASE_NAME, read_base), also_folder(options, home)
    for name in names or [name for name, card in sampler.cards().items() if not card.is_draft]:
        card = sampler.cards()[name]
        exact = [load_drawings(part, options.rows, home.source, home.cache) for part in card.trained_on]
        more = [drawings for part in card.trained_on for drawings in load_extra(part, options.rows, also)]
        evaluation = GeneratorEvaluation(loaded[0].to(device), tuple(card.trained_on), exact, more)
        if options.drafts or card.is_draft:
            if base is None or name not in CLASS_NAMES:
                raise ValueError(f"The base can't draw “{name}”; leave --drafts out.")
            generator = base.generator_of(name)
        else:
            own = home.first_usable(checkpoint_path(Path(), name).name, load_checkpoint)
            if own is None:
                raise CheckpointError(f"The checkpoint of “{name}” can't be used; train it again.")
            generator = own[1]
        figures = evaluation.measure(generator.to(device))
        print(f"{name}: {table_line(figures)}")
        if options.nearest:
            options.nearest.mkdir(parents=True, exist_ok=True)
            evaluation.nearest(generator, options.nearest / f"{checkpoint_path(Path(), name).stem}.png")
    return 0


def table_line(figures: dict[str, float]) -> str:
    """Figures as text, those of real drawings in brackets."""
    shown = [
        f"{name.replace('_', ' ')} {figure:g}"
        + (f" ({figures[f'real_{name}']:g})" if f"real_{name}" in figures else "")
        for name, figure in figures.items()
        if not name.startswith("real_")
    ]
    return ", ".join(shown)


def _evaluator_arguments(parser: argparse.ArgumentParser) -> None:
    _classifier_arguments(parser)
    parser.add_argument(
        "--channels",
        type=int,
        default=32,
        choices=range(1, MAX_CHANNELS + 1),
        metavar=f"1-{MAX_CHANNELS}",
        help="width (default: %(default)s)",
    )


def _classifier_arguments(parser: argparse.ArgumentParser) -> None:
    data_arguments(parser)
    parser.add_argument("--images", type=int, default=DEFAULT_IMAGES, help="to learn from, repeats included")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: %(default)s)")


def _train_evaluator(options: argparse.Namespace, home: Home) -> int:
    torch.manual_seed(options.seed)
    training, top1, top5 = _learn(options, home, Evaluator(options.channels))
    path = home.checkpoints / EVALUATOR_NAME
    report = Report(options.channels, options.images, len(training.drawings), top1, top5, ATTRIBUTION)
    save_evaluator(path, training.ema, report)
    print(path)
    return 0


def _guide_arguments(parser: argparse.ArgumentParser) -> None:
    _classifier_arguments(parser)
    parser.set_defaults(seed=1)  # another than the evaluator's, for a judge should not have taught the judged


def _train_guide(options: argparse.Namespace, home: Home) -> int:
    torch.manual_seed(options.seed)
    training, _, _ = _learn(options, home, FeatureClassifier())
    path = home.checkpoints / FEATURE_NETWORK_NAME
    save_feature_network(path, fold(training.ema.cpu()), ATTRIBUTION)
    print(path)
    return 0


def _learn(options: argparse.Namespace, home: Home, network: nn.Module) -> tuple[ClassifierTraining, float, float]:
    """Teach a classifier all classes. Returns the training, and its top-1 and top-5 on held-back drawings."""
    home = home.with_source(options.data) if options.data else home
    also = also_folder(options, home)
    parts, kept = [], []
    for index, class_name in enumerate(tqdm(CLASS_NAMES, "Drawings")):
        drawings = load_drawings(class_name, options.rows, home.source, home.cache)
        parts.append((index, drawings, learned(len(drawings))))
        kept.append((index, drawings, held_back(len(drawings))))
        parts += [(index, part, np.arange(len(part))) for part in load_extra(class_name, options.rows, also)]
    training = ClassifierTraining(Drawings(parts), network, options.seed, pick_device(options.device))
    with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}") as bar:
        for progress in training.run(options.images):
            bar.set_postfix_str(f"loss {progress.loss:.2f}, {progress.images_per_second:.0f} images/s", refresh=False)
            bar.update(100 * progress.fraction - bar.n)
    top1, top5 = accuracy(training.ema, Drawings(kept))
    print(f"Recognises {top1:.0%} of held-back drawings, {top5:.0%} among its first five.")
    return training, top1, top5


def _undo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="CLASS", help="whose checkpoint")


def _undo(options: argparse.Namespace, home: Home) -> int:
    class_name = Sampler(home.checkpoint_folders).find(options.name)
    undo(home, class_name)
    print(undone(class_name))
    return 0


def _write_cards(options: argparse.Namespace, home: Home) -> int:
    print(f"{write_cards(home.checkpoints)} cards: {home.checkpoints / 'README.md'}")
    return 0


def _measure_pairs(options: argparse.Namespace, home: Home) -> int:
    loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
    if loaded is None:
        raise ValueError("There is no evaluator here; make one with: python -m train evaluator")
    sampler = Sampler(home.checkpoint_folders, max_loaded=1000)
    names = [name for name, card in sampler.cards().items() if len(card.trained_on) == 1 and not card.is_draft]
    names = [name for name in names if sampler.cards()[name].recipe == DOODLE.recipe]
    measured = {}
    for one, other, share in tqdm(
        measure_pairs(loaded[0], sampler, names), "Pairs", len(names) * (len(names) - 1) // 2
    ):
        measured[one, other] = share
    print(save_pairs(home.checkpoints, sampler, names, measured))
    return 0


COMMANDS = {
    "all": ALL,
    "evaluate": Command("hold generators against real drawings", _evaluate_arguments, _evaluate),
    "pairs": Command("find out which classes turn into which others well", no_arguments, _measure_pairs),
    "cards": Command("write checkpoints/README.md and its sheets", no_arguments, _write_cards),
    "push": PUSH,
    "study": STUDY,
    "track": TRACK,
    "space": SPACE,
    "undo": Command("put the checkpoint back that the last training of a class replaced", _undo_arguments, _undo),
    "guide": Command("train the network through whose eyes the discriminator looks", _guide_arguments, _train_guide),
    "evaluator": Command("train the network that the figures stand on", _evaluator_arguments, _train_evaluator),
}
