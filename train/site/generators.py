"""The generators of a site: an index with checkpoints, as a collection on the Hub has them, and the base's drafts."""

import hashlib
import json

from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.weights import CheckpointError, pack_weights
from model.hub.index import INDEX_NAME, Entry, entry_of, write_index
from model.quickdraw.classes import CLASS_NAMES
from train.home import Home

DRAFTS_NAME = "drafts.safetensors"
DRAFTS_FORMAT = "endless-doodles/drafts/1"
MAX_DRAFTS_BYTES = 20_000_000
NO_TIME = "2000-01-01T00:00:00Z"  # a site's index doesn't say when, so that the same files give the same site


def generator_files(home: Home) -> dict[str, bytes]:
    """Path to content: the index, every usable checkpoint, and the half of the base that draws.

    Raises CheckpointError if nothing could be drawn.
    """
    entries: dict[str, Entry] = {}
    files: dict[str, bytes] = {}
    for name in sorted({path.name for folder in home.checkpoint_folders for path in folder.glob("[!_]*.safetensors")}):
        found = home.first_usable(name, lambda path: (entry_of(path, NO_TIME), path.read_bytes()))
        if found:
            entry, content = found
            entries[entry.card.class_name], files[entry.file] = entry, content
    base = home.first_usable(BASE_NAME, read_base)
    if not files and not base:
        raise CheckpointError("There is no generator here yet; train one first: python -m train cat")
    if base:
        files[DRAFTS_NAME] = drafts_file(base)
    return files | {INDEX_NAME: write_index(entries)}


def drafts_file(base: Base) -> bytes:
    """The generator of a base, in a file of its own: browsers don't need the discriminator."""
    header = {
        "format": DRAFTS_FORMAT,
        "generator": json.dumps(base.generator),
        "classes": json.dumps(CLASS_NAMES),
        "rows": json.dumps(base.rows),
        "attribution": base.attribution,
    }
    if base.typical_seeds:
        header["typical_seeds"] = json.dumps(base.typical_seeds)
    return _in_order(pack_weights(base.part("generator"), header, MAX_DRAFTS_BYTES))


def _in_order(content: bytes) -> bytes:
    """The same safetensors file with its header sorted, because safetensors writes it in a new order each time."""
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def version_of(files: dict[str, bytes]) -> str:
    """A short hash of files, by which a browser notices that a site has changed."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(name.encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]
