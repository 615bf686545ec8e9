"""Wall: every class at a glance, one drawing each, fetched a screenful at a time as it comes into sight."""

from pathlib import Path

import gradio as gr

from studio.classes import picker_functions
from studio.live import in_browser, live
from studio.tiles import Tiles

_FOLDER = Path(__file__).parent


def wall_tab(tiles: Tiles, tab: gr.Tab) -> None:
    wall = gr.HTML(
        None,
        html_template=(_FOLDER / "wall.html").read_text(),
        css_template=(_FOLDER / "parts.css").read_text() + (_FOLDER / "wall.css").read_text(),
        js_on_load=(_FOLDER / "ink.js").read_text() + (_FOLDER / "wall.js").read_text(),
        server_functions=picker_functions(tiles),
        apply_default_css=False,
        elem_id="wall",
    )
    in_browser(tab.select, '() => window.doodlesAddress?.({ tab: "wall" })', None)
    live(tab.select, lambda: tiles.catalog(), None, wall)
