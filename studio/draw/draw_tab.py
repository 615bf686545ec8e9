"""Draw: pick a class and a seed and see its doodles. The script (draw.js) prefetches what you may see next."""

import random
from dataclasses import replace

import gradio as gr

from model.drawing.latents import (
    MAX_STYLES,
    Picture,
    check_psi,
    check_seeds,
    pictures_of,
    seeds_to_pictures,
)
from model.drawing.picking import picked
from model.drawing.sampler import Sampler
from model.drawing.view import View, read_view
from model.quickdraw.images import png, sheet
from studio.head.link_view import asked_for, with_picks
from studio.shared.assets import mounting
from studio.shared.class_picker import picker_functions
from studio.shared.events import sentence
from studio.shared.export import export_view, two_at_once
from studio.shared.pictures import data_url, origin
from studio.shared.tiles import Tiles
from studio.shared.view_reader import read_class, read_drawings, read_look, read_parts
from studio.shared.visitors import is_local
from train.site.constants import FIRST_COUNT, MAX_DRAWINGS, RANDOM_SEED_MAX, SHEET_COLUMNS, page_constants
from train.site.markup import asset, tab_html

FIRST_CLASS = "cat"
MAX_GROUPS = 32  # of drawings in one answer


def draw_tab(sampler: Sampler, tiles: Tiles) -> None:
    def drawings(request: object) -> dict[str, object]:
        """The drawings of [class name, [[seed or list of seeds, count, psi, style], ...]], or an "error"."""
        try:
            class_name, groups = read_parts(request, "class", "groups of drawings")
            return _answer(sampler, read_class(sampler, class_name), groups)
        except ValueError as error:
            return {"error": sentence(error)}

    def pick(request: object) -> dict[str, object]:
        """The most recognisable drawings for [class name, seed, count, psi, style], with their "seeds", or an
        "error"."""
        try:
            view = picked(
                sampler, read_drawings(sampler, *read_parts(request, "class", "seed", "count", "psi", "style"))
            )
            return _answer(sampler, view.class_name, [_group(view)]) | {"seeds": view.all_seeds}
        except ValueError as error:
            return {"error": sentence(error)}

    def open_link(request: object) -> dict[str, object]:
        """What a link's [query] shows, as a state with its drawings. If it can't be shown, a default with a message."""
        query = request[0] if isinstance(request, list) and len(request) == 1 else ""
        message, is_picked = "", True
        try:
            view, is_picked = _read_link(sampler, query)
            answer = _answer(sampler, view.class_name, [_group(view)])
        except ValueError as error:
            message = f"This link can't be opened as it is. {sentence(error)}"
            try:
                view = picked(sampler, _first_view(sampler))
                answer = _answer(sampler, view.class_name, [_group(view)])
            except ValueError as no_generator:
                return {"error": sentence(no_generator)}
        state = {"name": view.class_name, "seed": view.seed, "psi": view.psi, "count": view.count}
        state |= {"style": _group(view)[3], "seeds": view.all_seeds if is_picked else []}
        return answer | {"state": state, "picked": is_picked, "message": message}

    def export(request: object, visitor: gr.Request) -> dict[str, str]:
        """[kind, class, seed, count, psi, style, the page's address, look, width] as `export_view` answers; or an
        "error"."""
        try:
            parts = read_parts(request, "kind", "class", "seed", "count", "psi", "style", "address", "look", "width")
            kind, class_name, seed, count, psi, style, address, look, width = parts
            view = read_drawings(sampler, class_name, seed, count, psi, style)
            view = replace(view, look=read_look(look, width))
            return export_view(sampler, view, kind, address, is_local=is_local(visitor))
        except ValueError as error:
            return {"error": sentence(error)}

    first_answer = open_link([""])
    gr.HTML(
        None if "error" in first_answer else first_answer,
        html_template=tab_html("draw"),
        css_template=asset("shared/parts.css") + asset("draw/draw.css"),
        js_on_load=mounting("draw/draw.js"),
        server_functions=[drawings, pick, open_link, two_at_once(export), *picker_functions(tiles)],
        constants=page_constants(),
        apply_default_css=False,
        elem_id="draw",
    )


def _answer(sampler: Sampler, class_name: str, groups: object) -> dict[str, object]:
    """All requested drawings in one sheet, and what is known about their generator. Raises ValueError."""
    pictures, card = _pictures(class_name, groups), sampler.cards().get(class_name)
    for _ in range(2):  # if the checkpoint changed or turned out broken meanwhile, another generator may have drawn
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


def _pictures(class_name: str, groups: object) -> list[Picture]:
    """The pictures of [[seed or seeds, count, psi, style offsets], ...], group after group. Raises ValueError."""
    if not isinstance(groups, list) or not 1 <= len(groups) <= MAX_GROUPS:
        raise ValueError(f"A request can have 1 to {MAX_GROUPS} groups of drawings.")
    pictures: list[Picture] = []
    for group in groups:
        first, count, psi, style = read_parts(group, "seed", "count", "psi", "style")
        if isinstance(first, list):
            pictures += pictures_of(class_name, check_seeds(first), check_psi(psi), style)
        else:
            pictures += seeds_to_pictures(class_name, first, count, check_psi(psi), style, limit=MAX_DRAWINGS)
        if len(pictures) > MAX_DRAWINGS:
            raise ValueError(f"A request can have 1 to {MAX_DRAWINGS:,} drawings.")
    return pictures


def _first_view(sampler: Sampler) -> View:
    """What the page shows without a link."""
    cards = sampler.cards()
    name = FIRST_CLASS if FIRST_CLASS in cards else next(iter(cards), FIRST_CLASS)
    return View(name, random.randint(0, RANDOM_SEED_MAX), FIRST_COUNT)


def _read_link(sampler: Sampler, query: str) -> tuple[View, bool]:
    """The drawings of a link, and whether they are picked ones. Raises ValueError.

    Of a link to a morph or a latent, only the class and psi count.
    """
    first = _first_view(sampler)
    view = read_view(query, class_name=first.class_name, seed=first.seed, count=first.count)
    count = first.count if view.latent else view.count
    class_name = read_class(sampler, view.class_name)
    view = replace(view, class_name=class_name, keys=(), into=None, latent=(), count=count)
    return with_picks(sampler, view, asked_for(query))


def _group(view: View) -> list[object]:
    return [list(view.seeds) or view.seed, view.count, view.psi, [*view.style, *[0] * (MAX_STYLES - len(view.style))]]
