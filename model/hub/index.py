"""The index of a collection: what each of its checkpoints is, with its hash."""

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
    """One checkpoint of a collection. sha256: of the file's bytes. when: it was pushed, as in 2026-11-23T12:00:00Z."""

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
    """What an index says of a checkpoint. Raises CheckpointError for one that can't be used."""
    content = path.read_bytes()
    card, _ = load_checkpoint(path)
    return Entry(card, hashlib.sha256(content).hexdigest(), len(content), when)


def write_index(entries: Mapping[str, Entry]) -> bytes:
    """An index as a file. entries: by their class names."""
    listed = [
        {"file": entry.file, "sha256": entry.sha256, "size": entry.size, "when": entry.when, **asdict(entry.card)}
        for _, entry in sorted(entries.items())
    ]
    return json.dumps({"format": INDEX_FORMAT, "checkpoints": listed}, indent=1, ensure_ascii=False).encode()


def read_index(content: bytes) -> dict[str, Entry]:
    """The entries of an index, by class name. What is wrong with a single one is logged, and it is left out.

    Raises CheckpointError for a file that is no index.
    """
    try:
        index = json.loads(content)
        listed = index["checkpoints"]
        if index["format"] != INDEX_FORMAT or not isinstance(listed, list) or len(listed) > MAX_ENTRIES:
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        sentence = (
            f"The collection's {INDEX_NAME} can't be read by this version; update it, or remove that file and push."
        )
        raise CheckpointError(sentence) from error
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
                raise ValueError(f"{entry.file} is of another class")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            named = values.get("class_name") if isinstance(values, dict) else None
            shown = repr(named[:60]) if isinstance(named, str) else "nameless"
            log.warning(
                "The collection's %s has an unreadable entry (%s), left out: %s", INDEX_NAME, shown, short(error)
            )
            continue
        files.add(entry.file)
        entries[card.class_name] = entry
    return entries
