"""The page's theme for Gradio."""

import gradio as gr
from gradio.themes import Base, colors

from train.site.colours import COLOURS

INK = colors.Color(
    name="ink",
    c50="#eef2f8",
    c100="#dbe4f1",
    c200="#bccce3",
    c300="#9bb3d6",
    c400="#6d8cbb",
    c500="#3f629b",
    c600="#2c4c82",
    c700="#243f6c",
    c800="#1e3459",
    c900="#182a48",
    c950="#101c31",
)


def paper() -> Base:
    return gr.themes.Base(
        primary_hue=INK,
        secondary_hue=INK,
        neutral_hue=colors.stone,
        font=["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    ).set(**COLOURS)
