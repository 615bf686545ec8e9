"""Samples for tests: small configs, quick checkpoints, and an independent renderer of SVG files."""

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import resvg_py
import torch
from PIL import Image

from benchmarks.harness.drawings import suns
from model.files.checkpoint import Card, save_checkpoint
from model.files.folders import REPOSITORY
from model.networks.architectures import GENERATORS, architecture, build
from model.quickdraw.classes import CLASS_NAMES
from train.config import DOODLE
from train.drawings import Drawings
from train.grow import save_base
from train.training import Training

SHIPPED = REPOSITORY / "checkpoints"
SMALL = replace(DOODLE, discriminator="doodle", channels=6, z_dim=8, batch_size=8, from_base=False)


def as_drawings(drawings: np.ndarray, classes: np.ndarray | None = None) -> Drawings:
    """Drawings (N, 28, 28) to learn from. All are used, and belong to one class unless `classes` (N,) is given."""
    if classes is None:
        return Drawings([(0, drawings, np.arange(len(drawings)))])
    return Drawings([(index, drawings, np.flatnonzero(classes == index)) for index in np.unique(classes).tolist()])


def odd_name() -> str:
    """A file's name with spaces and umlauts, as this system's encoding would have them, or UTF-8 if it has none."""
    name = "Ümläut und Raum"
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return os.fsdecode(name.encode())
    return name


def make_checkpoint(folder: Path, class_name: str = "cat", **options: object) -> Path:
    """A checkpoint with random weights, quick to make."""
    design = architecture(GENERATORS, "doodle", {"z_dim": 8, "channels": 6} | options)
    rows = {name: 10 for name in class_name.split("+") if name in CLASS_NAMES}
    card = Card(class_name, design, "doodle", 0, rows or {"cat": 10}, "folder", "made for a test")
    return save_checkpoint(folder, card, build(GENERATORS, design))


def make_base(folder: Path) -> tuple[Path, Training]:
    """A base with random weights that differ between classes, quick to make: its path and its training."""
    training = Training(SMALL, as_drawings(suns(1)), num_classes=len(CLASS_NAMES))
    with torch.no_grad():
        training.ema.block14.norm.bias.rows.normal_()
    return save_base(folder, training, {"sun": 44}), training


def rendered(text: str, scale: int, columns: int = 1, rows: int = 1) -> np.ndarray:
    """Render an SVG with an independent program: ink (rows * 28 * scale, columns * 28 * scale), 0..255."""
    size = {"width": 28 * scale * columns, "height": 28 * scale * rows}
    picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text, background="white", **size))))
    return 255 - np.asarray(picture.convert("L")).astype(float)
