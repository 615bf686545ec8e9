"""The losses match their formulas."""

import pytest
import torch

from train.augment import augment
from train.losses import discriminator_loss, generator_loss, r1_penalty


def test_both_losses_equal_the_students_binary_cross_entropy():
    real, fake = torch.randn(50), torch.randn(50)
    bce = torch.nn.BCELoss()
    students = bce(real.sigmoid(), torch.ones(50)) + bce(fake.sigmoid(), torch.zeros(50))
    assert discriminator_loss(real, fake) == pytest.approx(students.item(), rel=1e-5)
    assert generator_loss(fake) == pytest.approx(bce(fake.sigmoid(), torch.ones(50)).item(), rel=1e-5)


def test_r1_of_a_linear_discriminator_is_its_squared_weight():
    weight = torch.randn(784)
    real = torch.rand(6, 1, 28, 28, requires_grad=True)
    logits = real.flatten(1) @ weight
    assert r1_penalty(real, logits).item() == pytest.approx(weight.square().sum().item(), rel=1e-5)


def test_augmentation_moves_a_little_and_passes_gradients():
    ink = torch.zeros(200, 1, 28, 28)
    ink[:, :, 13:15, 13:15] = 1
    moved = augment(ink)
    rows = (moved.sum((1, 3)) * torch.arange(28)).sum(1) / moved.sum((1, 2, 3)) - 13.5
    assert 0.5 < rows.abs().max() < 2.5, "shifts by at most two pixels"
    assert moved.sum((1, 2, 3)).sub(4).abs().max() < 1.6, "only the scaling changes the amount of ink"
    ink.requires_grad_()
    augment(ink).sum().backward()
    assert ink.grad.abs().sum() > 0


def test_strength_zero_changes_nothing():
    ink = torch.rand(4, 1, 28, 28)
    assert torch.allclose(augment(ink, strength=0.0), ink, atol=1e-5)
