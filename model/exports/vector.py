"""Drawings as ink: smooth outlines that enclose as much as the pixels, so that strokes keep their thickness."""

import math
from collections.abc import Sequence

import contourpy
import numpy as np
from PIL import Image

from model.quickdraw.images import SIZE

_SAMPLES_PER_PIXEL = 4  # by bicubic interpolation
_NODE_DISTANCE = 0.9  # pixels between neighbouring nodes of an outline
MIN_LEVEL, MAX_LEVEL = 0.18, 0.6  # of ink, for the outline
MAX_RELATIVE_LEVEL = 0.8  # of the darkest ink, so that the darkest parts are always inside
SMOOTHING = 0.08  # share of a pixel's ink that goes to each neighbour, so that pixel steps don't show as waves
_MIN_AREA = 0.3  # square pixels; smaller outlines are specks
CREDIT = "Made with generators that learned from Google's Quick, Draw! Dataset, CC BY 4.0"


def outlines(drawing: np.ndarray) -> list[np.ndarray]:
    """Closed curves around the ink of a drawing (28, 28) and around its holes, each as nodes (N, 2): x and y in pixels.

    They run where the finely interpolated ink has the level that encloses an area as large as all ink.
    """
    fine, level = _interpolated(np.pad(drawing, 1), (SIZE + 2) * _SAMPLES_PER_PIXEL)
    lines = contourpy.contour_generator(z=fine, line_type=contourpy.LineType.Separate).lines(level)
    loops = [(np.asarray(line) + 0.5) / _SAMPLES_PER_PIXEL - 1 for line in lines]
    return [_evenly(loop) for loop in loops if abs(_area(loop)) >= _MIN_AREA]


def enlarged(drawing: np.ndarray, size: int) -> Image.Image:
    """A drawing (28, 28) as a picture of `size` x `size` pixels, black on white, with edges along its outlines."""
    fine, level = _interpolated(drawing, size)
    sharpness = size / SIZE  # so that an edge is about a pixel wide
    return Image.fromarray((255 * np.clip(0.5 - sharpness * (fine - level), 0, 1)).astype(np.uint8))


def path_data(drawing: np.ndarray, units: int) -> str:
    """The outlines of a drawing (28, 28) as the "d" of an SVG path with `units` to a pixel and fill-rule="evenodd"."""
    return "".join(_curve(loop, units) for loop in outlines(drawing))


def _interpolated(drawing: np.ndarray, size: int) -> tuple[np.ndarray, float]:
    """The ink (size, size), and the level above which as many pixels lie as all ink would blacken."""
    ink = _smoothed(_smoothed(drawing.astype(np.float32) / 255).T).T
    fine = np.asarray(Image.fromarray(ink).resize((size, size), Image.Resampling.BICUBIC))
    level = min(np.quantile(fine, 1 - ink.mean()), MAX_RELATIVE_LEVEL * fine.max())
    return fine, float(np.clip(level, MIN_LEVEL, MAX_LEVEL))


def _smoothed(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W), each row mixed with those above and below; outside there is no ink."""
    around = np.pad(ink, ((1, 1), (0, 0)))
    return (1 - 2 * SMOOTHING) * ink + SMOOTHING * (around[:-2] + around[2:])


def _area(loop: np.ndarray) -> float:
    """The area of a closed loop (N, 2), by the shoelace formula."""
    x, y = loop.T
    return 0.5 * float(x[:-1] @ y[1:] - x[1:] @ y[:-1])


def _evenly(loop: np.ndarray) -> np.ndarray:
    """Nodes (N, 2) at equal distances along a closed loop, whose last point is its first."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(loop, axis=0).T))])
    count = max(6, math.ceil(lengths[-1] / _NODE_DISTANCE))
    positions = np.linspace(0, lengths[-1], count, endpoint=False)
    return np.stack([np.interp(positions, lengths, axis) for axis in loop.T], axis=1)


def _curve(nodes: np.ndarray, units: int) -> str:
    """A closed curve through all nodes: a Catmull-Rom spline (Catmull and Rom 1974) as cubic Bézier curves."""
    before, after = np.roll(nodes, 1, axis=0), np.roll(nodes, -1, axis=0)
    tangent = (after - before) / 6
    ends = np.stack([nodes + tangent, after - np.roll(tangent, -1, axis=0), after], axis=1)  # (N, 3, 2)
    begin = np.rint(nodes * units).astype(int)  # (N, 2)
    steps = np.rint(ends * units).astype(int) - begin[:, None]  # (N, 3, 2), relative to each piece's start
    return f"M{begin[0, 0]} {begin[0, 1]}c{_numbers(steps.ravel().tolist())}z"


def _numbers(values: Sequence[int]) -> str:
    """The numbers in an SVG path, separated by spaces except where a minus sign does."""
    return "".join(f"{value}" if value < 0 else f" {value}" for value in values).strip()
