"""From a visitor's strokes to a drawing like the dataset's own."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from model.quickdraw.images import SIZE

MAX_STROKES = 200
MAX_POINTS = 4000  # in all strokes together

# The dataset draws strokes 16 units wide on a field of 256 units with a margin of 24 units on each side, and shrinks it
# all to 28 pixels. At 19 times that size, a stroke is a whole number of pixels wide.
_FIELD, _WIDTH, _MARGIN = 256, 16, 24
_ENLARGED = 19
_PEN = _WIDTH * SIZE * _ENLARGED // (_FIELD + 2 * _MARGIN)  # 28
_MIN_EXTENT = 0.08  # of the paper: a smaller drawing is a dot, which isn't enlarged further

Strokes = list[list[tuple[float, float]]]


def check_strokes(strokes: object) -> Strokes:
    """`strokes` as lists of points (x, y) in 0..1 with y downwards. Raises ValueError for anything else."""
    if not isinstance(strokes, list) or not strokes:
        raise ValueError("There is no drawing yet; draw something on the paper first.")
    if len(strokes) > MAX_STROKES:
        raise ValueError(
            f"The drawing has {len(strokes)} strokes; up to {MAX_STROKES} are allowed. Clear it and use fewer."
        )
    if not all(isinstance(stroke, list) and stroke for stroke in strokes):
        raise ValueError("A stroke has to be a list of points; clear the paper and draw again.")
    if (num_points := sum(map(len, strokes))) > MAX_POINTS:
        raise ValueError(
            f"The drawing has {num_points} points; up to {MAX_POINTS} are allowed. Clear it and draw less."
        )
    return [[_check_point(point) for point in stroke] for stroke in strokes]


def rasterise(strokes: Strokes) -> np.ndarray:
    """Checked strokes to a drawing uint8 (28, 28): centred, as large as fits, with lines as thick as the dataset's."""
    return drawn_with_dataset_pen(in_box(strokes))


def in_box(strokes: Strokes) -> Strokes:
    """Checked strokes in pixels of a drawing: centred, and as large as the dataset's."""
    points = np.array([point for stroke in strokes for point in stroke])
    low, high = points.min(0), points.max(0)
    scale = (_FIELD - 1) / max(*(high - low), _MIN_EXTENT)
    to_pixels = SIZE / (_FIELD + 2 * _MARGIN)
    return [((np.array(stroke) - (low + high) / 2) * scale * to_pixels + SIZE / 2).tolist() for stroke in strokes]


def drawn_with_dataset_pen(lines: Sequence[Sequence[Sequence[float]]]) -> np.ndarray:
    """Lines through points (x, y) in pixels of a drawing to that drawing, uint8 (28, 28)."""
    picture = Image.new("L", (SIZE * _ENLARGED, SIZE * _ENLARGED))
    pen = ImageDraw.Draw(picture)
    for line in lines:
        pixels = [(x * _ENLARGED, y * _ENLARGED) for x, y in line]
        pen.line(pixels, fill=255, width=_PEN)
        for x, y in pixels:  # round ends and joins
            pen.ellipse((x - _PEN / 2, y - _PEN / 2, x + _PEN / 2 - 1, y + _PEN / 2 - 1), fill=255)
    return np.array(picture.resize((SIZE, SIZE), Image.Resampling.BOX))


def _check_point(point: object) -> tuple[float, float]:
    if isinstance(point, list | tuple) and len(point) == 2:
        x, y = point
        if all(type(number) in (int, float) and 0 <= number <= 1 for number in (x, y)):
            return float(x), float(y)
    raise ValueError("A point has to be two numbers from 0 to 1; clear the paper and draw again.")
