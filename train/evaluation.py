"""Measures a generator: its drawings against real ones that no run saw, next to other real ones."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.files.writing import write_file
from model.networks.evaluator import Evaluator
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import png, sheet
from train.drawings import Drawings, held_back, learned
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
from train.training import draw_seeds

NUM_DRAWN = 1000
MIN_REFERENCES = 50  # real drawings on each side; with fewer, distances and neighbourhoods mean little
COPY_QUANTILE = 0.01


class GeneratorEvaluation:
    """Real drawings of a class or a mixture, embedded once, to compare generators with.

    Generators are measured against one half of the held-back drawings (`references`). The other half (`others`) is
    measured the same way, to show what real drawings score. Each has up to NUM_DRAWN.
    drawings: each class's file, uint8 (N, 28, 28), with some held back. extra: other training drawings.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        class_names: Sequence[str],
        drawings: Sequence[np.ndarray],
        extra: Sequence[np.ndarray] = (),
    ):
        self.evaluator, self.drawings, self.extra = evaluator, drawings, extra
        self.classes = [CLASS_NAMES.index(class_name) for class_name in class_names]
        limit = 2 * NUM_DRAWN // len(drawings)
        self.held_back = np.concatenate([part[held_back(len(part))[:limit]] for part in drawings])
        self.learned = Drawings(
            [(0, part, learned(len(part))) for part in drawings] + [(0, part, np.arange(len(part))) for part in extra]
        )
        self.held_back_features, self.held_back_logits = embed(evaluator, self.held_back)
        self.references, self.others = self.held_back_features[0::2], self.held_back_features[1::2]

    @cached_property
    def learned_features(self) -> Tensor:
        """Features (N, F) of the training drawings."""
        return embed(self.evaluator, self.learned)[0]

    @property
    def has_enough(self) -> bool:
        """Whether enough drawings are held back for distances and neighbourhoods to mean something."""
        return len(self.others) >= MIN_REFERENCES

    def distance(self, generator: GeneratorNetwork, num_drawn: int = 500) -> float:
        """A distance for choosing between generators: to `others`, which `measure` doesn't compare generators with.

        If few drawings are held back, the training drawings are added.
        """
        features, _ = embed(self.evaluator, draw_seeds(generator, range(num_drawn)))
        return frechet_distance(self.others if self.has_enough else self._all(), features)

    def measure(self, generator: GeneratorNetwork, num_drawn: int = NUM_DRAWN) -> dict[str, float]:
        """The metrics of seeds 0.. by the names that cards use, and the same of real drawings ("real_...").

        n: drawings on each side of distances and neighbourhoods, which are left out if there are too few.
        """
        features, logits = embed(self.evaluator, draw_seeds(generator, range(num_drawn)))
        metrics = {
            "top1": recognised(logits, self.classes),
            "real_top1": recognised(self.held_back_logits, self.classes),
            "top5": recognised(logits, self.classes, 5),
            "real_top5": recognised(self.held_back_logits, self.classes, 5),
        }
        if self.has_enough:
            for prefix, side in (("", features[: len(self.others)]), ("real_", self.others)):
                precision, recall = precision_recall(self.references, side)
                metrics |= {
                    f"{prefix}frechet_distance": frechet_distance(self.references, side),
                    f"{prefix}precision": precision,
                    f"{prefix}recall": recall,
                    f"{prefix}density": density(self.references, side),
                    f"{prefix}coverage": coverage(self.references, side),
                }
        near, _ = distances_to(self.learned_features, features)
        real_near, _ = distances_to(self.learned_features, self.held_back_features)
        metrics |= {"copy_score": copy_score(near, real_near), "copies": self._copies(near, real_near)}
        return {name: round(value, 4) for name, value in metrics.items()} | {"n": len(self.others)}

    def nearest(self, generator: GeneratorNetwork, path: Path, num_drawn: int = 16) -> None:
        """Write a picture with drawings above and, below each, the nearest training drawing."""
        drawings = draw_seeds(generator, range(num_drawn))
        features, _ = embed(self.evaluator, drawings)
        _, indices = distances_to(self.learned_features, features)
        both = np.concatenate([drawings, self.learned[indices.numpy()]])
        write_file(path, png(sheet(both, num_drawn, scale=3, gap=2)))

    def _copies(self, near: Tensor, real_near: Tensor) -> float:
        """Share of drawings at least as near to a training drawing as the nearest 1 % of real drawings are."""
        return float((near <= torch.quantile(real_near, COPY_QUANTILE)).double().mean())

    def _all(self) -> Tensor:
        return torch.cat([self.held_back_features, self.learned_features])
