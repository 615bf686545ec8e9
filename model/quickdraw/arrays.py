"""Arrays of drawings as people have them, turned into drawings as the dataset stores them."""

import numpy as np

from model.quickdraw.images import SIZE

_SHAPES = ((SIZE * SIZE,), (SIZE, SIZE), (SIZE, SIZE, 1), (1, SIZE, SIZE))
_NUM_SAMPLES = 256


def needs_conversion(drawings: np.ndarray) -> bool:
    """Whether drawings uint8 (N, 28, 28) seem to be 0 and 1, or black on white. Looks at some of them only."""
    some = drawings[:: max(1, len(drawings) // _NUM_SAMPLES)]
    return bool(some.max(initial=0) <= 1 or _is_inverted(some))


def to_dataset(array: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Drawings uint8 (N, 28, 28) without blank ones, and what was changed, in words.

    array: (N, 784), (N, 28, 28), (N, 28, 28, 1) or (N, 1, 28, 28), in any memory order: true and false, fractions in
    0..1, or numbers in 0..255, white on black or black on white. Raises ValueError for anything else.
    """
    if array.dtype.kind not in "buif" or array.shape[1:] not in _SHAPES or not len(array):
        raise ValueError(
            f"holds {array.dtype} {array.shape}, but drawings are numbers (N, {SIZE * SIZE}) or (N, {SIZE}, {SIZE})"
        )
    notes = []
    values = np.ascontiguousarray(array).reshape(-1, SIZE, SIZE)
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= 255):  # also if they are not numbers
        raise ValueError(f"holds values from {low:g} to {high:g}, but ink is 0 to 1 or 0 to 255")
    if high <= 1:
        values = values.astype(np.float32) * 255
        notes.append(f"values up to {int(high)} were read as ink from 0 to 255")
    drawings = values if values.dtype == np.uint8 else values.round().astype(np.uint8)
    if _is_inverted(drawings):
        drawings = 255 - drawings
        notes.append("black on white was turned into white on black")
    has_ink = drawings.any((1, 2))
    if not has_ink.all():
        notes.append(f"left out {(~has_ink).sum()} that are blank")
    return drawings[has_ink], notes


def _is_inverted(drawings: np.ndarray) -> bool:
    """Whether the edges of drawings (N, 28, 28), where paper is, are bright."""
    edges = (drawings[:, 0], drawings[:, -1], drawings[:, :, 0], drawings[:, :, -1])
    return bool(np.mean([edge.mean() for edge in edges]) > 127)
