"""A small drawing of every class, for the Wall and the class pickers, a screenful an answer."""

import contextlib
import random
import zlib

import numpy as np

from model.drawing.latents import MAX_PICTURES, Picture
from model.drawing.sampler import Sampler
from model.files.checkpoint import Card
from model.quickdraw.images import png, sheet
from studio.shared.pictures import data_url, figures

SCREENFUL = MAX_PICTURES
NUM_WALLS = 16  # a visit shows one of so many, so that most visitors are served from memory


class Tiles:
    """What can be drawn, by name, and drawings of it; a screenful is kept until one of its checkpoints changes."""

    def __init__(self, sampler: Sampler):
        self.sampler = sampler
        self._drawn: dict[tuple[int, int], tuple[list[Card], str]] = {}

    def catalog(self, wall: int | None = None) -> dict[str, object]:
        """What there is, without a drawing yet: name, seed, whether it is a draft, and how well it does."""
        which, cards = random.randrange(NUM_WALLS) if wall is None else wall, self._cards()
        shown = [
            {
                "name": card.class_name,
                "seed": _seed(which, place),
                "draft": card.is_draft,
                "figures": figures(card),
                "recognised": recognised(card),
            }
            for place, card in enumerate(cards)
        ]
        return {"tiles": shown, "wall": which, "screenful": SCREENFUL, "mark": _mark(cards)}

    def screenful(self, wanted: list[int]) -> str:
        """The drawings of [screenful number, wall, the catalog's mark] in a row, as a PNG's data URL.

        Empty for what isn't there, and where there are other classes by now than in that catalog.
        """
        if not isinstance(wanted, list) or len(wanted) != 3 or any(type(number) is not int for number in wanted):
            return ""
        (number, which, mark), listed = wanted, self._cards()
        if number < 0 or not 0 <= which < NUM_WALLS or mark != _mark(listed):
            return ""
        first = number * SCREENFUL
        cards = listed[first : first + SCREENFUL]
        if not cards:
            return ""
        known, url = self._drawn.get((number, which), ([], ""))
        if known != cards:
            drawings = self._draw(cards, [_seed(which, first + place) for place in range(len(cards))])
            url = data_url(png(sheet(drawings, columns=len(cards))))
            if self._cards()[first : first + SCREENFUL] == cards:  # or one could not be drawn, which may pass
                self._drawn[number, which] = cards, url
        return url

    def _draw(self, cards: list[Card], seeds: list[int]) -> np.ndarray:
        """A drawing of each card's class, uint8 (N, 28, 28)."""
        drawings = np.zeros((len(cards), 28, 28), np.uint8)
        drafts = [place for place, card in enumerate(cards) if card.is_draft]
        others = [place for place, card in enumerate(cards) if not card.is_draft]
        if drafts:
            names = [cards[place].class_name for place in drafts]
            drawings[drafts] = self.sampler.draw_drafts(names, [seeds[place] for place in drafts])
        if others:
            pictures = [Picture(cards[place].class_name, ((seeds[place], 1.0),)) for place in others]
            try:
                drawings[others] = self.sampler.draw(pictures)
            except ValueError:  # a file that can't be used, or fetched just now, leaves its own place empty
                for place, picture in zip(others, pictures, strict=True):
                    with contextlib.suppress(ValueError):
                        drawings[place] = self.sampler.draw([picture])[0]
        return drawings

    def _cards(self) -> list[Card]:
        return sorted(self.sampler.cards().values(), key=lambda card: card.class_name.lower())


def recognised(card: Card) -> float | None:
    """How often a generator's drawings are recognised, as a share of how often real ones are, where it was measured."""
    real = card.metrics.get("real_top1")
    return card.metrics["top1"] / real if real and "top1" in card.metrics else None


def _mark(cards: list[Card]) -> int:
    """Another number for other classes, or for another order of them."""
    return zlib.crc32("\n".join(card.class_name for card in cards).encode())


def _seed(which: int, place: int) -> int:
    """Every tile of every wall has a seed of its own."""
    return 1000 * which + place
