"""What the class pickers offer, and turning what a visitor asks for into pictures."""

import gradio as gr

from model.classes import CLASS_NAMES
from model.sampler import Sampler


def choices(sampler: Sampler) -> list[tuple[str, str]]:
    """(shown, class name) of everything: what can be drawn first and marked, then the dataset's other classes."""
    drawable = sorted(sampler.cards())
    others = [class_name for class_name in CLASS_NAMES if class_name not in drawable]
    return [(f"✓ {class_name}", class_name) for class_name in drawable] + [(name, name) for name in others]


def class_picker(sampler: Sampler, value: str, **options: object) -> gr.Dropdown:
    """Free text is welcome: `Sampler.find` makes sense of it or says what comes close."""
    return gr.Dropdown(
        choices(sampler),
        value=value,
        label="Class",
        info="✓ can be drawn now",
        allow_custom_value=True,
        elem_classes="picker",
        **options,
    )


def first_class(sampler: Sampler) -> str:
    drawable = sampler.cards()
    return "cat" if "cat" in drawable or not drawable else min(drawable)
