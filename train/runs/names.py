"""Whether a run may give its checkpoint the name that was ordered."""

import contextlib
from pathlib import Path

from model.files.checkpoint import Card, checkpoint_path, read_card
from model.files.weights import CheckpointError
from model.hub.collection import Collection
from model.quickdraw.classes import CLASS_NAMES, slug
from train.home import Home
from train.runs import messages
from train.runs.order import Order


def check_name_is_free(order: Order, home: Home) -> None:
    """Raises ValueError if an order's checkpoint would take the place of one that draws something else.

    Checkpoints with the same file name must have the same name and have learned from the same classes, and the names of
    the dataset's classes belong to generators that learn from that class. `order.replace` allows anything.
    """
    if order.is_base or order.replace:
        return
    file = slug(order.class_name)
    for class_name in CLASS_NAMES:
        if slug(class_name) == file and order.class_names != (class_name,):
            raise ValueError(messages.name_is_a_class(order, class_name))
    paths = (checkpoint_path(folder, order.class_name) for folder in home.checkpoint_folders)
    cards = [_card_or_none(path) for path in paths if path.exists()]
    if collection := Collection.from_environment():
        cards += [card for name, card in collection.cards().items() if slug(name) == file]
    for card in cards:
        if card and not card.is_version_of(order.class_name, order.class_names):
            raise ValueError(messages.name_is_taken(order, card.class_name, card.trained_on))


def _card_or_none(path: Path) -> Card | None:
    """None for a file that can't be used."""
    with contextlib.suppress(CheckpointError):
        return read_card(path)
    return None
