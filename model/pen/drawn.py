"""Strokes as curves, polylines, SVG paths and pictures."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from model.pen.strokes import Stroke
from model.quickdraw.images import SIZE
from model.tracing.geometry import Point, between
from model.tracing.settings import DEFAULT, UNITS, WIDTH

_SAMPLES = 4  # of a curve between two nodes
_OVERSAMPLING = 4

Curve = tuple[Point, Point, Point]  # two control points and the end


def curves(stroke: Stroke) -> list[Curve]:
    """Cubic Bézier curves from the first point on: a Catmull-Rom spline (Catmull and Rom 1974), broken at corners.

    A piece that begins or ends at a corner or an end bends as if it went on evenly. A dot has none.
    """
    points, count = stroke.points, len(stroke.points)
    if count < 2:
        return []
    ends = set(stroke.corners) | (set() if stroke.is_closed else {0, count - 1})

    def tangent(at: int, step: int) -> Point:
        """A third of the velocity at a point, as seen from the piece towards its neighbour."""
        here, ahead, behind = points[at], points[(at + step) % count], points[(at - step) % count]
        if at not in ends:
            return (ahead[0] - behind[0]) / 6, (ahead[1] - behind[1]) / 6
        other = (at + step) % count
        if other in ends:
            return (ahead[0] - here[0]) / 3, (ahead[1] - here[1]) / 3
        beyond = points[(other + step) % count]
        return tuple(((a - h) * 3 - (b - h) / 2) / 6 for h, a, b in zip(here, ahead, beyond, strict=True))  # type: ignore[return-value]

    found = []
    for at in range(count if stroke.is_closed else count - 1):
        other = (at + 1) % count
        (x, y), (end_x, end_y) = points[at], points[other]
        (out_x, out_y), (in_x, in_y) = tangent(at, 1), tangent(other, -1)
        found.append(((x + out_x, y + out_y), (end_x + in_x, end_y + in_y), (end_x, end_y)))
    return found


def polyline(stroke: Stroke, samples: int = _SAMPLES) -> list[Point]:
    """Points along the curve; a loop's last point is its first, and a dot has one."""
    start = stroke.points[0]
    found = [start]
    for one, other, end in curves(stroke):
        for sample in range(1, samples + 1):
            share = sample / samples
            a, b, c = between(start, one, share), between(one, other, share), between(other, end, share)
            found.append(between(between(a, b, share), between(b, c, share), share))
        start = end
    return found


def path_data(stroke: Stroke, units: float) -> str:
    """The "d" of an SVG path with `units` to a pixel. A dot is a unit long: plotters ignore what has no length."""

    def text(*points: Point) -> str:
        return " ".join(f"{round(number * units)}" for point in points for number in point)

    pieces = curves(stroke)
    begin = f"M{text(stroke.points[0])}"
    if not pieces:
        return f"{begin}h1"
    return begin + "".join(f"C{text(*piece)}" for piece in pieces) + ("Z" if stroke.is_closed else "")


def pen_picture(strokes: Sequence[Stroke], size: int, width: float = WIDTH, *, is_moving: bool = False) -> Image.Image:
    """Strokes as a picture of `size` x `size` pixels, black on white.

    width: of the pen, in units. is_moving: whether it is a frame of a morph, in which pale strokes fade.
    """
    scale = size * _OVERSAMPLING / SIZE
    picture = Image.new("L", (size * _OVERSAMPLING, size * _OVERSAMPLING), 255)
    for stroke in sorted(strokes, key=strength) if is_moving else strokes:
        grey = round(255 * (1 - strength(stroke))) if is_moving else 0
        draw_polylines(picture, [polyline(stroke)], scale, width / UNITS * scale, grey)
    return picture.resize((size, size), Image.Resampling.BOX)


def strength(stroke: Stroke) -> float:
    """How much of a stroke is seen in a morph, in 0..1, so that it comes and goes softly."""
    return max(0.0, min(1.0, (stroke.ink - DEFAULT.pale) / (DEFAULT.dark - DEFAULT.pale)))


def draw_polylines(
    picture: Image.Image, lines: Sequence[Sequence[Point]], scale: float, pen: float, grey: int = 0
) -> None:
    """Polylines with round ends and joins. pen: its width in pixels of the picture. grey: 0 is black."""
    draw = ImageDraw.Draw(picture)
    radius = max(0.5, pen / 2)
    for line in lines:
        pixels = [(x * scale, y * scale) for x, y in line]
        if len(pixels) > 1:
            draw.line(pixels, fill=grey, width=max(1, round(pen)))
        for x, y in pixels:
            draw.ellipse((x - radius, y - radius, x + radius - 1, y + radius - 1), fill=grey)
