"""From what a person picks (seeds, weights, psi) to the latent vector a generator takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

MAX_SEED = 2**32 - 1
MAX_PSI = 2.0
MAX_KEYS = 8
MAX_OFFSET = 4.0
MAX_LENGTH = 1024  # numbers of a latent; no generator takes more
MAX_NUMBER = 8.0  # in a latent; normally distributed ones hardly ever reach 5

# What a drawing comes from: a seed, or the very numbers of a latent, for a drawing that no seed gives.
Key = int | tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """One drawing, as the page, links, the command line and the API all ask for it.

    mix: (seed, weight) pairs, one for a plain drawing, several for a mixture of drawings. In place of a seed there may
        be a latent, a tuple of as many numbers as the generator takes, such as `nearest.search` finds.
    psi: scales the latent; below 1 is more typical, above 1 wilder.
    style: how far to go along the generator's first style directions (see `style_directions`).
    into, share: another class, and how much of its generator is mixed into that of class_name, 0 to 1.
    Raises ValueError, with what is allowed, for anything out of bounds.
    """

    class_name: str
    mix: tuple[tuple[Key, float], ...]
    psi: float = 1.0
    style: tuple[float, ...] = ()
    into: str | None = None
    share: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.class_name, str):
            raise ValueError("The class has to be a name, such as “cat”.")
        if not 1 <= len(self.mix) <= MAX_KEYS:
            raise ValueError(f"A drawing is mixed from 1 to {MAX_KEYS} seeds, not from {len(self.mix)}.")
        for key, weight in self.mix:
            check_latent(key) if isinstance(key, tuple) else check_seed(key)
            _check_number("A seed's weight", weight, -1.0, 1.0)
        if not any(weight for _, weight in self.mix):
            raise ValueError("At least one seed needs a weight other than 0.")
        check_psi(self.psi)
        for offset in self.style:
            _check_number("A style offset", offset, -MAX_OFFSET, MAX_OFFSET)
        _check_number("The second class's share", self.share, 0.0, 1.0)
        if self.into is not None and self.style:
            raise ValueError("Style style belong to one class; leave them or the second class out.")


def check_seed(seed: object) -> int:
    """`seed` as an int in 0..2^32-1; whole floats, as JSON brings them, count. Raises ValueError otherwise."""
    try:
        whole = int(seed) if not isinstance(seed, bool | str) and int(seed) == seed else -1
    except (TypeError, ValueError, OverflowError):
        whole = -1
    if not 0 <= whole <= MAX_SEED:
        raise ValueError(f"The seed {str(seed)[:40]} is not allowed; use a whole number from 0 to {MAX_SEED}.")
    return whole


def seeds_from(first: int, count: int) -> list[int]:
    """`count` consecutive seeds; after the last seed there is comes 0."""
    return [(first + place) % (MAX_SEED + 1) for place in range(count)]


def check_latent(latent: object) -> tuple[float, ...]:
    """`latent`, a list or tuple of so many numbers within bounds, as a tuple of floats. Raises ValueError otherwise."""
    if not isinstance(latent, list | tuple) or not 1 <= len(latent) <= MAX_LENGTH:
        raise ValueError(f"A latent is a list of 1 to {MAX_LENGTH} numbers, as many as the generator takes.")
    return tuple(_check_number("A latent's number", number, -MAX_NUMBER, MAX_NUMBER) for number in latent)


def check_psi(psi: object) -> float:
    return _check_number("Psi", psi, 0.0, MAX_PSI)


def latent(mix: Sequence[tuple[Key, float]], z_dim: int, psi: float = 1.0) -> np.ndarray:
    """The latent (Z,) float32 of a mixture: psi * sum(w_i z_i) / sqrt(sum(w_i^2)).

    Each z_i comes from its own legacy Mersenne Twister stream, frozen by NumPy's policy (NEP 19), so a seed means the
    same drawing on every machine and in every year; a latent in place of a seed is its own z_i. The root keeps the
    mixture as normal as its parts. Raises ValueError for a latent of another length.
    """
    total = sum(weight * _numbers(key, z_dim) for key, weight in mix)
    norm = math.sqrt(sum(weight**2 for _, weight in mix))
    return (psi / norm * total).astype(np.float32)


def morph_frames(
    class_name: str, seeds: Sequence[Key], num_frames: int, psi: float = 1.0, into: str | None = None
) -> list[Picture]:
    """`num_frames` pictures on the way from the first seed through all others to the last, both ends included.

    into: the class that the last picture is of, where the way leads from one class to another.
    """
    if not 2 <= len(seeds) <= MAX_KEYS:
        raise ValueError(f"A morph_frames goes through 2 to {MAX_KEYS} seeds, not through {len(seeds)}.")
    pictures = []
    for position in np.linspace(0, len(seeds) - 1, num_frames):
        leg = min(int(position), len(seeds) - 2)
        way = between(class_name, seeds[leg], seeds[leg + 1], float(position) - leg, psi)
        pictures.append(replace(way, into=into, share=float(position) / (len(seeds) - 1)) if into else way)
    return pictures


def between(class_name: str, start: Key, end: Key, t: float, psi: float = 1.0) -> Picture:
    """The picture that is `t`, 0 to 1, of the way from one seed or latent to another. Raises ValueError."""
    _check_number("The part of the way", t, 0.0, 1.0)
    return Picture(class_name, tuple((key, weight) for key, weight in ((start, 1 - t), (end, t)) if weight), psi)


def style_directions(weight: np.ndarray) -> np.ndarray:
    """Unit directions (Z, Z), one a row, that change a drawing most, strongest first.

    weight: (features, Z), the generator's first layer. Closed-form factorization: the eigenvectors of its Gram matrix
    (Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs", eq. 5).
    """
    _, vectors = np.linalg.eigh(weight.T.astype(np.float64) @ weight)
    directions = vectors.T[::-1]
    strongest = np.abs(directions).argmax(axis=1)
    return directions * np.sign(directions[np.arange(len(directions)), strongest])[:, None]


def _numbers(key: Key, z_dim: int) -> np.ndarray:
    if not isinstance(key, tuple):
        return _normal(int(key), z_dim)
    if len(key) != z_dim:
        raise ValueError(f"The latent has {len(key)} numbers, but this generator takes {z_dim}; find it anew.")
    return np.array(key)


@lru_cache(maxsize=1024)  # a new stream takes longer than all else, and a morph asks for the same few a hundred times
def _normal(seed: int, z_dim: int) -> np.ndarray:
    numbers = np.random.RandomState(seed).standard_normal(z_dim)
    numbers.flags.writeable = False
    return numbers


def _check_number(what: str, value: object, low: float, high: float) -> float:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise ValueError(f"{what} {str(value)[:40]} is not allowed; use a number from {low:g} to {high:g}.")
    return float(value)
