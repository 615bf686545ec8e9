"""Finding the latent whose drawing is nearest to a given drawing."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from model.drawing.latents import MAX_LATENT_NUMBER
from model.networks.evaluator import Evaluator
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.images import to_ink

NUM_CANDIDATES = 512  # random latents; the search starts from the best of them
STAGES = ((16, 30), (4, 90))  # (how many latents to improve at once, for how many steps); the best go on
STEPS_PER_REPORT = 6
MAX_SECONDS = 20.0  # on a slow or busy machine, the search ends early with the best so far
DECIMALS = 3  # of a latent's numbers: short enough to copy, and the drawing stays the same

LEARNING_RATE = 0.1
_BLURS = ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0))  # (sigma, weight): blurred to find the way, sharp to fit
_MAPS_WEIGHT = 0.01  # of the evaluator's feature maps; the pixels have weights around 1
_PRIOR_WEIGHT = 0.002  # keeps |z| near sqrt(Z), where the generator has learned to draw
_BATCH = 32


@dataclass(frozen=True)
class Guess:
    """The nearest so far. latent: for a `Picture`'s mix. fraction: of the search that is done. gap: 0 if identical."""

    latent: tuple[float, ...]
    fraction: float
    gap: float


def search(generator: GeneratorNetwork, drawing: np.ndarray, evaluator: Evaluator | None = None) -> Iterator[Guess]:
    """Yield better and better latents whose drawings are near to `drawing`, uint8 (28, 28).

    Adam improves the best of many random latents (as Abdal et al. 2019, "Image2StyleGAN", project into a latent space)
    and drops the worse ones on the way. The same drawing and generator give the same guesses.
    """
    device = next(generator.parameters()).device
    deadline = time.monotonic() + MAX_SECONDS
    gap_to = _Gap(to_ink(drawing[None], device), evaluator)

    # Start with the nearest of many random latents.
    random = np.random.RandomState(0).standard_normal((NUM_CANDIDATES, generator.z_dim)).astype(np.float32)
    candidates = torch.from_numpy(random).to(device)
    with torch.no_grad():
        gaps = torch.cat([gap_to(generator(batch)) for batch in candidates.split(_BATCH)])  # (NUM_CANDIDATES,)
    best_z, best_gap = candidates[gaps.argmin()], gaps.min()
    yield _guess(best_z, 0.0, best_gap)

    # Improve them: many of them roughly, then a few carefully.
    z = candidates[gaps.argsort(stable=True)[: STAGES[0][0]]]  # (n, Z)
    mean, square = torch.zeros_like(z), torch.zeros_like(z)
    num_steps, step = sum(steps for _, steps in STAGES), 0
    for num_latents, steps in STAGES:
        if num_latents < len(z):
            best = gaps.argsort(stable=True)[:num_latents]
            z, mean, square = z[best], mean[best], square[best]
        for _ in range(steps):
            z = z.detach().requires_grad_()
            gaps = gap_to(generator(z))  # (n,)
            (slope,) = torch.autograd.grad((gaps + _PRIOR_WEIGHT * _prior(z)).sum(), z)
            gaps, z = gaps.detach(), z.detach()
            if gaps.min() < best_gap:
                best_z, best_gap = z[gaps.argmin()], gaps.min()
            step += 1
            mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
            rate = LEARNING_RATE * (0.525 + 0.475 * math.cos(math.pi * (step - 1) / num_steps))
            z = z - rate * (mean / (1 - 0.9**step)) / ((square / (1 - 0.99**step)).sqrt() + 1e-8)
            z = z.clamp(-MAX_LATENT_NUMBER, MAX_LATENT_NUMBER)
            if step == num_steps or time.monotonic() > deadline:
                yield _guess(best_z, 1.0, best_gap)
                return
            if step % STEPS_PER_REPORT == 0:
                yield _guess(best_z, step / num_steps, best_gap)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The share of ink that two drawings uint8 (28, 28) have in common, 0..1: 2 |A and B| / (|A| + |B|) (Dice 1945)."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(2 * np.minimum(one, other).sum() / max(1.0, one.sum() + other.sum()))


class _Gap:
    """How far drawings are from a target, by their pixels, sharp and blurred, and by an evaluator's feature maps."""

    def __init__(self, target: Tensor, evaluator: Evaluator | None):
        self.evaluator = evaluator
        with torch.no_grad():
            self.blurred = [_blur(target, sigma) for sigma, _ in _BLURS]
            self.maps = evaluator.maps(target) if evaluator else ()
            self.scales = [each.square().mean() + 1e-8 for each in self.maps]

    def __call__(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to gaps (N,)."""
        gap = ink.new_zeros(len(ink))
        for (sigma, weight), target in zip(_BLURS, self.blurred, strict=True):
            gap = gap + weight * (_blur(ink, sigma) - target).square().mean((1, 2, 3))
        maps = self.evaluator.maps(ink) if self.evaluator else ()
        for actual, target, scale in zip(maps, self.maps, self.scales, strict=True):
            gap = gap + _MAPS_WEIGHT * (actual - target).square().mean((1, 2, 3)) / scale
        return gap


def _blur(ink: Tensor, sigma: float) -> Tensor:
    """(N, 1, H, W) -> (N, 1, H, W), by a Gaussian; beyond the edge there is no ink."""
    if not sigma:
        return ink
    radius = round(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, dtype=ink.dtype, device=ink.device)
    weights = torch.exp(-(offsets**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    across = F.conv2d(ink, weights[None, None, None, :], padding=(0, radius))
    return F.conv2d(across, weights[None, None, :, None], padding=(radius, 0))


def _prior(z: Tensor) -> Tensor:
    """How far the lengths of latents (N, Z) are from sqrt(Z), the usual length, (N,)."""
    return (z.norm(dim=1) / math.sqrt(z.shape[1]) - 1).square()


def _guess(z: Tensor, fraction: float, gap: Tensor) -> Guess:
    return Guess(tuple(round(number, DECIMALS) for number in z.tolist()), fraction, float(gap))
