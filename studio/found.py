"""What a search found, in pictures and words: yours, the nearest, and one over the other."""

from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from model.images import png
from model.latents import Picture
from model.nearest import NUM_LOOKED_AT, likeness
from studio.pictures import data_url, drawing_url

MINE, THEIRS = (67, 56, 202), (180, 83, 9)  # the colours of yours and of the nearest where they lie on each other
VERY_NEAR, NEAR = 0.85, 0.75  # of the ink in common; held-back drawings of the class mostly reach the latter

_EMPTY = '<div class="trio">' + "".join(
    f'<figure><div class="blank"></div><figcaption>{caption}</figcaption></figure>'
    for caption in ("yours", "nearest", "both")
)
IDLE = (
    f'{_EMPTY}</div><p class="sentence">Draw something, pick its class and press “Find mine”: the generator then looks '
    "for the drawing of its own that comes nearest.</p>"
)
WAITING = f'{_EMPTY}</div><p class="sentence" role="status">Waiting for a free place to search …</p>'


def found_html(
    picture: Picture, mine: np.ndarray, nearest: np.ndarray, fraction: float, best_random: float = 0.0
) -> str:
    """Drawings (28, 28) side by side and over each other, with progress or, when fraction is 1, how near they are.

    best_random: the ink that yours has in common with the nearest of many random drawings, for comparison.
    """
    name, alike = escape(picture.class_name), likeness(mine, nearest)
    figures = "".join(
        f'<figure><img src="{source}" alt="{alt}"><figcaption>{caption}</figcaption></figure>'
        for source, alt, caption in (
            (drawing_url(mine), "Your drawing, 28 by 28 pixels", '<span class="mine">yours</span>'),
            (drawing_url(nearest), f"The nearest {name}", '<span class="theirs">nearest</span>'),
            (_overlay(mine, nearest), "Your drawing in blue, the nearest in orange, one over the other", "both"),
        )
    )
    percent = f"{100 * fraction:.0f}"
    if fraction < 1:
        words = f"Looking for the nearest “{name}” … {percent}%, so far {alike:.0%} of the ink in common."
    else:
        words = f"{_verdict(alike)} Yours and the nearest “{name}” have {alike:.0%} of their ink in common."
        words += f" The nearest of {NUM_LOOKED_AT} random ones has {best_random:.0%}."
    return (
        f'<div class="trio">{figures}</div>'
        f'<div class="progress{"" if fraction < 1 else " done"}" role="progressbar" aria-label="Search" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}"><div style="width:{percent}%"></div></div>'
        f'<p class="sentence">{words}</p>' + (_numbers(picture) if fraction == 1 else "")
    )


def variations_html(class_name: str, seeds: Sequence[int], drawings: np.ndarray) -> str:
    """Drawings (N, 28, 28), each under the seed that it goes towards."""
    figures = "".join(
        f'<figure><img src="{drawing_url(drawing)}" alt="{escape(class_name)}, yours towards seed {seed}">'
        f"<figcaption>{seed}</figcaption></figure>"
        for seed, drawing in zip(seeds, drawings, strict=True)
    )
    return f'<div class="sixteen">{figures}</div>'


def _verdict(alike: float) -> str:
    if alike < NEAR:
        return "<b>Far.</b> The search came no nearer; fewer lines may help, or another class."
    return "<b>Very near.</b>" if alike >= VERY_NEAR else "<b>Near.</b>"


def _overlay(mine: np.ndarray, nearest: np.ndarray) -> str:
    """Both drawings on one paper, each in its colour, as inks mix: where they agree it is dark."""
    inks = ((mine, MINE), (nearest, THEIRS))
    light = [1 - ink[:, :, None] / 255 * (1 - np.array(colour) / 255) for ink, colour in inks]  # (28, 28, 3) each
    return data_url(png(Image.fromarray((255 * light[0] * light[1]).round().astype(np.uint8))))


def _numbers(picture: Picture) -> str:
    """The latent, ready to copy: no seed gives this drawing, but these numbers always do."""
    ((latent, _),) = picture.keys
    code = (
        "from pathlib import Path\nfrom model.latents import Picture\nfrom model.sampler import Sampler\n\n"
        f"latent = {latent}\n"
        f'drawing = Sampler([Path("checkpoints")]).draw([Picture({picture.class_name!r}, ((latent, 1.0),))])[0]'
    )
    return (
        "<details><summary>The numbers behind it, to draw it again from Python</summary>"
        f'<pre tabindex="0" aria-label="Python code">{escape(code)}</pre></details>'
    )
