"""Drawings to train with: the real ones, kept next to this repository, and synthetic ones."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from model.files.folders import REPOSITORY

REAL_DRAWINGS = REPOSITORY.parent / "shared" / "quickdraw" / "numpy_bitmap"


def suns(num_drawings: int, seed: int = 0) -> np.ndarray:
    """Synthetic drawings uint8 (N, 28, 28): circles with rays, all slightly different."""
    rng = np.random.default_rng(seed)
    drawings = []
    for _ in range(num_drawings):
        picture = Image.new("L", (112, 112))
        pen = ImageDraw.Draw(picture)
        x, y, radius = [*rng.uniform(48, 64, 2).tolist(), rng.uniform(14, 26)]
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=255, width=6)
        for angle in np.linspace(0, 2 * np.pi, rng.integers(6, 11), endpoint=False) + rng.uniform(0, 1):
            start, end = radius + 6, radius + rng.uniform(14, 24)
            direction = np.array([np.cos(angle), np.sin(angle)])
            pen.line([*(direction * start + (x, y)), *(direction * end + (x, y))], fill=255, width=6)
        drawings.append(np.asarray(picture.resize((28, 28), Image.Resampling.BOX)))
    return np.stack(drawings)


def write_class(folder: Path, class_name: str, drawings: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{class_name}.npy"
    np.save(path, drawings.reshape(len(drawings), 784))
    return path
