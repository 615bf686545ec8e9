"""python -m train all: every class with enough drawings, one after the other or many at a time."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from filelock import Timeout

from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path
from model.files.weights import CheckpointError
from model.hub.client import check_repo
from model.networks.device import pick_device
from model.quickdraw.classes import CLASS_NAMES, find_class
from train.cli.command import Command, also_folder, data_arguments
from train.config import DOODLE
from train.data import DataError, count_drawings
from train.execution.console import follow
from train.fleet.fleet import fleet_arguments, fleet_of, train_fleet
from train.home import Home
from train.hub.messages import push_message
from train.hub.push import push
from train.loop import TrainingError
from train.runs.messages import sentence_for
from train.runs.order import Order
from train.runs.repeat import done_run, start_or_resume
from train.runs.run import BusyError
from train.tracking.sending import tracking_uri

FEWEST_DRAWINGS = 500  # of a class, for `all` to train it unasked
MISTAKES = (DataError, TrainingError, CheckpointError, ValueError, OSError)  # of one class, told in a sentence


def _all_arguments(parser: argparse.ArgumentParser) -> None:
    data_arguments(parser)
    parser.add_argument("--minutes", type=float, default=3.0, help="for each class (default: %(default)s)")
    parser.add_argument("--only", nargs="+", metavar="CLASS", help="these, whatever they have")
    parser.add_argument("--replace", action="store_true", help="publish even what is no better than what stands")
    parser.add_argument("--push", metavar="OWNER/NAME", help="push what was promoted to this collection on the Hub")
    fleet_arguments(parser)


def _train_all(options: argparse.Namespace, home: Home) -> int:
    """Every class with enough drawings or with a checkpoint already, one after the other; repeat it at will."""
    home = home.with_source(options.data) if options.data else home
    repo = check_repo(options.push) if options.push else None
    tracking_uri(home)  # which is asked for in vain where MLflow is not installed
    if fleet := fleet_of(options):
        orders, failures = [], {}
        for class_name, make in _orders(options, home):
            try:
                orders += [order] if (order := make()) else []
            except MISTAKES as error:
                failures[class_name] = sentence_for(error)
        return train_fleet(orders, home, fleet, failures, partial(_push, repo) if repo else None)
    device, failures, promoted = pick_device(options.device), [], []
    for class_name, make in _orders(options, home):
        try:
            order = make()
            if order and not _train_once(order, home, device):
                break
            if order and (path := checkpoint_path(home.checkpoints, order.class_name)).exists():
                promoted.append(path)
        except MISTAKES as error:
            failures.append(f"{class_name}: {sentence_for(error)}")
    for failure in failures:
        print(failure)
    if repo and promoted:
        print(_push(repo, promoted))
    return 1 if failures else 0


def _push(repo: str, paths: Sequence[Path]) -> str:
    return push_message(push(repo, paths))


def _orders(options: argparse.Namespace, home: Home) -> Iterator[tuple[str, Callable[[], Order | None]]]:
    """Every class that may be trained, and what makes its order: None if it isn't worth it, or one of the MISTAKES."""
    also = also_folder(options, home)
    only = [(name, (name,)) for name in map(find_class, options.only or [])]

    def make(class_name: str, class_names: tuple[str, ...]) -> Order | None:
        if not only and not _is_worth_training(class_name, home, also):
            return None
        return Order(
            class_name=class_name,
            class_names=class_names,
            source=home.source,
            also=also,
            num_rows=options.rows,
            seconds=options.minutes * 60,
            replace=options.replace,
        )

    for class_name, class_names in only or _candidates(home).items():
        yield class_name, partial(make, class_name, class_names)


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
    if done_run(order, home):
        print(f"“{order.class_name}” is done.")
        return True
    try:
        run = start_or_resume(order, home)
    except (BusyError, Timeout):
        print(f"“{order.class_name}” is in training elsewhere.")
        return True
    follow(run, home, device)
    return run.status().state != "stopped"


ALL = Command("train every class with enough drawings", _all_arguments, _train_all, goes_on=True)
