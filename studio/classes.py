"""What the class pickers offer, and turning what a visitor asks for into pictures."""

import gradio as gr

from model.classes import CLASS_NAMES
from model.sampler import Sampler


def choices(sampler: Sampler) -> list[tuple[str, str]]:
    """(shown, class name) of everything: what has a generator of its own first and marked, then the other classes."""
    trained = trained_classes(sampler)
    others = [class_name for class_name in CLASS_NAMES if class_name not in trained]
    return [(f"✓ {class_name}", class_name) for class_name in trained] + [(name, name) for name in others]


def trained_classes(sampler: Sampler) -> list[str]:
    return sorted(class_name for class_name, card in sampler.cards().items() if not card.is_draft)


def class_picker(sampler: Sampler, value: str, **options: object) -> gr.Dropdown:
    """Free text is welcome: `Sampler.find` makes sense of it or says what comes close."""
    return gr.Dropdown(
        choices(sampler),
        value=value,
        label="Class",
        info="✓ trained; the others are drafts",
        allow_custom_value=True,
        elem_classes="picker",
        **options,
    )


def first_class(sampler: Sampler) -> str:
    trained = trained_classes(sampler)
    return "cat" if "cat" in trained or not trained else trained[0]
