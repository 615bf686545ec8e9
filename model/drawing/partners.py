"""Which classes turn into which others with drawings that look good all along; train/pairs.py finds out."""

import json
import logging
from pathlib import Path

from model.drawing.sampler import Sampler

PAIRS_NAME = "pairs.json"
MAX_BYTES = 2_000_000

log = logging.getLogger(__name__)


def partners(sampler: Sampler, class_name: str) -> list[str]:
    """The classes that a class may turn into, best first: pairs that were measured with the checkpoints at hand."""
    cards = sampler.cards()
    for folder in sampler.folders:
        path = folder / PAIRS_NAME
        if path.is_file():
            measured = _read(path)
            if class_name not in cards or measured["revisions"].get(class_name) != cards[class_name].revision:
                continue
            same = {name for name, revision in measured["revisions"].items() if name in cards}
            same = {name for name in same if measured["revisions"][name] == cards[name].revision}
            return [name for name in measured["partners"].get(class_name, []) if name in same]
    return []


def _read(path: Path) -> dict[str, dict]:
    """revisions: class name to the revision of the card that was measured. partners: class name to class names."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError
        stored = json.loads(path.read_text())
        revisions, found = stored["revisions"], stored["partners"]
        names = [name for names in found.values() for name in names]
        if not all(isinstance(text, str) for text in (*revisions.values(), *names)):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        log.warning("%s can't be read; make it again with: python -m train pairs", path.name)
        return {"revisions": {}, "partners": {}}
    return {"revisions": revisions, "partners": found}
