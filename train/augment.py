"""Small random moves of drawings, so that a network can't memorise the few that there are."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def augment(ink: Tensor, strength: float = 1.0) -> Tensor:
    """Ink (N, 1, 28, 28), each drawing moved by up to a whole pixel in both directions; what leaves is lost.

    Differentiable, so that the generator learns through it (Zhao et al. 2020, "Differentiable Augmentation for
    Data-Efficient GAN Training"). Whole pixels keep every grey level as it is: resampling would hide from the
    discriminator that real drawings have exact blacks and whites. A pixel is the margin around the dataset's drawings:
    moving them farther cuts them, which hides how large they are. `strength` multiplies the limit; 0 returns the ink.
    """
    limit = round(strength)
    if limit == 0:
        return ink
    num, _, height, width = ink.shape
    padded = F.pad(ink, (limit,) * 4)  # (N, 1, H + 2L, W + 2L)
    down, across = torch.randint(0, 2 * limit + 1, (2, num, 1), device=ink.device)  # (N, 1) each
    rows = (torch.arange(height, device=ink.device) + down)[:, None, :, None]  # (N, 1, H, 1)
    columns = (torch.arange(width, device=ink.device) + across)[:, None, None, :]  # (N, 1, 1, W)
    moved = padded.gather(2, rows.expand(-1, -1, -1, width + 2 * limit))  # (N, 1, H, W + 2L)
    return moved.gather(3, columns.expand(-1, -1, height, -1))  # (N, 1, H, W)


def distort(ink: Tensor, strength: float = 1.0) -> Tensor:
    """Ink (N, 1, 28, 28), each drawing shifted up to 2 pixels, rotated up to 7 degrees and scaled up to 10 %.

    For classifiers, which gain from more variety. `strength` multiplies all limits.
    """
    offset, turn, scale = strength * 2 / 14, strength * math.radians(7), strength * 0.1
    between = torch.rand(5, len(ink), device=ink.device, dtype=ink.dtype).mul(2).sub(1)  # (5, N) in -1..1
    angle = between[0] * turn
    across, down = 1 + between[1] * scale, 1 + between[2] * scale
    affine = torch.stack(
        [
            torch.stack([angle.cos() * across, -angle.sin() * down, between[3] * offset], 1),
            torch.stack([angle.sin() * across, angle.cos() * down, between[4] * offset], 1),
        ],
        dim=1,
    )  # (N, 2, 3)
    grid = F.affine_grid(affine, list(ink.shape), align_corners=False)
    return F.grid_sample(ink, grid, align_corners=False)
