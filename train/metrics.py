"""How far drawings are from real ones, without any network trained for it.

Features come from a convolutional network with random weights, fixed by a seed: on pictures far from photographs these
measure at least as well as ImageNet's (Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative
Models", section 5).
"""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from model.images import to_ink

NUM_FEATURES = 64
NEIGHBOURS = 5


def features(drawings: np.ndarray) -> Tensor:
    """Drawings uint8 (N, 28, 28) to float64 features (N, 64)."""
    with torch.inference_mode():
        batches = [_embedding()(to_ink(drawings[at : at + 500])) for at in range(0, len(drawings), 500)]
    return torch.cat(batches).double()


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Fréchet distance of Gaussians fitted to features (N, F) and (M, F) (Heusel et al. 2017, eq. 6)."""
    mean_gap = (real.mean(0) - fake.mean(0)).square().sum()
    covariance_real, covariance_fake = real.T.cov(), fake.T.cov()
    # The trace of the root of the product is the sum of the roots of its eigenvalues, which are real and not negative.
    roots = torch.linalg.eigvals(covariance_real @ covariance_fake).real.clamp_min(0).sqrt()
    return float(mean_gap + covariance_real.trace() + covariance_fake.trace() - 2 * roots.sum())


def precision_recall(real: Tensor, fake: Tensor, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Share of fakes near a real one, and of reals near a fake one (Kynkäänniemi et al. 2019, eq. 2 and 3)."""
    return _share_within(real, fake, neighbours), _share_within(fake, real, neighbours)


def coverage(real: Tensor, fake: Tensor, neighbours: int = NEIGHBOURS) -> float:
    """Share of reals whose neighbourhood among the reals holds a fake (Naeem et al. 2020, eq. 6)."""
    return float((torch.cdist(real, fake).min(1).values <= _radii(real, neighbours)).double().mean())


def measure(real: Tensor, fake: Tensor) -> dict[str, float]:
    """All of these, of features (N, F) and (M, F), by the names that cards use."""
    precision, recall = precision_recall(real, fake)
    figures = {
        "frechet_distance": frechet_distance(real, fake),
        "precision": precision,
        "recall": recall,
        "coverage": coverage(real, fake),
    }
    return {name: round(figure, 4) for name, figure in figures.items()}


def _share_within(reference: Tensor, candidates: Tensor, neighbours: int) -> float:
    inside = torch.cdist(candidates, reference) <= _radii(reference, neighbours)
    return float(inside.any(1).double().mean())


def _radii(points: Tensor, neighbours: int) -> Tensor:
    """Distance of each point (N, F) to its k-th nearest other one, (N,)."""
    return torch.cdist(points, points).kthvalue(min(neighbours + 1, len(points)), dim=1).values


@cache
def _embedding() -> nn.Module:
    """Ink (N, 1, 28, 28) to features (N, 64): three convolutions with random weights, pooled at every size."""
    generator = torch.Generator().manual_seed(345)

    class Embedding(nn.Module):
        def __init__(self):
            super().__init__()
            shapes = ((64, 1, 5, 5), (128, 64, 3, 3), (256, 128, 3, 3))
            for index, shape in enumerate(shapes):
                weight = torch.randn(shape, generator=generator) * math.sqrt(2 / math.prod(shape[1:]))
                self.register_buffer(f"weight{index}", weight)
            self.register_buffer("mix", torch.randn(256 * 9, NUM_FEATURES, generator=generator) / 48)

        def forward(self, ink: Tensor) -> Tensor:
            x = nn.functional.conv2d(ink, self.weight0, stride=2, padding=2).relu()  # (N, 64, 14, 14)
            x = nn.functional.conv2d(x, self.weight1, stride=2, padding=1).relu()  # (N, 128, 7, 7)
            x = nn.functional.conv2d(x, self.weight2, stride=2, padding=0).relu()  # (N, 256, 3, 3)
            return x.flatten(1) @ self.mix  # (N, 64)

    return Embedding().eval()
