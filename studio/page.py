"""The whole page: its frame, its tabs, and the endpoints for programs."""

import gradio as gr

from model.sampler import Sampler, seeds_to_pictures
from studio.draw_tab import draw_tab
from studio.live import mistake
from studio.morph_tab import morph_tab
from studio.pictures import drawing_url
from studio.train_api import add_train_api
from studio.train_tab import train_tab
from studio.wall_tab import wall_tab
from train.home import Home


def build_page(home: Home, sampler: Sampler) -> gr.Blocks:
    with gr.Blocks(title="Endless Doodles", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        gr.Markdown(
            "# Endless Doodles\nDrawings that nobody drew: pick a class, turn a seed into a doodle, morph, train.",
            elem_id="title",
        )
        add_train_api(home, sampler)
        _add_api(sampler)  # before the tabs, whose private events would take the names
        with gr.Tab("Draw", id="draw"):
            draw_picker = draw_tab(page, sampler)
        with gr.Tab("Morph", id="morph") as tab:
            morph_picker = morph_tab(sampler, tab)
        with gr.Tab("Train", id="train"):
            train_tab(page, home, sampler, [draw_picker, morph_picker])
        with gr.Tab("Wall", id="wall") as tab:
            wall_tab(sampler, tab)
        gr.Markdown(
            f"Drawing on **{sampler.device}**. Generators learned from the [Quick, Draw! Dataset]"
            "(https://github.com/googlecreativelab/quickdraw-dataset) by Google, CC BY 4.0.",
            elem_id="footer",
        )
    return page


def _add_api(sampler: Sampler) -> None:
    def draw(class_name: str, seed: int = 0, count: int = 1, psi: float = 1.0) -> list[str]:
        """Draw `count` doodles of a class with consecutive seeds.

        Parameters:
            class_name: what to draw, such as "cat"
            seed: the first seed, 0 to 4294967295
            count: how many, 1 to 64
            psi: 0 to 2, lower is more typical
        Returns:
            28x28 PNG pictures as data URLs, one per seed
        """
        try:
            drawings = sampler.draw(seeds_to_pictures(sampler.find(class_name), seed, count, psi))
        except ValueError as error:
            raise mistake(error) from error
        return [drawing_url(drawing) for drawing in drawings]

    def classes() -> list[str]:
        """The classes that can be drawn now."""
        return sorted(sampler.cards())

    gr.api(draw, api_name="draw", queue=False)
    gr.api(classes, api_name="classes", queue=False)
