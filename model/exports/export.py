"""Drawings and morphs as the bytes of a file: pictures, animations and archives."""

import io
import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from PIL import Image

from model.drawing.latents import Picture
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.vector import CREDIT, enlarged, svg
from model.files.checkpoint import LICENSE, Card
from model.quickdraw.classes import slug
from model.quickdraw.images import gif, png, sheet

KINDS = {
    "png": "image/png",
    "large.png": "image/png",
    "svg": "image/svg+xml",
    "zip": "application/zip",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
}
MORPH_KINDS = ("gif", "webp", "mp4")
DRAWING_KINDS = tuple(kind for kind in KINDS if kind not in MORPH_KINDS)
LARGE_SIZE = 1024  # pixels a side
MORPH_SIZE = 504  # pixels a side
GIF_SCALE = 9  # 28 -> 252 pixels
MAX_COLUMNS = 8
FRAME_MILLISECONDS = 40
LOOPS = ("back", "again", "once")
SPEEDS = (0.25, 0.5, 1.0, 2.0)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # always the same, so that the same drawings give the same bytes


@dataclass(frozen=True)
class Playing:
    """How a morph plays. speed: 1 is 25 frames a second. loop: back and forth, again from the start, or once.

    Raises ValueError for values other than those in SPEEDS and LOOPS.
    """

    speed: float = 1.0
    loop: str = LOOPS[0]

    def __post_init__(self) -> None:
        if self.speed not in SPEEDS:
            choices = ", ".join(f"{speed:g}" for speed in SPEEDS)
            raise ValueError(f"The speed {str(self.speed)[:40]} is not allowed; use one of {choices}.")
        if self.loop not in LOOPS:
            raise ValueError(f"The loop “{str(self.loop)[:40]}” is not allowed; use one of {', '.join(LOOPS)}.")

    @property
    def milliseconds(self) -> int:
        """From one frame to the next."""
        return round(FRAME_MILLISECONDS / self.speed)

    @property
    def is_endless(self) -> bool:
        return self.loop != "once"

    def frames(self, drawings: np.ndarray) -> list[np.ndarray]:
        """The frames in playing order, from a morph's drawings (N, 28, 28)."""
        return [*drawings, *(drawings[-2:0:-1] if self.loop == "back" else ())]


class MissingExtraError(ValueError):
    """An optional package is not installed. The message says how to install it."""


def export(sampler: Sampler, view: View, kind: str, scale: int = 1, playing: Playing | None = None) -> bytes:
    """What a view shows, as the bytes of a file.

    kind: one of MORPH_KINDS for a morph, else of DRAWING_KINDS. scale: enlarges the pixels of a "png". playing: of a
    morph. Raises ValueError.
    """
    allowed = MORPH_KINDS if view.keys else DRAWING_KINDS
    if kind not in allowed:
        what = "a morph" if view.keys else "drawings"
        raise ValueError(f"“{str(kind)[:40]}” is not a kind of file for {what}; use one of {', '.join(allowed)}.")
    pictures = view.pictures()
    drawings = sampler.draw_all(pictures)
    columns = min(MAX_COLUMNS, math.ceil(math.sqrt(len(drawings))))
    size = LARGE_SIZE // columns
    match kind:
        case "gif":
            return morph_gif(drawings, playing or Playing())
        case "webp":
            return morph_webp(drawings, playing or Playing())
        case "mp4":
            return morph_mp4(drawings, playing or Playing())
        case "zip":
            return archive(pictures, drawings, sampler.cards()[view.class_name])
        case "svg":
            return svg(drawings, list(map(title, pictures)), columns, size).encode()
        case "large.png":
            return large_png(drawings, columns, size)
        case _:
            return png(sheet(drawings, columns, scale))


def title(picture: Picture) -> str:
    """A picture's description in words, such as "cat, seed 7"."""
    seeds = ", ".join(str(key) for key, _ in picture.mix if not isinstance(key, tuple))
    return f"{picture.class_name}, seed {seeds}" if seeds else f"{picture.class_name}, found by a search"


def archive(pictures: Sequence[Picture], drawings: np.ndarray, card: Card) -> bytes:
    """A ZIP with each drawing as PNG (28 pixels and large) and SVG, and a manifest that says how to draw it again."""
    entries: list[dict[str, object]] = []
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:

        def write(name: str, content: bytes | str) -> None:
            file.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)

        for number, (picture, drawing) in enumerate(zip(pictures, drawings, strict=True), 1):
            ((key, _),) = picture.mix
            has_seed = not isinstance(key, tuple)
            name = f"{slug(card.class_name)}-{number:02d}-{key if has_seed else 'found'}"
            write(f"{name}.png", png(sheet(drawing[None], columns=1)))
            write(f"{name}-large.png", large_png(drawing[None], 1, LARGE_SIZE))
            write(f"{name}.svg", svg(drawing[None], [title(picture)]))
            entries.append(
                {
                    "files": name,
                    "seed" if has_seed else "latent": key,
                    "psi": picture.psi,
                    "style": list(picture.style),
                }
            )
        manifest = {
            "class": card.class_name,
            "recipe": card.recipe,
            "checkpoint": card.revision,
            "license": LICENSE,
            "credit": CREDIT,
            "drawings": entries,
        }
        write("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
    return buffer.getvalue()


def morph_gif(drawings: np.ndarray, playing: Playing) -> bytes:
    """An animation of drawings (N, 28, 28) with crisp pixels."""
    pictures = [sheet(frame[None], columns=1) for frame in playing.frames(drawings)]
    return gif(pictures, playing.milliseconds, GIF_SCALE, is_endless=playing.is_endless)


def morph_webp(drawings: np.ndarray, playing: Playing) -> bytes:
    """An animation of drawings (N, 28, 28) with smooth outlines."""
    pictures = [enlarged(frame, MORPH_SIZE) for frame in playing.frames(drawings)]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        quality=70,
        duration=playing.milliseconds,
        loop=0 if playing.is_endless else 1,
    )
    return buffer.getvalue()


def morph_mp4(drawings: np.ndarray, playing: Playing) -> bytes:
    """A film of drawings (N, 28, 28) with smooth outlines, as H.264. MP4 can't loop. Raises MissingExtraError."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("MP4 needs one more package. Install it with: pip install av") from error
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(1000, playing.milliseconds))
        stream.width = stream.height = MORPH_SIZE
        stream.pix_fmt = "yuv420p"
        for frame in playing.frames(drawings):
            picture = np.asarray(enlarged(frame, MORPH_SIZE).convert("RGB"))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def large_png(drawings: np.ndarray, columns: int, size: int) -> bytes:
    """Drawings (N, 28, 28) in rows of `columns`, `size` x `size` pixels each, with smooth outlines."""
    paper = Image.new("L", (columns * size, -(-len(drawings) // columns) * size), 255)
    for place, drawing in enumerate(drawings):
        paper.paste(enlarged(drawing, size), (place % columns * size, place // columns * size))
    return png(paper)
