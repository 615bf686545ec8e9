"""Morph: the way from one drawing to others, or into another class. All its frames come at once (morph.js)."""

from pathlib import Path

import gradio as gr
import numpy as np

from model.images import png, sheet
from model.latents import MAX_KEYS, check_seed, walk
from model.pairs import partners
from model.sampler import MAX_PICTURES, Sampler
from studio.pictures import data_url, origin
from studio.tiles import Tiles

FEWEST_FRAMES, FRAMES_PER_LEG = 64, 24
COLUMNS = 64

_FOLDER = Path(__file__).parent


def morph_tab(sampler: Sampler, tiles: Tiles) -> None:
    def film(asked: list) -> dict[str, object]:
        """The frames of [class, class to turn into or None, seeds, psi], then each key drawing; or an "error"."""
        try:
            class_name, into, seeds, psi = _read(asked, sampler)
            frames = max(FEWEST_FRAMES, FRAMES_PER_LEG * (len(seeds) - 1))
            pictures = [*walk(class_name, seeds, frames, psi, into), *walk(class_name, seeds, len(seeds), psi, into)]
            parts = [
                sampler.draw(pictures[first : first + MAX_PICTURES]) for first in range(0, len(pictures), MAX_PICTURES)
            ]
        except ValueError as error:
            return {"error": str(error)}
        cards = [card for name in (class_name, into) if (card := sampler.cards().get(name))]
        return {
            "sheet": data_url(png(sheet(np.concatenate(parts), columns=COLUMNS))),
            "columns": COLUMNS,
            "frames": frames,
            "name": class_name,
            "partners": partners(sampler, class_name),
            "origin": "<br>".join(map(origin, cards)),
        }

    def catalog(_: list) -> dict[str, object]:
        return tiles.catalog(wall=0)

    def screenful(wanted: list[int]) -> str:
        return tiles.screenful(wanted)

    scripts = ("parts.js", "film.js", "morph.js")
    gr.HTML(
        None,
        html_template=(_FOLDER / "morph.html").read_text(),
        css_template=(_FOLDER / "parts.css").read_text() + (_FOLDER / "morph.css").read_text(),
        js_on_load="".join((_FOLDER / name).read_text() for name in scripts),
        server_functions=[film, catalog, screenful],
        apply_default_css=False,
        elem_id="morph",
    )


def _read(asked: object, sampler: Sampler) -> tuple[str, str | None, list[int], float]:
    """Raises ValueError."""
    if not isinstance(asked, list) or len(asked) != 4:
        raise ValueError("A morph is a class, a class to turn into or none, seeds and psi.")
    name, into, seeds, psi = asked
    if not isinstance(seeds, list) or not 2 <= len(seeds) <= MAX_KEYS:
        raise ValueError(f"A morph goes through 2 to {MAX_KEYS} drawings.")
    return sampler.find(name), sampler.find(into) if into is not None else None, [check_seed(s) for s in seeds], psi
