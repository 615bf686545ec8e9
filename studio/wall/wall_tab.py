"""Wall: one drawing of every class. Each screenful is fetched when you scroll to it."""

import gradio as gr

from studio.shared.assets import calling, mounting
from studio.shared.class_picker import picker_functions
from studio.shared.events import in_browser, live
from studio.shared.tiles import Tiles
from train.site.constants import page_constants
from train.site.markup import asset


def wall_tab(tiles: Tiles, tab: gr.Tab) -> None:
    wall = gr.HTML(
        None,
        html_template=asset("wall/wall.html"),
        css_template=asset("shared/parts.css") + asset("wall/wall.css"),
        js_on_load=mounting("wall/wall.js"),
        server_functions=picker_functions(tiles),
        constants=page_constants(),
        apply_default_css=False,
        elem_id="wall",
    )
    in_browser(tab.select, calling("shared/events.js", "showTabAddress", "wall"), None)
    live(tab.select, lambda: tiles.catalog(), None, wall)
