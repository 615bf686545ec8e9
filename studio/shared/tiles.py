"""A small drawing of every class, for the Wall and the class pickers, sent one screenful at a time."""

import contextlib
import random
import zlib
from typing import TypedDict

import numpy as np

from model.drawing.latents import MAX_PICTURES, Picture
from model.drawing.picking import pick_places
from model.drawing.sampler import Sampler
from model.files.checkpoint import Card
from model.quickdraw.images import png, sheet
from model.quickdraw.synonyms import everyday_words
from studio.shared.pictures import data_url, figures

SCREENFUL = MAX_PICTURES
CANDIDATES = 4  # seeds that each class's drawing is picked from
NUM_WALLS = 16  # each visit shows one of these, so that most visitors are served from memory


class Screenful(TypedDict):
    sheet: str
    seeds: list[int]


NOTHING: Screenful = {"sheet": "", "seeds": []}


class Tiles:
    """The catalog of classes and a drawing of each. A screenful is kept until one of its checkpoints changes."""

    def __init__(self, sampler: Sampler):
        self.sampler = sampler
        self._drawn: dict[tuple[int, int], tuple[list[Card], Screenful]] = {}

    def catalog(self, wall: int | None = None) -> dict[str, object]:
        """Each class's name, whether it's a draft, and its quality, and everyday words for the classes.

        The drawings come by `screenful`.

        wall: which of the NUM_WALLS, or None for a random one.
        """
        number = random.randrange(NUM_WALLS) if wall is None else wall
        cards = self._cards()
        tiles = [
            {
                "name": card.class_name,
                "draft": card.is_draft,
                "figures": figures(card),
                "recognised": recognised(card),
            }
            for card in cards
        ]
        return {
            "tiles": tiles,
            "words": everyday_words(),
            "wall": number,
            "screenful": SCREENFUL,
            "version": _checksum(cards),
        }

    def screenful(self, request: list[int]) -> Screenful:
        """The drawings of [screenful number, wall, the catalog's "version"] in a row, as a PNG's data URL, with seeds.

        Each drawing is the most recognisable of a few. The sheet is empty if there is no such screenful, or if the
        classes have changed since that catalog.
        """
        if not isinstance(request, list) or len(request) != 3 or any(type(number) is not int for number in request):
            return NOTHING
        number, wall, version = request
        all_cards = self._cards()
        if number < 0 or not 0 <= wall < NUM_WALLS or version != _checksum(all_cards):
            return NOTHING
        first = number * SCREENFUL
        cards = all_cards[first : first + SCREENFUL]
        if not cards:
            return NOTHING
        drawn_cards, drawn = self._drawn.get((number, wall), ([], NOTHING))
        if drawn_cards != cards:
            firsts = [_seed(wall, first + place) for place in range(len(cards))]
            drawings, seeds = self._pick(cards, firsts)
            drawn = {"sheet": data_url(png(sheet(drawings, columns=len(cards)))), "seeds": seeds}
            if self._cards()[first : first + SCREENFUL] == cards:  # else one couldn't be drawn, perhaps only for now
                self._drawn[number, wall] = cards, drawn
        return drawn

    def _pick(self, cards: list[Card], firsts: list[int]) -> tuple[np.ndarray, list[int]]:
        """The most recognisable drawing of each card's class, uint8 (N, 28, 28), of a few seeds, and its seed."""
        repeated = [card for card in cards for _ in range(CANDIDATES)]
        seeds = [first + step for first in firsts for step in range(CANDIDATES)]
        drawings = self._draw(repeated, seeds).reshape(len(cards), CANDIDATES, 28, 28)
        places = pick_places(self.sampler, drawings, [card.class_name for card in cards])
        picked = drawings[np.arange(len(cards)), places]
        return picked, [first + int(place) for first, place in zip(firsts, places, strict=True)]

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
                drawings[others] = self.sampler.draw_all(pictures)
            except ValueError:  # a file that can't be read or fetched leaves only its own places empty
                for place, picture in zip(others, pictures, strict=True):
                    with contextlib.suppress(ValueError):
                        drawings[place] = self.sampler.draw([picture])[0]
        return drawings

    def _cards(self) -> list[Card]:
        return sorted(self.sampler.cards().values(), key=lambda card: card.class_name.lower())


def recognised(card: Card) -> float | None:
    """How often a generator's drawings are recognised, relative to real ones; None if that wasn't measured."""
    real = card.figures.get("real_top1")
    return card.figures["top1"] / real if real and "top1" in card.figures else None


def _checksum(cards: list[Card]) -> int:
    """A number that changes with the classes and their order."""
    return zlib.crc32("\n".join(card.class_name for card in cards).encode())


def _seed(wall: int, place: int) -> int:
    """The first seed of those that a tile's drawing is picked from."""
    return 10_000 * wall + CANDIDATES * place
