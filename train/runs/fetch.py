"""The drawings of an order: downloaded if need be, without those held back."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.quickdraw.classes import CLASS_NAMES
from train.cache import load_cached
from train.data import load_drawings, load_extra
from train.download import DataError
from train.drawings import Drawings, learned
from train.grow import NEWCOMER_ROWS, NEWCOMERS
from train.home import Home
from train.runs.order import Order
from train.runs.outcome import Incomplete

REPORT_SECONDS = 0.5

OnBytes = Callable[[str, int, int], None]  # called with a class, the bytes received so far and the bytes in total


@dataclass(frozen=True)
class FetchedDrawings:
    """by_class: each class's file, uint8 (N, 28, 28). extra: other drawings, for training only.

    drawings: those to train on. rows: how many of each class. incomplete: the classes that couldn't be fetched whole.
    """

    by_class: dict[str, np.ndarray]
    extra: list[np.ndarray]
    drawings: Drawings
    rows: dict[str, int]
    incomplete: tuple[Incomplete, ...] = ()


def fetch(order: Order, home: Home, on_bytes: OnBytes = lambda class_name, num_bytes, total: None) -> FetchedDrawings:
    """All drawings of an order. Calls `on_bytes` about twice a second. Raises DataError."""
    by_class, extra, incomplete = {}, [], []
    parts: list[tuple[str, tuple[int, np.ndarray, np.ndarray]]] = []
    reported = time.monotonic()
    for class_name in order.class_names:

        def report(num_bytes: int, total: int, class_name: str = class_name) -> None:
            nonlocal reported
            if time.monotonic() - reported >= REPORT_SECONDS:
                reported = time.monotonic()
                on_bytes(class_name, num_bytes, total)

        try:
            drawings = load_drawings(class_name, order.num_rows, order.source, home.cache, report)
        except DataError as error:
            # The source is gone or damaged, but what was downloaded before is still good to train on.
            cached = load_cached(class_name, order.num_rows, order.source, home.cache)
            if cached is None:
                raise
            drawings = cached
            incomplete.append(Incomplete(class_name, len(drawings), str(error).partition(";")[0].rstrip(".")))
        by_class[class_name] = drawings

        # A base knows every class by its index in the dataset; any other run has a single class, index 0.
        index = CLASS_NAMES.index(class_name) if order.is_base else 0
        is_newcomer = order.is_base and class_name in NEWCOMERS
        rows = learned(len(drawings))
        parts.append((class_name, (index, drawings, rows[rows < NEWCOMER_ROWS] if is_newcomer else rows)))
        if not is_newcomer:
            others = load_extra(class_name, order.num_rows, order.also)
            parts += [(class_name, (index, part, np.arange(len(part)))) for part in others]
            extra += others

    counts = dict.fromkeys(order.class_names, 0)
    for class_name, (_, _, rows) in parts:
        counts[class_name] += len(rows)
    return FetchedDrawings(by_class, extra, Drawings([part for _, part in parts]), counts, tuple(incomplete))
