"""How good is a generator? Its drawings against real ones that no training saw, beside other real ones."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from model.files.writing import write_file
from model.networks.evaluator import Evaluator
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import png, sheet
from train.drawings import Drawings, held_back, learned
from train.loop import draw_seeds
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

NUM_DRAWN = 1000
FEWEST_REFERENCES = 50  # real drawings on either side, for distances and neighbourhoods to mean anything
COPY_QUANTILE = 0.01


class GeneratorEvaluation:
    """Real drawings of a class or a mixture, embedded once, to hold generators against.

    Of the drawings held back, one half is what is measured against (`references`) and the other what real drawings
    look like when measured the same way (`others`), NUM_DRAWN at most each. exact: every class's file, uint8
    (N, 28, 28), of which something is held back. more: drawings learned from besides.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        class_names: Sequence[str],
        exact: Sequence[np.ndarray],
        more: Sequence[np.ndarray] = (),
    ):
        self.evaluator = evaluator
        self.classes = [CLASS_NAMES.index(class_name) for class_name in class_names]
        most = 2 * NUM_DRAWN // len(exact)
        self.kept = np.concatenate([drawings[held_back(len(drawings))[:most]] for drawings in exact])
        self.seen = Drawings(
            [(0, part, learned(len(part))) for part in exact] + [(0, m, np.arange(len(m))) for m in more]
        )
        self.kept_features, self.kept_logits = embed(evaluator, self.kept)
        self.references, self.others = self.kept_features[0::2], self.kept_features[1::2]

    @cached_property
    def seen_features(self) -> Tensor:
        """Features (N, F) of what was learned from."""
        return embed(self.evaluator, self.seen)[0]

    @property
    def is_large(self) -> bool:
        return len(self.others) >= FEWEST_REFERENCES

    def distance(self, generator: nn.Module, num_drawn: int = 500) -> float:
        """A distance to choose among generators by: to `others`, which no figure of theirs in `measure` stands on.

        Where few drawings are held back, those learned from have to help out.
        """
        features, _ = embed(self.evaluator, draw_seeds(generator, range(num_drawn)))
        return frechet_distance(self.others if self.is_large else self._all(), features)

    def measure(self, generator: nn.Module, num_drawn: int = NUM_DRAWN) -> dict[str, float]:
        """Figures of seeds 0.. by the names that cards use, each beside the same of real drawings ("real_...").

        n: drawings on each side of distances and neighbourhoods, which are left out where there are too few.
        """
        features, logits = embed(self.evaluator, draw_seeds(generator, range(num_drawn)))
        figures = {
            "top1": recognised(logits, self.classes),
            "real_top1": recognised(self.kept_logits, self.classes),
            "top5": recognised(logits, self.classes, 5),
            "real_top5": recognised(self.kept_logits, self.classes, 5),
        }
        if self.is_large:
            for prefix, side in (("", features[: len(self.others)]), ("real_", self.others)):
                precision, recall = precision_recall(self.references, side)
                figures |= {
                    f"{prefix}frechet_distance": frechet_distance(self.references, side),
                    f"{prefix}precision": precision,
                    f"{prefix}recall": recall,
                    f"{prefix}density": density(self.references, side),
                    f"{prefix}coverage": coverage(self.references, side),
                }
        near, _ = distances_to(self.seen_features, features)
        real_near, _ = distances_to(self.seen_features, self.kept_features)
        figures |= {"copy_score": copy_score(near, real_near), "copies": self._copies(near, real_near)}
        return {name: round(figure, 4) for name, figure in figures.items()} | {"n": len(self.others)}

    def nearest(self, generator: nn.Module, path: Path, num_drawn: int = 16) -> None:
        """A picture: drawings in the upper rows, below each the nearest of those learned from."""
        drawings = draw_seeds(generator, range(num_drawn))
        features, _ = embed(self.evaluator, drawings)
        _, places = distances_to(self.seen_features, features)
        both = np.concatenate([drawings, self.seen[places.numpy()]])
        write_file(path, png(sheet(both, num_drawn, scale=3, gap=2)))

    def _copies(self, near: Tensor, real_near: Tensor) -> float:
        """Share of drawings nearer to one learned from than all but the nearest real ones are."""
        return float((near <= torch.quantile(real_near, COPY_QUANTILE)).double().mean())

    def _all(self) -> Tensor:
        return torch.cat([self.kept_features, self.seen_features])
