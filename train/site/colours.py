"""The page's colours: quiet paper and ink, so that the drawings stand out. The names are those of Gradio's themes."""

COLOURS = {
    "body_background_fill": "#faf8f3",
    "body_background_fill_dark": "#1b1a18",
    "body_text_color": "#26231f",
    "body_text_color_dark": "#ece7dd",
    "body_text_color_subdued": "#645e55",
    "body_text_color_subdued_dark": "#b3aca0",
    "block_background_fill": "#ffffff",
    "block_background_fill_dark": "#262421",
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_title_text_color": "#26231f",
    "block_title_text_color_dark": "#ece7dd",
    "block_title_text_weight": "600",
    "block_label_text_color": "#26231f",
    "block_label_text_color_dark": "#ece7dd",
    "border_color_primary": "#e2dccf",
    "border_color_primary_dark": "#45413a",
    "input_background_fill": "#ffffff",
    "input_background_fill_dark": "#2b2925",
    "input_border_color": "#b9b1a3",
    "input_border_color_dark": "#6b655b",
    "input_border_width": "1px",
    "input_radius": "8px",
    "checkbox_label_border_color": "#b9b1a3",
    "checkbox_label_border_color_dark": "#6b655b",
    "color_accent": "#2c4c82",
    "color_accent_soft": "#e6ecf6",
    "color_accent_soft_dark": "#2d3b55",
    "button_primary_background_fill": "#2c4c82",
    "button_primary_background_fill_dark": "#3f629b",
    "button_primary_background_fill_hover": "#243f6c",
    "button_primary_background_fill_hover_dark": "#4b71ae",
    "button_primary_text_color": "#ffffff",
    "button_primary_text_color_dark": "#ffffff",
    "button_secondary_background_fill": "#ffffff",
    "button_secondary_background_fill_dark": "#2b2925",
    "button_secondary_text_color": "#26231f",
    "button_secondary_text_color_dark": "#ece7dd",
    "button_secondary_border_color": "#b9b1a3",
    "button_secondary_border_color_dark": "#6b655b",
    "link_text_color": "#2c4c82",
    "link_text_color_dark": "#9bb3d6",
}


def style_variables() -> str:
    """CSS for a page without Gradio: the colours as custom properties, which Gradio makes of its themes, too."""
    light = "".join(f"{_property(name)}: {value}; " for name, value in COLOURS.items() if not name.endswith("_dark"))
    dark = "".join(f"{_property(name)}: {value}; " for name, value in COLOURS.items() if name.endswith("_dark"))
    return f":root {{ {light}}}\n.dark {{ {dark}}}\n"


def _property(name: str) -> str:
    return "--" + name.removesuffix("_dark").replace("_", "-")
