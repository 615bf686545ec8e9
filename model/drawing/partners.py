"""Which classes can turn into which others with good drawings all along; train/pairs.py measures that."""

import logging
from dataclasses import dataclass
from pathlib import Path

from model.drawing.sampler import Sampler
from model.files.header import mapping, read_object, text

PAIRS_NAME = "pairs.json"
MAX_BYTES = 2_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Pairs:
    """revisions: class name to the revision of the card that was measured. partners: class name to class names."""

    revisions: dict[str, str]
    partners: dict[str, list[str]]


def partners(sampler: Sampler, class_name: str) -> list[str]:
    """The classes that a class can turn into, best first, as measured with the checkpoints that are here now."""
    revisions = {name: card.revision for name, card in sampler.cards().items()}
    for folder in sampler.folders:
        path = folder / PAIRS_NAME
        if path.is_file():
            pairs = _read(path)
            current = {name for name, revision in pairs.revisions.items() if revisions.get(name) == revision}
            if class_name in current:
                return [name for name in pairs.partners.get(class_name, []) if name in current]
    return []


def _read(path: Path) -> _Pairs:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path.name} is too large.")
        stored = read_object({PAIRS_NAME: path.read_text(encoding="utf-8")}, PAIRS_NAME)
        revisions = {name: text(revision) for name, revision in mapping(stored.get("revisions")).items()}
        return _Pairs(revisions, {name: _names(names) for name, names in mapping(stored.get("partners")).items()})
    except (OSError, ValueError):
        log.warning("%s can't be read; recreate it with: python -m train pairs", path.name)
        return _Pairs({}, {})


def _names(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("That is not a list of names.")
    return [text(name) for name in value]
