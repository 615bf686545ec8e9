"""The endpoints that draw: over HTTP, through gradio_client, and, if the host switches MCP on, as MCP tools."""

import json
from dataclasses import replace

import gradio as gr

from model.drawing.latents import MAX_KEYS, MAX_PICTURES, MAX_PSI, MAX_SEED, MAX_STYLE, MAX_STYLES
from model.drawing.look import LOOKS
from model.drawing.picking import POOL, SHARE, picked
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.archive import ndjson
from model.exports.export import KINDS, MORPH_KINDS, export
from model.quickdraw.images import png, sheet
from model.tracing.settings import MAX_WIDTH, MIN_WIDTH, WIDTH
from studio.shared.events import mistake
from studio.shared.pictures import data_url, drawing_url
from studio.shared.tiles import recognised
from studio.shared.view_reader import read_drawings, read_look, read_morph
from train.site.constants import SHEET_COLUMNS


def add_api(sampler: Sampler) -> None:
    """Register the endpoints draw, pick, svg, strokes, file, morph and classes. Every argument is checked."""

    def read(class_name: str, seed: int, count: int, psi: float, style: list[float] | None, pick: bool) -> View:
        view = read_drawings(sampler, class_name, seed, count, psi, style)
        return picked(sampler, view) if pick else view

    def draw(
        class_name: str,
        seed: int = 0,
        count: int = 1,
        psi: float = 1.0,
        style: list[float] | None = None,
        pick: bool = False,
    ) -> list[str]:
        try:
            view = read(class_name, seed, count, psi, style, pick)
            return [drawing_url(drawing) for drawing in sampler.draw_all(view.pictures())]
        except ValueError as error:
            raise mistake(error) from error

    def pick(
        class_name: str, seed: int = 0, count: int = 16, psi: float = 1.0, style: list[float] | None = None
    ) -> list[int]:
        try:
            return list(read(class_name, seed, count, psi, style, True).all_seeds)
        except ValueError as error:
            raise mistake(error) from error

    def svg(
        class_name: str,
        seed: int = 0,
        psi: float = 1.0,
        style: list[float] | None = None,
        look: str = LOOKS[0],
        width: float = WIDTH,
    ) -> str:
        try:
            view = read_drawings(sampler, class_name, seed, psi=psi, style=style)
            return export(sampler, replace(view, look=read_look(look, width)), "svg").decode()
        except ValueError as error:
            raise mistake(error) from error

    def strokes(
        class_name: str,
        seed: int = 0,
        count: int = 1,
        psi: float = 1.0,
        style: list[float] | None = None,
        pick: bool = False,
    ) -> list[dict]:
        try:
            pictures = read(class_name, seed, count, psi, style, pick).pictures()
            return [json.loads(line) for line in ndjson(pictures, sampler.draw_all(pictures)).splitlines()]
        except ValueError as error:
            raise mistake(error) from error

    def file(
        kind: str,
        class_name: str,
        seed: int = 0,
        count: int = 1,
        psi: float = 1.0,
        style: list[float] | None = None,
        look: str = LOOKS[0],
        width: float = WIDTH,
        pick: bool = False,
    ) -> str:
        try:
            view = read(class_name, seed, count, psi, style, pick)
            return data_url(export(sampler, replace(view, look=read_look(look, width)), kind), KINDS[kind])
        except ValueError as error:
            raise mistake(error) from error

    def morph(class_name: str, seeds: list[int], psi: float = 1.0, into: str = "") -> dict:
        try:
            frames = sampler.draw_all(read_morph(sampler, class_name, seeds, psi, into).pictures())
        except ValueError as error:
            raise mistake(error) from error
        return {"sheet": data_url(png(sheet(frames, SHEET_COLUMNS))), "columns": SHEET_COLUMNS, "frames": len(frames)}

    def classes() -> list[dict]:
        cards = sorted(sampler.cards().values(), key=lambda card: card.class_name.lower())
        return [
            {
                "name": card.class_name,
                "draft": card.is_draft,
                "drawings": card.num_drawings,
                "recognised": recognised(card),
            }
            for card in cards
        ]

    about_class = 'class_name: what to draw, such as "cat"; the endpoint classes lists all names'
    about_psi = f"psi: 0 to {MAX_PSI:g}; 1 draws as learned, less is more typical, more is more varied"
    about_style = f"style: up to {MAX_STYLES} style offsets, each from -{MAX_STYLE:g} to {MAX_STYLE:g}"
    about_pick = f"pick: the most recognisable ones, best first, of at least {POOL} seeds; the endpoint pick names them"
    draw.__doc__ = f"""Draw doodles of a class from consecutive seeds.

    Parameters:
        {about_class}
        seed: the first seed, a number that decides which doodle you get, 0 to {MAX_SEED}
        count: how many, 1 to {MAX_PICTURES}
        {about_psi}
        {about_style}
        {about_pick}
    Returns:
        28x28 PNG pictures as data URLs, one for each seed
    """
    pick.__doc__ = f"""Find the seeds of a class's most recognisable doodles, best first.

    Parameters:
        {about_class}
        seed: the first seed of those to pick from, 0 to {MAX_SEED}
        count: how many, 1 to {MAX_PICTURES}; picked from {SHARE} times as many, and from at least {POOL}
        {about_psi}
        {about_style}
    Returns:
        the seeds
    """
    about_look = f"look: {', '.join(LOOKS)}: strokes for a plotter, smooth outlines, or the network's pixels"
    about_width = f"width: of the pen, {MIN_WIDTH:g} to {MAX_WIDTH:g} units, of which the drawing has about 256"
    svg.__doc__ = f"""Draw one doodle as an SVG.

    Parameters:
        {about_class}
        seed: a number that decides which doodle you get, 0 to {MAX_SEED}
        {about_psi}
        {about_style}
        {about_look}
        {about_width}
    Returns:
        the text of an SVG file
    """
    strokes.__doc__ = f"""Draw doodles as pen strokes, in drawing order and in Quick, Draw!'s simplified format.

    Parameters:
        {about_class}
        seed: the first seed, a number that decides which doodle you get, 0 to {MAX_SEED}
        count: how many, 1 to {MAX_PICTURES}
        {about_psi}
        {about_style}
        {about_pick}
    Returns:
        for each doodle its "word" (the class), "key_id" and "drawing": for each stroke [[x, ...], [y, ...]], 0 to 255
    """
    file.__doc__ = f"""Draw doodles into a file.

    Parameters:
        kind: {", ".join(KINDS)}; {", ".join(MORPH_KINDS)} show doodles that draw themselves
        {about_class}
        seed: the first seed, a number that decides which doodle you get, 0 to {MAX_SEED}
        count: how many, 1 to {MAX_PICTURES}
        {about_psi}
        {about_style}
        {about_look}
        {about_width}
        {about_pick}
    Returns:
        the file as a data URL
    """
    morph.__doc__ = f"""Draw a morph: the frames from one doodle to the next, or into another class.

    Parameters:
        {about_class}
        seeds: 2 to {MAX_KEYS} seeds, each 0 to {MAX_SEED}, in order
        {about_psi}
        into: the class of the last frame; leave it empty to stay with the first class
    Returns:
        "sheet", all frames of 28x28 pixels in one PNG as a data URL, in rows of "columns", and "frames", their number
    """
    classes.__doc__ = """List the classes that can be drawn now: whether each is a draft, how many drawings it learned
    from, and how often its doodles are recognised, relative to real drawings (null if that wasn't measured).

    Returns:
        for each class its "name", "draft", "drawings" and "recognised"
    """
    for endpoint in (draw, pick, svg, strokes, file, morph, classes):
        gr.api(endpoint, api_name=endpoint.__name__, queue=False)
