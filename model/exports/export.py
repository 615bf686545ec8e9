"""Drawings to take along: pictures, films and archives, as the bytes of a file."""

import io
import json
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
LARGE = 1024  # pixels a side
MORPH_SIZE = 504
GIF_SCALE = 9  # 28 -> 252 pixels
FRAME_MILLISECONDS = 40
LOOPS = ("back", "again", "once")
SPEEDS = (0.25, 0.5, 1.0, 2.0)
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # in archives, so that the same drawings are the same bytes


@dataclass(frozen=True)
class Playing:
    """How a morph plays. speed: in 25 frames a second. loop: one of LOOPS, to and fro, round again, or once.

    Raises ValueError.
    """

    speed: float = 1.0
    loop: str = LOOPS[0]

    def __post_init__(self) -> None:
        if self.speed not in SPEEDS:
            raise ValueError(f"The speed {str(self.speed)[:40]} is not allowed; use one of {SPEEDS}.")
        if self.loop not in LOOPS:
            raise ValueError(f"A morph does not play “{str(self.loop)[:40]}”; use one of {', '.join(LOOPS)}.")

    @property
    def milliseconds(self) -> int:
        """From one frame to the next."""
        return round(FRAME_MILLISECONDS / self.speed)

    @property
    def is_endless(self) -> bool:
        return self.loop != "once"

    def frames(self, drawings: np.ndarray) -> list[np.ndarray]:
        """Of a morph's drawings (N, 28, 28), one after the other."""
        return [*drawings, *(drawings[-2:0:-1] if self.loop == "back" else ())]


class MissingExtraError(ValueError):
    """An optional package is not installed; the message says which command does that."""


def export(sampler: Sampler, view: View, kind: str, scale: int = 1, playing: Playing | None = None) -> bytes:
    """A file of what a view shows. kind: one of KINDS; scale: of a plain PNG's pixels. Raises ValueError."""
    allowed = MORPH_KINDS if view.keys else tuple(kind for kind in KINDS if kind not in MORPH_KINDS)
    if kind not in allowed:
        raise ValueError(f"“{str(kind)[:40]}” is not a kind of file for this; take {', '.join(allowed)}.")
    pictures = view.pictures()
    drawings = sampler.draw_all(pictures)
    columns = next((columns for columns in range(1, 8) if columns * columns >= len(drawings)), 8)
    if kind in MORPH_KINDS:
        return {"gif": morph_gif, "webp": morph_webp, "mp4": morph_mp4}[kind](drawings, playing or Playing())
    if kind == "zip":
        return archive(pictures, drawings, sampler.cards()[view.class_name])
    if kind == "svg":
        return svg(drawings, list(map(title, pictures)), columns, LARGE // columns).encode()
    return (
        large_png(drawings, columns, LARGE // columns) if kind == "large.png" else png(sheet(drawings, columns, scale))
    )


def title(picture: Picture) -> str:
    if isinstance(picture.mix[0][0], tuple):
        return f"{picture.class_name}, of no seed"
    seeds = ", ".join(str(seed) for seed, _ in picture.mix)
    return f"{picture.class_name}, seed {seeds}"


def archive(pictures: Sequence[Picture], drawings: np.ndarray, card: Card) -> bytes:
    """A ZIP with each drawing as PNG (28 pixels and large) and SVG, and a manifest that says how to make it again."""
    buffer = io.BytesIO()
    manifest = {
        "class": card.class_name,
        "recipe": card.recipe,
        "checkpoint": card.revision,
        "license": LICENSE,
        "credit": CREDIT,
        "drawings": [],
    }
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for number, (picture, drawing) in enumerate(zip(pictures, drawings, strict=True), 1):
            ((key, _),) = picture.mix
            name = f"{slug(card.class_name)}-{number:02d}-{'found' if isinstance(key, tuple) else key}"
            for suffix, content in (
                (".png", png(sheet(drawing[None], columns=1))),
                ("-large.png", large_png(drawing[None], 1, LARGE)),
                (".svg", svg(drawing[None], [title(picture)]).encode()),
            ):
                file.writestr(zipfile.ZipInfo(name + suffix, _NO_TIME), content, zipfile.ZIP_DEFLATED)
            entry = {
                "files": name,
                "latent" if isinstance(key, tuple) else "seed": key,
                "psi": picture.psi,
                "style": list(picture.style),
            }
            manifest["drawings"].append(entry)
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        file.writestr(zipfile.ZipInfo("manifest.json", _NO_TIME), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def morph_gif(drawings: np.ndarray, playing: Playing) -> bytes:
    """Of drawings (N, 28, 28), crisp pixels."""
    pictures = [sheet(frame[None], columns=1) for frame in playing.frames(drawings)]
    return gif(pictures, playing.milliseconds, GIF_SCALE, playing.is_endless)


def morph_webp(drawings: np.ndarray, playing: Playing) -> bytes:
    """Of drawings (N, 28, 28), with smooth outlines."""
    pictures = [enlarged(frame, MORPH_SIZE) for frame in playing.frames(drawings)]
    times = {"duration": playing.milliseconds, "loop": 0 if playing.is_endless else 1}
    buffer = io.BytesIO()
    pictures[0].save(buffer, "WEBP", save_all=True, append_images=pictures[1:], quality=70, **times)
    return buffer.getvalue()


def morph_mp4(drawings: np.ndarray, playing: Playing) -> bytes:
    """Of drawings (N, 28, 28), with smooth outlines, as H.264; it has no say in loops. Raises MissingExtraError."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("MP4 needs one more package; install it with: pip install av") from error
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
    """Drawings (N, 28, 28) in rows of `columns`, each `size` pixels a side, with smooth outlines."""
    paper = Image.new("L", (columns * size, -(-len(drawings) // columns) * size), 255)
    for place, drawing in enumerate(drawings):
        paper.paste(enlarged(drawing, size), (place % columns * size, place // columns * size))
    return png(paper)
