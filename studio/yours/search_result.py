"""The result of a search as HTML: your sketch, the closest drawing, and both on top of each other."""

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

SKETCH_COLOUR, NEAREST_COLOUR = (67, 56, 202), (180, 83, 9)  # RGB, for both on top of each other
LARGE, SMALL = 224, 140  # pixels a side, with smooth outlines
FILE_BUTTONS = {"png": "Small PNG (28 px)", "large.png": "Large PNG", "svg": "SVG"}
TEXT_BUTTONS = {"link": "Copy link", "command": "Command line", "python": "Python"}
VERY_NEAR, NEAR = 0.85, 0.75  # share of common ink; most held-back drawings of the class reach NEAR

_EMPTY = '<div class="trio">' + "".join(
    f'<figure><div class="blank"></div><figcaption>{caption}</figcaption></figure>'
    for caption in ("yours", "closest", "both")
)
IDLE = (
    f'{_EMPTY}</div><p class="sentence">Draw something, pick its class and press “Find mine”: the app then finds '
    "the generated drawing closest to yours.</p>"
)
WAITING = f'{_EMPTY}</div><p class="sentence" role="status">Waiting for another search to finish…</p>'


def result_html(
    picture: Picture,
    sketch: np.ndarray,
    nearest: np.ndarray,
    *,
    fraction: float = 1.0,
    best_random: float = 0.0,
    better_class: str = "",
) -> str:
    """Drawings (28, 28) side by side and on top of each other, with the search's progress or its result.

    fraction: of the search; 1 when it's done. best_random: the ink that the sketch shares with the closest of many
    random drawings, for comparison. better_class: a class that may have a closer drawing.
    """
    name = escape(picture.class_name)
    common = math.floor(100 * likeness(sketch, nearest)) / 100  # as it's shown
    figures = "".join(
        _figure(source, alt, caption)
        for source, alt, caption in (
            (_large_url(sketch), "Your drawing", '<span class="sketch">yours</span>'),
            (_large_url(nearest), f"The closest {name}", '<span class="nearest">closest</span>'),
            (_overlay(sketch, nearest), "Your drawing in blue on top of the closest in orange", "both"),
        )
    )
    percent = f"{100 * fraction:.0f}"
    if fraction < 1:
        message = f"Looking for the closest “{name}”… {percent}%, sharing {common:.0%} of the ink so far."
    else:
        message = f"{_verdict(common)} Yours and the closest “{name}” share {common:.0%} of their ink."
        message += f" The closest of {NUM_CANDIDATES} random drawings shares {best_random:.0%}." if best_random else ""
    button = ""
    if other := escape(better_class):
        label = f"It looks more like “{other}”: search in that class"
        button = f'<button type="button" class="instead" data-name="{other}">{label}</button>'
    return (
        f'<div class="trio">{figures}</div>'
        f'<div class="progress{"" if fraction < 1 else " done"}" role="progressbar" aria-label="Search" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}"><div style="width:{percent}%"></div></div>'
        f'<p class="sentence">{message}</p>{button}{_export_buttons(picture) if fraction == 1 else ""}'
    )


def opened_html(picture: Picture, drawing: np.ndarray) -> str:
    """A found drawing that was opened from a link."""
    return _single_html(picture, drawing, "found", "from a link. Draw your own to find another.")


def chosen_html(picture: Picture, drawing: np.ndarray) -> str:
    """A variation that replaced the found drawing."""
    return _single_html(picture, drawing, "chosen", "that you chose from the variations. Its own variations are below.")


def _single_html(picture: Picture, drawing: np.ndarray, caption: str, ending: str) -> str:
    name = escape(picture.class_name)
    figure = _figure(_large_url(drawing), f"The {caption} {name}", f'<span class="nearest">{caption}</span>')
    return f'<div class="trio">{figure}</div><p class="sentence">A “{name}” {ending}</p>{_export_buttons(picture)}'


def variations_html(class_name: str, seeds: Sequence[int], drawings: np.ndarray) -> str:
    """Drawings (N, 28, 28) to choose from, each with the seed that it lies towards."""
    buttons = "".join(
        f'<button type="button" class="one" data-seed="{seed}" title="Continue from this one">'
        f'<img src="{_large_url(drawing, SMALL)}" alt="{escape(class_name)}, varied towards seed {seed}">'
        f"<span>{seed}</span></button>"
        for seed, drawing in zip(seeds, drawings, strict=True)
    )
    return f'<div class="sixteen">{buttons}</div>'


def _verdict(common: float) -> str:
    if common < NEAR:
        return "<b>Not close.</b> The search found nothing closer; try fewer lines or another class."
    return "<b>Very close.</b>" if common >= VERY_NEAR else "<b>Close.</b>"


def _figure(source: str, alt: str, caption: str) -> str:
    return f'<figure><img src="{source}" alt="{alt}"><figcaption>{caption}</figcaption></figure>'


def _large_url(drawing: np.ndarray, size: int = LARGE) -> str:
    return data_url(png(enlarged(drawing, size)))


def _overlay(sketch: np.ndarray, nearest: np.ndarray) -> str:
    """Both drawings on one paper, mixed like inks of two colours: it's dark where they agree."""
    light = np.ones((LARGE, LARGE, 3))
    for drawing, colour in ((sketch, SKETCH_COLOUR), (nearest, NEAREST_COLOUR)):
        ink = 1 - np.asarray(enlarged(drawing, LARGE))[:, :, None] / 255
        light *= 1 - ink * (1 - np.array(colour) / 255)
    return data_url(png(Image.fromarray((255 * light).round().astype(np.uint8))))


def _export_buttons(picture: Picture) -> str:
    """Buttons to export a drawing by its latent, because no seed gives it."""
    ((latent, _),) = picture.mix
    buttons = "".join(
        f'<button type="button" data-{action}="{kind}">{label}</button>'
        for action, labels in (("download", FILE_BUTTONS), ("copy", TEXT_BUTTONS))
        for kind, label in labels.items()
    )
    return (
        f'<div class="export" role="group" aria-label="Export" data-name="{escape(picture.class_name)}" '
        f'data-latent="{json.dumps(latent)}">{buttons}</div><p class="copied" role="status"></p>'
    )
