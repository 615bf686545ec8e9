"""Morph: from one drawing to the next, or into another class. All frames come in one answer (morph.js)."""

from dataclasses import replace

import gradio as gr

from model.drawing.latents import morph_frames
from model.drawing.partners import partners
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.animation import Playing
from model.quickdraw.images import png, sheet
from studio.shared.assets import mounting
from studio.shared.class_picker import picker_functions
from studio.shared.events import sentence
from studio.shared.export import export_view, two_at_once
from studio.shared.pictures import data_url, origin
from studio.shared.tiles import Tiles
from studio.shared.view_reader import read_look, read_morph, read_parts
from studio.shared.visitors import is_local
from train.site.constants import SHEET_COLUMNS, page_constants
from train.site.markup import asset, tab_html


def morph_tab(sampler: Sampler, tiles: Tiles) -> None:
    def morph(request: object) -> dict[str, object]:
        """The frames of [class, class to turn into or None, seeds, psi] and the key drawings' places; or an "error"."""
        try:
            view = _read(sampler, request)
            frames = view.pictures()
            keys = morph_frames(view.class_name, view.keys, len(view.keys), view.psi, view.into)
            pictures = [*frames, *(key for key in keys if key not in frames)]
            drawings = sampler.draw_all(pictures)
        except ValueError as error:
            return {"error": sentence(error)}
        names = [view.class_name, *([view.into] if view.into else [])]
        cards = [card for name in names if (card := sampler.cards().get(name))]
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

    def export(request: object, visitor: gr.Request) -> dict[str, str]:
        """[kind, what `morph` takes, the page's address, speed, loop, look, width] as `export_view` answers.

        Or a sentence under "error".
        """
        try:
            parts = read_parts(request, "kind", "morph", "address", "speed", "loop", "look", "width")
            kind, morph, address, speed, loop, look, width = parts
            view, playing = replace(_read(sampler, morph), look=read_look(look, width)), Playing(speed, loop)
            return export_view(sampler, view, kind, address, playing, is_local=is_local(visitor))
        except ValueError as error:
            return {"error": sentence(error)}

    gr.HTML(
        None,
        html_template=tab_html("morph"),
        css_template=asset("shared/parts.css") + asset("morph/morph.css"),
        js_on_load=mounting("morph/morph.js"),
        server_functions=[morph, two_at_once(export), *picker_functions(tiles)],
        constants=page_constants(),
        apply_default_css=False,
        elem_id="morph",
    )


def _read(sampler: Sampler, request: object) -> View:
    """Raises ValueError."""
    class_name, into, seeds, psi = read_parts(request, "class", "class to turn into", "seeds", "psi")
    return read_morph(sampler, class_name, seeds, psi, into)
