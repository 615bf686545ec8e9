"""Where this installation keeps its files and gets its drawings from: two environment variables, with defaults."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from model.files.folders import REPOSITORY, checkpoint_folders, first_usable, home_from_environment
from train.data import BUCKET, read_source

T = TypeVar("T")


@dataclass(frozen=True)
class Home:
    """folder: writable, for checkpoints/, runs/ and cache/. source: a folder or address of drawings (see data.py)."""

    folder: Path = REPOSITORY
    source: str = BUCKET

    @classmethod
    def from_environment(cls) -> "Home":
        """DOODLES_HOME (default: the repository) and DOODLES_SOURCE (default: the dataset's public bucket).

        Raises ValueError.
        """
        return cls(home_from_environment()).with_source(os.environ.get("DOODLES_SOURCE") or BUCKET)

    def with_source(self, source: str) -> "Home":
        """The same with another source. A folder becomes absolute, because the worker has another working directory.

        Raises ValueError for an address that drawings can't come from.
        """
        return replace(self, source=read_source(source))

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
        """What `read` returns for the first usable checkpoint file called `name`; unusable ones are logged."""
        return first_usable(self.checkpoint_folders, name, read)
