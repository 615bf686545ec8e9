"""A collection of checkpoints on the Hub: an index that says what there is, and files fetched when they are wanted."""

import contextlib
import hashlib
import logging
import os
import re
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from model.files.checkpoint import MAX_BYTES, Card, load_checkpoint
from model.files.weights import CheckpointError
from model.hub.client import HubError, cached, check_repo, client, download, with_retry
from model.hub.index import INDEX_NAME, MAX_INDEX_BYTES, Entry, read_index

REFRESH_SECONDS = 300.0
FIRST_SECONDS = 5.0  # from the first question on, that whoever asks waits for the index
PINNED_SECONDS = 60.0  # the same for the index of a single commit, for which nothing else will do
FETCH_SECONDS = 20.0  # that whoever draws waits for a file; it goes on coming
FETCHED_AT_ONCE = 8  # files, for drawings of many classes
FORGIVEN_SECONDS = 60.0  # until what could not be fetched is asked for again, and nothing else meanwhile

log = logging.getLogger(__name__)


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
        self._patience: float | None = None  # until when nobody has to do without the index
        self._refused: dict[str, tuple[float, CheckpointError]] = {}  # by hash: until when, and why
        self._fetching: dict[str, Future[Path]] = {}  # by hash
        self._sound: dict[str, tuple[Card, Path, tuple]] = {}  # by hash: files found to be what the index says
        self._spared_until = 0.0  # until when the Hub, which had trouble, is asked for no other file

    @classmethod
    def from_environment(cls) -> "Collection | None":
        """DOODLES_HUB: owner/name, or owner/name@revision; None where it is not set. Raises HubError."""
        repo, _, revision = os.environ.get("DOODLES_HUB", "").strip().partition("@")
        return cls(repo, revision or "main") if repo else None

    def cards(self) -> dict[str, Card]:
        """What can be drawn from the collection, as far as is known; only in the first seconds does anybody wait."""
        self._refresh_if_due()
        self._asked.wait(max(0.0, self._patience - time.monotonic()))
        now = time.monotonic()
        with self._lock:
            return {
                name: entry.card
                for name, entry in self._entries.items()
                if self._refused.get(entry.sha256, (0.0,))[0] <= now
            }

    @property
    def pinned(self) -> str:
        """The repo at the commit that its cards are of, as DOODLES_HUB names it."""
        return f"{self.repo}@{self._commit}"

    def fetch(self, class_names: Iterable[str]) -> None:
        """Bring the files of these classes here, several at a time; what is wrong with one is for `path` to say."""

        def fetch_one(class_name: str) -> None:
            with contextlib.suppress(CheckpointError):
                self.path(class_name)

        with ThreadPoolExecutor(FETCHED_AT_ONCE) as several:
            list(several.map(fetch_one, class_names))

    def path(self, class_name: str) -> Path:
        """The file of a class: cached, or fetched, and checked to be what the index says. Raises CheckpointError."""
        with self._lock:
            entry, commit = self._entries.get(class_name), self._commit
            until, why = self._refused.get(entry.sha256, (0.0, None)) if entry else (0.0, None)
        if entry is None:
            raise CheckpointError(f"{self.repo} has no “{class_name}” any more; pick another class.")
        if why and until > time.monotonic():
            raise why
        try:
            path = self._found_sound(entry) or self._fetch_within_reason(entry, commit)
            self._sound[entry.sha256] = entry.card, path, _stat(path)
            return path
        except HubError as error:
            refusal = CheckpointError(str(error))
            self._refuse(entry, refusal, FORGIVEN_SECONDS)
            if error.is_transient:
                self._spared_until = time.monotonic() + FORGIVEN_SECONDS
            raise refusal from error
        except CheckpointError as error:
            self._refuse(entry, error, FORGIVEN_SECONDS if error.is_transient else float("inf"))
            raise

    def _refuse(self, entry: Entry, why: CheckpointError, seconds: float) -> None:
        """Offer a class no longer until its file is another one, or for some seconds."""
        log.warning("%s", why)
        with self._lock:
            self._refused[entry.sha256] = time.monotonic() + seconds, why

    def _found_sound(self, entry: Entry) -> Path | None:
        """The file that was fetched and checked before, unless it has changed since; nobody has to be asked for it."""
        card, path, stat = self._sound.get(entry.sha256, (None, None, None))
        with contextlib.suppress(OSError):
            return path if card == entry.card and _stat(path) == stat else None
        return None

    def _fetch_within_reason(self, entry: Entry, commit: str) -> Path:
        """The Hub may ask to wait for minutes, which those who draw for visitors must not; all of them wait for one.

        Nor do they wait for one file after the other: once it had trouble, only what is cached is there for a while.
        """
        is_spared = time.monotonic() < self._spared_until and not cached(self.repo, entry.file, commit, self.cache)
        with self._lock:
            future = self._fetching.get(entry.sha256)
            if future is None and is_spared:
                raise HubError(f"{self.repo} is hard to reach just now; try again in a minute.")
            if future is None:
                future = self._fetching[entry.sha256] = Future()
                threading.Thread(target=self._fetch_into, args=(future, entry, commit), daemon=True).start()
        try:
            return future.result(FETCH_SECONDS)
        except TimeoutError as error:
            sentence = f"{entry.file} of {self.repo} takes long to come; try again in a minute."
            raise HubError(sentence, is_transient=True) from error

    def _fetch_into(self, future: Future[Path], entry: Entry, commit: str) -> None:
        try:
            future.set_result(self._fetch(entry, commit))
        except Exception as error:  # raised where somebody waits
            future.set_exception(error)
        with self._lock:
            del self._fetching[entry.sha256]
            if not future.exception():
                self._refused.pop(entry.sha256, None)
                self._spared_until = 0.0

    def _fetch(self, entry: Entry, commit: str) -> Path:
        api = client()
        for anew in (False, True):  # what lies in the cache may have been damaged there
            path, _ = with_retry(partial(download, api, self.repo, entry.file, commit, MAX_BYTES, self.cache, anew))
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
            now = time.monotonic()
            if self._refreshing or now < self._due:
                return
            self._refreshing = True
            is_pinned = re.fullmatch(r"[0-9a-f]{40}", self.revision)
            self._patience = self._patience or now + (PINNED_SECONDS if is_pinned else FIRST_SECONDS)
        threading.Thread(target=self._refresh, daemon=True).start()

    def _refresh(self) -> None:
        pause = self.every
        try:
            if self._commit is None and (known := cached(self.repo, INDEX_NAME, self.revision, self.cache)):
                with contextlib.suppress(CheckpointError, OSError):
                    self._take(*known)  # which has to do when the Hub takes long to answer
            self._take(*download(client(), self.repo, INDEX_NAME, self.revision, MAX_INDEX_BYTES, self.cache))
            self._said = ""
        except (HubError, CheckpointError, OSError) as error:
            is_transient = isinstance(error, HubError) and error.is_transient
            pause = max(min(pause, FORGIVEN_SECONDS) if is_transient else pause, getattr(error, "wait", None) or 0.0)
            if str(error) != self._said:  # what lasts is told once
                self._said = str(error)
                log.warning("%s", error)
        finally:
            with self._lock:
                self._due, self._refreshing = time.monotonic() + pause, False
            self._asked.set()

    def _take(self, path: Path, commit: str) -> None:
        """Go by the index in a file from now on, that of a commit."""
        if commit == self._commit:
            return
        entries = read_index(path.read_bytes())
        with self._lock:
            self._entries, self._commit = entries, commit
        log.info("The collection %s has %d checkpoints.", self.repo, len(entries))


def _stat(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size
