"""Strokes in the dataset's simplified format."""

from collections.abc import Sequence

import numpy as np

from model.pen.drawn import polyline
from model.pen.strokes import Stroke
from model.tracing.geometry import Point

LARGEST = 255  # coordinate
EPSILON = 2.0  # units that a left-out point may be off


def simplified(strokes: Sequence[Stroke]) -> list[list[list[int]]]:
    """Strokes as the dataset's simplified drawings have them: for each [[x...], [y...]], whole numbers from 0 to 255.

    The drawing touches the top and the left and is as large as fits; the Ramer-Douglas-Peucker algorithm with an
    epsilon of 2 leaves out points, as https://github.com/googlecreativelab/quickdraw-dataset describes.
    """
    lines = [polyline(stroke) for stroke in strokes]
    points = np.array([point for line in lines for point in line])  # (N, 2)
    if not len(points):
        return []
    low = points.min(0)
    extent = float((points.max(0) - low).max())
    scale = LARGEST / extent if extent > 0 else 1.0
    drawing = []
    for line in lines:
        scaled = [((x - low[0]) * scale, (y - low[1]) * scale) for x, y in line]
        kept = douglas_peucker(scaled, EPSILON)
        drawing.append([[round(x) for x, _ in kept], [round(y) for _, y in kept]])
    return drawing


def douglas_peucker(points: Sequence[Point], epsilon: float) -> list[Point]:
    """Points such that no left-out one is further than epsilon from the line (Douglas and Peucker 1973)."""
    if len(points) < 3:
        return list(points)
    line = np.array(points)
    kept = {0, len(line) - 1}
    waiting = [(0, len(line) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        start, inner = line[first], line[first + 1 : last] - line[first]
        across = line[last] - start
        squared = float(across @ across)
        shares = np.clip(inner @ across / squared, 0, 1) if squared else np.zeros(len(inner))
        far = np.hypot(*(inner - shares[:, None] * across).T)
        worst = int(far.argmax())
        if far[worst] > epsilon:
            kept.add(first + 1 + worst)
            waiting += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return [points[place] for place in sorted(kept)]
