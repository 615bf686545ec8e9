"""The result of a search as HTML: your sketch, the closest drawing, and both on top of each other.

Drawings are canvases with their pixels as data, which figures.js paints in the chosen look.
"""

import base64
import json
import math
from collections.abc import Sequence
from html import escape

import numpy as np

from model.drawing.latents import Picture
from model.drawing.search import NUM_CANDIDATES, likeness
from model.pen.sketch import Sketch
from train.site.markup import asset

LARGE, SMALL = 448, 280  # pixels a side
FILE_BUTTONS = {"png": "Small PNG (28 px)", "large.png": "Large PNG", "svg": "SVG"}
TEXT_BUTTONS = {"link": "Copy link", "command": "Command line", "python": "Python"}
BOTH_BUTTONS = {"large.png": "PNG", "svg": "SVG", "ndjson": "ndjson", "gif": "GIF"}
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
    sketch: Sketch,
    nearest: np.ndarray,
    *,
    fraction: float = 1.0,
    best_random: float = 0.0,
    better_class: str = "",
) -> str:
    """A sketch and a drawing (28, 28), side by side and on top of each other, with the search's progress or its result.

    fraction: of the search; 1 when it's done. best_random: the ink that the sketch shares with the closest of many
    random drawings, for comparison. better_class: a class that may have a closer drawing.
    """
    name = escape(picture.class_name)
    common = math.floor(100 * likeness(sketch.drawing, nearest)) / 100  # as it's shown
    figures = "".join(
        _figure(canvas, caption)
        for canvas, caption in (
            (_canvas("Your drawing", sketch.drawing, sketch), '<span class="sketch">yours</span>'),
            (_canvas(f"The closest {name}", nearest), '<span class="nearest">closest</span>'),
            (_canvas("Your drawing in blue on top of the closest in orange"), "both"),
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
        f'<p class="sentence">{message}</p>{button}{_export_buttons(picture, is_beside=True) if fraction == 1 else ""}'
    )


def opened_html(picture: Picture, drawing: np.ndarray) -> str:
    """A found drawing that was opened from a link."""
    return _single_html(picture, drawing, "found", "from a link. Draw your own to find another.")


def chosen_html(picture: Picture, drawing: np.ndarray) -> str:
    """A variation that replaced the found drawing."""
    return _single_html(picture, drawing, "chosen", "that you chose from the variations. Its own variations are below.")


def _single_html(picture: Picture, drawing: np.ndarray, caption: str, ending: str) -> str:
    name = escape(picture.class_name)
    figure = _figure(_canvas(f"The {caption} {name}", drawing), f'<span class="nearest">{caption}</span>')
    return f'<div class="trio">{figure}</div><p class="sentence">A “{name}” {ending}</p>{_export_buttons(picture)}'


def variations_html(class_name: str, seeds: Sequence[int], drawings: np.ndarray) -> str:
    """Drawings (N, 28, 28) to choose from, each with the seed that it lies towards."""
    buttons = "".join(
        f'<button type="button" class="one" data-seed="{seed}" title="Continue from this one">'
        f"{_canvas(f'{escape(class_name)}, varied towards seed {seed}', drawing, size=SMALL)}"
        f"<span>{seed}</span></button>"
        for seed, drawing in zip(seeds, drawings, strict=True)
    )
    return f'<div class="sixteen">{buttons}</div>'


def _verdict(common: float) -> str:
    if common < NEAR:
        return "<b>Not close.</b> The search found nothing closer; try fewer lines or another class."
    return "<b>Very close.</b>" if common >= VERY_NEAR else "<b>Close.</b>"


def _figure(canvas: str, caption: str) -> str:
    return f"<figure>{canvas}<figcaption>{caption}</figcaption></figure>"


def _canvas(label: str, drawing: np.ndarray | None = None, sketch: Sketch | None = None, size: int = LARGE) -> str:
    """Where the page paints a drawing (28, 28), or a sketch's own strokes; without a drawing, both beside it."""
    data = f' data-ink="{base64.b64encode(drawing.tobytes()).decode()}"' if drawing is not None else ""
    own = f' data-strokes="{json.dumps(sketch.boxed(), separators=(",", ":"))}"' if sketch else ""
    return f'<canvas width="{size}" height="{size}" role="img" aria-label="{label}"{data}{own}></canvas>'


def _export_buttons(picture: Picture, *, is_beside: bool = False) -> str:
    """Buttons to export a drawing by its latent, because no seed gives it, or also the sketch beside it."""
    ((latent, _),) = picture.mix
    buttons = "".join(
        f'<button type="button" data-{action}="{kind}">{label}</button>'
        for action, labels in (("download", FILE_BUTTONS), ("copy", TEXT_BUTTONS))
        for kind, label in labels.items()
    )
    both = "".join(
        f'<button type="button" class="beside" data-download="{kind}">{label}</button>'
        for kind, label in BOTH_BUTTONS.items()
    )
    beside = (
        f'<div class="export both"><span>Yours and the closest side by side</span>{both}</div>' if is_beside else ""
    )
    which = "closest" if is_beside else "found"
    return (
        f'{beside}<div class="export" role="group" aria-label="Export" data-name="{escape(picture.class_name)}" '
        f'data-latent="{json.dumps(latent)}"><span>The {which} drawing</span>{buttons}</div>'
        f'{asset("shared/files.html")}<p class="copied" role="status"></p>'
    )
