"""Finding out which classes turn into each other well: half-way drawings that are as sure of themselves as the ends."""

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
WAY = (0.5, 0.35, 0.65)  # shares of the second class, the most telling first
LEAST = 0.8  # of the ends' sureness, for the way to look good
MOST_PARTNERS = 12


def sureness(
    evaluator: Evaluator, sampler: Sampler, class_name: str, into: str | None = None, share: float = 0.0
) -> float:
    """How sure the evaluator is, on average, of what it sees in such drawings: the mean of its highest probability."""
    pictures = [Picture(class_name, ((seed, 1.0),), into=into, share=share) for seed in SEEDS]
    logits = embed(evaluator, sampler.draw(pictures))[1]  # (N, 345)
    return float(logits.softmax(1).amax(1).mean())


def measure_pairs(evaluator: Evaluator, sampler: Sampler, names: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    """For every pair, the least sureness on the way as a share of its ends'; 0 as soon as it falls below LEAST."""
    ends = {name: sureness(evaluator, sampler, name) for name in names}
    for one, other in combinations(names, 2):
        least = 1.0
        for share in WAY:
            expected = ends[one] + share * (ends[other] - ends[one])
            least = min(least, sureness(evaluator, sampler, one, other, share) / max(1e-9, expected))
            if least < LEAST:
                least = 0.0
                break
        yield one, other, least


def save_pairs(folder: Path, sampler: Sampler, names: Sequence[str], measured: dict[tuple[str, str], float]) -> Path:
    """Write what `model.drawing.partners.partners` reads."""
    found = {}
    for name in names:
        shares = {other: share for pair, share in measured.items() if name in pair for other in pair if other != name}
        good = sorted((other for other, share in shares.items() if share), key=shares.get, reverse=True)
        found[name] = good[:MOST_PARTNERS]
    cards = sampler.cards()
    stored = {"revisions": {name: cards[name].revision for name in names}, "partners": found}
    path = folder / PAIRS_NAME
    write_file(path, (json.dumps(stored, indent=1) + "\n").encode())
    return path
