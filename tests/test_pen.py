"""Strokes are those that a hand would draw: true to the drawing, whole, few, and in a sensible order."""

import time

import numpy as np
import pytest

from benchmarks.harness.drawings import REAL_DRAWINGS, suns
from model.pen.drawn import path_data, pen_picture, polyline
from model.pen.simplified import simplified
from model.pen.strokes import Stroke, trace
from model.quickdraw.strokes import drawn_with_dataset_pen, rasterise

CIRCLE = [(0.5 + 0.4 * np.cos(angle), 0.5 + 0.4 * np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 60)]
SMALL_CIRCLE = [(0.5 + 0.15 * (x - 0.5), 0.5 + 0.15 * (y - 0.5)) for x, y in CIRCLE]
STAR = [(0.5 + 0.48 * np.sin(turn * 4 * np.pi / 5), 0.5 - 0.48 * np.cos(turn * 4 * np.pi / 5)) for turn in range(6)]
FRAME = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


def traced(*strokes: list[tuple[float, float]]) -> list[Stroke]:
    return trace(rasterise([[tuple(map(float, point)) for point in stroke] for stroke in strokes]))


def again(drawing: np.ndarray) -> np.ndarray:
    """A drawing's strokes, drawn with the dataset's pen."""
    return drawn_with_dataset_pen([polyline(stroke) for stroke in trace(drawing)])


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference where either has ink, of 255."""
    return np.abs(one.astype(float) - other)[(one > 0) | (other > 0)].mean()


@pytest.mark.parametrize(
    ("turned", "shapes"),
    [
        ("upright", [[(0.5, 0), (0.5, 1)], [(0, 0.4), (1, 0.4)]]),
        ("sharp", [[(0, 0.3), (1, 0.7)], [(0, 0.7), (1, 0.3)]]),
    ],
)
def test_a_crossing_is_two_lines(turned, shapes):
    strokes = traced(*shapes)
    assert len(strokes) == 2 and not any(stroke.is_closed for stroke in strokes), turned
    assert all(stroke.length > 20 for stroke in strokes)


def test_a_loop_is_closed_and_a_square_has_four_corners():
    (circle,) = traced(CIRCLE)
    assert circle.is_closed and not circle.corners
    radii = [np.hypot(x - 14, y - 14) for x, y in polyline(circle)]
    assert max(radii) - min(radii) < 0.5 and np.mean(radii) == pytest.approx(11.74, abs=0.2), "pixels"
    (square,) = traced(FRAME)
    assert square.is_closed and len(square.corners) == 4
    for place in square.corners:
        assert [abs(number - 14) for number in square.points[place]] == pytest.approx([11.75, 11.75], abs=0.4)


def test_a_star_is_drawn_in_one_line_to_its_tips():
    (star,) = traced(STAR)
    assert star.is_closed
    tips = [(14 + 23.5 * (x - 0.5) / 0.96, 14 + 23.5 * (y - 0.5) / 0.96) for x, y in STAR[:5]]
    line = np.array(polyline(star))
    centre = (line.min(0) + line.max(0)) / 2 - (np.min(tips, 0) + np.max(tips, 0)) / 2
    assert all(np.hypot(*(line - centre - tip).T).min() < 1 for tip in tips)


def test_dots_are_dots_and_blobs_are_loops():
    strokes = traced([(0, 0), (1, 0)], [(0.5, 0.5)], [(0.2, 1), (0.8, 1)])
    assert sorted(len(stroke.points) > 1 for stroke in strokes) == [False, True, True]
    blob = rasterise([FRAME, *([(0.3, y), (0.7, y)] for y in np.linspace(0.3, 0.7, 30).tolist())])
    strokes = trace(blob)
    assert len(strokes) == 3 and all(stroke.is_closed for stroke in strokes), "two loops, not a hairy star"
    assert len(traced(CIRCLE, SMALL_CIRCLE)) == 2


def test_lines_have_no_spurs_and_are_joined_where_the_ink_is_merely_thin():
    for seed in range(20):
        line = np.cumsum(np.random.RandomState(seed).uniform(0.01, 0.05, (30, 2)), 0)
        assert len(traced(line.tolist())) == 1
    thin = rasterise([[(0.0, 0.5), (1.0, 0.5)]])
    thin[:, 13:15] = thin[:, 13:15] // 2 - 10 * (thin[:, 13:15] > 0)
    assert len(trace(thin)) == 1
    thin[:, 12:16] = 0
    assert len(trace(thin)) == 2, "a real gap stays open"


def test_the_longest_line_comes_first_and_then_the_nearest():
    strokes = traced(FRAME, [(0.2, 0.8), (0.3, 0.8)], [(0.2, 0.2), (0.3, 0.2)], [(0.7, 0.2), (0.8, 0.2)])
    assert strokes[0].is_closed
    lefts = [min(x for x, _ in stroke.points) for stroke in strokes[1:]]
    tops = [stroke.points[0][1] for stroke in strokes[1:]]
    assert lefts[0] < 14 and lefts[1] > 14 and lefts[2] < 14 and tops[2] > 14


def test_the_datasets_pen_draws_the_drawing_from_its_strokes():
    drawings = suns(20)
    if REAL_DRAWINGS.is_dir():
        classes = ("cat", "bicycle", "face", "star", "house", "octopus")
        parts = [np.load(REAL_DRAWINGS / f"{name}.npy", mmap_mode="r")[:12].reshape(-1, 28, 28) for name in classes]
        drawings = np.concatenate([*parts])
    redrawn = np.stack(list(map(again, drawings)))
    assert np.mean([difference(*pair) for pair in zip(drawings, redrawn, strict=True)]) < 25, "of 255"
    assert redrawn.sum() / drawings.sum() == pytest.approx(0.97, abs=0.05)


def test_bad_drawings_give_strokes_in_bounded_time():
    rng = np.random.default_rng(0)
    blank, full = np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)
    single, edge = blank.copy(), blank.copy()
    single[14, 14] = edge[0, 0] = edge[27, 27] = 255
    assert trace(blank) == trace(blank + 9) == []
    assert [stroke.is_closed for stroke in trace(full)] == [True, True]
    (dot,) = trace(single)
    assert dot.points[0] == pytest.approx((14.5, 14.5), abs=0.3) and len(dot.points) == 1
    assert [len(stroke.points) for stroke in trace(edge)] == [1, 1]
    noise = rng.integers(0, 256, (4, 28, 28)).astype(np.uint8)
    chess = np.uint8(255 * (np.indices((28, 28)).sum(0) % 2))
    for drawing in (*noise, chess, np.uint8(255 * (noise[0] > 230)), np.uint8(255 * (noise[1] > 128))):
        began = time.process_time()
        strokes = trace(drawing)
        assert time.process_time() - began < 3, "seconds"
        points = np.array([point for stroke in strokes for point in polyline(stroke)])
        assert np.isfinite(points).all() and points.min() > -2 and points.max() < 30
    assert np.asarray(pen_picture([], 56)).min() == 255


def test_simplified_strokes_are_those_of_the_dataset():
    strokes = traced(FRAME, [(0.3, 0.3), (0.7, 0.3)])
    drawing = simplified(strokes)
    (xs, ys), _ = drawing
    assert min(xs) == min(ys) == 0 and 253 <= max(xs + ys) <= 255 and all(type(x) is int for x in xs)
    assert 5 <= len(xs) <= 9, "points that lie on a line are left out"
    assert simplified([]) == [] and simplified(traced([(0.5, 0.5)])) == [[[0], [0]]]
    redrawn = rasterise([[(x / 255, y / 255) for x, y in zip(*stroke, strict=True)] for stroke in drawing])
    assert difference(redrawn, rasterise([FRAME, [(0.3, 0.3), (0.7, 0.3)]])) < 25, "an independent reader sees the same"


def test_a_path_has_one_start_per_stroke():
    for stroke in traced(CIRCLE, [(0.5, 0.4), (0.5, 0.6)], [(0.3, 0.3)]):
        text = path_data(stroke, 50)
        assert text.count("M") == 1 and text.endswith("Z") == stroke.is_closed
