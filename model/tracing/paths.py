"""From mended lines to the paths of a pen: through a junction, a line goes on in the straightest direction."""

from dataclasses import dataclass

from model.tracing.geometry import Point, distance, dot
from model.tracing.graph import Graph, Line, Node
from model.tracing.settings import TraceSettings

LineEnd = tuple[Line, bool]  # True is its end, False its start


@dataclass
class Path:
    """A closed path's last point is its first."""

    points: list[Point]
    is_closed: bool


def paths(graph: Graph, settings: TraceSettings) -> list[Path]:
    following = _following(graph, settings)
    used: set[Line] = set()
    found = []
    for line in graph.lines:
        for end in (False, True):
            if line.start is not None and line not in used and (line, end) not in following:
                found.append(_follow(line, end, following, used, settings))
    for line in graph.lines:
        if line not in used:
            is_ring = line.start is None
            found.append(Path(line.points, True) if is_ring else _follow(line, False, following, used, settings))
    return found


def _follow(line: Line, end: bool, following: dict[LineEnd, LineEnd], used: set[Line], settings: TraceSettings) -> Path:
    """The path that leaves a line's start (or its end)."""
    first, points = (line, end), []
    while True:
        used.add(line)
        part = _outside_junctions(line, following, settings)
        points += part[::-1] if end else part
        if (follower := following.get((line, not end))) is None:
            return Path(points, False)
        line, end = follower
        if follower == first:
            return Path([*points, points[0]], True)


def _outside_junctions(line: Line, following: dict[LineEnd, LineEnd], settings: TraceSettings) -> list[Point]:
    """A line's points without those in the ink around junctions where it goes on, because thinning bends it there."""
    first, last = 0, len(line.points)
    if line.start is not None and line.start.degree > 2 and (line, False) in following:
        while first < last - 2 and distance(line.points[first], line.start.at) < settings.trim * line.start.depth:
            first += 1
    if line.end is not None and line.end.degree > 2 and (line, True) in following:
        while first < last - 2 and distance(line.points[last - 1], line.end.at) < settings.trim * line.end.depth:
            last -= 1
    return line.points[first:last]


def _following(graph: Graph, settings: TraceSettings) -> dict[LineEnd, LineEnd]:
    """Which line's end goes on as which other one, in both directions; the straightest pairs of a junction first."""
    following: dict[LineEnd, LineEnd] = {}
    for node in graph.nodes:
        ends = _ends_at(node)
        headings = [line.heading(node, settings.reach, from_end=end) for line, end in ends]
        turns = [(dot(headings[one], headings[other]), one, other) for one in range(len(ends)) for other in range(one)]
        for cosine, one, other in sorted(turns):
            is_free = ends[one] not in following and ends[other] not in following
            if is_free and (-cosine >= settings.straight or len(ends) == 2):
                following[ends[one]], following[ends[other]] = ends[other], ends[one]
    return following


def _ends_at(node: Node) -> list[LineEnd]:
    lines = dict.fromkeys(node.lines)
    return [(line, end) for line in lines for end in (False, True) if (line.end if end else line.start) is node]
