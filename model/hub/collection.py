"""A collection of checkpoints on the Hub: an index says which there are, and files are downloaded when needed."""

import contextlib
import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from model.files.checkpoint import Card
from model.files.weights import CheckpointError
from model.hub.client import check_repo
from model.hub.fetch import CheckpointFiles
from model.hub.live_index import LiveIndex

REFRESH_SECONDS = 300.0
FIRST_SECONDS = 5.0  # how long callers wait for the very first index
PATIENT_SECONDS = 60.0  # the same if it's strict, or pinned to a commit, whose index never changes
DOWNLOADS_AT_ONCE = 8


class Collection:
    """The checkpoints of one repo. Thread-safe.

    revision: a branch, a tag, or the hash of a commit, which pins the collection. refresh_seconds: how often the
    index is read again. is_strict: fail where a page would rather go on without some or all of the checkpoints.
    first_seconds: how long to wait for the first index (default: long if the collection is pinned or strict).
    Raises HubError for a name that no repo can have.
    """

    def __init__(
        self,
        repo: str,
        revision: str = "main",
        cache: Path | None = None,
        refresh_seconds: float = REFRESH_SECONDS,
        *,
        is_strict: bool = False,
        first_seconds: float | None = None,
    ):
        self.repo, self.revision, self.is_strict = check_repo(repo), revision, is_strict
        is_pinned = re.fullmatch(r"[0-9a-f]{40}", revision) is not None
        first_seconds = first_seconds or (PATIENT_SECONDS if is_pinned or is_strict else FIRST_SECONDS)
        self.index = LiveIndex(self.repo, revision, cache, refresh_seconds, first_seconds)
        self.files = CheckpointFiles(self.repo, cache)

    @classmethod
    def from_environment(cls, *, is_strict: bool = False) -> "Collection | None":
        """DOODLES_HUB: owner/name or owner/name@revision; None if it isn't set. Raises HubError."""
        repo, _, revision = os.environ.get("DOODLES_HUB", "").strip().partition("@")
        first_seconds = PATIENT_SECONDS if is_strict else FIRST_SECONDS  # a page doesn't wait, even if it's pinned
        return cls(repo, revision or "main", is_strict=is_strict, first_seconds=first_seconds) if repo else None

    def cards(self) -> dict[str, Card]:
        """The cards of the classes that can be drawn now, by name; waits a few seconds for the first index.

        If it's strict, these are the cards of all classes. Raises CheckpointError then if there is no index.
        """
        entries = self.index.entries()
        if self.is_strict:
            if not self.index.current.commit:
                reason = self.index.error or f"The Hub took more than {self.index.first_seconds:g} seconds to answer."
                raise CheckpointError(f"{str(reason).rstrip('.')}; or unset DOODLES_HUB to draw without {self.repo}.")
            return {name: entry.card for name, entry in entries.items()}
        return {name: entry.card for name, entry in entries.items() if not self.files.failure(entry)}

    @property
    def pinned(self) -> str:
        """The repo at the commit of the current index, in the format of DOODLES_HUB."""
        return f"{self.repo}@{self.index.current.commit}"

    def fetch(self, class_names: Iterable[str]) -> None:
        """Download the files of these classes, several at once; `path` raises the error of one that fails."""

        def fetch_one(class_name: str) -> None:
            with contextlib.suppress(CheckpointError):
                self.path(class_name)

        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            list(pool.map(fetch_one, class_names))

    def path(self, class_name: str) -> Path:
        """The checkpoint of a class, in the cache, checked against the index. Raises CheckpointError."""
        current = self.index.current
        if class_name not in current.entries:
            raise CheckpointError(f"{self.repo} no longer has “{class_name}”; pick another class.")
        return self.files.path(current.entries[class_name], current.commit)
