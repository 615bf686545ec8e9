"""From the pixels of a skeleton to lines between junctions and ends."""

from dataclasses import dataclass, field

import numpy as np

from model.tracing.geometry import Point, along, direction, length
from model.tracing.skeleton import Skeleton

Pixel = tuple[int, int]  # x, y

_ACROSS_EDGES = ((0, -1), (1, 0), (0, 1), (-1, 0))
_ACROSS_CORNERS = ((1, -1), (1, 1), (-1, 1), (-1, -1))
_INSIDE = 0.7  # share of the ink around a junction in which lines have no direction yet


@dataclass(eq=False)
class Node:
    """A junction of three lines or more, or an end. depth: of the ink around it."""

    at: Point
    depth: float
    lines: list["Line"] = field(default_factory=list)  # a line that begins and ends here is in it twice

    @property
    def degree(self) -> int:
        return len(self.lines)


@dataclass(eq=False)
class Line:
    """A line through points, from a node to a node; a ring has none, and its last point is its first."""

    start: Node | None
    end: Node | None
    points: list[Point]

    def reverse(self) -> None:
        self.start, self.end = self.end, self.start
        self.points.reverse()

    def other(self, node: Node) -> Node:
        other = self.end if self.start is node else self.start
        assert other is not None
        return other

    def heading(self, node: Node, reach: float, *, from_end: bool | None = None) -> Point:
        """The direction in which the line leaves a node, outside the ink around it."""
        from_end = self.start is not node if from_end is None else from_end
        points = self.points[::-1] if from_end else self.points
        begin = _INSIDE * node.depth if node.degree > 2 else 0.0
        end = min(begin + reach, length(points))
        return direction(along(points, min(begin, max(0.0, end - reach / 2))), along(points, end))


@dataclass
class Graph:
    """dots: of single pixels, on no line."""

    nodes: list[Node]
    lines: list[Line]
    dots: list[Point]

    def add(self, line: Line) -> None:
        self.lines.append(line)
        for node in (line.start, line.end):
            if node is not None:
                node.lines.append(line)

    def remove(self, line: Line) -> None:
        self.lines.remove(line)
        for node in (line.start, line.end):
            if node is not None:
                node.lines.remove(line)

    def join_at(self, node: Node) -> None:
        """Make one line of the two that meet at a node."""
        one, other = node.lines
        node.lines = []
        if one is other:
            one.start = one.end = None
            return
        if one.start is node:
            one.reverse()
        if other.end is node:
            other.reverse()
        one.points += other.points[1:]
        one.end = other.end
        assert one.end is not None
        one.end.lines[one.end.lines.index(other)] = one
        self.lines.remove(other)


def graph(skeleton: Skeleton) -> Graph:
    """All nodes and lines of a skeleton, from top to bottom."""
    ys, xs = np.nonzero(skeleton.middle)
    pixels = list(zip(xs.tolist(), ys.tolist(), strict=True))
    inked = set(pixels)
    around = {pixel: _neighbours(pixel, inked) for pixel in pixels}
    node_of = _nodes(pixels, around, skeleton)
    dots = [skeleton.place(*pixel) for pixel in pixels if not around[pixel]]
    found = Graph(list(dict.fromkeys(node_of.values())), [], dots)
    passed: set[Pixel] = set()
    for pixel in pixels:
        if start := node_of.get(pixel):
            for step in around[pixel]:
                is_known = step in passed or (step in node_of and (node_of[step] is start or _is_before(step, pixel)))
                if is_known:
                    continue
                path, last = _follow(pixel, step, around, node_of)
                passed.update(path)
                end = node_of[last]
                if start is not end or len(path) > 2:
                    found.add(Line(start, end, [start.at, *(skeleton.place(*inner) for inner in path), end.at]))
    for pixel in pixels:  # what is left is rings
        if around[pixel] and pixel not in passed and pixel not in node_of:
            path, _ = _follow(pixel, around[pixel][0], around, {pixel: Node((0, 0), 0)})
            passed.update((pixel, *path))
            found.add(Line(None, None, [skeleton.place(*inner) for inner in (pixel, *path, pixel)]))
    return found


def _nodes(pixels: list[Pixel], around: dict[Pixel, list[Pixel]], skeleton: Skeleton) -> dict[Pixel, Node]:
    """The node of each pixel where lines end or meet; neighbouring pixels where lines meet are one junction."""
    node_of: dict[Pixel, Node] = {}
    for pixel in pixels:
        if pixel in node_of or len(around[pixel]) in (0, 2):
            continue
        cluster = {pixel: None}
        if len(around[pixel]) > 2:
            for member in (waiting := [pixel]):
                for other in around[member]:
                    if len(around[other]) > 2 and other not in cluster:
                        cluster[other] = None
                        waiting.append(other)
        x, y = (sum(axis) / len(cluster) for axis in zip(*cluster, strict=True))
        node = Node(skeleton.place(x, y), max(float(skeleton.depth[y, x]) for x, y in cluster))
        node_of |= dict.fromkeys(cluster, node)
    return node_of


def _follow(
    before: Pixel, step: Pixel, around: dict[Pixel, list[Pixel]], ends: dict[Pixel, Node]
) -> tuple[list[Pixel], Pixel]:
    """The pixels from one that has been left to one in `ends`, and that one."""
    path = []
    while step not in ends:
        path.append(step)
        one, other = around[step]
        before, step = step, (other if one == before else one)
    return path, step


def _is_before(one: Pixel, other: Pixel) -> bool:
    return (one[1], one[0]) < (other[1], other[0])


def _neighbours(pixel: Pixel, inked: set[Pixel]) -> list[Pixel]:
    """Those across an edge, and those across a corner that can't be reached across two edges."""
    x, y = pixel
    near = [(x + dx, y + dy) for dx, dy in _ACROSS_EDGES if (x + dx, y + dy) in inked]
    for dx, dy in _ACROSS_CORNERS:
        if (x + dx, y + dy) in inked and (x + dx, y) not in inked and (x, y + dy) not in inked:
            near.append((x + dx, y + dy))
    return near
