"""Best first: of several seeds, those whose drawings the evaluator recognises most surely."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model.drawing.latents import pictures_of, seeds_from
from model.drawing.sampler import Sampler
from model.drawing.view import View

POOL, SHARE = 64, 4  # seeds to pick from: at least so many, and so many times as many as are picked


def pool_of(count: int) -> int:
    """From how many seeds `count` are picked."""
    return max(POOL, SHARE * count)


def picked(sampler: Sampler, view: View) -> View:
    """As many drawings as the view's, the surest first, of the seeds from its `seed` on. Raises ValueError.

    Without an evaluator, the view itself.
    """
    pool = seeds_from(view.seed, pool_of(view.count))
    drawings = sampler.draw_all(pictures_of(view.class_name, pool, view.psi, view.style))
    sureness = sampler.recogniser.sureness(drawings, [view.class_name] * len(pool))
    if sureness is None:
        return view
    return replace(view, seeds=tuple(pool[place] for place in _surest(sureness)[: view.count]))


def filled_up(sampler: Sampler, view: View, count: int) -> View:
    """The view's own drawings, and behind them picked ones until there are `count`. Raises ValueError."""
    own = list(view.all_seeds)[:count]
    others = picked(sampler, replace(view, seeds=(), count=count)).all_seeds
    seeds = dict.fromkeys((*own, *others, *seeds_from(view.seed, count)))
    return replace(view, seeds=tuple(seeds)[:count])


def pick_places(sampler: Sampler, drawings: np.ndarray, class_names: Sequence[str]) -> np.ndarray:
    """Of each class's drawings uint8 (N, K, 28, 28), the place of the surest one (N,)."""
    num_classes, num_each = drawings.shape[:2]
    repeated = [name for name in class_names for _ in range(num_each)]
    sureness = sampler.recogniser.sureness(drawings.reshape(-1, *drawings.shape[2:]), repeated)
    if sureness is None:
        return np.zeros(num_classes, int)
    return sureness.reshape(num_classes, num_each).argmax(axis=1)


def _surest(sureness: np.ndarray) -> list[int]:
    """The places of the numbers from the largest to the smallest; of equal ones, the first comes first."""
    return np.argsort(-sureness, kind="stable").tolist()
