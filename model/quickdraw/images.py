"""From pixels to tensors and back, and pictures made of drawings.

A drawing is uint8 (28, 28), 0 for paper and 255 for full ink, as the dataset stores it. Tensors hold ink in 0..1.
"""

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIZE = 28


def to_ink(drawings: np.ndarray | Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Drawings uint8 (N, 28, 28) to ink (N, 1, 28, 28) in 0..1."""
    return torch.as_tensor(drawings).to(device).unsqueeze(1).float().div(255)


def to_drawings(ink: Tensor) -> np.ndarray:
    """Ink (N, 1, 28, 28) in 0..1 to drawings uint8 (N, 28, 28)."""
    return ink.detach().float().mul(255).round().clamp(0, 255).squeeze(1).to(torch.uint8).cpu().numpy()


def sheet(drawings: np.ndarray, columns: int = 8, scale: int = 1, gap: int = 0) -> Image.Image:
    """Drawings (N, 28, 28) in rows of `columns` as one picture, black on white."""
    rows = -(-len(drawings) // columns)
    pitch = SIZE + gap
    paper = np.zeros((rows * pitch + gap, columns * pitch + gap), np.uint8)
    for index, drawing in enumerate(drawings):
        top, left = gap + index // columns * pitch, gap + index % columns * pitch
        paper[top : top + SIZE, left : left + SIZE] = drawing
    picture = Image.fromarray(255 - paper)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def cut(picture: Image.Image, columns: int = 8) -> np.ndarray:
    """The drawings (N, 28, 28) in a `sheet` that was made without scale and gap."""
    ink = 255 - np.asarray(picture.convert("L"))
    rows = ink.shape[0] // SIZE
    return ink.reshape(rows, SIZE, columns, SIZE).swapaxes(1, 2).reshape(-1, SIZE, SIZE)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")  # "optimize" takes eight times as long and saves 1%
    return buffer.getvalue()


def gif(frames: Sequence[Image.Image], milliseconds: int = 50, scale: int = 1, *, is_endless: bool = True) -> bytes:
    """An animation in 16 greys, enlarged without smoothing: a small file with crisp strokes."""
    greys = [Image.fromarray((np.asarray(frame) // 16).astype(np.uint8)).convert("P") for frame in frames]
    for frame in greys:
        frame.putpalette([level * 17 for level in range(16) for _ in range(3)])
    large = [frame.resize((frame.width * scale, frame.height * scale), Image.Resampling.NEAREST) for frame in greys]
    buffer = io.BytesIO()
    loop = {"loop": 0} if is_endless else {}
    large[0].save(buffer, "GIF", save_all=True, append_images=large[1:], duration=milliseconds, **loop)
    return buffer.getvalue()
