"""What tests share: drawings, small trainings, a mirror of the dataset that misbehaves on purpose."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

# Before anything imports huggingface_hub, which reads these once: no cache but our own, and uploads without Xet.
os.environ |= {"HF_HOME": tempfile.mkdtemp(), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
os.environ.pop("HF_TOKEN", None)
# PyTorch reads this once, too: as many files of tests run at a time as there are cores.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from model.files.checkpoint import Card, save_checkpoint
from model.networks.architectures import GENERATORS, architecture, build
from model.quickdraw.classes import CLASS_NAMES
from tests.hub import Hub
from tests.mirror import Mirror
from train.config import DOODLE
from train.drawings import Drawings
from train.grow import save_base
from train.home import Home
from train.loop import Training

REAL_DRAWINGS = Path(__file__).parents[2] / "shared" / "quickdraw" / "numpy_bitmap"
SMALL = replace(DOODLE, discriminator="doodle", channels=6, z_dim=8, batch_size=8, from_base=False)


def suns(num_drawings: int, seed: int = 0) -> np.ndarray:
    """Synthetic drawings uint8 (N, 28, 28): a circle with rays, each a little different."""
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


def as_drawings(drawings: np.ndarray, classes: np.ndarray | None = None) -> Drawings:
    """Drawings (N, 28, 28) to learn from, all of them, of one class unless `classes` (N,) says more."""
    if classes is None:
        return Drawings([(0, drawings, np.arange(len(drawings)))])
    return Drawings([(index, drawings, np.flatnonzero(classes == index)) for index in np.unique(classes).tolist()])


def write_class(folder: Path, class_name: str, drawings: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{class_name}.npy"
    np.save(path, drawings.reshape(len(drawings), 784))
    return path


def make_checkpoint(folder: Path, class_name: str = "cat", **options: object) -> Path:
    """A checkpoint with random weights, quick to make."""
    design = architecture(GENERATORS, "doodle", {"z_dim": 8, "channels": 6} | options)
    rows = {name: 10 for name in class_name.split("+") if name in CLASS_NAMES}
    card = Card(class_name, design, "doodle", 0, rows or {"cat": 10}, "folder", "made for a test")
    return save_checkpoint(folder, card, build(GENERATORS, design))


def make_base(folder: Path) -> tuple[Path, Training]:
    """A base with random weights, other for every class, quick to make; the file and what is in it."""
    training = Training(SMALL, as_drawings(suns(1)), num_classes=len(CLASS_NAMES))
    with torch.no_grad():
        training.ema.block14.norm.bias.rows.normal_()
    return save_base(folder, training, {"sun": 44}), training


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """PyTorch's, for a test, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture
def drawings_folder(tmp_path: Path) -> Path:
    """A folder that stands in for the dataset's server: sun, stop sign and The Mona Lisa, of synthetic drawings."""
    folder = tmp_path / "drawings"
    for index, (class_name, num_drawings) in enumerate({"sun": 300, "stop sign": 40, "The Mona Lisa": 20}.items()):
        write_class(folder, class_name, suns(num_drawings, index))
    return folder


@pytest.fixture
def home(tmp_path: Path, drawings_folder: Path) -> Home:
    return Home(tmp_path / "home", str(drawings_folder))


@pytest.fixture
def mirror(drawings_folder: Path):
    with Mirror(drawings_folder) as running:
        yield running


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch):
    """A loopback Hub that this process talks to as “you”, and does not wait long for."""
    with Hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", "hf_you")
        monkeypatch.setattr("model.hub.client.PAUSES", (0.01,) * 4)
        monkeypatch.setattr("model.hub.collection.FIRST_SECONDS", 60.0)  # it does answer, on a slow machine too
        yield running
