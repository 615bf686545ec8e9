"""Drawings as large pictures and SVGs, in each of the looks."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image

from model.drawing.look import INK, PEN, Look
from model.exports.vector import CREDIT, enlarged, path_data
from model.pen import drawn
from model.pen.strokes import Stroke, trace
from model.quickdraw.images import SIZE
from model.tracing.settings import UNITS

Traced = Sequence[list[Stroke] | None]  # strokes of drawings that needn't be traced

_UNITS_PER_PIXEL = 50  # of an SVG's coordinates, which are whole numbers to keep files small


def picture(drawing: np.ndarray, size: int, look: Look, strokes: list[Stroke] | None = None) -> Image.Image:
    """A drawing (28, 28) as a picture of `size` x `size` pixels, black on white. strokes: if they are known."""
    if look.name == PEN:
        return drawn.pen_picture(trace(drawing) if strokes is None else strokes, size, look.width)
    if look.name == INK:
        return enlarged(drawing, size)
    return Image.fromarray(255 - drawing).resize((size, size), Image.Resampling.NEAREST)


def moving_picture(drawing: np.ndarray, size: int, look: Look) -> Image.Image:
    """The same of a frame of a morph, in which a pen's pale strokes fade, so that they come and go softly."""
    if look.name == PEN:
        return drawn.pen_picture(trace(drawing), size, look.width, is_moving=True)
    return picture(drawing, size, look)


def large_sheet(
    drawings: np.ndarray, columns: int, size: int, look: Look, strokes: Traced | None = None
) -> Image.Image:
    """Drawings (N, 28, 28) in rows of `columns`, `size` x `size` pixels each. strokes: those that are known."""
    paper = Image.new("L", (columns * size, -(-len(drawings) // columns) * size), 255)
    for place, (drawing, known) in enumerate(zip(drawings, strokes or [None] * len(drawings), strict=True)):
        paper.paste(picture(drawing, size, look, known), (place % columns * size, place // columns * size))
    return paper


def transparent(paper: Image.Image) -> Image.Image:
    """The same black ink without the paper."""
    ink = Image.new("LA", paper.size, (0, 0))
    ink.putalpha(Image.fromarray(255 - np.asarray(paper)))
    return ink


def svg(
    drawings: np.ndarray,
    titles: Sequence[str],
    look: Look,
    columns: int = 1,
    size: int = 512,
    strokes: Traced | None = None,
) -> str:
    """Drawings (N, 28, 28) in rows of `columns` as one SVG, black on transparent, `size` pixels wide each.

    strokes: those that are known. With a pen, every stroke is a path without a fill, in drawing order, so that a
    plotter lifts its pen once between two strokes and never otherwise.
    """
    rows, units = -(-len(drawings) // columns), SIZE * _UNITS_PER_PIXEL
    groups = []
    known = strokes or [None] * len(drawings)
    for place, (drawing, title, lines) in enumerate(zip(drawings, titles, known, strict=True)):
        x, y = place % columns * units, place // columns * units
        move = f' transform="translate({x} {y})"' if x or y else ""
        groups.append(f"<g{move}><title>{escape(title)}</title>{_shapes(drawing, look, lines)}</g>")
    style = ""
    if look.name == PEN:
        width = round(look.width / UNITS * _UNITS_PER_PIXEL)
        style = f' fill="none" stroke="black" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * size}" height="{rows * size}" '
        f'viewBox="0 0 {columns * units} {rows * units}"{style}><desc>{CREDIT}</desc>{"".join(groups)}</svg>\n'
    )


def _shapes(drawing: np.ndarray, look: Look, strokes: list[Stroke] | None) -> str:
    if look.name == PEN:
        lines = trace(drawing) if strokes is None else strokes
        return "".join(f'<path d="{drawn.path_data(stroke, _UNITS_PER_PIXEL)}"/>' for stroke in lines)
    if look.name == INK:
        return f'<path fill-rule="evenodd" d="{path_data(drawing, _UNITS_PER_PIXEL)}"/>'
    return "".join(_squares(drawing, int(ink)) for ink in np.unique(drawing[drawing > 0]))


def _squares(drawing: np.ndarray, ink: int) -> str:
    """The pixels of one grey, as one path."""
    unit = _UNITS_PER_PIXEL
    corners = np.argwhere(drawing == ink) * unit
    squares = "".join(f"M{x} {y}h{unit}v{unit}h-{unit}z" for y, x in corners)
    return f'<path fill-opacity="{ink / 255:.3f}" shape-rendering="crispEdges" d="{squares}"/>'
