"""The figures mean what their papers say."""

import numpy as np
import pytest
import torch

from tests.conftest import suns
from train.metrics import coverage, features, frechet_distance, measure, precision_recall


def test_the_frechet_distance_of_known_gaussians_is_the_closed_form():
    rng = np.random.default_rng(0)
    standard = rng.standard_normal((200_000, 3))
    scaled = torch.from_numpy(rng.standard_normal((200_000, 3)) * [1, 2, 3] + [1, 0, 0])
    # |mean gap|^2 + sum of (sigma - sigma')^2 for diagonal covariances
    assert frechet_distance(torch.from_numpy(standard), scaled) == pytest.approx(1 + 0 + 1 + 4, rel=0.03)


def test_the_same_drawings_are_at_no_distance():
    real = features(suns(200))
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-5)
    assert measure(real, real) == {
        "frechet_distance": pytest.approx(0, abs=1e-4),
        "precision": 1.0,
        "recall": 1.0,
        "coverage": 1.0,
    }


def test_noise_is_far_and_other_suns_are_near():
    real, others = features(suns(300, 1)), features(suns(300, 2))
    noise = features(np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8))
    assert frechet_distance(real, others) < frechet_distance(real, noise) / 20
    assert precision_recall(real, others)[0] > 0.8 and precision_recall(real, noise)[0] == 0
    assert coverage(real, others) > 0.7 and coverage(real, noise) == 0


def test_one_drawing_over_and_over_is_precise_but_has_no_recall():
    real = features(suns(300, 1))
    same = real[:1].expand(300, -1) + 1e-9 * torch.randn(300, 64, dtype=torch.float64)
    precision, recall = precision_recall(real, same)
    assert precision == 1 and recall < 0.05 and coverage(real, same) < 0.1


def test_features_are_the_same_every_time_and_in_any_company():
    drawings = suns(600)
    assert torch.allclose(features(drawings)[:3], features(drawings[:3]), atol=1e-5)
