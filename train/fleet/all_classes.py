"""Which classes `python -m train all` trains, and training them one after the other."""

from collections.abc import Callable, Mapping, Sequence

from filelock import Timeout

from model.drawing.sampler import Sampler
from model.quickdraw.classes import CLASS_NAMES, UnknownClassError, find_class, find_classes, mixture_name
from train.config import DOODLE
from train.data import count_drawings
from train.execution.console import follow
from train.fleet.messages import busy, done_before, failure_table
from train.home import Home
from train.runs.messages import EXPLAINED_ERRORS, sentence_for
from train.runs.names import check_name_is_free
from train.runs.order import Order
from train.runs.repeat import done_run, start_or_resume
from train.runs.run import BusyError

MIN_DRAWINGS = 500  # of a class without a checkpoint

NewOrder = Callable[[str, tuple[str, ...]], Order]  # from a checkpoint's name and the classes that it learns from


def plan_orders(
    only: Sequence[str], home: Home, also: str | None, new_order: NewOrder
) -> tuple[list[Order], dict[str, str]]:
    """Orders for the classes in `only`, or for every class that has a checkpoint or enough drawings.

    also: a folder with more drawings. Also returns a sentence for each class that can't be ordered. Raises ValueError
    for a class that doesn't exist.
    """
    cards = Sampler(home.checkpoint_folders).trained_cards()
    every_class: dict[str, tuple[str, ...]] = {class_name: (class_name,) for class_name in CLASS_NAMES}
    for name, card in cards.items():
        if card.recipe == DOODLE.recipe:
            every_class.setdefault(name, tuple(card.trained_on))
    chosen = dict(_choose(text, every_class) for text in only) or every_class
    orders, failures = [], {}
    for class_name, class_names in chosen.items():
        try:
            if only or class_name in cards or _count(class_name, home, also) >= MIN_DRAWINGS:
                order = new_order(class_name, class_names)
                check_name_is_free(order, home)
                orders.append(order)
        except EXPLAINED_ERRORS as error:
            failures[class_name] = sentence_for(error)
    return orders, failures


def _choose(text: str, every_class: Mapping[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
    """The name and the classes that a text means: a class, an existing mixture or a new one."""
    try:
        name = find_class(text, tuple(every_class))
        return name, every_class[name]
    except UnknownClassError:
        class_names = find_classes(text)
        return mixture_name(class_names), class_names


def _count(class_name: str, home: Home, also: str | None) -> int:
    """Raises DataError for a damaged file."""
    return count_drawings(class_name, home.source) + (count_drawings(class_name, also) if also else 0)


def train_in_turn(
    orders: Sequence[Order], home: Home, device: str, failures: Mapping[str, str]
) -> tuple[list[Order], dict[str, str]]:
    """Train one class after the other, until the user stops one. Prints a table of failures at the end.

    failures: classes that failed before they got an order. Returns the orders that were carried out, and all failures.
    """
    finished, failed = [], dict(failures)
    for order in orders:
        try:
            if not _train_once(order, home, device):
                break
            finished.append(order)
        except EXPLAINED_ERRORS as error:
            failed[order.class_name] = sentence_for(error)
    if failed:
        print(failure_table(failed))
    return finished, failed


def _train_once(order: Order, home: Home, device: str) -> bool:
    """Carry out an order, unless that's done or under way. Resumes an interrupted run. False if the user stopped it."""
    if done_run(order, home):
        print(done_before(order.class_name))
        return True
    try:
        run = start_or_resume(order, home)
    except (BusyError, Timeout):
        print(busy(order.class_name))
        return True
    follow(run, home, device)
    return run.status().state != "stopped"
