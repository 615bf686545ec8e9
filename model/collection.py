"""A collection of checkpoints on the Hub: an index that says what there is, and files fetched when they are wanted."""

import hashlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from model.checkpoint import MAX_BYTES, Card, card_from, load_checkpoint
from model.classes import slug
from model.hub import HubError, check_repo, client, download
from model.weights import CheckpointError

INDEX_NAME = "index.json"
INDEX_FORMAT = "endless-doodles-index/1"
MAX_INDEX_BYTES = 5_000_000
MAX_ENTRIES = 5000
REFRESH_SECONDS = 300.0
FIRST_SECONDS = 5.0  # that whoever asks first waits for the index
FORGIVEN_SECONDS = 60.0  # until a file is asked for again that could not be fetched

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
        raise CheckpointError(
            f"The collection's {INDEX_NAME} can't be read by this version; push to it anew."
        ) from error
    entries: dict[str, Entry] = {}
    for values in listed:
        try:
            card = card_from({field.name: values[field.name] for field in fields(Card)})
            entry = Entry(card, values["sha256"], values["size"], values["when"])
            if not re.fullmatch(r"[0-9a-f]{64}", entry.sha256) or type(entry.size) is not int or card.is_draft:
                raise ValueError
            if not 0 < entry.size <= MAX_BYTES or not re.fullmatch(r"[0-9TZ:-]{20}", entry.when):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            named = values.get("class_name") if isinstance(values, dict) else None
            log.warning(
                "The collection's %s has an unreadable entry (%s), left out: %s", INDEX_NAME, str(named)[:60], error
            )
            continue
        entries.setdefault(card.class_name, entry)
    return entries


class Collection:
    """The checkpoints of one repo. Thread-safe; the index is read in the background, and again every few minutes.

    revision: a branch, a tag, or the hash of a commit, to which the collection then is pinned.
    """

    def __init__(self, repo: str, revision: str = "main", cache: Path | None = None, every: float = REFRESH_SECONDS):
        self.repo, self.revision, self.cache, self.every = check_repo(repo), revision, cache, every
        self._lock, self._asked = threading.Lock(), threading.Event()
        self._entries: dict[str, Entry] = {}
        self._commit: str | None = None
        self._due, self._refreshing, self._said = 0.0, False, ""
        self._refused: dict[str, tuple[float, CheckpointError]] = {}  # by hash: until when, and why

    @classmethod
    def from_environment(cls) -> "Collection | None":
        """DOODLES_HUB: owner/name, or owner/name@revision; None where it is not set. Raises HubError."""
        repo, _, revision = os.environ.get("DOODLES_HUB", "").strip().partition("@")
        return cls(repo, revision or "main") if repo else None

    def cards(self) -> dict[str, Card]:
        """What can be drawn from the collection, as far as is known; only who asks first waits, for a few seconds."""
        self._refresh_if_due()
        self._asked.wait(FIRST_SECONDS)
        now = time.monotonic()
        with self._lock:
            return {
                name: entry.card
                for name, entry in self._entries.items()
                if self._refused.get(entry.sha256, (0.0,))[0] <= now
            }

    def path(self, class_name: str) -> Path:
        """The file of a class: cached, or fetched, and checked to be what the index says. Raises CheckpointError."""
        with self._lock:
            entry, commit = self._entries[class_name], self._commit
            until, why = self._refused.get(entry.sha256, (0.0, None))
        if why and until > time.monotonic():
            raise why
        try:
            return self._fetch(entry, commit)
        except HubError as error:
            refusal = CheckpointError(str(error))
            self.refuse(class_name, refusal, FORGIVEN_SECONDS)
            raise refusal from error
        except CheckpointError as error:
            self.refuse(class_name, error)
            raise

    def refuse(self, class_name: str, why: CheckpointError, seconds: float = float("inf")) -> None:
        """Offer a class no longer until its file is another one, or for some seconds."""
        log.warning("%s", why)
        with self._lock:
            self._refused[self._entries[class_name].sha256] = time.monotonic() + seconds, why

    def _fetch(self, entry: Entry, commit: str) -> Path:
        api = client()
        for anew in (False, True):  # what lies in the cache may have been damaged there
            path, _ = download(api, self.repo, entry.file, commit, MAX_BYTES, self.cache, anew)
            if hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256:
                break
        else:
            raise CheckpointError(
                f"{entry.file} of {self.repo} is not what its {INDEX_NAME} says (another hash), so it is not used."
            )
        card, _ = load_checkpoint(path)
        if card != entry.card:
            raise CheckpointError(f"{entry.file} of {self.repo} and its {INDEX_NAME} disagree, so it is not used.")
        return path

    def _refresh_if_due(self) -> None:
        with self._lock:
            if self._refreshing or time.monotonic() < self._due:
                return
            self._refreshing = True
        threading.Thread(target=self._refresh, daemon=True).start()

    def _refresh(self) -> None:
        pause = self.every
        try:
            path, commit = download(client(), self.repo, INDEX_NAME, self.revision, MAX_INDEX_BYTES, self.cache)
            if commit != self._commit:
                entries = read_index(path.read_bytes())
                with self._lock:
                    self._entries, self._commit = entries, commit
                log.info("The collection %s has %d checkpoints.", self.repo, len(entries))
            self._said = ""
        except (HubError, CheckpointError, OSError) as error:
            pause = max(pause, getattr(error, "wait", None) or 0.0)
            if str(error) != self._said:  # what lasts is told once
                self._said = str(error)
                log.warning("%s", error)
        finally:
            with self._lock:
                self._due, self._refreshing = time.monotonic() + pause, False
            self._asked.set()
