"""Training a classifier of all 345 classes: the evaluator, which measures quality, or the feature network."""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

import torch
from torch.nn import functional as F

from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import to_ink
from train.augment import augment, distort
from train.drawings import ClassSampler, Drawings
from train.metrics import Classifier, embed
from train.training import on_device, update_ema

DEFAULT_IMAGES = 1_500_000
BATCH = 128
LEARNING_RATE = 3e-3
WARM_UP = 0.04  # of all steps
EMA_DECAY = 0.998
AUGMENT = 1.5
STEP_SEEDS = 1_000_003  # more than there are steps, so that runs with two seeds share no batch


@dataclass(frozen=True)
class ClassifierProgress:
    """The progress of a classifier's training. loss: mean since the last report; fraction: of the whole, 0..1."""

    step: int
    fraction: float
    images_per_second: float
    loss: float


class ClassifierTraining(Generic[Classifier]):
    """The training of a classifier. All randomness follows from `seed`; the averaged weights `ema` are the result."""

    def __init__(self, drawings: Drawings, network: Classifier, seed: int = 0, device: torch.device | str = "cpu"):
        self.drawings, self.seed, self.device = drawings, seed, torch.device(device)
        self.network: Classifier = on_device(network, self.device)
        self.ema: Classifier = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), LEARNING_RATE, weight_decay=0.05)

    def run(self, num_images: int) -> Iterator[ClassifierProgress]:
        """Train on `num_images` drawings, repeats included. Yields about once a second."""
        classes = torch.from_numpy(self.drawings.classes)
        sampler = ClassSampler(classes, len(CLASS_NAMES))
        # Common classes come up more often. To keep that out of the logits, the loss adds each class's share (Menon et
        # al. 2021, "Long-tail Learning via Logit Adjustment", eq. 10).
        shares = sampler.weights.div(sampler.weights.sum()).clamp_min(1e-9).log().float().to(self.device)
        num_steps = max(1, num_images // BATCH)
        losses, reported = [], time.monotonic()
        for step in range(num_steps):
            torch.manual_seed(self.seed * STEP_SEEDS + step)
            rows = sampler.draw(BATCH)
            # Half of them distorted, for variety; half as sharp as drawings are, because those are what it will judge.
            ink = to_ink(self.drawings[rows.numpy()], self.device)
            ink = torch.cat([distort(ink[: BATCH // 2], AUGMENT), augment(ink[BATCH // 2 :], AUGMENT)])
            warm_up = min(1, (step + 1) / (WARM_UP * num_steps))
            for group in self.optimizer.param_groups:
                group["lr"] = LEARNING_RATE * warm_up * 0.5 * (1 + math.cos(math.pi * step / num_steps))
            logits = self.network(ink) + shares
            loss = F.cross_entropy(logits, classes[rows].to(self.device), label_smoothing=0.1)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            update_ema(self.ema, self.network, min(EMA_DECAY, step / (step + 1)))
            losses.append(float(loss.detach()))
            elapsed = time.monotonic() - reported
            if elapsed >= 1 or step + 1 == num_steps:
                images_per_second = len(losses) * BATCH / max(1e-9, elapsed)
                yield ClassifierProgress(step + 1, (step + 1) / num_steps, images_per_second, sum(losses) / len(losses))
                losses, reported = [], time.monotonic()


def accuracy(classifier: Classifier, drawings: Drawings) -> tuple[float, float]:
    """Top-1 and top-5 accuracy on drawings of many classes, where every class counts the same."""
    _, logits = embed(classifier, drawings)
    classes = torch.from_numpy(drawings.classes)
    hits = logits.topk(5).indices == classes[:, None]  # (N, 5)
    sizes = classes.bincount()
    shares = []
    for top in (1, 5):
        right = torch.zeros(len(sizes)).index_add(0, classes, hits[:, :top].any(1).float())
        shares.append(float((right / sizes)[sizes > 0].mean()))
    return shares[0], shares[1]
