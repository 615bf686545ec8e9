"""Finds the seeds whose drawings are recognised best, which psi leads to (see `latent`)."""

from collections.abc import Sequence

import numpy as np
import torch

from model.drawing.latents import latent
from model.networks.evaluator import Evaluator
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.classes import CLASS_NAMES
from train.metrics import embed
from train.training import draw_seeds

NUM_TYPICAL = 16
NUM_TRIED, NUM_TRIED_BY_BASE = 512, 128
SUREST = 32  # from which those are chosen that lie far from each other


def find_typical_seeds(generator: GeneratorNetwork, evaluator: Evaluator, classes: Sequence[int]) -> tuple[int, ...]:
    """Up to NUM_TYPICAL seeds of a generator of these classes (places in CLASS_NAMES), the surest first."""
    return _find(draw_seeds(generator, range(NUM_TRIED)), generator.z_dim, evaluator, classes)


def find_typical_seeds_of_all(generator: GeneratorNetwork, evaluator: Evaluator) -> dict[str, tuple[int, ...]]:
    """The same for each class that a base's generator draws."""
    seeds = range(NUM_TRIED_BY_BASE)
    return {
        class_name: _find(draw_seeds(generator, seeds, [place] * len(seeds)), generator.z_dim, evaluator, [place])
        for place, class_name in enumerate(CLASS_NAMES)
    }


def _find(drawings: np.ndarray, z_dim: int, evaluator: Evaluator, classes: Sequence[int]) -> tuple[int, ...]:
    """The typical ones of seeds 0.. with these drawings uint8 (N, 28, 28).

    Of the seeds that the evaluator is surest of, each further one is the farthest from those chosen before, so that
    typical drawings aren't all the same.
    """
    _, logits = embed(evaluator, drawings)
    sureness = logits.softmax(1)[:, list(classes)].sum(1)  # (N,)
    surest = sureness.topk(SUREST).indices.tolist()
    latents = torch.from_numpy(np.stack([latent([(seed, 1.0)], z_dim) for seed in surest]))  # (SUREST, Z)
    distances = torch.cdist(latents, latents)  # (SUREST, SUREST)
    chosen = [0]
    while len(chosen) < NUM_TYPICAL:
        chosen.append(int(distances[chosen].min(0).values.argmax()))
    return tuple(surest[place] for place in chosen)
