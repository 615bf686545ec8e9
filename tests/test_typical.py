"""Psi leads to drawings that are recognised more often."""

import numpy as np

from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.folders import REPOSITORY
from model.quickdraw.classes import CLASS_NAMES
from train.metrics import embed, recognised
from train.quality.typical import NUM_TYPICAL, find_typical_seeds

CHECKPOINTS = REPOSITORY / "checkpoints"


def test_the_lower_psi_the_more_drawings_are_recognised_and_none_is_blank():
    evaluator, _ = load_evaluator(CHECKPOINTS / EVALUATOR_NAME)
    sampler, classes = Sampler([CHECKPOINTS]), [CLASS_NAMES.index("dog")]
    generator = sampler.generator("dog")
    generator.typical_seeds = find_typical_seeds(generator, evaluator, classes)
    assert len(set(generator.typical_seeds)) == NUM_TYPICAL
    shares = []
    for psi in (1.0, 0.6, 0.0):
        drawings = sampler.draw(seeds_to_pictures("dog", 1000, 64, psi))
        assert drawings.max((1, 2)).min() > 128
        shares.append(recognised(embed(evaluator, drawings)[1], classes))
    assert np.all(np.diff(shares) > 0.05)
