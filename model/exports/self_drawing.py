"""Drawings that draw themselves, stroke by stroke at a hand's pace.

The page's script `studio/shared/self_drawing.js` does the same, with the same numbers.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from model.drawing.look import PEN, Look
from model.exports.looks import Traced, large_sheet
from model.pen.drawn import draw_polylines, polyline
from model.pen.strokes import Stroke, trace
from model.quickdraw.images import SIZE
from model.tracing.geometry import Point, along, length
from model.tracing.settings import UNITS

_OVERSAMPLING = 3


@dataclass(frozen=True)
class Hand:
    """How a hand draws. Lengths are in pixels of a drawing."""

    pace: float = 28.0  # in a second
    lift_seconds: float = 0.16  # between two strokes
    dot_seconds: float = 0.08
    min_seconds: float = 1.0  # of everything that is drawn at the same time
    max_seconds: float = 8.0
    hold_seconds: float = 1.2  # how long a file shows the finished drawing
    tip_colour: str = "#c73e1d"
    tip: float = 1.6  # times the pen's width
    reveal: float = 4.0  # how wide a line the pen uncovers in looks that aren't made of strokes


HAND = Hand()


@dataclass(frozen=True)
class Schedule:
    """When a hand draws each polyline: starts and ends (N,) in seconds, at its own pace."""

    lines: list[list[Point]]
    starts: list[float]
    ends: list[float]

    @property
    def seconds(self) -> float:
        return self.ends[-1] if self.ends else 0.0


def schedule(strokes: Sequence[Stroke], hand: Hand = HAND) -> Schedule:
    lines = [polyline(stroke) for stroke in strokes]
    starts, ends, now = [], [], 0.0
    for line in lines:
        starts.append(now)
        ends.append(now + max(hand.dot_seconds, length(line) / hand.pace))
        now = ends[-1] + hand.lift_seconds
    return Schedule(lines, starts, ends)


def playing_seconds(natural: float, hand: Hand = HAND) -> float:
    """How long it takes at speed 1 to draw what takes a hand so long."""
    return min(hand.max_seconds, max(hand.min_seconds, natural))


def self_drawing(
    drawings: np.ndarray,
    columns: int,
    size: int,
    look: Look,
    milliseconds: int,
    speed: float = 1.0,
    strokes: Traced | None = None,
) -> Iterator[Image.Image]:
    """RGB frames of drawings (N, 28, 28) that draw themselves at the same time, and then the still picture.

    size: of a drawing, in pixels. milliseconds: of a frame. speed: 1 is a hand's pace, within its min_ and max_seconds.
    strokes: those that are known. In looks other than a pen's, the pen uncovers the picture.
    """
    known = strokes or [None] * len(drawings)
    traced = [trace(drawing) if own is None else own for drawing, own in zip(drawings, known, strict=True)]
    plans = [schedule(lines) for lines in traced]
    natural = max((plan.seconds for plan in plans), default=0.0)
    seconds = playing_seconds(natural) / speed
    still = large_sheet(drawings, columns, size, look, traced)
    fine = size * _OVERSAMPLING
    width = (look.width / UNITS if look.name == PEN else HAND.reveal) * fine / SIZE
    paper = Image.new("L", (still.width * _OVERSAMPLING, still.height * _OVERSAMPLING), 255)
    num_frames, drawn_until = math.ceil(1000 * seconds / milliseconds), 0.0
    for frame in range(1, num_frames):
        now = natural / seconds * frame * milliseconds / 1000
        tips = []
        for place, plan in enumerate(plans):
            corner = (place % columns * SIZE, place // columns * SIZE)
            parts, tip = _between(plan, drawn_until, now)
            moved = [[(x + corner[0], y + corner[1]) for x, y in part] for part in parts]
            draw_polylines(paper, moved, fine / SIZE, width)
            if tip:
                tips.append((tip[0] + corner[0], tip[1] + corner[1]))
        drawn_until = now
        picture = paper.resize(still.size, Image.Resampling.BOX)
        if look.name != PEN:
            picture = Image.composite(Image.new("L", still.size, 255), still, picture)
        yield _with_tips(picture, tips, size / SIZE, look)
    for _ in range(1 + math.ceil(1000 * HAND.hold_seconds / milliseconds)):
        yield still.convert("RGB")


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


def _with_tips(picture: Image.Image, tips: Sequence[Point], scale: float, look: Look) -> Image.Image:
    """A picture with a pen's tip at points in pixels of a drawing."""
    picture = picture.convert("RGB")
    draw = ImageDraw.Draw(picture)
    radius = max(2.0, HAND.tip * look.width / UNITS * scale / 2 + 1)
    colour = ImageColor.getrgb(HAND.tip_colour)
    for x, y in tips:
        draw.ellipse((x * scale - radius, y * scale - radius, x * scale + radius, y * scale + radius), fill=colour)
    return picture
