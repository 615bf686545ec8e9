"""A generator in memory with its card, and how it draws pictures."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.func import functional_call

from model.drawing.latents import Picture, between_latents, latent, style_directions
from model.files.checkpoint import Card
from model.files.weights import layout
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.images import to_drawings

LAYOUT = "layout.rows"  # the tensor of a generator's layout
BATCH = 16  # the size of every batch, so that a seed's pixels don't depend on how many others are drawn with it


@dataclass(frozen=True)
class Loaded:
    card: Card
    generator: GeneratorNetwork

    @cached_property
    def style_directions(self) -> np.ndarray:
        """Unit vectors (Z, Z), one per row, strongest first."""
        return style_directions(self.generator.style_weight().cpu().numpy())


def draw(loaded: Loaded, pictures: Sequence[Picture], device: str) -> np.ndarray:
    """Drawings uint8 (len(pictures), 28, 28) by one generator."""
    z = np.stack([moved_latent(loaded, picture) for picture in pictures])
    padded = np.concatenate([z, np.zeros((-len(z) % BATCH, z.shape[1]), np.float32)])
    with torch.inference_mode():
        batches = torch.from_numpy(padded).to(device).split(BATCH)
        return np.concatenate([to_drawings(loaded.generator(batch)) for batch in batches])[: len(pictures)]


def draw_mixed(loaded: Loaded, other: Loaded, pictures: Sequence[Picture], device: str) -> np.ndarray:
    """Each picture by a generator whose weights lie between those of two generators, which grew from the same base.

    `share` says how near to `other`. Raises ValueError if the two are built differently. A generator without a layout
    counts as one whose layout is 0, so those of before can be mixed with newer ones.
    """
    start, end = loaded.generator.state_dict(), other.generator.state_dict()
    between = copy.copy(loaded.generator if LAYOUT in start else other.generator)
    for one, its_partner in ((start, end), (end, start)):
        if LAYOUT in its_partner:
            one.setdefault(LAYOUT, torch.zeros_like(its_partner[LAYOUT]))
    if layout(start) != layout(end):
        names = f"“{loaded.card.class_name}” and “{other.card.class_name}”"
        raise ValueError(f"{names} have generators of different kinds, which can't be mixed; pick another pair.")
    drawings = []
    with torch.inference_mode():
        for picture in pictures:
            between.saturation = (1 - picture.share) * loaded.generator.saturation
            between.saturation += picture.share * other.generator.saturation
            weights = {
                name: tensor.lerp(end[name], picture.share) if tensor.is_floating_point() else tensor
                for name, tensor in start.items()
            }
            ends = moved_latent(loaded, picture), moved_latent(other, picture)
            z = torch.from_numpy(between_latents(*ends, picture.share)[None]).to(device)
            drawings.append(to_drawings(functional_call(between, weights, z)))
    return np.concatenate(drawings)


def moved_latent(loaded: Loaded, picture: Picture) -> np.ndarray:
    """The latent (Z,) of a picture, moved along the style directions."""
    generator = loaded.generator
    z = latent(picture.mix, generator.z_dim, picture.psi, generator.typical_seeds)
    if not picture.style:
        return z
    offsets = np.asarray(picture.style, np.float32)
    return z + offsets @ loaded.style_directions[: len(offsets)].astype(np.float32)
