"""The index of a collection: the card and hash of each of its checkpoints."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from model.files.checkpoint import MAX_BYTES, Card, card_from, load_checkpoint
from model.files.weights import CheckpointError, short
from model.quickdraw.classes import slug

INDEX_NAME = "index.json"
INDEX_FORMAT = "endless-doodles-index/1"
MAX_INDEX_BYTES = 5_000_000
MAX_ENTRIES = 5000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One checkpoint of a collection. sha256, size: of the file in bytes. when: pushed, as 2026-11-23T12:00:00Z."""

    card: Card
    sha256: str
    size: int
    when: str

    @property
    def file(self) -> str:
        return f"classes/{slug(self.card.class_name)}.safetensors"

    @property
    def sheet(self) -> str:
        return f"sheets/{slug(self.card.class_name)}.png"


def entry_of(path: Path, when: str) -> Entry:
    """The entry of a checkpoint file. Raises CheckpointError if it can't be used."""
    content = path.read_bytes()
    card, _ = load_checkpoint(path)
    return Entry(card, hashlib.sha256(content).hexdigest(), len(content), when)


def write_index(entries: Mapping[str, Entry]) -> bytes:
    """The content of an index file. entries: by class name."""
    listed = [
        {"file": entry.file, "sha256": entry.sha256, "size": entry.size, "when": entry.when, **asdict(entry.card)}
        for _, entry in sorted(entries.items())
    ]
    return json.dumps({"format": INDEX_FORMAT, "checkpoints": listed}, indent=1, ensure_ascii=False).encode()


def read_index(content: bytes) -> dict[str, Entry]:
    """The entries of an index by class name. An unreadable entry is logged and left out.

    Raises CheckpointError if the file isn't an index.
    """
    try:
        index = json.loads(content)
        listed = index["checkpoints"]
        if index["format"] != INDEX_FORMAT or not isinstance(listed, list) or len(listed) > MAX_ENTRIES:
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CheckpointError(
            f"This version can't read the collection's {INDEX_NAME}; update the app, or delete the file and push again."
        ) from error
    entries: dict[str, Entry] = {}
    files: set[str] = set()
    for values in listed:
        try:
            card = card_from({field.name: values[field.name] for field in fields(Card)})
            entry = Entry(card, values["sha256"], values["size"], values["when"])
            if not re.fullmatch(r"[0-9a-f]{64}", entry.sha256) or type(entry.size) is not int or card.is_draft:
                raise ValueError
            if not 0 < entry.size <= MAX_BYTES or not re.fullmatch(r"[0-9TZ:-]{20}", entry.when):
                raise ValueError
            if entry.file in files:
                raise ValueError(f"{entry.file} belongs to another class")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            name = values.get("class_name") if isinstance(values, dict) else None
            shown = repr(name[:60]) if isinstance(name, str) else "without a name"
            log.warning("Left out an unreadable entry of the collection's %s (%s): %s", INDEX_NAME, shown, short(error))
            continue
        files.add(entry.file)
        entries[card.class_name] = entry
    return entries
