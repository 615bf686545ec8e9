"""The drawings that an order asks for: fetched, told about, and set apart from those held back."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.quickdraw.classes import CLASS_NAMES
from train.cache import load_at_hand
from train.data import DataError, load_drawings, load_more
from train.drawings import Drawings, learned
from train.grow import NEWCOMER_ROWS, NEWCOMERS
from train.home import Home
from train.runs.order import Order

REPORT_SECONDS = 0.5


@dataclass(frozen=True)
class Fetched:
    """exact: each class's file, uint8 (N, 28, 28). more: drawings from elsewhere, learned from only.

    drawings: what to learn from. rows: how many of each class. notes: sentences on what could not be had.
    """

    exact: dict[str, np.ndarray]
    more: list[np.ndarray]
    drawings: Drawings
    rows: dict[str, int]
    notes: tuple[str, ...] = ()


def fetch(order: Order, home: Home, report: Callable[[str], None] = lambda sentence: None) -> Fetched:
    """All drawings of an order; `report` is told how far it is about twice a second. Raises DataError."""
    exact, more, parts, notes = {}, [], [], []
    told = time.monotonic()
    for class_name in order.class_names:

        def tell(have: int, wanted: int, class_name: str = class_name) -> None:
            nonlocal told
            if time.monotonic() - told >= REPORT_SECONDS:
                told = time.monotonic()
                report(f"Fetching “{class_name}”: {have / 1e6:.1f} of {wanted / 1e6:.1f} MB.")

        # In a base a class has its place among all classes; else all drawings are of the one class that is to be drawn.
        place = CLASS_NAMES.index(class_name) if order.is_base else 0
        try:
            drawings = load_drawings(class_name, order.num_rows, order.source, home.cache, tell)
        except DataError as error:
            # The source is gone or has turned bad: what came from it before is still good to learn from.
            drawings = load_at_hand(class_name, order.num_rows, order.source, home.cache)
            if drawings is None:
                raise
            notes.append(f"{str(error).partition(';')[0].rstrip('.')}; it went on with the {len(drawings)} at hand.")
        rows = learned(len(drawings))
        exact[class_name] = drawings
        if order.is_base and class_name in NEWCOMERS:
            rows = rows[rows < NEWCOMER_ROWS]
        parts.append((class_name, (place, drawings, rows)))
        if not (order.is_base and class_name in NEWCOMERS):
            others = load_more(class_name, order.num_rows, order.also)
            parts += [(class_name, (place, part, np.arange(len(part)))) for part in others]
            more += others
    counts = dict.fromkeys(order.class_names, 0)
    for class_name, (_, _, rows) in parts:
        counts[class_name] += len(rows)
    return Fetched(exact, more, Drawings([part for _, part in parts]), counts, tuple(notes))
