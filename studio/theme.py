"""Paper and ink: the page is quiet, the drawings are what one sees."""

import gradio as gr
from gradio.themes import Base, colors

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
    ).set(
        body_background_fill="#faf8f3",
        body_background_fill_dark="#1b1a18",
        body_text_color="#26231f",
        body_text_color_dark="#ece7dd",
        body_text_color_subdued="#645e55",
        body_text_color_subdued_dark="#b3aca0",
        block_background_fill="#ffffff",
        block_background_fill_dark="#262421",
        block_border_width="0px",
        block_shadow="none",
        block_label_text_color="#26231f",
        block_label_text_color_dark="#ece7dd",
        border_color_primary="#e2dccf",
        border_color_primary_dark="#45413a",
        input_background_fill="#ffffff",
        input_background_fill_dark="#2b2925",
        input_border_color="#b9b1a3",
        input_border_color_dark="#6b655b",
        input_border_width="1px",
        color_accent="#2c4c82",
        color_accent_soft="#e6ecf6",
        color_accent_soft_dark="#2d3b55",
        button_primary_background_fill="#2c4c82",
        button_primary_background_fill_dark="#3f629b",
        button_primary_background_fill_hover="#243f6c",
        button_primary_background_fill_hover_dark="#4b71ae",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#2b2925",
        button_secondary_text_color="#26231f",
        button_secondary_text_color_dark="#ece7dd",
        button_secondary_border_color="#b9b1a3",
        button_secondary_border_color_dark="#6b655b",
        link_text_color="#2c4c82",
        link_text_color_dark="#9bb3d6",
    )
