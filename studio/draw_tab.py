"""Draw: pick a class and a seed, see the drawings that belong to them. What moves next is fetched ahead (draw.js)."""

import random
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

import gradio as gr
import numpy as np

from model.images import png, sheet
from model.latents import MAX_SEED, Picture, check_seed
from model.sampler import MAX_PICTURES, Sampler
from studio.pictures import data_url, origin
from studio.tiles import Tiles

FIRST_CLASS = "cat"
FIRST_PSI = 1.0
FIRST_COUNT = 16
NUM_STYLES = 5
DICE_MAX = 999_999  # short seeds are easier to remember and to tell
MAX_GROUPS = 32  # of drawings that an answer may hold ...
MAX_DRAWINGS = 1664  # ... and how many in all
COLUMNS = 64

_FOLDER = Path(__file__).parent


def draw_tab(sampler: Sampler, tiles: Tiles) -> None:
    def drawings(asked: list) -> dict[str, object]:
        """The drawings of [class name, [[seed, count, psi, styles], ...]], or a sentence under "error"."""
        try:
            if not isinstance(asked, list) or len(asked) != 2:
                raise ValueError("A class and groups of drawings are needed.")
            return _answer(sampler, sampler.find(asked[0]), asked[1])
        except ValueError as error:
            return {"error": str(error)}

    def open_link(asked: list) -> dict[str, object]:
        """The state of a link's [query], and its drawings; what can't be had is chosen, and a sentence says so."""
        query = asked[0] if isinstance(asked, list) and len(asked) == 1 and isinstance(asked[0], str) else ""
        message = ""
        state = _first_state(sampler)
        try:
            state = _read_link(dict(parse_qsl(query[1:4000])), state)
            answer = _answer(sampler, sampler.find(state["name"]), [_group(state)])
        except ValueError as error:
            message = f"The link asks for something that isn't there. {error}" if len(query) > 1 else ""
            state = _first_state(sampler)
            try:
                answer = _answer(sampler, sampler.find(state["name"]), [_group(state)])
            except ValueError as nothing:
                return {"error": str(nothing)}
        return answer | {"state": state | {"name": answer["name"]}, "message": message}

    def catalog(_: list) -> dict[str, object]:
        return tiles.catalog(wall=0)

    def screenful(wanted: list[int]) -> str:
        return tiles.screenful(wanted)

    gr.HTML(
        None,
        html_template=(_FOLDER / "draw.html").read_text(),
        css_template=(_FOLDER / "parts.css").read_text() + (_FOLDER / "draw.css").read_text(),
        js_on_load=(_FOLDER / "parts.js").read_text() + (_FOLDER / "draw.js").read_text(),
        server_functions=[drawings, open_link, catalog, screenful],
        apply_default_css=False,
        elem_id="draw",
    )


def _answer(sampler: Sampler, class_name: str, asked: object) -> dict[str, object]:
    """All drawings asked for in one picture, and what is known about who drew them. Raises ValueError."""
    pictures = _pictures(class_name, asked)
    parts = [sampler.draw(pictures[first : first + MAX_PICTURES]) for first in range(0, len(pictures), MAX_PICTURES)]
    card = sampler.cards().get(class_name)
    return {
        "sheet": data_url(png(sheet(np.concatenate(parts), columns=COLUMNS))),
        "columns": COLUMNS,
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
        if not isinstance(group, list) or len(group) != 4:
            raise ValueError("A group of drawings is a seed, a count, psi and style offsets.")
        seed, count, psi, styles = check_seed(group[0]), *group[1:]
        if type(count) is not int or not 1 <= count <= MAX_DRAWINGS - len(pictures):
            raise ValueError(f"1 to {MAX_DRAWINGS:,} drawings are allowed at a time.")
        if not isinstance(styles, list) or len(styles) > NUM_STYLES:
            raise ValueError(f"Up to {NUM_STYLES} style offsets are allowed.")
        offsets = tuple(styles) if any(styles) else ()
        pictures += [
            Picture(class_name, (((seed + place) % (MAX_SEED + 1), 1.0),), psi, offsets) for place in range(count)
        ]
    return pictures


def _first_state(sampler: Sampler) -> dict[str, object]:
    cards = sampler.cards()
    name = FIRST_CLASS if FIRST_CLASS in cards else next(iter(cards), FIRST_CLASS)
    seed = random.randint(0, DICE_MAX)
    return {"name": name, "seed": seed, "psi": FIRST_PSI, "count": FIRST_COUNT, "styles": [0] * NUM_STYLES}


def _group(state: Mapping[str, object]) -> list[object]:
    return [state["seed"], state["count"], state["psi"], state["styles"]]


def _read_link(query: Mapping[str, str], state: dict[str, object]) -> dict[str, object]:
    """`state` with what a link says of it. Raises ValueError."""
    read = {"class": str, "seed": int, "psi": float, "count": int}
    found = {"name" if key == "class" else key: kind(query[key]) for key, kind in read.items() if key in query}
    if not 1 <= found.get("count", 1) <= MAX_PICTURES:
        raise ValueError(f"1 to {MAX_PICTURES} drawings are allowed.")
    if "style" in query:
        styles = [float(text) for text in query["style"].split(",")]
        found["styles"] = (styles + [0] * NUM_STYLES)[: max(NUM_STYLES, len(styles))]
    return state | found
