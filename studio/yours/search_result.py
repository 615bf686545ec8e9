"""What a search found, in pictures and words: yours, the nearest, and one over the other."""

import json
import math
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from model.drawing.latents import Picture
from model.drawing.search import NUM_CANDIDATES, likeness
from model.exports.vector import enlarged
from model.quickdraw.images import png
from studio.shared.pictures import data_url

MINE, THEIRS = (67, 56, 202), (180, 83, 9)  # the colours of yours and of the nearest where they lie on each other
LARGE, SMALL = 224, 140  # pixels a side, with smooth outlines
FILES = {"png": "PNG 28 px", "large.png": "PNG large", "svg": "SVG"}
WORDS = {"link": "Copy link", "command": "Command line", "python": "Python"}
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


def result_html(
    picture: Picture, mine: np.ndarray, nearest: np.ndarray, fraction: float, best_random: float = 0.0, other: str = ""
) -> str:
    """Drawings (28, 28) side by side and over each other, with progress or, when fraction is 1, how near they are.

    best_random: the ink that yours has in common with the nearest of many random drawings, for comparison. other: the
    class in which there may be a nearer one.
    """
    name, alike = escape(picture.class_name), math.floor(100 * likeness(mine, nearest)) / 100  # as it is shown
    figures = "".join(
        _figure(source, alt, caption)
        for source, alt, caption in (
            (_large_url(mine), "Your drawing", '<span class="mine">yours</span>'),
            (_large_url(nearest), f"The nearest {name}", '<span class="theirs">nearest</span>'),
            (_overlay(mine, nearest), "Your drawing in blue, the nearest in orange, one over the other", "both"),
        )
    )
    percent = f"{100 * fraction:.0f}"
    if fraction < 1:
        words = f"Looking for the nearest “{name}” … {percent}%, so far {alike:.0%} of the ink in common."
    else:
        words = f"{_verdict(alike)} Yours and the nearest “{name}” have {alike:.0%} of their ink in common."
        words += f" The nearest of {NUM_CANDIDATES} random ones has {best_random:.0%}." if best_random else ""
    offer = escape(other)
    instead = (
        f'<button type="button" class="instead" data-name="{offer}">It looks more like “{offer}”: look there</button>'
    )
    return (
        f'<div class="trio">{figures}</div>'
        f'<div class="progress{"" if fraction < 1 else " done"}" role="progressbar" aria-label="Search" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}"><div style="width:{percent}%"></div></div>'
        f'<p class="sentence">{words}</p>{instead if other else ""}' + (_take(picture) if fraction == 1 else "")
    )


def opened_html(picture: Picture, drawing: np.ndarray) -> str:
    """What somebody found, of a link."""
    return _alone_html(picture, drawing, "found", "that somebody found; draw one of your own to find another.")


def chosen_html(picture: Picture, drawing: np.ndarray) -> str:
    """What was found, varied."""
    return _alone_html(picture, drawing, "chosen", "that you chose among the variations; below are its own.")


def _alone_html(picture: Picture, drawing: np.ndarray, caption: str, what: str) -> str:
    name = escape(picture.class_name)
    figure = _figure(_large_url(drawing), f"The {name} {caption}", f'<span class="theirs">{caption}</span>')
    words = f"A “{name}” {what}"
    return f'<div class="trio">{figure}</div><p class="sentence">{words}</p>{_take(picture)}'


def variations_html(class_name: str, seeds: Sequence[int], drawings: np.ndarray) -> str:
    """Drawings (N, 28, 28), each under the seed that it goes towards, to be chosen from."""
    buttons = "".join(
        f'<button type="button" class="one" data-seed="{seed}" title="Go on from this one">'
        f'<img src="{_large_url(drawing, SMALL)}" alt="{escape(class_name)}, found, towards seed {seed}">'
        f"<span>{seed}</span></button>"
        for seed, drawing in zip(seeds, drawings, strict=True)
    )
    return f'<div class="sixteen">{buttons}</div>'


def _verdict(alike: float) -> str:
    if alike < NEAR:
        return "<b>Far.</b> The search came no nearer; fewer lines may help, or another class."
    return "<b>Very near.</b>" if alike >= VERY_NEAR else "<b>Near.</b>"


def _figure(source: str, alt: str, caption: str) -> str:
    return f'<figure><img src="{source}" alt="{alt}"><figcaption>{caption}</figcaption></figure>'


def _large_url(drawing: np.ndarray, size: int = LARGE) -> str:
    return data_url(png(enlarged(drawing, size)))


def _overlay(mine: np.ndarray, nearest: np.ndarray) -> str:
    """Both drawings on one paper, each in its colour, as inks mix: where they agree it is dark."""
    light = np.ones((LARGE, LARGE, 3))
    for drawing, colour in ((mine, MINE), (nearest, THEIRS)):
        ink = 1 - np.asarray(enlarged(drawing, LARGE))[:, :, None] / 255
        light *= 1 - ink * (1 - np.array(colour) / 255)
    return data_url(png(Image.fromarray((255 * light).round().astype(np.uint8))))


def _take(picture: Picture) -> str:
    """Buttons to take it along. No seed gives this drawing, but its latent always does."""
    ((latent, _),) = picture.mix
    kinds = "".join(f'<button type="button" data-take="{kind}">{name}</button>' for kind, name in FILES.items())
    texts = "".join(f'<button type="button" data-copy="{kind}">{name}</button>' for kind, name in WORDS.items())
    return (
        f'<div class="take" role="group" aria-label="Take it with you" data-name="{escape(picture.class_name)}" '
        f'data-latent="{json.dumps(latent)}">{kinds}{texts}</div><p class="copied" role="status"></p>'
    )
