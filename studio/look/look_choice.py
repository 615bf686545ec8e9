"""The choice of a look for every drawing on the page: pen, ink or pixels."""

import gradio as gr

from studio.shared.assets import mounting
from train.site.constants import page_constants
from train.site.markup import asset


def look_choice() -> None:
    gr.HTML(
        None,
        html_template=asset("look/look.html"),
        css_template=asset("look/look.css"),
        js_on_load=mounting("look/look.js"),
        constants=page_constants(),
        apply_default_css=False,
        elem_id="look",
    )
