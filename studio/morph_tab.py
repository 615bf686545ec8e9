"""Morph: the way from one drawing to others, or into another class. All its frames come at once (morph.js)."""

from pathlib import Path

import gradio as gr

from model.exports import Playing
from model.images import png, sheet
from model.latents import MAX_KEYS, check_psi, check_seed, walk
from model.pairs import partners
from model.sampler import Sampler
from model.view import View
from studio.classes import picker_functions, tab_html
from studio.live import sentence
from studio.pictures import data_url, origin
from studio.take import take
from studio.tiles import Tiles

COLUMNS = 64

_FOLDER = Path(__file__).parent


def morph_tab(sampler: Sampler, tiles: Tiles) -> None:
    def film(asked: list) -> dict[str, object]:
        """The film of [class, class to turn into or None, seeds, psi] and its key drawings' places; or an "error"."""
        try:
            view = _read(asked, sampler)
            frames, keys = view.pictures(), walk(view.class_name, view.keys, len(view.keys), view.psi, view.into)
            pictures = [*frames, *(key for key in keys if key not in frames)]
            drawings = sampler.draw_all(pictures)
        except ValueError as error:
            return {"error": sentence(error)}
        cards = [card for name in (view.class_name, view.into) if (card := sampler.cards().get(name))]
        return {
            "sheet": data_url(png(sheet(drawings, columns=COLUMNS))),
            "columns": COLUMNS,
            "frames": len(frames),
            "keys": [pictures.index(key) for key in keys],
            "name": view.class_name,
            "into": view.into or "",
            "partners": partners(sampler, view.class_name),
            "origin": "<br>".join(map(origin, cards)),
        }

    def take_along(asked: list) -> dict[str, str]:
        """[kind, a morph as `film` wants it, the page's address, speed, loop] as `take` does; or an "error"."""
        try:
            if not isinstance(asked, list) or len(asked) != 5:
                raise ValueError("A kind, a morph, an address, a speed and a loop are needed.")
            kind, morph, address, speed, loop = asked
            return take(sampler, _read(morph, sampler), kind, address, Playing(speed, loop))
        except ValueError as error:
            return {"error": sentence(error)}

    scripts = ("ink.js", "parts.js", "picker.js", "film.js", "morph.js")
    gr.HTML(
        None,
        html_template=tab_html("morph"),
        css_template=(_FOLDER / "parts.css").read_text() + (_FOLDER / "morph.css").read_text(),
        js_on_load="".join((_FOLDER / name).read_text() for name in scripts),
        server_functions=[film, take_along, *picker_functions(tiles)],
        apply_default_css=False,
        elem_id="morph",
    )


def _read(asked: object, sampler: Sampler) -> View:
    """Raises ValueError."""
    if not isinstance(asked, list) or len(asked) != 4 or not isinstance(asked[2], list):
        raise ValueError("A morph is a class, a class to turn into or none, seeds and psi.")
    name, into, seeds, psi = asked
    if not 2 <= len(seeds) <= MAX_KEYS:
        raise ValueError(f"A morph goes through 2 to {MAX_KEYS} drawings.")
    name, into = sampler.find(name), None if into is None else sampler.find(into)
    keys = tuple(map(check_seed, seeds))
    return View(name, psi=check_psi(psi), keys=keys, into=None if into == name else into)
