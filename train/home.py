"""Where this installation keeps its files and gets its drawings: two environment variables and their defaults."""

import os
from dataclasses import dataclass
from pathlib import Path

from train.data import BUCKET

BASE_NAME = "_base.safetensors"
REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """folder: writable; holds checkpoints/, runs/ and cache/. source: a folder or address of drawings (see `data`)."""

    folder: Path = REPOSITORY
    source: str = BUCKET

    @classmethod
    def from_environment(cls) -> "Home":
        """DOODLES_HOME (default: the repository) and DOODLES_SOURCE (default: the dataset's public bucket)."""
        folder = Path(os.environ.get("DOODLES_HOME") or REPOSITORY).expanduser().resolve()
        return cls(folder, os.environ.get("DOODLES_SOURCE") or BUCKET)

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
        """Where to draw from: what was trained here, then what came with the repository."""
        return list(dict.fromkeys([self.checkpoints, REPOSITORY / "checkpoints"]))

    @property
    def base(self) -> Path | None:
        """The shared base that new classes grow from, if there is one."""
        paths = (folder / BASE_NAME for folder in self.checkpoint_folders)
        return next((path for path in paths if path.exists()), None)
