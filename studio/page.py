"""The whole page: title, tabs, footer, and the endpoints for programs."""

from collections.abc import Iterator

import gradio as gr

from model.drawing.sampler import Sampler
from studio.draw.draw_tab import draw_tab
from studio.endpoints.draw_endpoints import add_api
from studio.endpoints.train_endpoints import add_train_api
from studio.favourites.favourites import favourites_tray
from studio.look.look_choice import look_choice
from studio.morph.morph_tab import morph_tab
from studio.shared.assets import calling
from studio.shared.events import in_browser
from studio.shared.tiles import Tiles
from studio.train.train_tab import train_tab
from studio.wall.wall_tab import wall_tab
from studio.yours.yours_tab import yours_tab
from train.home import Home

TITLE = """<h1>Endless Doodles</h1>
<p>Drawings that nobody drew: pick a class, turn a seed into a doodle, morph, train.</p>
<p id="misplaced" role="alert" hidden></p>"""
FOOTER = """<p>Generators learned from the
<a href="https://github.com/googlecreativelab/quickdraw-dataset" target="_blank" rel="noopener">Quick, Draw! Dataset</a>
by Google, CC BY 4.0.</p>"""


def build_page(home: Home, sampler: Sampler) -> gr.Blocks:
    with gr.Blocks(title="Endless Doodles", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        gr.HTML(TITLE, elem_id="title")  # gr.Markdown would load its own code before the drawings
        with gr.Row(elem_id="bar"):
            look_choice()
            favourites_tray(sampler)
        tiles = Tiles(sampler)
        add_api(sampler)  # before the tabs, whose private events would take these names
        add_train_api(home, sampler)
        with _tab("Draw"):
            draw_tab(sampler, tiles)
        with _tab("Morph"):
            morph_tab(sampler, tiles)
        with _tab("Yours") as tab:
            yours_tab(sampler, tiles)
        _show_when_opened(tab)
        with _tab("Train") as tab:
            train_tab(page, tab, home, sampler, tiles)
        _show_when_opened(tab)
        with _tab("Wall") as tab:
            wall_tab(tiles, tab)
        gr.HTML(FOOTER, elem_id="footer")
    return page


def _tab(name: str) -> gr.Tab:
    return gr.Tab(name, id=name.lower(), elem_id=f"tab-{name.lower()}")


def _show_when_opened(tab: gr.Tab) -> None:
    """Let the browser load a tab's code when you open the tab, not before the first drawing."""
    shown = [block for block in _inside(tab) if block.visible is True]
    for block in shown:
        block.visible = False
    in_browser(tab.select, calling("shared/events.js", "showOnce", tab.id, len(shown)), None, shown)


def _inside(layout: gr.blocks.BlockContext) -> Iterator[gr.blocks.Block]:
    """All blocks of a layout except those in closed accordions, which Gradio shows by itself."""
    for block in layout.children:
        yield block
        if isinstance(block, gr.blocks.BlockContext) and not (isinstance(block, gr.Accordion) and not block.open):
            yield from _inside(block)
