"""A visitor's strokes, as points, to a drawing like the dataset's own."""

import numpy as np
from PIL import Image, ImageDraw

from model.quickdraw.images import SIZE

MAX_STROKES = 200
MAX_POINTS = 4000  # of all strokes together

# The dataset's strokes are 16 wide on a field of 256 with 24 to spare on each side, all that on 28 pixels. Drawn 19
# times larger and then averaged, a stroke is a whole number of pixels wide.
_FIELD, _WIDTH, _SPARE = 256, 16, 24
_ENLARGED = 19
_PEN = _WIDTH * SIZE * _ENLARGED // (_FIELD + 2 * _SPARE)  # 28
_SMALLEST = 0.08  # of the paper: less ink than that is a dot and not a drawing to enlarge

Strokes = list[list[tuple[float, float]]]


def check_strokes(strokes: object) -> Strokes:
    """`strokes` as lists of points (x, y) in 0..1, y downwards. Raises ValueError for anything else."""
    if not isinstance(strokes, list) or not strokes:
        raise ValueError("There is no drawing yet; draw something on the paper first.")
    if len(strokes) > MAX_STROKES:
        raise ValueError(f"The drawing has {len(strokes)} strokes; {MAX_STROKES} are allowed; clear it and use fewer.")
    if not all(isinstance(stroke, list) and stroke for stroke in strokes):
        raise ValueError("A stroke has to be a list of points; clear the paper and draw again.")
    if (num_points := sum(map(len, strokes))) > MAX_POINTS:
        raise ValueError(f"The drawing has {num_points} points; {MAX_POINTS} are allowed; clear it and draw less.")
    return [[_check_point(point) for point in stroke] for stroke in strokes]


def rasterise(strokes: Strokes) -> np.ndarray:
    """Checked strokes to a drawing uint8 (28, 28): centred by its box, as large as fits, as thick as the dataset's."""
    ink = np.array([point for stroke in strokes for point in stroke])
    low, high = ink.min(0), ink.max(0)
    scale = (_FIELD - 1) / max(*(high - low), _SMALLEST)
    to_pixels = SIZE * _ENLARGED / (_FIELD + 2 * _SPARE)
    picture = Image.new("L", (SIZE * _ENLARGED, SIZE * _ENLARGED))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        places = ((np.array(stroke) - (low + high) / 2) * scale * to_pixels + picture.width / 2).tolist()
        pen.line([tuple(place) for place in places], fill=255, width=_PEN)
        for x, y in places:  # round ends and joins
            pen.ellipse((x - _PEN / 2, y - _PEN / 2, x + _PEN / 2 - 1, y + _PEN / 2 - 1), fill=255)
    return np.array(picture.resize((SIZE, SIZE), Image.Resampling.BOX))


def _check_point(point: object) -> tuple[float, float]:
    is_pair = isinstance(point, list | tuple) and len(point) == 2
    if not is_pair or not all(type(number) in (int, float) and 0 <= number <= 1 for number in point):
        raise ValueError("A point has to be two numbers from 0 to 1; clear the paper and draw again.")
    return float(point[0]), float(point[1])
