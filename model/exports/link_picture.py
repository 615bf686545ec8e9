"""The picture of a link, 1200x630 pixels: what chats and social networks show where a link is passed on."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from model.drawing.look import Look
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.looks import picture

WIDTH, HEIGHT = 1200, 630
MAX_SHOWN = 18
MORPH_FRAMES = 10
_MARGIN, _GAP, _CAPTION = 30, 12, 64
_PAPER, _INK, _QUIET = "#faf8f3", "#26231f", "#645e55"


def link_picture(sampler: Sampler, view: View) -> Image.Image:
    """The drawings of a view, or frames of its morph, with a caption. Raises ValueError."""
    pictures = view.pictures()
    if view.keys:
        pictures = [pictures[round(place)] for place in np.linspace(0, len(pictures) - 1, MORPH_FRAMES)]
    drawings = sampler.draw_all(pictures[:MAX_SHOWN])
    paper = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    columns, size = _grid(len(drawings))
    rows = -(-len(drawings) // columns)
    top = (HEIGHT - _CAPTION - rows * size - (rows - 1) * _GAP) // 2
    for place, drawing in enumerate(drawings):
        row, column = divmod(place, columns)
        in_row = min(columns, len(drawings) - row * columns)
        left = (WIDTH - in_row * size - (in_row - 1) * _GAP) // 2
        corner = left + column * (size + _GAP), top + row * (size + _GAP)
        paper.paste(picture(drawing, size, view.look or Look()), corner)
    brush = ImageDraw.Draw(paper)
    baseline = HEIGHT - _CAPTION // 2 - 6
    brush.text((_MARGIN, baseline), title(view), _INK, _font(38), anchor="lm")
    brush.text((WIDTH - _MARGIN, baseline), "Endless Doodles", _QUIET, _font(28), anchor="rm")
    return paper


def title(view: View) -> str:
    """What a view shows, in a few words."""
    if view.keys:
        return f"{view.class_name} into {view.into}" if view.into else f"{view.class_name}, a morph"
    return view.class_name


def _grid(count: int) -> tuple[int, int]:
    """The number of columns that lets drawings be largest, and their size in pixels."""

    def size(columns: int) -> int:
        rows = math.ceil(count / columns)
        wide = (WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
        high = (HEIGHT - _MARGIN - _CAPTION - (rows - 1) * _GAP) // rows
        return min(wide, high)

    columns = max(range(1, count + 1), key=size)
    return columns, size(columns)


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
