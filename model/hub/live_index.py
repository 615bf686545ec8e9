"""The index of a collection as it is now: read in the background, again every few minutes."""

import contextlib
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model.files.weights import CheckpointError
from model.hub.client import cached, client, download
from model.hub.errors import HubError
from model.hub.index import INDEX_NAME, MAX_INDEX_BYTES, Entry, read_index

TROUBLE_SECONDS = 60.0  # until the next try, after a transient error

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IndexVersion:
    """The index at one commit; empty before the first one is read."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    commit: str = ""


class LiveIndex:
    """The index of one repo at a branch, tag or commit. Thread-safe. error: why it couldn't be read the last time."""

    def __init__(self, repo: str, revision: str, cache: Path | None, refresh_seconds: float, first_seconds: float):
        self.repo, self.revision, self.cache, self.refresh_seconds = repo, revision, cache, refresh_seconds
        self.first_seconds = first_seconds
        self.error: HubError | CheckpointError | OSError | None = None
        self.current = IndexVersion()
        self.is_refreshing = False
        self._lock, self._first_answer = threading.Lock(), threading.Event()
        self._due, self._wait_until = 0.0, 0.0
        self._last_warning = ""

    def entries(self) -> Mapping[str, Entry]:
        """The checkpoints of the repo by class name; starts a refresh if one is due, and waits only for the first."""
        self._refresh_if_due()
        self._first_answer.wait(max(0.0, self._wait_until - time.monotonic()))
        return self.current.entries

    def refresh(self) -> None:
        """Read the index now. If that fails, the last one stays; the log says why, once."""
        pause = self.refresh_seconds
        try:
            if not self.current.commit and (file := cached(self.repo, INDEX_NAME, self.revision, self.cache)):
                with contextlib.suppress(CheckpointError, OSError):
                    self._use(*file)  # in case the Hub takes long to answer
            self._use(*download(client(), self.repo, INDEX_NAME, self.revision, MAX_INDEX_BYTES, self.cache))
            self._last_warning, self.error = "", None
        except (HubError, CheckpointError, OSError) as error:
            self.error = error
            if isinstance(error, HubError):
                pause = max(min(pause, TROUBLE_SECONDS) if error.is_transient else pause, error.wait_seconds or 0.0)
            if str(error) != self._last_warning:
                self._last_warning = str(error)
                log.warning("%s", error)
        finally:
            with self._lock:
                self._due, self.is_refreshing = time.monotonic() + pause, False
            self._first_answer.set()

    def _refresh_if_due(self) -> None:
        with self._lock:
            now = time.monotonic()
            if self.is_refreshing or now < self._due:
                return
            self.is_refreshing = True
            self._wait_until = self._wait_until or now + self.first_seconds
        threading.Thread(target=self.refresh, daemon=True).start()

    def _use(self, path: Path, commit: str) -> None:
        if commit != self.current.commit:
            self.current = IndexVersion(read_index(path.read_bytes()), commit)
            log.info("The collection %s has %d checkpoints.", self.repo, len(self.current.entries))
