"""The commands of `python -m train` besides training one class: all, evaluate, evaluator, guide, cards, undo."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from filelock import Timeout
from torch import nn
from tqdm import tqdm

from model.base import BASE_NAME, read_base
from model.checkpoint import checkpoint_path, load_checkpoint
from model.classes import CLASS_NAMES, find_class
from model.evaluator import EVALUATOR_NAME, MAX_CHANNELS, Evaluator, Report, load_evaluator, save_evaluator
from model.guide import GUIDE_NAME, GuideClassifier, fold, save_guide
from model.sampler import Sampler, pick_device
from model.weights import CheckpointError
from train.cards import write_cards
from train.classifier import DEFAULT_IMAGES, ClassifierTraining, accuracy
from train.console import follow
from train.data import ATTRIBUTION, DEFAULT_ROWS, DataError, check_more, count_drawings, load_drawings, load_more
from train.drawings import Drawings, held_back, learned
from train.evaluate import Yardstick
from train.execute import sentence_for
from train.home import Home
from train.loop import TrainingError
from train.order import Order
from train.pairs import measure_pairs, save_pairs
from train.publish import undo
from train.recipes import DOODLE
from train.runs import BusyError, create_run, list_runs

FEWEST_DRAWINGS = 500  # of a class, for `all` to train it unasked


@dataclass(frozen=True)
class Command:
    """arguments: adds them to a parser. run: returns the exit code; what it raises becomes a sentence."""

    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Home], int]


def _also(options: argparse.Namespace, home: Home) -> str | None:
    """The folder of more drawings that somebody named, checked."""
    also = str(Path(options.also).resolve()) if options.also else None
    check_more(also, home.source)
    return also


def _data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="FOLDER|URL", help="where the drawings are (default: the dataset's bucket)")
    parser.add_argument("--also", metavar="FOLDER", help="more drawings to learn from, never measured against")
    parser.add_argument("--rows", type=int, default=DEFAULT_ROWS, help="drawings per class at most")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: the GPU where there is one")


def _all_arguments(parser: argparse.ArgumentParser) -> None:
    _data_arguments(parser)
    parser.add_argument("--minutes", type=float, default=3.0, help="for each class (default: %(default)s)")
    parser.add_argument("--only", nargs="+", metavar="CLASS", help="these, whatever they have")
    parser.add_argument("--replace", action="store_true", help="publish even what is no better than what stands")


def _train_all(options: argparse.Namespace, home: Home) -> int:
    """Every class with enough drawings or with a checkpoint already, one after the other; repeat it at will."""
    home = home.with_source(options.data) if options.data else home
    device = pick_device(options.device)
    also = _also(options, home)
    only = [(name, (name,)) for name in map(find_class, options.only or [])]
    failures = []
    for class_name, class_names in only or _candidates(home):
        try:
            if not only and not _is_worth_training(class_name, home, also):
                continue
            order = Order(
                class_name=class_name,
                class_names=class_names,
                source=home.source,
                also=also,
                num_rows=options.rows,
                seconds=options.minutes * 60,
                replace=options.replace,
            )
            if not _train_once(order, home, device):
                break
        except (DataError, TrainingError, CheckpointError, ValueError, OSError) as error:
            failures.append(f"{class_name}: {sentence_for(error)}")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


def _candidates(home: Home) -> dict[str, tuple[str, ...]]:
    """What `all` may train, and the classes that each learns from: every class, and mixtures that are there already."""
    cards = Sampler(home.checkpoint_folders).cards()
    mixtures = {name: tuple(card.trained_on) for name, card in cards.items() if card.recipe == DOODLE.recipe}
    return {class_name: (class_name,) for class_name in CLASS_NAMES} | mixtures


def _is_worth_training(name: str, home: Home, also: str | None) -> bool:
    """Whether there is a checkpoint already, or drawings enough for one. Raises DataError for a damaged file."""
    card = Sampler(home.checkpoint_folders).cards().get(name)
    if card and not card.is_draft:
        return True
    count = count_drawings(name, home.source) + (count_drawings(name, also) if also else 0)
    return count >= FEWEST_DRAWINGS


def _train_once(order: Order, home: Home, device: str) -> bool:
    """Carry out an order, go on with it, or leave it, if it is done since the base was made or under way elsewhere.

    Returns False when somebody stopped it.
    """
    base = home.first_usable(BASE_NAME, partial(read_base, with_tensors=False))
    since = base.path.stat().st_mtime if base else 0.0
    same = [run for run in list_runs(home.runs) if run.status().order == order and run.status().created >= since]
    if any(run.status().state == "done" for run in same):
        print(f"“{order.class_name}” is done.")
        return True
    try:
        if same:
            run = same[-1]
            run.lock.acquire()
            run.resume()
        else:
            run = create_run(home.runs, order, begin=True)
    except (BusyError, Timeout):
        print(f"“{order.class_name}” is in training elsewhere.")
        return True
    follow(run, home, device)
    return run.status().state != "stopped"


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    _data_arguments(parser)
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
    base, also = home.first_usable(BASE_NAME, read_base), _also(options, home)
    for name in names or [name for name, card in sampler.cards().items() if not card.is_draft]:
        card = sampler.cards()[name]
        exact = [load_drawings(part, options.rows, home.source, home.cache) for part in card.trained_on]
        more = [drawings for part in card.trained_on for drawings in load_more(part, options.rows, also)]
        yardstick = Yardstick(loaded[0].to(device), tuple(card.trained_on), exact, more)
        if options.drafts or card.is_draft:
            if base is None or name not in CLASS_NAMES:
                raise ValueError(f"The base can't draw “{name}”; leave --drafts out.")
            generator = base.generator_of(name)
        else:
            own = home.first_usable(checkpoint_path(Path(), name).name, load_checkpoint)
            if own is None:
                raise CheckpointError(f"The checkpoint of “{name}” can't be used; train it again.")
            generator = own[1]
        figures = yardstick.measure(generator.to(device))
        print(f"{name}: {table_line(figures)}")
        if options.nearest:
            options.nearest.mkdir(parents=True, exist_ok=True)
            yardstick.nearest(generator, options.nearest / f"{checkpoint_path(Path(), name).stem}.png")
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
    _data_arguments(parser)
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
    training, _, _ = _learn(options, home, GuideClassifier())
    path = home.checkpoints / GUIDE_NAME
    save_guide(path, fold(training.ema.cpu()), ATTRIBUTION)
    print(path)
    return 0


def _learn(options: argparse.Namespace, home: Home, network: nn.Module) -> tuple[ClassifierTraining, float, float]:
    """Teach a classifier all classes. Returns the training, and its top-1 and top-5 on held-back drawings."""
    home = home.with_source(options.data) if options.data else home
    also = _also(options, home)
    parts, kept = [], []
    for index, class_name in enumerate(tqdm(CLASS_NAMES, "Drawings")):
        drawings = load_drawings(class_name, options.rows, home.source, home.cache)
        parts.append((index, drawings, learned(len(drawings))))
        kept.append((index, drawings, held_back(len(drawings))))
        parts += [(index, part, np.arange(len(part))) for part in load_more(class_name, options.rows, also)]
    training = ClassifierTraining(Drawings(parts), network, options.seed, pick_device(options.device))
    with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}") as bar:
        for lesson in training.run(options.images):
            bar.set_postfix_str(f"loss {lesson.loss:.2f}, {lesson.images_per_second:.0f} images/s", refresh=False)
            bar.update(100 * lesson.fraction - bar.n)
    top1, top5 = accuracy(training.ema, Drawings(kept))
    print(f"Recognises {top1:.0%} of held-back drawings, {top5:.0%} among its first five.")
    return training, top1, top5


def _undo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="CLASS", help="whose checkpoint")


def _undo(options: argparse.Namespace, home: Home) -> int:
    print(undo(home, Sampler(home.checkpoint_folders).find(options.name)))
    return 0


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    pass


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
    "all": Command("train every class with enough drawings", _all_arguments, _train_all),
    "evaluate": Command("hold generators against real drawings", _evaluate_arguments, _evaluate),
    "pairs": Command("find out which classes turn into which others well", _no_arguments, _measure_pairs),
    "cards": Command("write checkpoints/README.md and its sheets", _no_arguments, _write_cards),
    "undo": Command("put the checkpoint back that the last training of a class replaced", _undo_arguments, _undo),
    "guide": Command("train the network through whose eyes the discriminator looks", _guide_arguments, _train_guide),
    "evaluator": Command("train the network that the figures stand on", _evaluator_arguments, _train_evaluator),
}
