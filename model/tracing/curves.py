"""From a path along pixels to a smooth curve with sharp corners, in the middle of the ink."""

from model.tracing.geometry import Point, between, distance, dot, evenly, meeting
from model.tracing.settings import TraceSettings
from model.tracing.skeleton import Skeleton


def smooth(
    points: list[Point], skeleton: Skeleton, settings: TraceSettings, *, is_closed: bool
) -> tuple[list[Point], list[int]]:
    """Evenly spaced points along the curve, and which of them are corners. A closed path's last point is its first."""
    points = evenly(points, settings.step)
    corners = _corners(points, settings, is_closed=is_closed)
    points = _smoothed(points, corners, settings, is_closed=is_closed)
    points = _centred(points, corners, skeleton, settings, is_closed=is_closed)
    points = _smoothed(points, corners, settings, is_closed=is_closed)
    return _pointed(points, corners, settings, is_closed=is_closed), corners


def nodes(points: list[Point], corners: list[int], spacing: float, *, is_closed: bool) -> tuple[list[Point], list[int]]:
    """Fewer points that keep the corners, and which of them are corners. A closed curve's first one isn't repeated."""
    last = len(points) - 1
    begins_at_corner = is_closed and bool(corners)
    if begins_at_corner:
        first = corners[0] % last
        points = [*points[first:last], *points[: first + 1]]
        corners = sorted({(corner - first) % last for corner in corners})
    found, kept = [points[0]], [0] if begins_at_corner else []
    breaks = [*(corner for corner in corners if 0 < corner < last), last]
    start = 0
    for stop in breaks:
        found += evenly(points[start : stop + 1], spacing)[1:]
        kept.append(len(found) - 1)
        start = stop
    kept.pop()
    return (found[:-1] if is_closed and len(found) > 1 else found), kept


def _threes(points: list[Point], is_closed: bool) -> list[tuple[Point, Point, Point]]:
    """Each point between its neighbours; an end is its own neighbour."""
    first, last = (points[-2], points[1]) if is_closed else (points[0], points[-1])
    return list(zip([first, *points[:-1]], points, [*points[1:], last], strict=True))


def _smoothed(points: list[Point], corners: list[int], settings: TraceSettings, *, is_closed: bool) -> list[Point]:
    """Without the steps of pixels; every second pass undoes the shrinking of the one before (Taubin 1995)."""
    for turn in range(2 * settings.passes):
        amount = -settings.unshrink if turn % 2 else settings.shrink
        moved = list(points)
        for at, (one, here, other) in enumerate(_threes(points, is_closed)):
            if at not in corners:
                moved[at] = between(here, between(one, other, 0.5), amount)
        points = moved
    return points


def _centred(
    points: list[Point], corners: list[int], skeleton: Skeleton, settings: TraceSettings, *, is_closed: bool
) -> list[Point]:
    """Each point moved sideways to the middle of the ink there."""
    moved = list(points)
    for at, (one, here, other) in enumerate(_threes(points, is_closed)):
        far = distance(one, other)
        if at in corners or far == 0:
            continue
        x, y = (one[1] - other[1]) / far, (other[0] - one[0]) / far  # across the line
        total = weighted = 0.0
        for sample in range(-settings.samples, settings.samples + 1):
            offset = settings.sideways * sample / settings.samples
            ink = skeleton.ink_at((here[0] + offset * x, here[1] + offset * y))
            total += ink
            weighted += ink * offset
        if total > 0:
            shift = max(-settings.shift, min(settings.shift, weighted / total))
            moved[at] = here[0] + shift * x, here[1] + shift * y
    if is_closed:
        moved[-1] = moved[0]
    return moved


def _corners(points: list[Point], settings: TraceSettings, *, is_closed: bool) -> list[int]:
    """Where the direction changes sharply, only the sharpest of neighbouring points, in order."""
    reach, count = settings.corner_reach, len(points)
    if count <= 2 * reach:
        return []
    turns = []
    for at in range(count - 1) if is_closed else range(reach, count - reach):
        before, after = (
            points[(at - reach) % (count - 1)],
            points[(at + reach) % (count - 1) if is_closed else at + reach],
        )
        here = points[at]
        size = distance(before, here) * distance(here, after)
        if size > 0:
            turn = dot((here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])) / size
            if turn < settings.corner:
                turns.append((turn, at))
    corners: list[int] = []
    for _, at in sorted(turns):
        gaps = [abs(at - corner) for corner in corners]
        if all(reach < gap and not (is_closed and count - 1 - gap <= reach) for gap in gaps):
            corners.append(at)
    if is_closed and 0 in corners:
        corners.append(count - 1)  # the same point
    return sorted(corners)


def _pointed(points: list[Point], corners: list[int], settings: TraceSettings, *, is_closed: bool) -> list[Point]:
    """Corners, which thinning rounds, moved to where the lines on both sides meet."""
    last = len(points) - 1
    half = settings.corner_reach // 2

    def place(at: int) -> int:
        return at % last if is_closed else at

    points = list(points)
    for at in (corner for corner in corners if not (is_closed and corner == last)):
        far, near, near_after, far_after = (points[place(at + offset)] for offset in (-2 * half, -half, half, 2 * half))
        tip = meeting(far, near, far_after, near_after)
        if tip is None or distance(tip, points[at]) > settings.corner_shift:
            continue
        for step in range(1 - half, half):
            points[place(at + step)] = between(tip, near if step < 0 else near_after, abs(step) / half)
    if is_closed:
        points[last] = points[0]
    return points
