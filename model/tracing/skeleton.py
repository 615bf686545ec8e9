"""From a drawing to the pixels along the middle of its lines."""

from dataclasses import dataclass
from math import floor

import numpy as np

from model.tracing.geometry import Point
from model.tracing.settings import TraceSettings

# SciPy and scikit-image are imported by the functions that need them, because they load slowly, and most commands
# trace nothing.
MARGIN = 2  # pixels of paper around a drawing


@dataclass(frozen=True)
class Skeleton:
    """A drawing with a margin, enlarged to (H, W).

    ink: 0..1, sharpened, so some of it is beyond. middle: True along the middle of lines. depth: how far each pixel of
    ink is from paper, in pixels of the drawing.
    """

    fineness: int
    ink: np.ndarray
    middle: np.ndarray
    depth: np.ndarray

    def place(self, x: float, y: float) -> Point:
        """An enlarged pixel's centre in pixels of the drawing."""
        return (x + 0.5) / self.fineness - MARGIN, (y + 0.5) / self.fineness - MARGIN

    def ink_at(self, at: Point) -> float:
        """In 0..1, of the enlarged pixel there."""
        height, width = self.ink.shape
        x = max(0, min(width - 1, floor((at[0] + MARGIN) * self.fineness)))
        y = max(0, min(height - 1, floor((at[1] + MARGIN) * self.fineness)))
        return max(0.0, min(1.0, float(self.ink[y, x])))


def skeleton(drawing: np.ndarray, settings: TraceSettings) -> Skeleton | None:
    """The skeleton of a drawing uint8 (28, 28), by the thinning of Guo and Hall (1989). None if it is empty."""
    from skimage.morphology import thin

    fineness = settings.fineness
    ink = enlarged_ink(drawing, settings)
    darkest = float(ink.max())
    if darkest < settings.faintest:
        return None
    pixels = fineness * fineness  # enlarged ones in one of the drawing
    mask = ink > min(settings.level, settings.relative_level * darkest)
    mask = ~_large_parts(~mask, settings.hole_area * pixels)
    depth = _depth(mask, fineness)
    mask = _as_loop(mask, depth, settings)
    core = _large_parts(depth > settings.loop_width, settings.core_area * pixels)  # what no pen on the loop reaches
    core = _as_loop(core, _depth(core, fineness), settings)
    middle = thin(mask) | thin(core)
    depth = np.maximum(_depth(mask, fineness), _depth(core, fineness))
    return Skeleton(fineness, ink, middle, depth)


def _as_loop(mask: np.ndarray, depth: np.ndarray, settings: TraceSettings) -> np.ndarray:
    """The mask (H, W) without the insides of its blobs, so that thinning makes loops of them."""
    return mask & ~_large_parts(depth > settings.blob_depth, settings.blob_area * settings.fineness**2)


def enlarged_ink(drawing: np.ndarray, settings: TraceSettings) -> np.ndarray:
    """A drawing uint8 (28, 28) as ink in about 0..1, sharpened, by bicubic interpolation (Keys 1981, a = -0.5)."""
    ink = np.pad(drawing / 255.0, MARGIN + 3)
    middle = ink[1:-1, 1:-1]
    mean = (ink[:-2, 1:-1] + ink[2:, 1:-1] + ink[1:-1, :-2] + ink[1:-1, 2:]) / 4
    sharp = middle + settings.sharpening * (middle - mean)
    return _interpolated(_interpolated(sharp, settings.fineness).T, settings.fineness).T


def _interpolated(rows: np.ndarray, fineness: int) -> np.ndarray:
    """Rows (H + 4, W) to (H * fineness, W), each from the four nearest; two rows on both sides are only neighbours."""
    height = len(rows) - 4
    fine = np.empty((height, fineness, rows.shape[1]))
    for phase in range(fineness):
        offset = (phase + 0.5) / fineness - 0.5
        first = 1 + floor(offset)
        a, b, c, d = (_kernel(abs(first - 2 + tap - offset)) for tap in range(4))
        one, two, three, four = (rows[first + tap : first + tap + height] for tap in range(4))
        fine[:, phase] = a * one + b * two + c * three + d * four
    return fine.reshape(height * fineness, -1)  # (H * fineness, W)


def _kernel(x: float) -> float:
    return (1.5 * x - 2.5) * x * x + 1 if x < 1 else ((-0.5 * x + 2.5) * x - 4) * x + 2


def _depth(mask: np.ndarray, fineness: int) -> np.ndarray:
    """How far each True (H, W) is from the nearest False, in pixels of the drawing."""
    from scipy import ndimage

    return np.maximum(ndimage.distance_transform_edt(mask) - 0.5, 0) / fineness


def _large_parts(mask: np.ndarray, area: float) -> np.ndarray:
    """The mask (H, W) without parts of fewer pixels than `area`; pixels are connected across edges."""
    from scipy import ndimage

    labels, _ = ndimage.label(mask)
    return mask & (np.bincount(labels.ravel()) >= area)[labels]
