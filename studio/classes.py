"""What the page begins with, and what has been trained."""

from model.sampler import Sampler


def trained_classes(sampler: Sampler) -> list[str]:
    return sorted(class_name for class_name, card in sampler.cards().items() if not card.is_draft)


def first_class(sampler: Sampler) -> str:
    trained = trained_classes(sampler)
    return "cat" if "cat" in trained or not trained else trained[0]
