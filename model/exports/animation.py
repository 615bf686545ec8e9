"""Animations as GIF, WebP and MP4: of a morph, and of drawings that draw themselves."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from PIL import Image

from model.drawing.look import PIXELS, Look
from model.exports.looks import moving_picture
from model.quickdraw.images import gif, sheet

MORPH_SIZE = 504  # pixels a side
GIF_SCALE = 9  # 28 -> 252 pixels
FRAME_MILLISECONDS = 40
LOOPS = ("back", "again", "once")
SPEEDS = (0.25, 0.5, 1.0, 2.0)
_GIF_COLOURS = 32


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


def morph_animation(drawings: np.ndarray, kind: str, look: Look, playing: Playing) -> bytes:
    """A morph's drawings (N, 28, 28) as a "gif", "webp" or "mp4". Raises MissingExtraError."""
    frames = playing.frames(drawings)
    if kind == "gif" and look.name == PIXELS:
        pictures = [sheet(frame[None], columns=1) for frame in frames]
        return gif(pictures, playing.milliseconds, GIF_SCALE, is_endless=playing.is_endless)
    size = GIF_SCALE * drawings.shape[1] if kind == "gif" else MORPH_SIZE
    known: dict[bytes, Image.Image] = {}  # a morph that plays back and forth shows most frames twice
    for frame in frames:
        if frame.tobytes() not in known:
            known[frame.tobytes()] = moving_picture(frame, size, look)
    pictures = [known[frame.tobytes()] for frame in frames]
    return animation(pictures, kind, playing.milliseconds, is_endless=playing.is_endless)


def animation(pictures: Sequence[Image.Image], kind: str, milliseconds: int, *, is_endless: bool) -> bytes:
    """Pictures of one size as a "gif", "webp" or "mp4". MP4 can't loop. Raises MissingExtraError."""
    if kind == "mp4":
        return _mp4(pictures, milliseconds)
    buffer = io.BytesIO()
    if kind == "gif":
        palette = pictures[len(pictures) // 2].convert("RGB").quantize(_GIF_COLOURS)
        flat = [each.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
        loop = {"loop": 0} if is_endless else {}
        flat[0].save(buffer, "GIF", save_all=True, append_images=flat[1:], duration=milliseconds, **loop)
    else:
        loop = {"loop": 0 if is_endless else 1}
        options = {"quality": 70, "duration": milliseconds, **loop}
        pictures[0].save(buffer, "WEBP", save_all=True, append_images=list(pictures[1:]), **options)
    return buffer.getvalue()


def _mp4(pictures: Sequence[Image.Image], milliseconds: int) -> bytes:
    """A film, as H.264. Raises MissingExtraError."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("MP4 needs one more package. Install it with: pip install av") from error
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(1000, milliseconds))
        stream.width, stream.height = (side - side % 2 for side in pictures[0].size)
        stream.pix_fmt = "yuv420p"
        for each in pictures:
            pixels = np.asarray(each.convert("RGB"))[: stream.height, : stream.width]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()
