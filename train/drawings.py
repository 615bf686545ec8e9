"""Drawings as a run reads them: a few at a time, without those held back for measuring."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

HELD_BACK_EVERY = 5  # every fifth drawing is held back ...
HELD_BACK_WITHIN = 10_000  # ... among the first 10,000 of a file, which is enough for measuring


def held_back(num_drawings: int) -> np.ndarray:
    """Rows (H,) of a class's file that no run sees. A longer file holds back the same rows and more."""
    return np.arange(HELD_BACK_EVERY - 1, min(num_drawings, HELD_BACK_WITHIN), HELD_BACK_EVERY)


def learned(num_drawings: int) -> np.ndarray:
    """All other rows (L,): those to train on."""
    return np.setdiff1d(np.arange(num_drawings), held_back(num_drawings), assume_unique=True)


class Drawings:
    """Drawings of one class or many, as one sequence over several arrays, usually memory-mapped files.

    parts: each a class index, an array uint8 (N, 28, 28), and the rows (R,) of it to use. Only the requested drawings
    are copied, so large files need little memory.
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
        """A copy of some drawings, uint8 (n, 28, 28)."""
        pairs = zip(self._part[indices].tolist(), self._row[indices].tolist(), strict=True)
        return np.stack([self._arrays[part][row] for part, row in pairs])


class ClassSampler:
    """Samples rows of many classes, each class in proportion to a power of its number of drawings.

    classes: each row's class (N,). power: 0 for all classes evenly, 1 for all drawings evenly.
    """

    def __init__(self, classes: Tensor, num_classes: int = 0, *, power: float = 0.5):
        self.sizes = classes.bincount(minlength=num_classes)
        self.weights = self.sizes.double().pow(power) * (self.sizes > 0)
        self._by_class = classes.argsort(stable=True)
        self._first = self.sizes.cumsum(0) - self.sizes

    def draw(self, num_rows: int) -> Tensor:
        """Row indices (num_rows,), from PyTorch's global stream."""
        classes = torch.multinomial(self.weights, num_rows, replacement=True)
        sizes = self.sizes[classes]
        places = (torch.rand(num_rows) * sizes).long().minimum(sizes - 1)
        return self._by_class[self._first[classes] + places]


class Epochs:
    """Goes through all rows epoch after epoch, each time in a new order that follows from the seed."""

    def __init__(self, size: int, seed: int):
        self.size, self.seed = size, seed
        self._order: tuple[int, Tensor] | None = None

    def draw(self, num_rows: int, first: int) -> Tensor:
        """Row indices (num_rows,), after `first` rows of earlier steps."""
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
