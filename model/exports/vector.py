"""Drawings as outlines: smooth curves around the ink, as SVG."""

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

import contourpy
import numpy as np
from PIL import Image

from model.quickdraw.images import SIZE

_FINER = 4  # samples per pixel, by bicubic interpolation
_SPACING = 0.9  # pixels from one node of an outline to the next
LEVELS = 0.18, 0.6  # of ink, between which the outline runs
INSIDE = 0.85  # of the ink; with all of it inside, strokes that are a pixel apart would run together
FAINTEST = 0.8  # of the darkest ink; what is as dark is inside
SMOOTHED = 0.08  # of a pixel's ink goes to each neighbour, lest the pixels' stairs show as waves
_SMALLEST = 0.3  # square pixels; less is a speck
_UNITS = 50  # of the SVG's coordinates per pixel; whole numbers make small files
CREDIT = "Made with generators that learned from Google's Quick, Draw! Dataset, CC BY 4.0"


def outlines(drawing: np.ndarray) -> list[np.ndarray]:
    """Closed curves around the ink of a drawing (28, 28), each by its nodes (N, 2) as x and y in pixels; holes too.

    They run where the ink, finely interpolated, has the level that leaves most of it inside.
    """
    fine, level = _interpolated(np.pad(drawing, 1), (SIZE + 2) * _FINER)
    loops = contourpy.contour_generator(z=fine).lines(level)
    in_pixels = [(loop + 0.5) / _FINER - 1 for loop in loops]
    return [_evenly(loop) for loop in in_pixels if abs(_area(loop)) >= _SMALLEST]


def enlarged(drawing: np.ndarray, size: int) -> Image.Image:
    """A drawing (28, 28) as a picture of `size` pixels a side, black on white, its edges where its outlines run."""
    fine, level = _interpolated(drawing, size)
    sharpness = size / SIZE  # so that an edge is about a pixel wide
    return Image.fromarray(np.uint8(255 * np.clip(0.5 - sharpness * (fine - level), 0, 1)))


def path_data(drawing: np.ndarray) -> str:
    """The outlines of a drawing (28, 28) as the "d" of an SVG path; to be filled by the rule "evenodd"."""
    return "".join(map(_curve, outlines(drawing)))


def svg(drawings: np.ndarray, titles: Sequence[str], columns: int = 1, size: int = 512) -> str:
    """Drawings (N, 28, 28) in rows of `columns` as one SVG, black on nothing, `size` pixels wide for each drawing."""
    rows = -(-len(drawings) // columns)
    shapes = []
    for place, (drawing, title) in enumerate(zip(drawings, titles, strict=True)):
        x, y = place % columns * SIZE * _UNITS, place // columns * SIZE * _UNITS
        move = f' transform="translate({x} {y})"' if x or y else ""
        shapes.append(f'<path{move} fill-rule="evenodd" d="{path_data(drawing)}"><title>{escape(title)}</title></path>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * size}" height="{rows * size}" '
        f'viewBox="0 0 {columns * SIZE * _UNITS} {rows * SIZE * _UNITS}"><desc>{CREDIT}</desc>{"".join(shapes)}</svg>\n'
    )


def _interpolated(drawing: np.ndarray, size: int) -> tuple[np.ndarray, float]:
    """The ink (size, size), and the level above which lies most of it."""
    ink = _smoothed(_smoothed(drawing.astype(np.float32) / 255).T).T
    fine = np.asarray(Image.fromarray(ink).resize((size, size), Image.Resampling.BICUBIC))
    level = min(np.quantile(fine, 1 - INSIDE * ink.mean()), FAINTEST * fine.max())
    return fine, float(np.clip(level, *LEVELS))


def _smoothed(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W), each row mixed with those above and below; there is none outside."""
    around = np.pad(ink, ((1, 1), (0, 0)))
    return (1 - 2 * SMOOTHED) * ink + SMOOTHED * (around[:-2] + around[2:])


def _area(loop: np.ndarray) -> float:
    """Of a closed loop (N, 2), by the shoelace formula."""
    x, y = loop.T
    return 0.5 * float(x[:-1] @ y[1:] - x[1:] @ y[:-1])


def _evenly(loop: np.ndarray) -> np.ndarray:
    """Nodes (N, 2) at equal distances along a closed loop whose last point is its first."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(loop, axis=0).T))])
    count = max(6, math.ceil(lengths[-1] / _SPACING))
    places = np.linspace(0, lengths[-1], count, endpoint=False)
    return np.stack([np.interp(places, lengths, axis) for axis in loop.T], axis=1)


def _curve(nodes: np.ndarray) -> str:
    """A closed curve through all nodes: a Catmull-Rom spline (Catmull and Rom 1974) as cubic Bézier curves."""
    before, after = np.roll(nodes, 1, axis=0), np.roll(nodes, -1, axis=0)
    tangent = (after - before) / 6
    ends = np.stack([nodes + tangent, after - np.roll(tangent, -1, axis=0), after], axis=1)  # (N, 3, 2)
    begin = np.rint(nodes * _UNITS).astype(int)  # (N, 2)
    steps = np.rint(ends * _UNITS).astype(int) - begin[:, None]  # (N, 3, 2), from where each piece begins
    return f"M{begin[0, 0]} {begin[0, 1]}c{_numbers(steps.ravel().tolist())}z"


def _numbers(values: Sequence[int]) -> str:
    """A minus sign separates as well as a space does."""
    return "".join(f"{value}" if value < 0 else f" {value}" for value in values).strip()
