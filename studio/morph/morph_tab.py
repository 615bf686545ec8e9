"""Morph: the way from one drawing to others, or into another class. All its frames come at once (morph.js)."""

import gradio as gr

from model.drawing.latents import MAX_KEYS, check_psi, check_seed, morph_frames
from model.drawing.partners import partners
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import Playing
from model.quickdraw.images import png, sheet
from studio.shared.assets import asset, mounting
from studio.shared.class_picker import picker_functions, tab_html
from studio.shared.constants import SHEET_COLUMNS, page_constants
from studio.shared.events import sentence
from studio.shared.export import take
from studio.shared.pictures import data_url, origin
from studio.shared.tiles import Tiles


def morph_tab(sampler: Sampler, tiles: Tiles) -> None:
    def morph(asked: list) -> dict[str, object]:
        """The morph of [class, class to turn into or None, seeds, psi] and its key drawings' places; or an "error"."""
        try:
            view = _read(asked, sampler)
            frames, keys = (
                view.pictures(),
                morph_frames(view.class_name, view.keys, len(view.keys), view.psi, view.into),
            )
            pictures = [*frames, *(key for key in keys if key not in frames)]
            drawings = sampler.draw_all(pictures)
        except ValueError as error:
            return {"error": sentence(error)}
        cards = [card for name in (view.class_name, view.into) if (card := sampler.cards().get(name))]
        return {
            "sheet": data_url(png(sheet(drawings, columns=SHEET_COLUMNS))),
            "columns": SHEET_COLUMNS,
            "frames": len(frames),
            "keys": [pictures.index(key) for key in keys],
            "name": view.class_name,
            "into": view.into or "",
            "partners": partners(sampler, view.class_name),
            "origin": "<br>".join(map(origin, cards)),
        }

    def take_along(asked: list) -> dict[str, str]:
        """[kind, a morph as `morph` wants it, the page's address, speed, loop] as `take` does; or an "error"."""
        try:
            if not isinstance(asked, list) or len(asked) != 5:
                raise ValueError("A kind, a morph, an address, a speed and a loop are needed.")
            kind, morph, address, speed, loop = asked
            return take(sampler, _read(morph, sampler), kind, address, Playing(speed, loop))
        except ValueError as error:
            return {"error": sentence(error)}

    gr.HTML(
        None,
        html_template=tab_html("morph"),
        css_template=asset("shared/parts.css") + asset("morph/morph.css"),
        js_on_load=mounting("morph/morph.js"),
        server_functions=[morph, take_along, *picker_functions(tiles)],
        constants=page_constants(),
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
