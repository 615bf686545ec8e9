"""Where this installation keeps its files and gets its drawings: two environment variables and their defaults."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from model.base import BASE_NAME
from model.checkpoint import REPOSITORY, checkpoint_folders
from model.evaluator import EVALUATOR_NAME
from model.guide import GUIDE_NAME
from train.data import BUCKET


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

    @property
    def base(self) -> Path | None:
        """The shared base that new classes grow from, if there is one."""
        return self._first(BASE_NAME)

    @property
    def evaluator(self) -> Path | None:
        """What generators are measured with, if there is one."""
        return self._first(EVALUATOR_NAME)

    @property
    def guide(self) -> Path | None:
        """Through whose eyes discriminators look, if there is one apart from the base's own."""
        return self._first(GUIDE_NAME)

    def _first(self, name: str) -> Path | None:
        paths = (folder / name for folder in self.checkpoint_folders)
        return next((path for path in paths if path.exists()), None)
