"""A generator's figures as this field quotes them: against held-back real drawings, in DoodleNet's features.

As many generated as real drawings (n), and real against real with the same n beside every figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from model.networks.doodlenet import DoodleNet, Seen
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.images import to_ink
from train.drawings import held_back, learned
from train.metrics import coverage, density, frechet_distance, precision_recall, recognised
from train.training import draw_seeds

NUM_DRAWINGS = 1000  # on each side, where there are so many
FEWEST_FOR_DISTANCES = 150
COPY_QUANTILE = 0.01
COPY_SHIFT = 2  # pixels, in both directions
BOX_SIDE, BOX_SLACK = 26, 0.5  # of the dataset's drawings, in pixels
_BATCH = 250
REFERENCES_AT_ONCE = 4000  # compared at a time, because a mixture may have learned from 160,000 drawings


@dataclass(frozen=True)
class RealDrawings:
    """What a generator is held against. All are exact drawings uint8 (N, 28, 28).

    held_back: no training saw them. others: as many other real ones, for real against real. learned: what copies would
    be copies of.
    """

    held_back: np.ndarray
    others: np.ndarray
    learned: np.ndarray


def real_drawings(drawings: Sequence[np.ndarray], extra: Sequence[np.ndarray] = ()) -> RealDrawings:
    """What to hold a generator of a class or a mixture against.

    drawings: each class's file, uint8 (N, 28, 28), with some held back. extra: other training drawings.
    """
    limit = NUM_DRAWINGS // len(drawings)
    kept = [part[held_back(len(part))[:limit]] for part in drawings]
    seen = [part[learned(len(part))] for part in drawings]
    others = [part[:: max(1, len(part) // limit)][:limit] for part in seen]
    return RealDrawings(np.concatenate(kept), np.concatenate(others), np.concatenate([*seen, *extra]))


def look(network: DoodleNet, drawings: np.ndarray) -> Seen:
    """Drawings uint8 (N, 28, 28) to what DoodleNet sees, in float64 on the CPU."""
    with torch.inference_mode():
        batches = [network(to_ink(np.array(drawings[at : at + _BATCH]))) for at in range(0, len(drawings), _BATCH)]
    return Seen(*(torch.cat(parts).double() for parts in zip(*batches, strict=True)))


def measure(network: DoodleNet, fakes: np.ndarray, real: RealDrawings, classes: Sequence[int]) -> dict[str, float]:
    """Figures of generated drawings, and under "real_..." the same of real ones. classes: their places in CLASS_NAMES.

    top1, top5: share recognised as one of the classes. frechet_distance and kid (times 1,000) use the 576 pooled
    features; precision, recall, density and coverage use the 512 features behind the tanh (k = 5). All of these but
    the shares are left out if n is below FEWEST_FOR_DISTANCES. grey_gap: see `grey_gap`. copies: see `copies`.
    """
    n = min(NUM_DRAWINGS, len(real.held_back), len(fakes))
    reference = look(network, real.held_back[:n])
    sides = {"": look(network, fakes[:n]), "real_": look(network, real.others[:n])}
    figures: dict[str, float] = {}
    for prefix, seen in sides.items():
        top = reference if prefix else seen  # how often the held-back drawings themselves are recognised
        figures |= {f"{prefix}top{k}": recognised(top.logits, classes, k) for k in (1, 5)}
        if n >= FEWEST_FOR_DISTANCES and len(seen.pooled) >= FEWEST_FOR_DISTANCES:
            precision, recall = precision_recall(reference.features, seen.features)
            figures |= {
                f"{prefix}frechet_distance": frechet_distance(reference.pooled, seen.pooled),
                f"{prefix}kid": 1000 * kernel_distance(reference.pooled, seen.pooled),
                f"{prefix}precision": precision,
                f"{prefix}recall": recall,
                f"{prefix}density": density(reference.features, seen.features),
                f"{prefix}coverage": coverage(reference.features, seen.features),
            }
    for prefix, drawings in (("", fakes[:n]), ("real_", real.others[:n])):
        figures |= {f"{prefix}{name}": value for name, value in tones(drawings).items()}
        figures[f"{prefix}grey_gap"] = grey_gap(drawings, real.held_back[:n])
    figures["copies"] = copies(fakes[:n], real.held_back[:n], real.learned)
    return {name: round(value, 4) for name, value in figures.items()} | {"n": n}


def measure_generator(
    network: DoodleNet, generator: GeneratorNetwork, real: RealDrawings, classes: Sequence[int]
) -> dict[str, float]:
    """The figures of a generator's seeds 0.. (see `measure`)."""
    return measure(network, draw_seeds(generator, range(len(real.held_back))), real, classes)


def kernel_distance(real: Tensor, fake: Tensor) -> float:
    """Unbiased squared MMD with the kernel (x.y / d + 1)^3 of features (N, F) and (M, F) (Bińkowski et al. 2018)."""

    def kernel(one: Tensor, other: Tensor) -> Tensor:
        return (one @ other.T / one.shape[1] + 1) ** 3

    def without_diagonal(square: Tensor) -> Tensor:
        count = len(square)
        return (square.sum() - square.trace()) / (count * (count - 1))

    within = without_diagonal(kernel(real, real)) + without_diagonal(kernel(fake, fake))
    return float(within - 2 * kernel(real, fake).mean())


def tones(drawings: np.ndarray) -> dict[str, float]:
    """Shares of pixels that are exactly paper and exactly full ink, and of drawings whose larger side is 26 +- .5."""
    inked = drawings > 0  # (N, 28, 28)
    sides = np.maximum(_extent(np.any(inked, axis=1)), _extent(np.any(inked, axis=2)))  # (N,)
    return {
        "paper": float((drawings == 0).mean()),
        "full_ink": float((drawings == 255).mean()),
        "boxed": float((np.abs(sides - BOX_SIDE) <= BOX_SLACK).mean()),
    }


def grey_gap(drawings: np.ndarray, others: np.ndarray) -> float:
    """Total variation distance, 0..1, of the grey levels of drawings uint8 (N, 28, 28) and others (M, 28, 28)."""
    one, other = (np.bincount(each.ravel(), minlength=256) / each.size for each in (drawings, others))
    return float(np.abs(one - other).sum() / 2)


def copies(fakes: np.ndarray, held_back: np.ndarray, learned: np.ndarray) -> float:
    """Share of fakes nearer to a learned drawing than all but the nearest 1 % of held-back real ones are.

    Nearness tolerates shifts: the smallest mean squared difference over shifts of up to COPY_SHIFT pixels.
    """
    threshold = torch.quantile(_nearest(held_back, learned), COPY_QUANTILE)
    return float((_nearest(fakes, learned) <= threshold).double().mean())


def _nearest(drawings: np.ndarray, references: np.ndarray) -> Tensor:
    """Squared pixel distance (N,) of each drawing to the nearest reference, over all small shifts."""
    padded = F.pad(to_ink(drawings), (COPY_SHIFT,) * 4)  # (N, 1, 32, 32)
    best = torch.full((len(drawings),), torch.inf)
    for first in range(0, len(references), REFERENCES_AT_ONCE):
        flat = to_ink(references[first : first + REFERENCES_AT_ONCE]).flatten(1)  # (M, 784)
        for down in range(2 * COPY_SHIFT + 1):
            for across in range(2 * COPY_SHIFT + 1):
                shifted = padded[:, :, down : down + 28, across : across + 28].flatten(1)
                squared = shifted.square().sum(1)[:, None] + flat.square().sum(1) - 2 * shifted @ flat.T  # (N, M)
                best = torch.minimum(best, squared.min(1).values)
    return best


def _extent(inked: np.ndarray) -> np.ndarray:
    """From the first to the last True of each row (N, 28), in pixels (N,)."""
    first, last = inked.argmax(1), inked.shape[1] - inked[:, ::-1].argmax(1)
    return np.where(inked.any(1), last - first, 0)
