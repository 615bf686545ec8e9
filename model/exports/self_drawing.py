"""Drawings that draw themselves, stroke by stroke at a hand's pace."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from model.drawing.look import Look
from model.pen.drawn import draw_polylines, polyline
from model.pen.strokes import trace
from model.quickdraw.images import SIZE
from model.tracing.geometry import Point, along, length
from model.tracing.settings import UNITS

PACE = 28.0  # pixels of a drawing that a hand draws in a second
LIFT_SECONDS = 0.16  # between two strokes
DOT_SECONDS = 0.08
MIN_SECONDS, MAX_SECONDS = 1.0, 8.0  # of the whole drawing
HOLD_SECONDS = 1.2  # of the finished drawing at the end
TIP_COLOUR = (199, 62, 29)
_TIP = 1.6  # times the pen's width
_OVERSAMPLING = 3


@dataclass(frozen=True)
class Schedule:
    """When a hand draws each polyline: starts and ends (N,) in seconds, at its own pace."""

    lines: list[list[Point]]
    starts: list[float]
    ends: list[float]

    @property
    def seconds(self) -> float:
        return self.ends[-1] if self.ends else 0.0


def schedule(drawing: np.ndarray) -> Schedule:
    """Of the strokes of a drawing (28, 28)."""
    lines = [polyline(stroke) for stroke in trace(drawing)]
    starts, ends, now = [], [], 0.0
    for line in lines:
        starts.append(now)
        ends.append(now + max(DOT_SECONDS, length(line) / PACE))
        now = ends[-1] + LIFT_SECONDS
    return Schedule(lines, starts, ends)


def self_drawing(
    drawings: np.ndarray, columns: int, size: int, look: Look, milliseconds: int, speed: float = 1.0
) -> Iterator[Image.Image]:
    """RGB frames of drawings (N, 28, 28) that draw themselves at the same time, the last ones still.

    size: of a drawing, in pixels. milliseconds: of a frame. speed: 1 is a hand's pace, within MIN_ and MAX_SECONDS.
    """
    plans = [schedule(drawing) for drawing in drawings]
    natural = max((plan.seconds for plan in plans), default=0.0)
    seconds = min(MAX_SECONDS, max(MIN_SECONDS, natural)) / speed
    pace = natural / seconds if seconds else 1.0
    num_frames = math.ceil(1000 * seconds / milliseconds)
    rows = -(-len(plans) // columns)
    fine = size * _OVERSAMPLING
    paper = Image.new("L", (columns * fine, rows * fine), 255)
    drawn_until = 0.0
    for frame in range(1, num_frames + 1):
        now = natural if frame == num_frames else pace * frame * milliseconds / 1000
        tips = []
        for place, plan in enumerate(plans):
            corner = (place % columns * SIZE, place // columns * SIZE)
            parts, tip = _between(plan, drawn_until, now)
            moved = [[(x + corner[0], y + corner[1]) for x, y in part] for part in parts]
            draw_polylines(paper, moved, fine / SIZE, look.width / UNITS * fine / SIZE)
            if tip and frame < num_frames:
                tips.append((tip[0] + corner[0], tip[1] + corner[1]))
        drawn_until = now
        yield _with_tips(paper, tips, columns * size, rows * size, size / SIZE, look)
    still = _with_tips(paper, [], columns * size, rows * size, size / SIZE, look)
    for _ in range(math.ceil(1000 * HOLD_SECONDS / milliseconds)):
        yield still


def _between(plan: Schedule, start: float, end: float) -> tuple[list[list[Point]], Point | None]:
    """What is drawn from one time to another, and where the pen is then, if it is on the paper."""
    parts, tip = [], None
    for line, begins, ends in zip(plan.lines, plan.starts, plan.ends, strict=True):
        if ends < start or begins > end:
            continue
        total = length(line)
        shares = [min(1.0, max(0.0, (time - begins) / (ends - begins))) for time in (start, end)]
        parts.append(part_of(line, shares[0] * total, shares[1] * total))
        if end < ends:
            tip = parts[-1][-1]
    return parts, tip


def part_of(line: Sequence[Point], start: float, end: float) -> list[Point]:
    """The part of a polyline between two lengths along it."""
    points = list(line)
    inner, far = [], 0.0
    for one, other in pairwise(points):
        far += length([one, other])
        if start < far < end:
            inner.append(other)
    return [along(points, start), *inner, along(points, end)]


def _with_tips(
    paper: Image.Image, tips: Sequence[Point], width: int, height: int, scale: float, look: Look
) -> Image.Image:
    """The paper at its final size, with a pen's tip at points in pixels of a drawing."""
    picture = paper.resize((width, height), Image.Resampling.BOX).convert("RGB")
    draw = ImageDraw.Draw(picture)
    radius = max(2.0, _TIP * look.width / UNITS * scale / 2 + 1)
    for x, y in tips:
        draw.ellipse((x * scale - radius, y * scale - radius, x * scale + radius, y * scale + radius), fill=TIP_COLOUR)
    return picture
