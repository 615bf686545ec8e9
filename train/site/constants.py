"""The numbers that the page's scripts share with Python."""

from dataclasses import asdict

from model.drawing.latents import MAX_KEYS, MAX_PICTURES, MAX_PSI, MAX_SEED, MAX_STYLES
from model.drawing.picking import POOL
from model.exports.animation import FRAME_MILLISECONDS, LOOPS, SPEEDS
from model.exports.self_drawing import HAND
from model.exports.vector import MAX_LEVEL, MAX_RELATIVE_LEVEL, MIN_LEVEL, SMOOTHING
from model.quickdraw.images import SIZE
from model.quickdraw.strokes import MAX_POINTS, MAX_STROKES
from model.tracing.settings import DEFAULT, MAX_WIDTH, MIN_WIDTH
from train.runs.order import MAX_CLASSES

RANDOM_SEED_MAX = 999_999  # short seeds are easier to remember and to pass on
FIRST_COUNT = 16  # drawings that a page or a link to a class begins with
STYLE_LIMIT = 3.0  # of a style slider; the API takes offsets up to MAX_STYLE
MAX_DRAWINGS = 1664  # in one answer to the Draw tab
MAX_FAVOURITES = 100  # that a browser keeps
SHEET_COLUMNS = 64  # of the sheets that the server answers with


def page_constants() -> dict[str, object]:
    """What each component of the page gets as its `constants` prop. Values are what JSON can hold."""
    return {
        "size": SIZE,
        "max_seed": MAX_SEED,
        "random_seed_max": RANDOM_SEED_MAX,
        "max_psi": MAX_PSI,
        "max_count": MAX_PICTURES,
        "first_count": FIRST_COUNT,
        "pool": POOL,
        "max_drawings": MAX_DRAWINGS,
        "max_favourites": MAX_FAVOURITES,
        "num_styles": MAX_STYLES,
        "style_limit": STYLE_LIMIT,
        "max_keys": MAX_KEYS,
        "frame_milliseconds": FRAME_MILLISECONDS,
        "speeds": list(SPEEDS),
        "loops": list(LOOPS),
        "max_strokes": MAX_STROKES,
        "max_points": MAX_POINTS,
        "max_classes": MAX_CLASSES,
        "min_pen_width": MIN_WIDTH,
        "max_pen_width": MAX_WIDTH,
        "trace": asdict(DEFAULT),
        "hand": asdict(HAND),
        "ink": {
            "smoothing": SMOOTHING,
            "min_level": MIN_LEVEL,
            "max_level": MAX_LEVEL,
            "max_relative_level": MAX_RELATIVE_LEVEL,
        },
    }
