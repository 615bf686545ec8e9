"""Which classes a text means, best first: by names, by everyday words, and in spite of a slip of the finger.

The page looks classes up with the same rules (studio/shared/finding.js); a test compares the two.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from model.quickdraw.synonyms import NEAR, SAME

EXACT, SAME_THING, STARTS, WORD_STARTS, SAME_STARTS, CONTAINS, SIMILAR_THING, MISSPELT, MISSPELT_WORD = range(9)
SLIPS = ((7, 2), (4, 1))  # so many letters may have so many slips: a letter too many, too few, wrong or swapped
MAX_LETTERS = 60  # of a text that is worth looking up


@dataclass(frozen=True, order=True)
class Match:
    """How well a class fits a text; the smallest fits best."""

    rank: int  # EXACT to MISSPELT_WORD
    slips: int
    length: int  # of the name: the shorter it is, the more of it has been typed
    place: int  # in the list of classes


def matches(text: str, names: Iterable[str]) -> list[Match]:
    """The classes that a text may mean, best first; misspelt ones only if nothing else fits."""
    typed = letters_of(text)
    if not typed or len(typed) > MAX_LETTERS:
        return []
    listed = list(names)
    found = [match for place, name in enumerate(listed) if (match := _match(typed, name, place))]
    return sorted(found or [match for place, name in enumerate(listed) if (match := _misspelt(typed, name, place))])


def letters_of(text: str) -> str:
    """What identifies a class: its letters and digits, and the plus of a mixture, without "the" at the start."""
    return re.sub(r"[^a-z0-9+]", "", text.lower()).removeprefix("the")


def spellings(letters: str) -> tuple[str, ...]:
    """The same letters in singular and plural."""
    return letters, letters.removesuffix("s"), letters + "s"


@dataclass(frozen=True)
class _Entry:
    """A class's name and its everyday words, as letters. endings: the name from its second word on, and so on."""

    own: str
    endings: tuple[str, ...]
    same: tuple[str, ...]
    near: tuple[str, ...]


@lru_cache(maxsize=1024)
def _entry(name: str) -> _Entry:
    words = re.split(r"[^a-z0-9]+", name.lower())
    endings = tuple("".join(words[first:]) for first in range(1, len(words)))
    same, near = (tuple(map(letters_of, table.get(name, ()))) for table in (SAME, NEAR))
    return _Entry(letters_of(name), endings, same, near)


def _match(typed: str, name: str, place: int) -> Match | None:
    entry, variants = _entry(name), spellings(typed)
    tests = (
        (EXACT, entry.own in variants),
        (SAME_THING, any(word in variants for word in entry.same)),
        (STARTS, entry.own.startswith(typed)),
        (WORD_STARTS, any(ending.startswith(typed) for ending in entry.endings)),
        (SAME_STARTS, any(word.startswith(typed) for word in entry.same)),
        (CONTAINS, typed in entry.own),
        (SIMILAR_THING, any(word in variants or word.startswith(typed) for word in entry.near)),
    )
    rank = next((rank for rank, fits in tests if fits), None)
    return None if rank is None else Match(rank, 0, len(entry.own), place)


def _misspelt(typed: str, name: str, place: int) -> Match | None:
    allowed = next((slips for length, slips in SLIPS if len(typed) >= length), 0)
    if not allowed:
        return None
    entry = _entry(name)
    slips = OSA.distance(typed, entry.own)
    if slips <= allowed:
        return Match(MISSPELT, slips, len(entry.own), place)
    words = (*entry.same, *entry.near)
    begun = [word[: len(typed) + more] for word in (entry.own, *words) for more in (0, 1)]
    slips = min(OSA.distance(typed, word) for word in (*words, *begun))
    return Match(MISSPELT_WORD, slips, len(entry.own), place) if slips <= allowed else None
