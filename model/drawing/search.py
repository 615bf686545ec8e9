"""Which drawing of a generator is nearest to a given one? A search through its latent space."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.drawing.latents import MAX_NUMBER
from model.networks.evaluator import Evaluator
from model.quickdraw.images import to_ink

NUM_LOOKED_AT = 512  # random latents, of which the nearest are where the search starts
STAGES = ((16, 30), (4, 90))  # how many are improved at the same time, and for how many steps; the best go on
REPORT_EVERY = 6  # steps
MAX_SECONDS = 20.0  # on a slow or busy machine the search ends early, with the best so far
DECIMALS = 3  # of a latent's numbers: as many as anybody would want to copy, and the drawing doesn't change

LEARNING_RATE = 0.1
_BLURS = ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0))  # (sigma, weight): sharp for where it fits, blurred to find the way there
_MAPS_WEIGHT = 0.01  # what the evaluator sees, beside pixels
_PRIOR = 0.002  # keeps |z| near sqrt(Z), where the generator has learned to draw
_BATCH = 32  # random latents looked at in one go


@dataclass(frozen=True)
class Guess:
    """The nearest so far. latent: a key for `Picture`; fraction: how much of the search is done; gap: 0 if the same."""

    latent: tuple[float, ...]
    fraction: float
    gap: float


def search(generator: nn.Module, drawing: np.ndarray, evaluator: Evaluator | None = None) -> Iterator[Guess]:
    """Yields guesses at the latent whose drawing is nearest to `drawing`, uint8 (28, 28), each at least as near.

    Adam on the nearest of many random latents at the same time (as Abdal et al. 2019, "Image2StyleGAN", projects into a
    latent space), the worse ones left behind on the way. The same drawing and generator give the same guesses.
    """
    generator_device = next(generator.parameters()).device
    ends = time.monotonic() + MAX_SECONDS
    gap_to = _Gap(to_ink(drawing[None], generator_device), evaluator)

    # Look at random latents and begin with the nearest.
    random = np.random.RandomState(0).standard_normal((NUM_LOOKED_AT, generator.z_dim)).astype(np.float32)
    looked_at = torch.from_numpy(random).to(generator_device)
    with torch.no_grad():
        gaps = torch.cat([gap_to(generator(batch)) for batch in looked_at.split(_BATCH)])  # (NUM_LOOKED_AT,)
    best_z, best_gap = looked_at[gaps.argmin()], gaps.min()
    yield _guess(best_z, 0.0, best_gap)

    # Improve them, half blind at first and carefully at the end.
    z = looked_at[gaps.argsort(stable=True)[: STAGES[0][0]]]  # (n, Z)
    mean, square = torch.zeros_like(z), torch.zeros_like(z)
    num_steps, step = sum(steps for _, steps in STAGES), 0
    for num_kept, steps in STAGES:
        if num_kept < len(z):
            kept = gaps.argsort(stable=True)[:num_kept]
            z, mean, square = z[kept], mean[kept], square[kept]
        for _ in range(steps):
            z = z.detach().requires_grad_()
            gaps = gap_to(generator(z))  # (n,)
            (slope,) = torch.autograd.grad((gaps + _PRIOR * _unlikely(z)).sum(), z)
            gaps, z = gaps.detach(), z.detach()
            if gaps.min() < best_gap:
                best_z, best_gap = z[gaps.argmin()], gaps.min()
            step += 1
            mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
            rate = LEARNING_RATE * (0.525 + 0.475 * math.cos(math.pi * (step - 1) / num_steps))
            z = z - rate * (mean / (1 - 0.9**step)) / ((square / (1 - 0.99**step)).sqrt() + 1e-8)
            z = z.clamp(-MAX_NUMBER, MAX_NUMBER)
            late = time.monotonic() > ends
            if step == num_steps or late:
                yield _guess(best_z, 1.0, best_gap)
                return
            if step % REPORT_EVERY == 0:
                yield _guess(best_z, step / num_steps, best_gap)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The share of ink that two drawings uint8 (28, 28) have in common, 0..1 (Dice 1945): 2 |A and B| / (|A| + |B|)."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(2 * np.minimum(one, other).sum() / max(1.0, one.sum() + other.sum()))


class _Gap:
    """How far drawings are from a target: their pixels, sharp and blurred, and what an evaluator sees in them."""

    def __init__(self, target: Tensor, evaluator: Evaluator | None):
        self.evaluator = evaluator
        with torch.no_grad():
            self.blurred = [_blur(target, sigma) for sigma, _ in _BLURS]
            self.maps = evaluator.maps(target) if evaluator else ()
            self.scales = [seen.square().mean() + 1e-8 for seen in self.maps]

    def __call__(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to gaps (N,)."""
        gap = ink.new_zeros(len(ink))
        for (sigma, weight), wanted in zip(_BLURS, self.blurred, strict=True):
            gap = gap + weight * (_blur(ink, sigma) - wanted).square().mean((1, 2, 3))
        maps = self.evaluator.maps(ink) if self.evaluator else ()
        for seen, wanted, scale in zip(maps, self.maps, self.scales, strict=True):
            gap = gap + _MAPS_WEIGHT * (seen - wanted).square().mean((1, 2, 3)) / scale
        return gap


def _blur(ink: Tensor, sigma: float) -> Tensor:
    """(N, 1, H, W) -> (N, 1, H, W), by a Gaussian; nothing lies beyond the paper."""
    if not sigma:
        return ink
    radius = round(3 * sigma)
    places = torch.arange(-radius, radius + 1, dtype=ink.dtype, device=ink.device)
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    across = F.conv2d(ink, weights[None, None, None, :], padding=(0, radius))
    return F.conv2d(across, weights[None, None, :, None], padding=(radius, 0))


def _unlikely(z: Tensor) -> Tensor:
    """How far the lengths of latents (N, Z) are from what is normal, (N,)."""
    return (z.norm(dim=1) / math.sqrt(z.shape[1]) - 1).square()


def _guess(z: Tensor, fraction: float, gap: Tensor) -> Guess:
    return Guess(tuple(round(number, DECIMALS) for number in z.tolist()), fraction, float(gap))
