"""What a visitor drew, as pen strokes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.pen.simplified import douglas_peucker
from model.pen.strokes import Stroke
from model.quickdraw.images import SIZE
from model.quickdraw.strokes import Strokes, check_strokes, in_box, rasterise

_EPSILON = 0.05  # pixels of a drawing that a left-out point may be off, a ninth of a usual pen's width
_DECIMALS = 4


@dataclass(frozen=True)
class Sketch:
    """Checked strokes: points (x, y) in 0..1."""

    lines: Strokes

    @cached_property
    def drawing(self) -> np.ndarray:
        """As the dataset would have it, uint8 (28, 28)."""
        return rasterise(self.lines)

    @cached_property
    def strokes(self) -> list[Stroke]:
        """The visitor's own strokes in pixels of that drawing, straight from point to point."""
        kept = [douglas_peucker([(x, y) for x, y in line], _EPSILON) for line in in_box(self.lines)]
        return [Stroke(tuple(points), tuple(range(len(points)))) for points in kept]

    def boxed(self) -> Strokes:
        """The own strokes with fewer points, in 0..1 of the drawing. A sketch of them has the same strokes."""
        return [
            [(round(x / SIZE, _DECIMALS), round(y / SIZE, _DECIMALS)) for x, y in stroke.points]
            for stroke in self.strokes
        ]


def read_sketch(strokes: object) -> Sketch:
    """Raises ValueError."""
    return Sketch(check_strokes(strokes))
