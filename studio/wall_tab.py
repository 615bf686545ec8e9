"""Wall: every class at a glance, one drawing each, fetched a screenful at a time as it comes into sight."""

import random
from pathlib import Path

import gradio as gr

from model.checkpoint import Card
from model.images import png, sheet
from model.latents import Picture
from model.sampler import MAX_PICTURES, Sampler
from studio.live import live
from studio.pictures import data_url, figures

SCREENFUL = MAX_PICTURES
NUM_WALLS = 16  # a visit shows one of so many, so that most visitors are served from memory

_FOLDER = Path(__file__).parent


def wall_tab(sampler: Sampler, tab: gr.Tab) -> None:
    drawn: dict[tuple[int, int], tuple[list[Card], str]] = {}

    def tiles() -> dict[str, object]:
        """What there is, without a drawing yet: name, seed, whether it is trained, and how well."""
        which = random.randrange(NUM_WALLS)
        shown = [
            {"name": card.class_name, "seed": _seed(which, place), "draft": card.is_draft, "figures": figures(card)}
            for place, card in enumerate(_cards(sampler))
        ]
        return {"tiles": shown, "wall": which, "screenful": SCREENFUL}

    def screenful(wanted: list[int]) -> str:
        """The drawings of [screenful number, wall] in a row, as a PNG's data URL; empty for what isn't there."""
        if not isinstance(wanted, list) or len(wanted) != 2 or any(type(number) is not int for number in wanted):
            return ""
        number, which = wanted
        if number < 0 or not 0 <= which < NUM_WALLS:
            return ""
        first = number * SCREENFUL
        cards = _cards(sampler)[first : first + SCREENFUL]
        if not cards:
            return ""
        known, url = drawn.get((number, which), ([], ""))
        if known != cards:
            pictures = [
                Picture(card.class_name, ((_seed(which, first + place), 1.0),)) for place, card in enumerate(cards)
            ]
            url = data_url(png(sheet(sampler.draw(pictures), columns=len(cards))))
            drawn[number, which] = cards, url
        return url

    wall = gr.HTML(
        None,
        html_template=(_FOLDER / "wall.html").read_text(),
        css_template=(_FOLDER / "wall.css").read_text(),
        js_on_load=(_FOLDER / "wall.js").read_text(),
        server_functions=[screenful],
        elem_id="wall",
    )
    live(tab.select, tiles, None, wall)


def _seed(which: int, place: int) -> int:
    """Every tile of every wall has a seed of its own."""
    return 1000 * which + place


def _cards(sampler: Sampler) -> list[Card]:
    """All that can be drawn, by name."""
    return sorted(sampler.cards().values(), key=lambda card: card.class_name.lower())
