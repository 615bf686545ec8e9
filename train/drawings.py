"""Drawings as a training reads them: where they lie, a few at a time, apart from those held back to measure with."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

HELD_BACK_EVERY = 5  # one drawing in so many is never learned from ...
HELD_BACK_WITHIN = 10_000  # ... among the first so many of a file: enough to measure with


def held_back(num_drawings: int) -> np.ndarray:
    """Which rows (H,) of a class's file no training sees; a longer file holds back the same ones and more."""
    return np.arange(HELD_BACK_EVERY - 1, min(num_drawings, HELD_BACK_WITHIN), HELD_BACK_EVERY)


def learned(num_drawings: int) -> np.ndarray:
    """All other rows (L,), for training."""
    return np.setdiff1d(np.arange(num_drawings), held_back(num_drawings), assume_unique=True)


class Drawings:
    """Drawings of one class or many, as one sequence that is read from its arrays, memory-mapped files mostly.

    parts: (class index, uint8 (N, 28, 28), rows of it (R,)) each. Nothing is copied but what is asked for, so memory
    stays small however large the files are.
    """

    def __init__(self, parts: Sequence[tuple[int, np.ndarray, np.ndarray]]):
        self._arrays = [np.asarray(array) for _, array, _ in parts]
        sizes = [len(rows) for _, _, rows in parts]
        self._part = np.repeat(np.arange(len(parts), dtype=np.int32), sizes)
        self._row = np.concatenate([rows for _, _, rows in parts]).astype(np.int32)
        self.classes = np.repeat(np.array([class_index for class_index, _, _ in parts], dtype=np.int64), sizes)

    def __len__(self) -> int:
        return len(self._row)

    def __getitem__(self, indices: np.ndarray | slice) -> np.ndarray:
        """Drawings uint8 (n, 28, 28), copied."""
        pairs = zip(self._part[indices].tolist(), self._row[indices].tolist(), strict=True)
        return np.stack([self._arrays[part][row] for part, row in pairs])


class ClassSampler:
    """Draws rows of many classes (N,), each class in proportion to the root of its number of drawings."""

    def __init__(self, classes: Tensor, num_classes: int = 0):
        self.sizes = classes.bincount(minlength=num_classes)
        self.weights = self.sizes.double().sqrt()
        self._by_class = classes.argsort(stable=True)
        self._first = self.sizes.cumsum(0) - self.sizes

    def draw(self, num_rows: int) -> Tensor:
        """Row indices (num_rows,), from PyTorch's global stream."""
        classes = torch.multinomial(self.weights, num_rows, replacement=True)
        sizes = self.sizes[classes]
        places = (torch.rand(num_rows) * sizes).long().minimum(sizes - 1)
        return self._by_class[self._first[classes] + places]


class Epochs:
    """Draws all rows before any comes again, epoch after epoch, each in a new order that follows from the seed."""

    def __init__(self, size: int, seed: int):
        self.size, self.seed = size, seed
        self._order: tuple[int, Tensor] | None = None

    def draw(self, num_rows: int, first: int) -> Tensor:
        """Row indices (num_rows,), where `first` were drawn before."""
        places = torch.arange(first, first + num_rows)
        epochs, places = places // self.size, places % self.size
        rows = torch.empty_like(places)
        for epoch in epochs.unique().tolist():
            rows[epochs == epoch] = self._shuffled(epoch)[places[epochs == epoch]]
        return rows

    def _shuffled(self, epoch: int) -> Tensor:
        """An epoch's order of all rows (size,)."""
        if self._order is None or self._order[0] != epoch:
            rng = torch.Generator().manual_seed(self.seed + epoch)
            self._order = epoch, torch.randperm(self.size, generator=rng)
        return self._order[1]
