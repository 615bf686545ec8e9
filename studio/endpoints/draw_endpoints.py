"""The endpoints for programs, with their limits: over HTTP, by gradio_client, and as MCP tools where that is on."""

import gradio as gr

from model.drawing.latents import MAX_KEYS, MAX_PICTURES, MAX_PSI, MAX_SEED, MAX_STYLES, check_psi, check_seed
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import title
from model.exports.vector import svg as svg_of
from model.quickdraw.images import png, sheet
from studio.shared.constants import SHEET_COLUMNS
from studio.shared.events import mistake
from studio.shared.pictures import data_url, drawing_url
from studio.shared.tiles import recognised


def add_api(sampler: Sampler) -> None:
    """Registers draw, svg, morph and classes. What they are asked is checked here, whatever a client promises."""

    def draw(class_name: str, seed: int = 0, count: int = 1, psi: float = 1.0, style: list[float] | None = None):
        try:
            view = View(sampler.find(class_name), check_seed(seed), count, check_psi(psi), _style(style))
            return [drawing_url(drawing) for drawing in sampler.draw_all(view.pictures())]
        except ValueError as error:
            raise mistake(error) from error

    def svg(class_name: str, seed: int = 0, psi: float = 1.0, style: list[float] | None = None):
        try:
            view = View(sampler.find(class_name), check_seed(seed), 1, check_psi(psi), _style(style))
            pictures = view.pictures()
            return svg_of(sampler.draw_all(pictures), list(map(title, pictures)))
        except ValueError as error:
            raise mistake(error) from error

    def morph(class_name: str, seeds: list[int], psi: float = 1.0, into: str = ""):
        try:
            if not isinstance(seeds, list) or not 2 <= len(seeds) <= MAX_KEYS:
                raise ValueError(f"A morph goes through 2 to {MAX_KEYS} seeds.")
            other = sampler.find(into) if into else None
            keys = tuple(map(check_seed, seeds))
            view = View(sampler.find(class_name), psi=check_psi(psi), keys=keys, into=other)
            frames = sampler.draw_all(view.pictures())
        except ValueError as error:
            raise mistake(error) from error
        return {"sheet": data_url(png(sheet(frames, SHEET_COLUMNS))), "columns": SHEET_COLUMNS, "frames": len(frames)}

    def classes():
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

    what = 'class_name: what to draw, such as "cat"; see the endpoint classes'
    how = f"psi: 0 to {MAX_PSI:g}, lower is more typical, 1 as learned"
    style = f"style: up to {MAX_STYLES} numbers from -4 to 4, how far to go along the generator's style directions"
    draw.__doc__ = f"""Draw doodles of a class with consecutive seeds.

    Parameters:
        {what}
        seed: the first seed, 0 to {MAX_SEED}
        count: how many, 1 to {MAX_PICTURES}
        {how}
        {style}
    Returns:
        28x28 PNG pictures as data URLs, one per seed
    """
    svg.__doc__ = f"""Draw one doodle as an SVG with smooth outlines.

    Parameters:
        {what}
        seed: 0 to {MAX_SEED}
        {how}
        {style}
    Returns:
        the text of an SVG file
    """
    morph.__doc__ = f"""Draw the way from one doodle through others, or into another class.

    Parameters:
        {what}
        seeds: 2 to {MAX_KEYS} seeds, each 0 to {MAX_SEED}, in order
        {how}
        into: the class that the last frame is of; empty to stay with the first
    Returns:
        "sheet", all frames of 28x28 pixels in one PNG as a data URL, in rows of "columns", and "frames", their number
    """
    classes.__doc__ = """What can be drawn now, whether it is a draft, how many drawings it learned from, and how
    often its doodles are recognised, as a share of how often real drawings are (null where that was not measured).

    Returns:
        for each class its "name", "draft", "drawings" and "recognised"
    """
    for endpoint, kind in ((draw, list[str]), (svg, str), (morph, dict), (classes, list[dict])):
        endpoint.__annotations__["return"] = kind
        gr.api(endpoint, api_name=endpoint.__name__, queue=False)


def _style(style: object) -> tuple[float, ...]:
    """Raises ValueError."""
    if style is None:
        return ()
    if not isinstance(style, list):
        raise ValueError(f"Style is a list of up to {MAX_STYLES} numbers.")
    return tuple(style)
