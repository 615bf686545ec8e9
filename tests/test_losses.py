"""The losses match their formulas."""

import pytest
import torch

from train.augment import augment, distort
from train.losses import box_loss, discriminator_loss, generator_loss, r1_penalty


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


def test_only_drawings_that_leave_or_underfill_the_box_of_real_ones_cost_anything():
    def filled(first: int, end: int) -> torch.Tensor:
        ink = torch.zeros(1, 1, 28, 28)
        ink[:, :, first:end, 10:18] = 0.5
        return ink.requires_grad_()

    real = torch.cat([filled(1, 27), filled(1, 27)])
    assert box_loss(filled(1, 27), real) == 0, "fills the box downwards, as real drawings do"
    assert box_loss(filled(1, 27).transpose(2, 3), real) == 0, "or across"
    for wrong in (filled(3, 27), filled(0, 27), filled(0, 28), filled(2, 26)):
        loss = box_loss(wrong, real)
        loss.backward()
        assert loss > 0 and wrong.grad.any()
    assert box_loss(filled(5, 23), filled(5, 23)) == 0, "the real drawings decide"


def middle_rows(ink: torch.Tensor) -> torch.Tensor:
    """How far the ink's middle is from the paper's, in rows (N,)."""
    return (ink.sum((1, 3)) * torch.arange(28)).sum(1) / ink.sum((1, 2, 3)) - 13.5


def test_augmentation_moves_by_whole_pixels_so_that_grey_levels_stay_exact():
    ink = torch.zeros(200, 1, 28, 28)
    ink[:, :, 13:15, 13:15] = torch.rand(200, 1, 2, 2)
    moved = augment(ink)
    for before, after in zip(ink, moved, strict=True):
        assert torch.equal(before.flatten().sort().values, after.flatten().sort().values)
    ink[:, :, 13:15, 13:15] = 1
    assert set(middle_rows(augment(ink)).round().int().tolist()) == {-1, 0, 1}
    ink.requires_grad_()
    augment(ink).sum().backward()
    assert torch.equal(ink.grad, torch.ones_like(ink).where(ink.grad > 0, 0)) and ink.grad[:, :, 2:26, 2:26].all()


def test_drawings_that_fill_the_datasets_box_are_never_cut():
    ink = torch.zeros(100, 1, 28, 28)
    ink[:, :, 1:27, 1:27] = 1
    assert (augment(ink).sum((1, 2, 3)) == 26 * 26).all()


def test_what_moves_off_the_paper_is_lost():
    corner = torch.zeros(100, 1, 28, 28)
    corner[:, :, 0, 0] = 1
    assert set(augment(corner).sum((1, 2, 3)).tolist()) == {0.0, 1.0}


def test_classifiers_see_drawings_distorted_a_little():
    ink = torch.zeros(200, 1, 28, 28)
    ink[:, :, 13:15, 13:15] = 1
    distorted = distort(ink)
    assert 0.5 < middle_rows(distorted).abs().max() < 2.5, "two pixels of shift at most"
    assert distorted.sum((1, 2, 3)).sub(4).abs().max() < 1.6, "about as much ink, within 10 % of scale each way"


def test_strength_zero_changes_nothing():
    ink = torch.rand(4, 1, 28, 28)
    assert torch.allclose(augment(ink, strength=0.0), ink, atol=1e-5)
