"""What a view shows, as the bytes of a file."""

import math

import numpy as np

from model.drawing.latents import Picture
from model.drawing.look import PEN, PIXELS, Look
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.animation import Playing, animation, morph_animation
from model.exports.archive import LARGE_SIZE, archive, key_id, ndjson, ndjson_line, title
from model.exports.looks import large_sheet, svg, transparent
from model.exports.self_drawing import self_drawing
from model.pen.sketch import Sketch
from model.pen.strokes import trace
from model.quickdraw.images import png, sheet

KINDS = {
    "png": "image/png",
    "large.png": "image/png",
    "transparent.png": "image/png",
    "svg": "image/svg+xml",
    "ndjson": "application/x-ndjson",
    "zip": "application/zip",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
}
ANIMATED_KINDS = MORPH_KINDS = ("gif", "webp", "mp4")
DRAWING_KINDS = tuple(KINDS)
BESIDE_KINDS = tuple(kind for kind in KINDS if kind not in ("png", "zip"))
MAX_COLUMNS = 8
SELF_DRAWING_SIZE = 504  # pixels a side of the whole sheet


def export(sampler: Sampler, view: View, kind: str, scale: int = 1, playing: Playing | None = None) -> bytes:
    """What a view shows, as the bytes of a file, in the view's look. A view without one is drawn with a pen.

    kind: one of MORPH_KINDS for a morph, else of DRAWING_KINDS; a "png" always has the network's own pixels, and so has
    a morph's "gif" without a look. Drawings as "gif", "webp" or "mp4" draw themselves. scale: enlarges the pixels of a
    "png". playing: of an animation. Raises ValueError.
    """
    allowed = MORPH_KINDS if view.keys else DRAWING_KINDS
    if kind not in allowed:
        what = "a morph" if view.keys else "drawings"
        raise ValueError(f"“{str(kind)[:40]}” is not a kind of file for {what}; use one of {', '.join(allowed)}.")
    playing = playing or Playing()
    if view.keys:
        drawings = sampler.draw_all(view.pictures())
        return morph_animation(drawings, kind, view.look or Look(PIXELS if kind == "gif" else PEN), playing)
    return export_pictures(sampler, view.pictures(), kind, view.look or Look(), scale, playing)


def export_pictures(
    sampler: Sampler, pictures: list[Picture], kind: str, look: Look, scale: int = 1, playing: Playing | None = None
) -> bytes:
    """Pictures, of any classes, as the bytes of a file. kind: one of DRAWING_KINDS; see `export`. Raises ValueError."""
    if kind not in DRAWING_KINDS:
        raise ValueError(f"“{kind[:40]}” is not a kind of file for drawings; use one of {', '.join(DRAWING_KINDS)}.")
    drawings = sampler.draw_all(pictures)
    if kind == "zip":
        return archive(pictures, drawings, sampler.cards(), look)
    return _file(pictures, drawings, kind, look, scale, playing or Playing())


def _file(pictures: list[Picture], drawings: np.ndarray, kind: str, look: Look, scale: int, playing: Playing) -> bytes:
    columns = min(MAX_COLUMNS, math.ceil(math.sqrt(len(drawings))))
    size = LARGE_SIZE // columns
    match kind:
        case "svg":
            return svg(drawings, list(map(title, pictures)), look, columns, size).encode()
        case "ndjson":
            return ndjson(pictures, drawings).encode()
        case "large.png":
            return png(large_sheet(drawings, columns, size, look))
        case "transparent.png":
            return png(transparent(large_sheet(drawings, columns, size, look)))
        case "png":
            return png(sheet(drawings, columns, scale))
        case _:
            milliseconds = Playing().milliseconds
            frames = self_drawing(
                drawings, columns, SELF_DRAWING_SIZE // columns, look, milliseconds, speed=playing.speed
            )
            return animation(list(frames), kind, milliseconds, is_endless=playing.is_endless)


def export_beside(sketch: Sketch, picture: Picture, drawing: np.ndarray, kind: str, look: Look) -> bytes:
    """A visitor's sketch and a generated drawing (28, 28) side by side, as the bytes of a file.

    kind: one of BESIDE_KINDS. Raises ValueError.
    """
    if kind not in BESIDE_KINDS:
        allowed = ", ".join(BESIDE_KINDS)
        raise ValueError(f"“{str(kind)[:40]}” is not a kind of file for two drawings; use one of {allowed}.")
    drawings, strokes = np.stack([sketch.drawing, drawing]), [sketch.strokes, trace(drawing)]
    size = LARGE_SIZE // 2
    match kind:
        case "svg":
            return svg(
                drawings, [f"{picture.class_name}, drawn by hand", title(picture)], look, 2, size, strokes
            ).encode()
        case "ndjson":
            keys = key_id(sketch.lines), key_id(picture)
            lines = [ndjson_line(picture.class_name, *each) for each in zip(keys, strokes, strict=True)]
            return "".join(lines).encode()
        case "large.png" | "transparent.png":
            paper = large_sheet(drawings, 2, size, look, strokes)
            return png(paper if kind == "large.png" else transparent(paper))
        case _:
            milliseconds = Playing().milliseconds
            frames = self_drawing(drawings, 2, SELF_DRAWING_SIZE // 2, look, milliseconds, strokes=strokes)
            return animation(list(frames), kind, milliseconds, is_endless=True)
