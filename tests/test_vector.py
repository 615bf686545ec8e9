"""Outlines are smooth, small and true to the ink."""

import io

import numpy as np
import pytest
import resvg_py
from PIL import Image

from benchmarks.harness.drawings import suns
from model.drawing.look import Look
from model.exports.looks import svg as svg_of
from model.exports.vector import enlarged, outlines


def svg(drawings: np.ndarray, titles: list[str], columns: int = 1) -> str:
    return svg_of(drawings, titles, Look("ink"), columns)


def rendered(text: str, scale: int, columns: int = 1, rows: int = 1) -> np.ndarray:
    """Render an SVG with an independent program: ink (rows * 28 * scale, columns * 28 * scale), 0..255."""
    size = {"width": 28 * scale * columns, "height": 28 * scale * rows}
    picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text, background="white", **size))))
    return 255 - np.asarray(picture.convert("L")).astype(float)


def test_an_svg_looks_like_the_drawing():
    for drawing in suns(20):
        shown = rendered(svg(drawing[None], ["sun"]), 8).reshape(28, 8, 28, 8).mean((1, 3))
        assert np.abs(shown - drawing).mean() < 9, "of 255 grey levels"
        assert shown.sum() / drawing.sum() == pytest.approx(1, abs=0.03), "as much ink, so lines are as thick"


def test_strokes_that_are_a_pixel_apart_stay_apart():
    strokes = np.zeros((28, 28), np.uint8)
    strokes[8:20, [9, 10, 12, 13]], strokes[8:20, 11] = 255, 120
    shown = rendered(svg(strokes[None], ["two lines"]), 8)[112]
    assert shown[92] == 0 and shown[80] == shown[104] == 255


def test_outlines_have_no_stairs():
    y, x = np.mgrid[:28, :28]
    disc = np.uint8(255 * np.clip(9.5 - np.hypot(x - 13.5, y - 13.5), 0, 1))
    (loop,) = outlines(disc)
    radii = np.hypot(*(loop - 14).T)
    assert np.ptp(radii) < 0.15, "pixels; a circle stays a circle"
    assert radii.mean() == pytest.approx(9, abs=0.15)


def test_faint_and_thin_strokes_are_kept():
    thin = np.zeros((28, 28), np.uint8)
    thin[14, 4:24] = 90
    assert rendered(svg(thin[None], ["line"]), 8).max() == 255


def test_a_hole_stays_a_hole_and_a_blank_drawing_is_a_valid_empty_picture():
    ring = np.zeros((28, 28), np.uint8)
    ring[6:22, 6:22] = 255
    ring[10:18, 10:18] = 0
    shown = rendered(svg(ring[None], ["ring"]), 4)
    assert shown[4 * 14, 4 * 14] == 0 and shown[4 * 8, 4 * 14] == 255
    assert rendered(svg(np.zeros((1, 28, 28), np.uint8), ["nothing"]), 4).max() == 0
    full = np.full((28, 28), 255, np.uint8)
    assert rendered(svg(full[None], ["all"]), 4)[8:-8, 8:-8].min() == 255


def test_an_svg_is_small_and_the_same_every_time():
    drawings = suns(16)
    alone = [svg(drawing[None], ["sun"]) for drawing in drawings]
    assert max(map(len, alone)) < 8000
    assert alone == [svg(drawing[None], ["sun"]) for drawing in drawings]


def test_a_sheet_shows_every_drawing_in_its_place():
    drawings = suns(5)
    shown = rendered(svg(drawings, list("abcde"), columns=3), 4, columns=3, rows=2)
    for place, drawing in enumerate(drawings):
        left, top = place % 3 * 112, place // 3 * 112
        alone = rendered(svg(drawing[None], ["x"]), 4)
        assert np.abs(shown[top : top + 112, left : left + 112] - alone).max() <= 8


def test_titles_are_escaped():
    text = svg(suns(1), ["</title><script>alert(1)</script>"])
    assert "<script" not in text and rendered(text, 2).max() > 0


def test_an_enlarged_drawing_has_the_same_edges_as_its_outlines():
    for drawing in suns(5):
        large = 255 - np.asarray(enlarged(drawing, 28 * 8)).astype(float)
        assert np.abs(large - rendered(svg(drawing[None], ["sun"]), 8)).mean() < 8
