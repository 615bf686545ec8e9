"""Metrics of drawings against real ones, in the features of a classifier of all classes."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from model.networks.evaluator import Evaluator
from model.networks.feature_network import FeatureClassifier
from model.quickdraw.images import to_ink
from train.drawings import Drawings

NEIGHBOURS = 5
_BATCH = 250

Classifier = TypeVar("Classifier", Evaluator, FeatureClassifier)


def embed(classifier: Classifier, drawings: np.ndarray | Drawings) -> tuple[Tensor, Tensor]:
    """Drawings uint8 (N, 28, 28) to a classifier's float64 features (N, F) and logits (N, K), on the CPU."""
    device = next(classifier.parameters()).device
    with torch.inference_mode():
        batches = (to_ink(drawings[at : at + _BATCH], device) for at in range(0, len(drawings), _BATCH))
        features = torch.cat([classifier.features(batch) for batch in batches])
        return features.double().cpu(), classifier.to_logits(features).cpu()


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Fréchet distance of Gaussians fitted to features (N, F) and (M, F) (Heusel et al. 2017, eq. 6)."""
    mean_gap = (real.mean(0) - fake.mean(0)).square().sum()
    covariance_real, covariance_fake = real.T.cov(), fake.T.cov()
    # The trace of the product's root is the sum of the roots of its eigenvalues, which are real and not negative.
    roots = torch.linalg.eigvals(covariance_real @ covariance_fake).real.clamp_min(0).sqrt()
    return float(mean_gap + covariance_real.trace() + covariance_fake.trace() - 2 * roots.sum())


def precision_recall(real: Tensor, fake: Tensor, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Share of fakes near a real one, and of reals near a fake one (Kynkäänniemi et al. 2019, eq. 2)."""
    return _share_within(real, fake, neighbours), _share_within(fake, real, neighbours)


def density(real: Tensor, fake: Tensor, neighbours: int = NEIGHBOURS) -> float:
    """In how many neighbourhoods of reals a fake lies, of the k expected (Naeem et al. 2020, eq. 5); can exceed 1."""
    inside = torch.cdist(fake, real) <= _radii(real, neighbours)
    return float(inside.double().sum(1).mean() / min(neighbours, len(real) - 1))


def coverage(real: Tensor, fake: Tensor, neighbours: int = NEIGHBOURS) -> float:
    """Share of reals whose neighbourhood among the reals holds a fake (Naeem et al. 2020, eq. 6)."""
    return float((torch.cdist(real, fake).min(1).values <= _radii(real, neighbours)).double().mean())


def recognised(logits: Tensor, classes: Sequence[int], top: int = 1) -> float:
    """Share of drawings, as logits (N, K), that have one of the classes among their `top` likeliest ones."""
    hits = logits.topk(top).indices[:, :, None] == torch.tensor(classes)  # (N, top, classes)
    return float(hits.any(2).any(1).double().mean())


def distances_to(references: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Distances (N,) of features (N, F) to the nearest of references (M, F), and the indices (N,) of those."""
    exact = "donot_use_mm_for_euclid_dist"  # so that copies have distance 0, without rounding errors
    nearest = torch.cdist(features, references, compute_mode=exact).min(1)
    return nearest.values, nearest.indices


def copy_score(fake_distances: Tensor, real_distances: Tensor) -> float:
    """How much farther fakes are from the training drawings than held-back real ones are, in standard deviations.

    The standardised Mann-Whitney U of the two sets of distances (M,) and (N,) to the nearest training drawing (Meehan
    et al. 2020, "A Non-Parametric Test to Detect Data-Copying in Generative Models", section 3.1). Far below 0, fakes
    are copies; far above 0, they are unlike all training drawings.
    """
    fake, real = fake_distances, real_distances
    wins = (fake[:, None] > real).double().sum() + 0.5 * (fake[:, None] == real).double().sum()
    count = len(fake) * len(real)
    return float((wins - count / 2) / np.sqrt(count * (len(fake) + len(real) + 1) / 12))


def _share_within(reference: Tensor, candidates: Tensor, neighbours: int) -> float:
    inside = torch.cdist(candidates, reference) <= _radii(reference, neighbours)
    return float(inside.any(1).double().mean())


def _radii(points: Tensor, neighbours: int) -> Tensor:
    """Distance (N,) of each point (N, F) to its k-th nearest neighbour."""
    return torch.cdist(points, points).kthvalue(min(neighbours + 1, len(points)), dim=1).values
