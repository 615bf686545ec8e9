"""Where an installation keeps its files, and where it looks for checkpoints."""

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from model.files.weights import CheckpointError

REPOSITORY = Path(__file__).resolve().parents[2]

T = TypeVar("T")
log = logging.getLogger(__name__)


def home_from_environment() -> Path:
    """The folder that holds checkpoints/, runs/ and cache/: DOODLES_HOME, or the repository if it isn't set."""
    return Path(os.environ.get("DOODLES_HOME") or REPOSITORY).expanduser().resolve()


def checkpoint_folders(home: Path) -> list[Path]:
    """Where to look for checkpoints: first what was trained in `home`, then what the repository contains."""
    return list(dict.fromkeys([home / "checkpoints", REPOSITORY / "checkpoints"]))


def first_usable(folders: Iterable[Path], name: str, read: Callable[[Path], T]) -> T | None:
    """What `read` returns for the first usable file called `name`, or None. Unusable files are logged and skipped."""
    for path in (folder / name for folder in folders):
        if path.exists():
            try:
                return read(path)
            except CheckpointError as error:
                log.warning("%s", error)
    return None
