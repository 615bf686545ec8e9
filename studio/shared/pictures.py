"""Drawings as the page shows them: small PNGs inside the HTML, so that a redraw is one answer and leaves no files."""

import base64
from html import escape
from pathlib import Path

import numpy as np

from model.files.checkpoint import Card
from model.quickdraw.images import png, sheet

FEW_DRAWINGS = 500


def origin(card: Card) -> str:
    """HTML that says what a generator learned from and how good it is, and warns if it saw few drawings."""
    name = f"<b>{escape(card.class_name)}</b>"
    if card.is_draft:
        button = f'<button type="button" class="train-it" data-name="{escape(card.class_name)}">Train it</button>'
        return (
            f"{name} is a draft: the shared base draws it, and has seen {card.num_drawings:,} drawings of this class. "
            f"{button} to get better ones."
        )
    line = f"{name} learned from {card.num_drawings:,} drawings (recipe {escape(card.recipe)}). {figures(card)}"
    if card.num_drawings < FEW_DRAWINGS:
        line += " With so few, its doodles vary little, and some are close to drawings it learned from."
    return line


def figures(card: Card) -> str:
    """How good a generator is, next to what real drawings score in the same measurement."""
    metrics, sentences = card.figures, []
    if {"top1", "real_top1"} <= metrics.keys():
        by = "DoodleNet recognises" if card.is_measured_by_doodlenet else "Our own evaluator recognises"
        sentences.append(f"{by} {metrics['top1']:.0%} of them (real drawings: {metrics['real_top1']:.0%}).")
    if {"frechet_distance", "real_frechet_distance", "coverage", "real_coverage"} <= metrics.keys():
        sentences.append(
            f"Distance {metrics['frechet_distance']:.2f} ({metrics['real_frechet_distance']:.2f}), "
            f"coverage {metrics['coverage']:.0%} ({metrics['real_coverage']:.0%})."
        )
    return " ".join(sentences)


def sheet_html(path: Path, alt: str) -> str:
    """A sheet of drawings, read from its file, as an image of the page."""
    return f'<img class="run-sheet" src="{data_url(path.read_bytes())}" alt="{escape(alt)}">'


def drawing_url(drawing: np.ndarray) -> str:
    """One drawing (28, 28), at its own size."""
    return data_url(png(sheet(drawing[None], columns=1)))


def data_url(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
