"""Draw: pick a class and a seed, see the drawings that belong to them. What moves next is fetched ahead (draw.js)."""

import random
from dataclasses import replace

import gradio as gr

from model.drawing.latents import MAX_STYLES, Picture, check_psi, check_seed, seeds_to_pictures
from model.drawing.sampler import Sampler
from model.drawing.view import View, read_view
from model.quickdraw.images import png, sheet
from studio.shared.assets import asset, mounting
from studio.shared.class_picker import picker_functions, tab_html
from studio.shared.constants import MAX_DRAWINGS, RANDOM_SEED_MAX, SHEET_COLUMNS, page_constants
from studio.shared.events import sentence
from studio.shared.export import take
from studio.shared.pictures import data_url, origin
from studio.shared.tiles import Tiles

FIRST_CLASS = "cat"
FIRST_COUNT = 16
MAX_GROUPS = 32  # of drawings in one answer


def draw_tab(sampler: Sampler, tiles: Tiles) -> None:
    def drawings(asked: list) -> dict[str, object]:
        """The drawings of [class name, [[seed, count, psi, style], ...]], or a sentence under "error"."""
        try:
            if not isinstance(asked, list) or len(asked) != 2:
                raise ValueError("A class and groups of drawings are needed.")
            return _answer(sampler, sampler.find(asked[0]), asked[1])
        except ValueError as error:
            return {"error": sentence(error)}

    def open_link(asked: list) -> dict[str, object]:
        """The state of a link's [query], and its drawings; what can't be had is chosen, and a sentence says so."""
        query = asked[0] if isinstance(asked, list) and len(asked) == 1 else ""
        message = ""
        try:
            view = _read_link(sampler, query)
            answer = _answer(sampler, view.class_name, [_group(view)])
        except ValueError as error:
            message = f"The link asks for something that isn't there. {sentence(error)}"
            view = _first_view(sampler)
            try:
                answer = _answer(sampler, view.class_name, [_group(view)])
            except ValueError as nothing:
                return {"error": sentence(nothing)}
        state = {"name": view.class_name, "seed": view.seed, "psi": view.psi, "count": view.count}
        return answer | {"state": state | {"style": _group(view)[3]}, "message": message}

    def take_along(asked: list) -> dict[str, str]:
        """[kind, class, seed, count, psi, style, the page's address] as `take` answers; or an "error"."""
        try:
            if not isinstance(asked, list) or len(asked) != 7 or not isinstance(asked[5], list):
                raise ValueError("A kind, a class, a seed, a count, psi, style offsets and an address are needed.")
            kind, name, seed, count, psi, style, address = asked
            view = View(sampler.find(name), check_seed(seed), count, check_psi(psi), tuple(style))
            return take(sampler, view, kind, address)
        except ValueError as error:
            return {"error": sentence(error)}

    brought_along = open_link([""])
    gr.HTML(
        None if "error" in brought_along else brought_along,
        html_template=tab_html("draw"),
        css_template=asset("shared/parts.css") + asset("draw/draw.css"),
        js_on_load=mounting("draw/draw.js"),
        server_functions=[drawings, open_link, take_along, *picker_functions(tiles)],
        constants=page_constants(),
        apply_default_css=False,
        elem_id="draw",
    )


def _answer(sampler: Sampler, class_name: str, asked: object) -> dict[str, object]:
    """All drawings asked for in one picture, and what is known about who drew them. Raises ValueError."""
    pictures, card = _pictures(class_name, asked), sampler.cards().get(class_name)
    for _ in range(2):  # a checkpoint that has come, or was found unusable, meanwhile, is another generator
        drawings, before, card = sampler.draw_all(pictures), card, sampler.cards().get(class_name)
        if card == before:
            break
    return {
        "sheet": data_url(png(sheet(drawings, columns=SHEET_COLUMNS))),
        "columns": SHEET_COLUMNS,
        "name": class_name,
        "origin": origin(card) if card else "",
        "revision": card.revision if card else "",
    }


def _pictures(class_name: str, asked: object) -> list[Picture]:
    """From [[seed, count, psi, style offsets], ...] to pictures, group after group. Raises ValueError."""
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_GROUPS:
        raise ValueError(f"1 to {MAX_GROUPS} groups of drawings are allowed at a time.")
    pictures: list[Picture] = []
    for group in asked:
        if not isinstance(group, list) or len(group) != 4 or not isinstance(group[3], list):
            raise ValueError("A group of drawings is a seed, a count, psi and style offsets.")
        seed, count, psi, style = group
        pictures += seeds_to_pictures(class_name, seed, count, psi, style, limit=MAX_DRAWINGS)
        if len(pictures) > MAX_DRAWINGS:
            raise ValueError(f"1 to {MAX_DRAWINGS:,} drawings are allowed at a time.")
    return pictures


def _first_view(sampler: Sampler) -> View:
    cards = sampler.cards()
    name = FIRST_CLASS if FIRST_CLASS in cards else next(iter(cards), FIRST_CLASS)
    return View(name, random.randint(0, RANDOM_SEED_MAX), FIRST_COUNT)


def _read_link(sampler: Sampler, query: str) -> View:
    """What a link says of drawings; of a way or of a latent, the class and psi. Raises ValueError."""
    first = _first_view(sampler)
    view = read_view(query, class_name=first.class_name, seed=first.seed, count=first.count)
    count = first.count if view.latent else view.count
    return replace(view, class_name=sampler.find(view.class_name), keys=(), into=None, latent=(), count=count)


def _group(view: View) -> list[object]:
    return [view.seed, view.count, view.psi, [*view.style, *[0] * (MAX_STYLES - len(view.style))]]
