"""From what a person picks (seeds, weights, psi, style) to the latent vector z that a generator takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from model.quickdraw.classes import NOT_A_NAME

MAX_SEED = 2**32 - 1
MAX_PSI = 2.0
SHARPNESS = 30.0  # how strongly a latent prefers the nearest of the typical ones
MAX_STYLE = 4.0  # how far a drawing may move along a style direction
MAX_STYLES = 5  # style directions that a drawing may move along
MAX_MIXED = 8  # seeds in one drawing
MAX_KEYS = 8  # key drawings of a morph
MAX_PICTURES = 64  # drawings in one request
MAX_LATENT_LENGTH = 1024  # no generator takes more numbers
MAX_LATENT_NUMBER = 8.0  # normally distributed numbers hardly ever reach 5

# A seed, or the numbers of a latent: some drawings that a search finds have no seed.
SeedOrLatent = int | tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """One drawing, described the same way by the page, links, the command line and the API.

    mix: (seed, weight) pairs: one pair for a plain drawing, several for a mix. A latent, such as `search` finds, may
        replace a seed: a tuple with as many numbers as the generator takes.
    psi: below 1, drawings get more typical; above 1, wilder (see `latent`).
    style: how far to move along the generator's strongest style directions (see `style_directions`), strongest first.
    into, share: a second class, and the share of its generator's weights in the drawing, 0 to 1.
    Raises ValueError for values out of bounds; its message says what is allowed.
    """

    class_name: str
    mix: tuple[tuple[SeedOrLatent, float], ...]
    psi: float = 1.0
    style: tuple[float, ...] = ()
    into: str | None = None
    share: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.class_name, str):
            raise ValueError(NOT_A_NAME)
        if not 1 <= len(self.mix) <= MAX_MIXED:
            raise ValueError(f"A drawing mixes 1 to {MAX_MIXED} seeds, not {len(self.mix)}.")
        for key, weight in self.mix:
            check_latent(key) if isinstance(key, tuple) else check_seed(key)
            _check_number("A seed's weight", weight, -1.0, 1.0)
        if not any(weight for _, weight in self.mix):
            raise ValueError("At least one seed needs a weight other than 0.")
        check_psi(self.psi)
        check_style(self.style)
        _check_number("The second class's share", self.share, 0.0, 1.0)
        if self.into is not None and self.style:
            raise ValueError("Style offsets belong to one class; leave out either them or the second class.")


def seeds_to_pictures(
    class_name: str,
    seed: object,
    count: object = 1,
    psi: float = 1.0,
    style: object = (),
    *,
    limit: int = MAX_PICTURES,
) -> list[Picture]:
    """`count` pictures, 1 to `limit`, with consecutive seeds; after the last seed comes 0. Raises ValueError."""
    return pictures_of(class_name, seeds_from(check_seed(seed), check_count(count, limit)), psi, style)


def pictures_of(class_name: str, seeds: Sequence[int], psi: float = 1.0, style: object = ()) -> list[Picture]:
    """A picture of each seed. Raises ValueError."""
    offsets = check_style(style)
    offsets = offsets if any(offsets) else ()
    return [Picture(class_name, ((seed, 1.0),), psi, offsets) for seed in seeds]


def check_seed(seed: object) -> int:
    """`seed` as an int in 0..2^32-1; JSON's whole floats count. Raises ValueError."""
    if isinstance(seed, float) and seed.is_integer():
        seed = int(seed)
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed <= MAX_SEED:
        raise ValueError(f"The seed {str(seed)[:40]} is not allowed; use a whole number from 0 to {MAX_SEED}.")
    return int(seed)


def check_count(count: object, limit: int = MAX_PICTURES) -> int:
    """`count` if it is an int in 1..limit. Raises ValueError."""
    if type(count) is not int or not 1 <= count <= limit:
        raise ValueError(f"You asked for {str(count)[:40]} drawings; ask for 1 to {limit:,} at a time.")
    return count


def check_seeds(seeds: object, limit: int = MAX_PICTURES) -> tuple[int, ...]:
    """`seeds`, a list or tuple of 1 to `limit` seeds, as a tuple. Raises ValueError."""
    if not isinstance(seeds, list | tuple) or not 1 <= len(seeds) <= limit:
        raise ValueError(f"Seeds are a list of 1 to {limit:,} whole numbers.")
    return tuple(map(check_seed, seeds))


def seeds_from(first: int, count: int) -> list[int]:
    """`count` consecutive seeds; after the last seed comes 0."""
    return [(first + place) % (MAX_SEED + 1) for place in range(count)]


def check_latent(latent: object) -> tuple[float, ...]:
    """`latent`, a list or tuple of numbers within bounds, as a tuple of floats. Raises ValueError."""
    if not isinstance(latent, list | tuple) or not 1 <= len(latent) <= MAX_LATENT_LENGTH:
        raise ValueError(f"A latent is a list of 1 to {MAX_LATENT_LENGTH} numbers, as many as the generator takes.")
    bound = MAX_LATENT_NUMBER
    return tuple(_check_number("A latent's number", number, -bound, bound) for number in latent)


def check_psi(psi: object) -> float:
    """`psi` as a float. Raises ValueError."""
    return _check_number("Psi", psi, 0.0, MAX_PSI)


def check_style(style: object) -> tuple[float, ...]:
    """`style`, a list or tuple of up to MAX_STYLES offsets, as a tuple of floats. Raises ValueError."""
    if not isinstance(style, list | tuple) or len(style) > MAX_STYLES:
        raise ValueError(f"Up to {MAX_STYLES} style offsets are allowed, as a list of numbers.")
    return tuple(_check_number("The style offset", offset, -MAX_STYLE, MAX_STYLE) for offset in style)


def latent(
    mix: Sequence[tuple[SeedOrLatent, float]], z_dim: int, psi: float = 1.0, typical: Sequence[int] = ()
) -> np.ndarray:
    """The latent (Z,) float32 of a mix: sum(w_i z_i) / sqrt(sum(w_i^2)), then `psi` applied.

    Each z_i comes from its own legacy Mersenne Twister stream, which NumPy's policy (NEP 19) freezes, so a seed gives
    the same drawing on every machine, today and in ten years; a latent in place of a seed is its own z_i. The root
    keeps a mix of normally distributed latents normal. Raises ValueError for a latent of another length.

    psi: below 1, the latent goes towards the seeds in `typical` that are nearest to it (see `_towards`), and has
    arrived at 0. Above 1, or if a generator has no typical seeds, the latent is multiplied by psi.
    """
    total = sum((weight * _numbers(key, z_dim) for key, weight in mix), start=np.zeros(z_dim))
    norm = math.sqrt(sum(weight**2 for _, weight in mix))
    if psi >= 1 or not typical:
        return (psi / norm * total).astype(np.float32)
    return _towards(total / norm, np.stack([_normal(seed, z_dim) for seed in typical]), 1 - psi).astype(np.float32)


def morph_frames(
    class_name: str, keys: Sequence[SeedOrLatent], num_frames: int, psi: float = 1.0, into: str | None = None
) -> list[Picture]:
    """`num_frames` pictures of a morph through the key drawings of these seeds; the first and last are key drawings.

    into: the class of the last picture, for a morph from one class to another. Raises ValueError.
    """
    if not 2 <= len(keys) <= MAX_KEYS:
        raise ValueError(f"A morph goes through 2 to {MAX_KEYS} drawings, not through {len(keys)}.")
    pictures = []
    for position in np.linspace(0, len(keys) - 1, num_frames).tolist():
        leg = min(int(position), len(keys) - 2)
        picture = between(class_name, keys[leg], keys[leg + 1], position - leg, psi)
        pictures.append(replace(picture, into=into, share=position / (len(keys) - 1)) if into else picture)
    return pictures


def between(class_name: str, start: SeedOrLatent, end: SeedOrLatent, t: float, psi: float = 1.0) -> Picture:
    """The picture at `t` of a morph from one seed or latent, at 0, to another, at 1. Raises ValueError."""
    _check_number("The position in a morph", t, 0.0, 1.0)
    return Picture(class_name, tuple((key, weight) for key, weight in ((start, 1 - t), (end, t)) if weight), psi)


def between_latents(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    """The latent (Z,) at `t` of the straight way from one, at 0, to another, at 1, with a length between theirs."""
    if np.array_equal(start, end):
        return start
    z = (1 - t) * start + t * end
    length = (1 - t) * np.linalg.norm(start) + t * np.linalg.norm(end)
    return (z * (length / max(float(np.linalg.norm(z)), 1e-9))).astype(np.float32)


def style_directions(weight: np.ndarray) -> np.ndarray:
    """Unit directions (Z, Z), one per row, along which a drawing changes most, strongest first.

    weight: (features, Z), the generator's first layer. Closed-form factorization: the eigenvectors of its Gram matrix
    (Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs", eq. 5).
    """
    _, vectors = np.linalg.eigh(weight.T.astype(np.float64) @ weight)
    directions = vectors.T[::-1]
    strongest = np.abs(directions).argmax(axis=1)
    return directions * np.sign(directions[np.arange(len(directions)), strongest])[:, None]


def _towards(z: np.ndarray, typical: np.ndarray, share: float) -> np.ndarray:
    """z (Z,) moved by a share 0..1 of the way to its goal: a mean of the typical latents (K, Z), mostly the nearest.

    In many dimensions, normal numbers have nearly the same length, and a generator has never seen shorter ones. So the
    way follows the sphere (Shoemake 1985, "Animating Rotation with Quaternion Curves", slerp). The softmax of the
    cosines chooses the goal, so it moves smoothly with z.
    """
    length, lengths = float(np.linalg.norm(z)), np.linalg.norm(typical, axis=1)  # (K,)
    direction = z / max(length, 1e-9)
    cosines = typical @ direction / lengths
    weights = np.exp(SHARPNESS * (cosines - cosines.max()))
    weights /= weights.sum()
    goal = weights / lengths @ typical
    goal /= max(float(np.linalg.norm(goal)), 1e-9)
    angle = math.acos(float(np.clip(goal @ direction, -1.0, 1.0)))
    if angle < 1e-6:
        return z
    turned = (math.sin((1 - share) * angle) * direction + math.sin(share * angle) * goal) / math.sin(angle)
    return ((1 - share) * length + share * (weights @ lengths)) * turned


def _numbers(key: SeedOrLatent, z_dim: int) -> np.ndarray:
    if not isinstance(key, tuple):
        return _normal(int(key), z_dim)
    if len(key) != z_dim:
        raise ValueError(f"The latent has {len(key)} numbers, but this generator takes {z_dim}; give {z_dim} numbers.")
    return np.array(key)


@lru_cache(maxsize=1024)  # a new stream is slow to start, and a morph needs the same few a hundred times
def _normal(seed: int, z_dim: int) -> np.ndarray:
    numbers = np.random.RandomState(seed).standard_normal(z_dim)
    numbers.flags.writeable = False
    return numbers


def _check_number(what: str, value: object, low: float, high: float) -> float:
    if (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and low <= value <= high
    ):
        return float(value)
    raise ValueError(f"{what} {str(value)[:40]} is not allowed; use a number from {low:g} to {high:g}.")
