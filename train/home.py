"""Where this installation keeps its files and gets its drawings: two environment variables and their defaults."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from model.files.checkpoint import REPOSITORY, checkpoint_folders
from model.files.weights import CheckpointError
from train.data import BUCKET

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Home:
    """folder: writable; holds checkpoints/, runs/ and cache/. source: a folder or address of drawings (see `data`)."""

    folder: Path = REPOSITORY
    source: str = BUCKET

    @classmethod
    def from_environment(cls) -> "Home":
        """DOODLES_HOME (default: the repository) and DOODLES_SOURCE (default: the dataset's public bucket)."""
        folder = Path(os.environ.get("DOODLES_HOME") or REPOSITORY).expanduser().resolve()
        return cls(folder).with_source(os.environ.get("DOODLES_SOURCE") or BUCKET)

    def with_source(self, source: str) -> "Home":
        """The same with another source; a folder's path is made absolute, for the worker has another working folder."""
        return replace(self, source=source if "://" in source else str(Path(source).expanduser().resolve()))

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def checkpoint_folders(self) -> list[Path]:
        return checkpoint_folders(self.folder)

    def first_usable(self, name: str, read: Callable[[Path], T]) -> T | None:
        """What `read` makes of the first file of that name that it can use; those it can't are logged."""
        for folder in self.checkpoint_folders:
            if (folder / name).exists():
                try:
                    return read(folder / name)
                except CheckpointError as error:
                    log.warning("%s", error)
        return None
