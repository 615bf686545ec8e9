"""Training the two classifiers of all classes: the evaluator and the feature network."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from model.files.classifiers import (
    EVALUATOR_NAME,
    FEATURE_NETWORK_NAME,
    Report,
    save_evaluator,
    save_feature_network,
)
from model.networks.evaluator import Evaluator
from model.networks.feature_network import FeatureClassifier, fold
from model.quickdraw.classes import CLASS_NAMES
from train.classifier import Classifier, ClassifierTraining, accuracy
from train.data import ATTRIBUTION, load_drawings, load_extra
from train.drawings import Drawings, held_back, learned
from train.home import Home


@dataclass(frozen=True)
class ClassifierOptions:
    """num_images: drawings to learn from, repeats included. also: a folder with more drawings. seed: of everything."""

    num_images: int
    num_rows: int
    also: str | None
    seed: int
    device: str


@dataclass(frozen=True)
class TrainedClassifier:
    """path: the file it was saved in. top1, top5: its accuracy on held-back drawings, 0..1."""

    path: Path
    top1: float
    top5: float


def train_evaluator(home: Home, options: ClassifierOptions, num_channels: int) -> TrainedClassifier:
    torch.manual_seed(options.seed)
    training, top1, top5 = _train(home, options, Evaluator(num_channels))
    path = home.checkpoints / EVALUATOR_NAME
    report = Report(num_channels, options.num_images, len(training.drawings), top1, top5, ATTRIBUTION)
    save_evaluator(path, training.ema, report)
    return TrainedClassifier(path, top1, top5)


def train_feature_network(home: Home, options: ClassifierOptions) -> TrainedClassifier:
    torch.manual_seed(options.seed)
    training, top1, top5 = _train(home, options, FeatureClassifier())
    path = home.checkpoints / FEATURE_NETWORK_NAME
    save_feature_network(path, fold(training.ema.cpu()), ATTRIBUTION)
    return TrainedClassifier(path, top1, top5)


def _train(
    home: Home, options: ClassifierOptions, network: Classifier
) -> tuple[ClassifierTraining[Classifier], float, float]:
    """Train on all classes with a progress bar. Returns the training and its top-1 and top-5 accuracy."""
    parts, held_back_parts = [], []
    for index, class_name in enumerate(tqdm(CLASS_NAMES, "Drawings")):
        drawings = load_drawings(class_name, options.num_rows, home.source, home.cache)
        parts.append((index, drawings, learned(len(drawings))))
        held_back_parts.append((index, drawings, held_back(len(drawings))))
        more = load_extra(class_name, options.num_rows, options.also)
        parts += [(index, part, np.arange(len(part))) for part in more]
    training = ClassifierTraining(Drawings(parts), network, options.seed, options.device)
    with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}") as bar:
        for progress in training.run(options.num_images):
            bar.set_postfix_str(f"loss {progress.loss:.2f}, {progress.images_per_second:.0f} images/s", refresh=False)
            bar.update(100 * progress.fraction - bar.n)
    top1, top5 = accuracy(training.ema, Drawings(held_back_parts))
    return training, top1, top5
