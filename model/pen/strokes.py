"""A drawing as strokes, in the order in which a hand would draw them."""

from dataclasses import dataclass

import numpy as np

from model.tracing.curves import nodes, smooth
from model.tracing.geometry import Point, distance, length
from model.tracing.graph import graph
from model.tracing.mending import mend
from model.tracing.paths import paths
from model.tracing.settings import DEFAULT, TraceSettings
from model.tracing.skeleton import skeleton

_LINE_BEGINS, _LOOP_BEGINS = (1.0, 0.3), (0.3, 1.0)  # how much x and y count: a hand begins where the sum is least
_OUTLINE = 0.4  # of the longest stroke: others that long are drawn before details


@dataclass(frozen=True)
class Stroke:
    """A smooth curve through points, in pixels of the drawing. A dot has one point.

    corners: the places of the points at which the curve turns sharply. is_closed: it goes on from the last point to
    the first. ink: the mean ink along it in 0..1; pale strokes come and go in a morph.
    """

    points: tuple[Point, ...]
    corners: tuple[int, ...] = ()
    is_closed: bool = False
    ink: float = 1.0

    @property
    def length(self) -> float:
        """Of the polygon through the points."""
        return length([*self.points, self.points[0]] if self.is_closed else list(self.points))


def trace(drawing: np.ndarray, settings: TraceSettings = DEFAULT) -> list[Stroke]:
    """The strokes of a drawing uint8 (28, 28), in drawing order; none if it is empty.

    The page's script `studio/shared/trace.js` does the same.
    """
    found = skeleton(drawing, settings)
    if found is None:
        return []
    lines = graph(found)
    mend(lines, found, settings)
    strokes = [Stroke((at,), ink=found.ink_at(at)) for at in lines.dots]
    for path in paths(lines, settings):
        far = length(path.points)
        if far < settings.dot:
            middle = _middle(path.points)
            strokes.append(Stroke((middle,), ink=found.ink_at(middle)))
            continue
        points, corners = smooth(path.points, found, settings, is_closed=path.is_closed)
        ink = sum(map(found.ink_at, points)) / len(points)
        kept, corners = nodes(points, corners, settings.node, is_closed=path.is_closed)
        strokes.append(Stroke(tuple(kept), tuple(corners), path.is_closed, ink))
    return _ordered(strokes)


def _middle(points: list[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _ordered(strokes: list[Stroke]) -> list[Stroke]:
    """Outlines first, the longest of them at the beginning, and then always the one that starts nearest."""
    if not strokes:
        return []
    longest = max(strokes, key=lambda stroke: stroke.length)
    ordered = [_from_the_left(longest)]
    left = [stroke for stroke in strokes if stroke is not longest]
    while left:
        pen = ordered[-1].points[0 if ordered[-1].is_closed else -1]
        outlines = [stroke for stroke in left if stroke.length >= _OUTLINE * longest.length]
        starts = [
            (distance(pen, start), stroke, place) for stroke in outlines or left for place, start in _starts(stroke)
        ]
        _, stroke, place = min(starts, key=lambda start: start[0])
        ordered.append(_begun_at(stroke, place))
        left.remove(stroke)
    return ordered


def _starts(stroke: Stroke) -> list[tuple[int, Point]]:
    """The points at which a hand can begin, after their places: a loop's corners or all of it, a line's ends."""
    count = len(stroke.points)
    places = stroke.corners or range(count) if stroke.is_closed else sorted({0, count - 1})
    return [(place, stroke.points[place]) for place in places]


def _from_the_left(stroke: Stroke) -> Stroke:
    """Begun where a right hand begins: near the top of a loop, at the left end of a line."""
    rightwards, downwards = _LOOP_BEGINS if stroke.is_closed else _LINE_BEGINS
    place, _ = min(_starts(stroke), key=lambda start: rightwards * start[1][0] + downwards * start[1][1])
    return _begun_at(stroke, place)


def _begun_at(stroke: Stroke, place: int) -> Stroke:
    count = len(stroke.points)
    if stroke.is_closed:
        points = stroke.points[place:] + stroke.points[:place]
        corners = sorted((corner - place) % count for corner in stroke.corners)
    elif place:
        points, corners = stroke.points[::-1], sorted(count - 1 - corner for corner in stroke.corners)
    else:
        return stroke
    return Stroke(points, tuple(corners), stroke.is_closed, stroke.ink)
