"""Stroke files open in other programs, which find the same strokes; drawings draw themselves to the still picture."""

import io
import json

import av
import cairosvg
import numpy as np
import pytest
import vpype
from PIL import Image

from benchmarks.harness.drawings import suns
from model.drawing.latents import Picture
from model.drawing.look import LOOKS, Look
from model.exports.animation import animation
from model.exports.archive import ndjson
from model.exports.export import export_beside
from model.exports.looks import large_sheet, picture, svg
from model.exports.self_drawing import self_drawing
from model.pen.drawn import polyline
from model.pen.sketch import Sketch, read_sketch
from model.pen.strokes import trace
from model.quickdraw.strokes import drawn_with_dataset_pen, rasterise
from model.tracing.settings import UNITS
from tests.support.samples import rendered

DRAWINGS = suns(4)


@pytest.fixture(scope="module")
def files() -> list[str]:
    return [svg(drawing[None], ["sun"], Look("pen", 6)) for drawing in DRAWINGS]


def test_two_independent_programs_show_a_stroke_svg_like_the_picture(files):
    for drawing, text in zip(DRAWINGS, files, strict=True):
        expected = 255 - np.asarray(picture(drawing, 224, Look("pen", 6))).astype(float)
        other = cairosvg.svg2png(text.encode(), output_width=224, output_height=224, background_color="white")
        for shown in (rendered(text, 8), 255 - np.asarray(Image.open(io.BytesIO(other)).convert("L")).astype(float)):
            assert np.abs(shown - expected).mean() < 2, "of 255"


def test_a_plotter_tool_lifts_the_pen_once_between_two_strokes(files):
    for drawing, text in zip(DRAWINGS, files, strict=True):
        strokes = trace(drawing)
        lines, *_ = vpype.read_svg(io.StringIO(text), quantization=0.1)
        assert len(lines) == len(strokes), "one pen lift fewer than strokes"
        for line, stroke in zip(lines, strokes, strict=True):
            start = np.array([line[0].real, line[0].imag]) * 28 / 512
            assert start == pytest.approx(np.array(stroke.points[0]), abs=0.05), "in drawing order"
        assert 'fill="none"' in text and text.count("<path") == len(strokes)


def test_an_independent_reader_gets_the_strokes_and_the_datasets_pen_draws_the_drawing():
    pictures = [Picture("sun", ((seed, 1.0),)) for seed in range(4)]
    entries = list(map(json.loads, ndjson(pictures, DRAWINGS).splitlines()))
    assert [entry["word"] for entry in entries] == ["sun"] * 4 and len({entry["key_id"] for entry in entries}) == 4
    for entry, drawing in zip(entries, DRAWINGS, strict=True):
        assert entry["key_id"].isdigit() and len(entry["key_id"]) == 16
        assert len(entry["drawing"]) == len(trace(drawing))
        strokes = [list(zip(xs, ys, strict=True)) for xs, ys in entry["drawing"]]
        assert all(
            type(number) is int and 0 <= number <= 255 for stroke in strokes for point in stroke for number in point
        )
        kept = rasterise([[(x / 255, y / 255) for x, y in stroke] for stroke in strokes])
        whole = rasterise([[(x / 28, y / 28) for x, y in polyline(stroke)] for stroke in trace(drawing)])
        assert np.abs(kept.astype(float) - whole)[(kept > 0) | (whole > 0)].mean() < 20, "of 255"


@pytest.mark.parametrize("name", LOOKS)
def test_drawings_draw_themselves_with_a_tip_and_end_in_the_still_picture(name):
    look = Look(name)
    frames = list(self_drawing(DRAWINGS, 2, 112, look, 40))
    still = large_sheet(DRAWINGS, 2, 112, look)
    assert np.array_equal(frames[-1], still.convert("RGB"))
    inks = [int((np.asarray(frame.convert("L")) < 128).sum()) for frame in frames]
    assert inks[len(inks) // 3] < 0.8 * inks[-1], "it takes its time"
    hues = [np.asarray(frame).astype(int) for frame in frames]
    has_tip = [bool((np.abs(hue[..., 0] - hue[..., 2]) > 60).any()) for hue in hues]
    assert any(has_tip[: len(frames) // 2]) and not has_tip[-1]
    before_last = np.asarray(frames[has_tip.index(False, len(frames) // 3) - 1].convert("L")).astype(float)
    assert np.abs(before_last - np.asarray(still)).mean() < 8, "nothing jumps at the end"


def test_a_faster_hand_needs_fewer_frames_and_a_blank_drawing_some():
    frames, faster = (list(self_drawing(DRAWINGS[:1], 1, 56, Look(), 40, speed=speed)) for speed in (1, 2))
    assert len(faster) < 0.8 * len(frames)
    assert len(list(self_drawing(np.zeros((1, 28, 28), np.uint8), 1, 56, Look(), 40))) > 0


def test_a_self_drawing_plays_as_gif_webp_and_mp4():
    frames = list(self_drawing(DRAWINGS[:1], 1, 112, Look(), 40))
    for kind in ("gif", "webp"):
        film = Image.open(io.BytesIO(animation(frames, kind, 40, is_endless=True)))
        film.seek(film.n_frames - 1)
        assert np.abs(np.asarray(film.convert("L")).astype(float) - np.asarray(frames[-1].convert("L"))).mean() < 6
    with av.open(io.BytesIO(animation(frames, "mp4", 40, is_endless=False))) as film:
        assert len(list(film.decode(video=0))) == len(frames)


def test_the_pens_width_is_in_units_of_the_dataset(files):
    line = rasterise([[(0.0, 0.5), (1.0, 0.5)]])
    for width in (1.5, 6.0):
        shown = 255 - np.asarray(picture(line, 1120, Look("pen", width))).astype(float)
        assert shown[:, 560].sum() / 255 == pytest.approx(width / UNITS * 40, abs=1)


def test_a_sketch_keeps_its_own_strokes_and_is_saved_beside_a_drawing():
    lines = [[(0.1, 0.2), (0.1, 0.9), (0.5, 0.9)], [(0.3, 0.3)], [(0.2 + 0.001 * step, 0.5) for step in range(400)]]
    sketch = read_sketch([[list(point) for point in line] for line in lines])
    assert [len(stroke.points) for stroke in sketch.strokes] == [3, 1, 2], "points on a line are left out"
    again = Sketch(sketch.boxed())
    for stroke, other in zip(sketch.strokes, again.strokes, strict=True):
        assert np.allclose(stroke.points, other.points, atol=0.01)
    redrawn = drawn_with_dataset_pen([polyline(stroke) for stroke in sketch.strokes])
    assert np.abs(redrawn.astype(float) - sketch.drawing).mean() < 2
    found = Picture("sun", ((7, 1.0),))
    text = export_beside(sketch, found, DRAWINGS[0], "svg", Look()).decode()
    (own, *_), (traced, *_) = (part.split("</g>") for part in text.split("<g")[1:])
    assert own.count("<path") == 3 and traced.count("<path") == len(trace(DRAWINGS[0]))
    for look in LOOKS:
        paper = Image.open(io.BytesIO(export_beside(sketch, found, DRAWINGS[0], "large.png", Look(look))))
        half = np.hsplit(np.asarray(paper), 2)[1]
        assert paper.size == (1024, 512) and np.array_equal(half, picture(DRAWINGS[0], 512, Look(look)))
    with pytest.raises(ValueError, match=r"“zip” is not a kind of file for two drawings; use one of large.png"):
        export_beside(sketch, found, DRAWINGS[0], "zip", Look())
