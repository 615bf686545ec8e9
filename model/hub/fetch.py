"""The checkpoint files of a collection: downloaded in the background, checked, and left out while they fail."""

import contextlib
import hashlib
import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from model.files.checkpoint import MAX_BYTES, Card, load_checkpoint
from model.files.weights import CheckpointError
from model.hub.client import cached, client, download, with_retry
from model.hub.errors import HubError
from model.hub.index import INDEX_NAME, Entry

FETCH_SECONDS = 20.0  # how long a drawing waits for a file; the download goes on
RETRY_SECONDS = 60.0  # until a file that failed is tried again, and after trouble with the Hub any new file

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Failure:
    error: CheckpointError
    until: float  # on time.monotonic()'s clock


@dataclass(frozen=True)
class _Checked:
    """A file that was what the index says. stat: modification time (ns) and size (bytes) at that time."""

    card: Card
    path: Path
    stat: tuple[int, int]


class CheckpointFiles:
    """The files of one repo. They are told apart by their SHA-256: a failure counts for one file of a class only.

    Thread-safe.
    """

    def __init__(self, repo: str, cache: Path | None):
        self.repo, self.cache = repo, cache
        self._lock = threading.Lock()
        self._failures: dict[str, _Failure] = {}
        self._downloads: dict[str, Future[Path]] = {}
        self._checked: dict[str, _Checked] = {}
        self._paused_until = 0.0

    def failure(self, entry: Entry) -> CheckpointError | None:
        """Why a file can't be used at the moment, None if it can."""
        with self._lock:
            failure = self._failures.get(entry.sha256)
        return failure.error if failure and failure.until > time.monotonic() else None

    def path(self, entry: Entry, commit: str) -> Path:
        """The file of an index entry, as it is at a commit. Raises CheckpointError, also if it takes too long."""
        if failure := self.failure(entry):
            raise failure
        try:
            path = self._checked_path(entry) or self._wait_for(entry, commit)
        except HubError as error:
            if error.is_transient:
                self._paused_until = time.monotonic() + RETRY_SECONDS
            failure = CheckpointError(str(error))
            self._leave_out(entry, failure, RETRY_SECONDS)
            raise failure from error
        except CheckpointError as error:
            self._leave_out(entry, error, RETRY_SECONDS if error.is_transient else float("inf"))
            raise
        self._checked[entry.sha256] = _Checked(entry.card, path, _stat(path))
        return path

    def _leave_out(self, entry: Entry, error: CheckpointError, seconds: float) -> None:
        log.warning("%s", error)
        with self._lock:
            self._failures[entry.sha256] = _Failure(error, time.monotonic() + seconds)

    def _checked_path(self, entry: Entry) -> Path | None:
        """A file that was checked before and hasn't changed since."""
        checked = self._checked.get(entry.sha256)
        with contextlib.suppress(OSError):
            if checked and checked.card == entry.card and checked.stat == _stat(checked.path):
                return checked.path
        return None

    def _wait_for(self, entry: Entry, commit: str) -> Path:
        """Wait for the download of a file, which all callers share.

        The Hub may ask for minutes of patience, which a visitor doesn't have, so the wait is limited. Nor does a wall
        of many classes wait for one file after the other: after trouble, files that aren't cached fail at once.
        """
        is_paused = time.monotonic() < self._paused_until and not cached(self.repo, entry.file, commit, self.cache)
        with self._lock:
            future = self._downloads.get(entry.sha256)
            if future is None and is_paused:
                raise HubError(f"{self.repo} is hard to reach right now; try again in a minute.")
            if future is None:
                future = self._downloads[entry.sha256] = Future()
                threading.Thread(target=self._download_into, args=(future, entry, commit), daemon=True).start()
        try:
            return future.result(FETCH_SECONDS)
        except TimeoutError as error:
            message = f"Downloading {entry.file} of {self.repo} is taking too long; try again in a minute."
            raise HubError(message, is_transient=True) from error

    def _download_into(self, future: Future[Path], entry: Entry, commit: str) -> None:
        try:
            future.set_result(self._download(entry, commit))
        except Exception as error:  # raised again where the result is awaited
            future.set_exception(error)
        with self._lock:
            del self._downloads[entry.sha256]
            if not future.exception():
                self._failures.pop(entry.sha256, None)
                self._paused_until = 0.0

    def _download(self, entry: Entry, commit: str) -> Path:
        """Raises HubError, and CheckpointError for a file that isn't what the index says."""
        api = client()
        for force in (False, True):  # the cached file may be damaged
            path, _ = with_retry(download)(api, self.repo, entry.file, commit, MAX_BYTES, self.cache, force=force)
            if hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256:
                break
        else:
            raise CheckpointError(
                f"{entry.file} of {self.repo} doesn't have the hash that {INDEX_NAME} gives, so it isn't used."
            )
        card, _ = load_checkpoint(path)
        if card != entry.card:
            raise CheckpointError(f"{entry.file} of {self.repo} and its {INDEX_NAME} disagree, so it isn't used.")
        return path


def _stat(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size
