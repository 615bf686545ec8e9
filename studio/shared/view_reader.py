"""From what a browser or a program sends to a `View`. Everything is checked; each error is one sentence."""

from model.drawing.latents import MAX_KEYS, check_count, check_latent, check_psi, check_seed, check_seeds, check_style
from model.drawing.look import Look
from model.drawing.sampler import Sampler
from model.drawing.view import View


def read_parts(request: object, *names: str) -> list:
    """A request that is a list with one part for each name. Raises ValueError."""
    if not isinstance(request, list) or len(request) != len(names):
        raise ValueError(f"The request must be a list of {len(names)} parts: {', '.join(names)}.")
    return request


def read_class(sampler: Sampler, class_name: object) -> str:
    """The name of a class that can be drawn. Raises ValueError."""
    if not isinstance(class_name, str):
        raise ValueError("The class must be a name, such as “cat”.")
    return sampler.find(class_name)


def read_drawings(
    sampler: Sampler, class_name: object, seed: object, count: object = 1, psi: object = 1.0, style: object = None
) -> View:
    """`count` drawings of consecutive seeds, or of the seeds in a list in place of the first. Raises ValueError."""
    name, offsets = read_class(sampler, class_name), () if style is None else check_style(style)
    if isinstance(seed, list):
        return View(name, psi=check_psi(psi), style=offsets, seeds=check_seeds(seed))
    return View(name, check_seed(seed), check_count(count), check_psi(psi), offsets)


def read_look(name: object, width: object = None) -> Look | None:
    """How enlarged drawings look; None if there is no name. Raises ValueError."""
    if name in (None, ""):
        return None
    return Look(name) if width is None else Look(name, width)  # type: ignore[arg-type] # it checks them


def read_morph(sampler: Sampler, class_name: object, seeds: object, psi: object = 1.0, into: object = None) -> View:
    """A morph through several seeds; `into` another class unless that is empty, None or the same. Raises ValueError."""
    if not isinstance(seeds, list) or not 2 <= len(seeds) <= MAX_KEYS:
        raise ValueError(f"A morph needs 2 to {MAX_KEYS} seeds, as a list.")
    name = read_class(sampler, class_name)
    other = read_class(sampler, into) if into not in (None, "") else name
    keys = tuple(map(check_seed, seeds))
    return View(name, psi=check_psi(psi), keys=keys, into=None if other == name else other)


def read_found(sampler: Sampler, class_name: object, latent: object) -> View:
    """The single drawing of a latent, such as the search in Yours finds. Raises ValueError."""
    return View(read_class(sampler, class_name), latent=check_latent(latent))
