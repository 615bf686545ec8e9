"""Files of pictures, turned into drawings as the dataset stores them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from model.quickdraw.images import SIZE

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
_EXTENT = 25  # pixels that the ink of the dataset's drawings takes, in width or height
_FAINT = 32  # of 255: less is no ink


def list_pictures(folder: Path) -> list[Path]:
    """The files of pictures in a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())


def read_pictures(folder: Path, num_rows: int) -> tuple[np.ndarray, list[str]]:
    """The first `num_rows` drawings in a folder of pictures, uint8 (N, 28, 28), and what was left out, in words.

    Raises ValueError if there is none.
    """
    skipped: list[str] = []
    drawings = list(islice(_readable(folder, skipped), num_rows))
    if not drawings:
        raise ValueError(f"holds no picture with a drawing; {', '.join(SUFFIXES)} are read")
    some = ", ".join(skipped[:3]) + (", …" if len(skipped) > 3 else "")
    return np.stack(drawings), [f"left out {len(skipped)} ({some})"] if skipped else []


def _readable(folder: Path, skipped: list[str]) -> Iterator[np.ndarray]:
    for path in list_pictures(folder):
        try:
            with Image.open(path) as picture:
                yield to_drawing(picture)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            skipped.append(f"{path.name}: {'not a picture' if not isinstance(error, ValueError) else error}")


def to_drawing(picture: Image.Image) -> np.ndarray:
    """A picture in any size and colours as a drawing uint8 (28, 28): centred, and as large as the dataset's are.

    One that already has 28x28 pixels keeps its place. Raises ValueError for a blank one.
    """
    rgba = picture.convert("RGBA")
    paper = Image.new("RGBA", rgba.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, rgba).convert("L"))
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ink = 255 - grey if np.median(edge) > 127 else grey
    if ink.max() < _FAINT:
        raise ValueError("blank")
    if ink.shape == (SIZE, SIZE):
        return ink
    rows, columns = np.flatnonzero((ink >= _FAINT).any(1)), np.flatnonzero((ink >= _FAINT).any(0))
    cropped = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = _EXTENT / max(cropped.size)
    width, height = (max(1, round(scale * side)) for side in cropped.size)
    small = cropped.resize((width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    drawing = Image.new("L", (SIZE, SIZE))
    drawing.paste(small, ((SIZE - width) // 2, (SIZE - height) // 2))
    values = np.asarray(drawing, np.float32)
    return (values * (255 / values.max())).round().astype(np.uint8)
