"""Mends the lines of a graph, so that they are those of a hand: no spurs, crossings, sharp corners, whole lines."""

from model.tracing.geometry import Point, between, distance, dot, length
from model.tracing.graph import Graph, Line, Node
from model.tracing.settings import TraceSettings
from model.tracing.skeleton import Skeleton

_GAP_SAMPLES = 8


def mend(graph: Graph, skeleton: Skeleton, settings: TraceSettings) -> None:
    """Changes the graph in place."""
    _remove_spurs(graph, settings)
    _merge_junctions(graph, settings)
    _remove_spurs(graph, settings)
    _sharpen_corners(graph, settings)
    _close_gaps(graph, skeleton, settings)
    _lengthen_ends(graph, settings)


def _remove_spurs(graph: Graph, settings: TraceSettings) -> None:
    """One after the other, the shortest first, because the lines that are left may continue each other."""
    while True:
        least, spur = settings.spur, None
        for line in graph.lines:
            if line.start is None or line.end is None:
                continue
            node, end = (line.start, line.end) if line.end.degree == 1 else (line.end, line.start)
            sticking_out = distance(node.at, end.at) + end.depth - node.depth
            if end.degree == 1 and node.degree > 2 and sticking_out < least:
                least, spur = sticking_out, (line, node)
        if spur is None:
            return
        graph.remove(spur[0])
        if spur[1].degree == 2:
            graph.join_at(spur[1])


def _merge_junctions(graph: Graph, settings: TraceSettings) -> None:
    crossing = settings.crossing if len(graph.lines) <= settings.most_lines else 0.0
    while True:
        least, bridge = max(settings.bridge, crossing), None
        for line in graph.lines:
            if line.start is None or line.end is None or line.start.degree < 3 or line.end.degree < 3:
                continue
            if distance(line.start.at, line.end.at) >= least:
                continue
            far = length(line.points)
            if far < least and (far < settings.bridge or _is_crossing(line, line.start, line.end, settings)):
                least, bridge = far, line
        if bridge is None:
            return
        one, other = bridge.start, bridge.end
        assert one is not None and other is not None
        graph.remove(bridge)
        if one is not other:
            one.at, one.depth = between(one.at, other.at, 0.5), max(one.depth, other.depth)
            one.depth += least / 2 if least >= settings.bridge else 0.0  # two crossing lines are straight in all of it
            one.lines += other.lines
            other.lines = []
            for line in one.lines:
                if line.start in (one, other):
                    line.start, line.points[0] = one, one.at
                if line.end in (one, other):
                    line.end, line.points[-1] = one, one.at
        elif one.degree == 2:
            graph.join_at(one)


def _is_crossing(bridge: Line, one: Node, other: Node, settings: TraceSettings) -> bool:
    """Whether two lines that cross share this line between two junctions."""
    sides = [[line.heading(node, settings.reach) for line in node.lines if line is not bridge] for node in (one, other)]
    if [len(headings) for headings in sides] != [2, 2]:
        return False
    (a, b), (c, d) = sides
    straightness = max(min(-dot(a, c), -dot(b, d)), min(-dot(a, d), -dot(b, c)))
    return straightness > settings.crossing_cosine


def _sharpen_corners(graph: Graph, settings: TraceSettings) -> None:
    """Where two lines have merged before a sharp corner, both go on to its tip."""
    for node in graph.nodes:
        if node.degree != 3:
            continue
        tips = [line for line in node.lines if line.other(node).degree == 1 and length(line.points) < settings.tip]
        if len(tips) != 1:
            continue
        (tip,), sides = tips, [line for line in node.lines if line is not tips[0]]
        if sides[0] is sides[1]:
            headings = [sides[0].heading(node, settings.reach, from_end=from_end) for from_end in (False, True)]
        else:
            headings = [line.heading(node, settings.reach) for line in sides]
        ahead = tip.heading(node, settings.reach)
        if (
            dot(*headings) < settings.tip_cosine
            or max(dot(heading, ahead) for heading in headings) > -settings.tip_ahead
        ):
            continue
        end = tip.other(node)
        graph.remove(tip)
        for line in dict.fromkeys(sides):
            if line.start is node:
                line.points = _aimed(line.points, end.at, node.depth)
            if line.end is node:
                line.points = _aimed(line.points[::-1], end.at, node.depth)[::-1]
        node.at, node.depth = end.at, end.depth
        graph.join_at(node)


def _aimed(points: list[Point], at: Point, depth: float) -> list[Point]:
    """A line that begins at another point, straight to where it leaves the ink around its first point."""
    first = 1
    while first < len(points) - 1 and distance(points[first], points[0]) <= depth + 0.5:
        first += 1
    return [at, *points[first:]]


def _close_gaps(graph: Graph, skeleton: Skeleton, settings: TraceSettings) -> None:
    """Join ends that face each other across thin ink, the nearest first."""
    ends = [node for node in graph.nodes if node.degree == 1]
    gaps = []
    for number, one in enumerate(ends):
        for other in ends[number + 1 :]:
            far = distance(one.at, other.at)
            if not 0 < far < settings.gap:
                continue
            line, other_line = one.lines[0], other.lines[0]
            if line is other_line and length(line.points) < 3 * far:
                continue
            across = ((other.at[0] - one.at[0]) / far, (other.at[1] - one.at[1]) / far)
            facing = min(
                -dot(line.heading(one, settings.reach), across), dot(other_line.heading(other, settings.reach), across)
            )
            if facing > settings.gap_cosine and _least_ink(skeleton, one.at, other.at) > settings.gap_ink:
                gaps.append((far, one, other))
    for _, one, other in sorted(gaps, key=lambda gap: gap[0]):
        if one.degree == other.degree == 1:
            graph.add(Line(one, other, [one.at, other.at]))
            graph.join_at(one)
            graph.join_at(other)


def _least_ink(skeleton: Skeleton, one: Point, other: Point) -> float:
    """Along a straight line."""
    return min(skeleton.ink_at(between(one, other, step / _GAP_SAMPLES)) for step in range(_GAP_SAMPLES + 1))


def _lengthen_ends(graph: Graph, settings: TraceSettings) -> None:
    """Thinning takes some of a line's end away; this puts it where the pen's round end must be."""
    for node in graph.nodes:
        if node.degree != 1 or (more := node.depth - settings.end_radius) <= 0:
            continue
        (line,) = node.lines
        if length(line.points) < settings.dot:
            continue
        x, y = line.heading(node, settings.reach)
        node.at = (node.at[0] - more * x, node.at[1] - more * y)
        line.points.insert(0 if line.start is node else len(line.points), node.at)
