"""Measures which classes morph into each other well: halfway drawings are recognised as surely as the ends."""

import json
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from model.drawing.latents import Picture
from model.drawing.partners import PAIRS_NAME
from model.drawing.sampler import Sampler
from model.files.writing import write_file
from model.networks.evaluator import Evaluator
from train.metrics import embed

SEEDS = range(1000, 1016)
SHARES = (0.5, 0.35, 0.65)  # of the second class in a halfway drawing, the most informative first
MIN_CONFIDENCE = 0.8  # as a share of the ends' confidence, for a morph to look good
MAX_PARTNERS = 12


def confidence(
    evaluator: Evaluator, sampler: Sampler, class_name: str, into: str | None = None, share: float = 0.0
) -> float:
    """The evaluator's confidence: the mean of its highest probability over drawings of SEEDS."""
    pictures = [Picture(class_name, ((seed, 1.0),), into=into, share=share) for seed in SEEDS]
    logits = embed(evaluator, sampler.draw(pictures))[1]  # (N, 345)
    return float(logits.softmax(1).amax(1).mean())


def measure_pairs(evaluator: Evaluator, sampler: Sampler, names: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    """Each pair's lowest confidence in between, as a share of the ends'; 0 if that's below MIN_CONFIDENCE."""
    ends = {name: confidence(evaluator, sampler, name) for name in names}
    for one, other in combinations(names, 2):
        lowest = 1.0
        for share in SHARES:
            expected = ends[one] + share * (ends[other] - ends[one])
            lowest = min(lowest, confidence(evaluator, sampler, one, other, share) / max(1e-9, expected))
            if lowest < MIN_CONFIDENCE:
                lowest = 0.0
                break
        yield one, other, lowest


def save_pairs(folder: Path, sampler: Sampler, names: Sequence[str], measured: dict[tuple[str, str], float]) -> Path:
    """Write the file that `model.drawing.partners.partners` reads. measured: as from `measure_pairs`."""
    partners = {}
    for name in names:
        shares = {other: share for pair, share in measured.items() if name in pair for other in pair if other != name}
        good = sorted((other for other, share in shares.items() if share), key=shares.__getitem__, reverse=True)
        partners[name] = good[:MAX_PARTNERS]
    cards = sampler.cards()
    stored = {"revisions": {name: cards[name].revision for name in names}, "partners": partners}
    path = folder / PAIRS_NAME
    write_file(path, (json.dumps(stored, indent=1) + "\n").encode())
    return path
