"""The figures match the definitions in their papers."""

import numpy as np
import pytest
import torch

from benchmarks.harness.drawings import suns
from model.networks.evaluator import Evaluator
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import to_ink
from train.drawings import held_back
from train.evaluation import GeneratorEvaluation
from train.metrics import (
    copy_score,
    coverage,
    density,
    distances_to,
    embed,
    frechet_distance,
    precision_recall,
    recognised,
)


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    """Random weights, its batch norms fitted to drawings: enough to tell drawings apart."""
    torch.manual_seed(0)
    evaluator = Evaluator(8).requires_grad_(False)
    for seed in range(30):
        evaluator(to_ink(suns(50, 100 + seed)))
    return evaluator.eval()


def test_the_frechet_distance_of_gaussians_matches_the_closed_form():
    rng = np.random.default_rng(0)
    standard = rng.standard_normal((200_000, 3))
    scaled = torch.from_numpy(rng.standard_normal((200_000, 3)) * [1, 2, 3] + [1, 0, 0])
    # |mean gap|^2 + sum of (sigma - sigma')^2 for diagonal covariances
    assert frechet_distance(torch.from_numpy(standard), scaled) == pytest.approx(1 + 0 + 1 + 4, rel=0.03)


def test_the_same_drawings_have_no_distance(evaluator):
    real, _ = embed(evaluator, suns(200))
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-5)
    assert precision_recall(real, real) == (1, 1) and coverage(real, real) == 1


def test_noise_is_far_and_other_suns_are_near(evaluator):
    real, others = (embed(evaluator, suns(300, seed))[0] for seed in (1, 2))
    noise, _ = embed(evaluator, np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8))
    assert frechet_distance(real, others) < frechet_distance(real, noise) / 20
    assert precision_recall(real, others)[0] > 0.8 and precision_recall(real, noise)[0] == 0
    assert coverage(real, others) > 0.7 and coverage(real, noise) == 0
    assert density(real, others) > 0.7 and density(real, noise) == 0


def test_one_repeated_drawing_has_precision_but_no_recall(evaluator):
    real, _ = embed(evaluator, suns(300, 1))
    same = real[:1].expand(300, -1) + 1e-9 * torch.randn(300, real.shape[1], dtype=torch.float64)
    precision, recall = precision_recall(real, same)
    assert precision == 1 and recall < 0.05 and coverage(real, same) < 0.1


def test_recognised_counts_any_of_the_classes_among_the_most_likely():
    logits = torch.tensor([[3.0, 2, 1, 0], [0, 1, 2, 3], [2, 3, 1, 0]])
    assert recognised(logits, [0]) == pytest.approx(1 / 3)
    assert recognised(logits, [0, 1]) == pytest.approx(2 / 3)
    assert recognised(logits, [0], top=2) == pytest.approx(2 / 3)


def test_copies_score_far_below_and_other_real_drawings_near_zero(evaluator):
    learned, held_out, fresh = (embed(evaluator, suns(300, seed))[0] for seed in (1, 2, 3))
    real_near, _ = distances_to(learned, held_out)
    fresh_near, _ = distances_to(learned, fresh)
    assert abs(copy_score(fresh_near, real_near)) < 4
    copies = learned[torch.arange(0, 300, 2)] + 1e-3 * learned.std() * torch.randn(150, learned.shape[1])
    near, places = distances_to(learned, copies)
    assert copy_score(near, real_near) < -15
    assert places.tolist() == list(range(0, 300, 2))


def test_features_do_not_depend_on_the_batch(evaluator):
    drawings = suns(600)
    assert torch.allclose(embed(evaluator, drawings)[0][:3], embed(evaluator, drawings[:3])[0], atol=1e-5)


class Player(torch.nn.Module):
    """A generator that replays given drawings, one per latent."""

    z_dim = 2

    def __init__(self, drawings: np.ndarray):
        super().__init__()
        self.ink = torch.nn.Parameter(torch.from_numpy(drawings).float()[:, None] / 255)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.ink[torch.arange(len(z)) % len(self.ink)]


def test_a_generator_that_copies_is_detected_and_new_drawings_are_not(evaluator):
    drawings = suns(1000)
    evaluation = GeneratorEvaluation(evaluator, ["sun"], [drawings])
    assert evaluation.evaluator is evaluator and evaluation.classes == [CLASS_NAMES.index("sun")]
    honest = evaluation.measure(Player(suns(1000, 7)))
    thief = evaluation.measure(Player(np.delete(drawings, held_back(1000), axis=0)))
    assert thief["copies"] > 0.9 and thief["copy_score"] < -10
    assert honest["copies"] < 0.1 and honest["copy_score"] > -5
    assert honest["n"] == 100 and honest["frechet_distance"] < 3 * honest["real_frechet_distance"]


def test_few_drawings_are_measured_without_the_frechet_distance(evaluator):
    evaluation = GeneratorEvaluation(evaluator, ["sun"], [suns(55)])
    figures = evaluation.measure(Player(suns(100, 7)))
    assert "frechet_distance" not in figures and {"top1", "real_top1", "copies"} <= figures.keys()
    assert evaluation.distance(Player(suns(100, 7))) < evaluation.distance(Player(suns(1, 7)))


def test_a_mixture_is_measured_with_as_many_drawings_on_both_sides(evaluator):
    evaluation = GeneratorEvaluation(evaluator, ["sun", "moon"], [suns(12_000, 1)[:, ::-1], suns(12_000, 2)])
    assert len(evaluation.references) == len(evaluation.others) == 1000
    figures = evaluation.measure(Player(np.concatenate([suns(500, 3)[:, ::-1], suns(500, 4)])))
    assert figures["n"] == 1000 and figures["coverage"] > 0.9 * figures["real_coverage"]


def test_copies_are_found_among_repeated_drawings(evaluator):
    repeated = np.repeat(suns(20, 1), 50, axis=0)
    thief = GeneratorEvaluation(evaluator, ["sun"], [repeated]).measure(Player(repeated[:100]))
    assert thief["copies"] > 0.9


def test_copies_of_additional_drawings_are_found_too(evaluator):
    exact, more = suns(55, 1), suns(200, 2)
    figures = GeneratorEvaluation(evaluator, ["sun"], [exact], [more]).measure(Player(more))
    assert figures["copies"] > 0.9
