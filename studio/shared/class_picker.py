"""The class pickers, what the page begins with, and what has been trained."""

from collections.abc import Callable

from model.drawing.sampler import Sampler
from studio.shared.tiles import Screenful, Tiles


def trained_classes(sampler: Sampler) -> list[str]:
    return sorted(class_name for class_name, card in sampler.cards().items() if not card.is_draft)


def first_class(sampler: Sampler) -> str:
    trained = trained_classes(sampler)
    return "cat" if "cat" in trained or not trained else trained[0]


def picker_functions(tiles: Tiles) -> list[Callable]:
    """What a class picker asks the server for (see picker.js)."""

    def catalog(_: list) -> dict[str, object]:
        return tiles.catalog(wall=0)

    def screenful(wanted: list[int]) -> Screenful:
        return tiles.screenful(wanted)

    return [catalog, screenful]
