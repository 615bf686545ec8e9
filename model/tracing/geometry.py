"""Points and lines through them, in pixels of a drawing with y downwards."""

from itertools import pairwise
from math import sqrt

Point = tuple[float, float]


def distance(one: Point, other: Point) -> float:
    x, y = one[0] - other[0], one[1] - other[1]
    return sqrt(x * x + y * y)


def dot(one: Point, other: Point) -> float:
    return one[0] * other[0] + one[1] * other[1]


def between(one: Point, other: Point, share: float) -> Point:
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])


def direction(one: Point, other: Point) -> Point:
    """Of length 1, or 0 if both points are the same."""
    far = distance(one, other) or 1.0
    return (other[0] - one[0]) / far, (other[1] - one[1]) / far


def length(points: list[Point]) -> float:
    return sum(distance(one, other) for one, other in pairwise(points))


def along(points: list[Point], reach: float) -> Point:
    """The point this far along a polyline, or its last."""
    for one, other in pairwise(points):
        far = distance(one, other)
        if reach <= far and far > 0:
            return between(one, other, reach / far)
        reach -= far
    return points[-1]


def evenly(points: list[Point], step: float) -> list[Point]:
    """Points at equal distances of about `step` along a polyline, from its first point to its last."""
    total = length(points)
    count = max(1, int(total / step + 0.5))
    spacing = total / count
    found, left = [points[0]], spacing
    for one, other in pairwise(points):
        far = distance(one, other)
        while 0 < left <= far and len(found) < count:
            found.append(between(one, other, left / far))
            left += spacing
        left -= far
    return [*found, points[-1]]


def meeting(a: Point, b: Point, c: Point, d: Point) -> Point | None:
    """Where the line from a through b meets the line from c through d, if that is behind b and d."""
    one, other, across = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1]), (c[0] - a[0], c[1] - a[1])
    turn = one[0] * other[1] - one[1] * other[0]
    if abs(turn) < 1e-9:
        return None
    share = (across[0] * other[1] - across[1] * other[0]) / turn
    other_share = (across[0] * one[1] - across[1] * one[0]) / turn
    return between(a, b, share) if share >= 1 and other_share >= 1 else None
