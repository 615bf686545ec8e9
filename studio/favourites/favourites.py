"""Favourites: drawings that a visitor keeps in the browser, whatever class they are of, and takes along as files.

The browser keeps how to draw them; the server draws them again for a file or a link.
"""

import gradio as gr

from model.drawing.latents import Picture
from model.drawing.look import Look
from model.drawing.sampler import Sampler
from model.exports.export import DRAWING_KINDS, KINDS, export_pictures
from model.quickdraw.images import png, sheet
from studio.shared.assets import mounting
from studio.shared.events import sentence
from studio.shared.export import two_at_once
from studio.shared.pictures import data_url
from studio.shared.view_reader import read_drawings, read_found, read_look, read_parts
from train.site.constants import MAX_FAVOURITES, SHEET_COLUMNS, page_constants
from train.site.markup import asset


def favourites_tray(sampler: Sampler) -> None:
    def favourite_drawings(request: object) -> dict[str, object]:
        """The drawings of [favourites] in one sheet, and the names of their classes; or an "error"."""
        try:
            (wishes,) = read_parts(request, "favourites")
            pictures = read_favourites(sampler, wishes)
            drawings = png(sheet(sampler.draw_all(pictures), SHEET_COLUMNS))
            names = [picture.class_name for picture in pictures]
            return {"sheet": data_url(drawings), "columns": SHEET_COLUMNS, "names": names}
        except ValueError as error:
            return {"error": sentence(error)}

    def export_favourites(request: object) -> dict[str, str]:
        """[kind, favourites, look, width] as a file, {"filename", "url"}; or an "error"."""
        try:
            kind, wishes, look, width = read_parts(request, "kind", "favourites", "look", "width")
            if not isinstance(kind, str) or kind not in DRAWING_KINDS:
                allowed = ", ".join(DRAWING_KINDS)
                raise ValueError(f"“{str(kind)[:40]}” is not something to export; choose one of {allowed}.")
            pictures = read_favourites(sampler, wishes)
            content = export_pictures(sampler, pictures, kind, read_look(look, width) or Look())
            return {"filename": f"favourites.{kind}", "url": data_url(content, KINDS[kind])}
        except ValueError as error:
            return {"error": sentence(error)}

    gr.HTML(
        None,
        html_template=asset("favourites/favourites.html"),
        css_template=asset("shared/parts.css", "favourites/favourites.css"),
        js_on_load=mounting("favourites/favourites.js"),
        server_functions=[favourite_drawings, two_at_once(export_favourites)],
        constants=page_constants(),
        apply_default_css=False,
        elem_id="favourites",
    )


def read_favourites(sampler: Sampler, wishes: object) -> list[Picture]:
    """Pictures of a list of {"name", "seed", "psi", "style", "latent"}, the latent in place of a seed.

    Raises ValueError.
    """
    if not isinstance(wishes, list) or not 1 <= len(wishes) <= MAX_FAVOURITES:
        raise ValueError(f"Favourites are a list of 1 to {MAX_FAVOURITES} drawings.")
    return [_read(sampler, wish) for wish in wishes]


def _read(sampler: Sampler, wish: object) -> Picture:
    if not isinstance(wish, dict):
        raise ValueError("A favourite says its class and its seed.")
    if wish.get("latent"):
        view = read_found(sampler, wish.get("name"), wish["latent"])
    else:
        view = read_drawings(
            sampler, wish.get("name"), wish.get("seed"), psi=wish.get("psi", 1.0), style=wish.get("style")
        )
    (picture,) = view.pictures()
    return picture
