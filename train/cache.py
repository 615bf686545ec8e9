"""Fetched drawings at hand: learned from when their source is gone, and removed when they take too much room."""

from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from filelock import FileLock, Timeout

from train.data import DataError, cached_path, read_extent

FEWEST_ROWS = 50


def load_at_hand(class_name: str, num_rows: int, source: str, cache: Path) -> np.ndarray | None:
    """Drawings uint8 (N, 28, 28) of a class that were fetched from a served source before, `num_rows` at most.

    None where there are fewer than FEWEST_ROWS; then they had better be fetched.
    """
    if urlsplit(source).scheme not in ("http", "https"):
        return None
    path = cached_path(class_name, source, cache)
    found = []
    for kept in (path, path.with_suffix(".part")):
        try:
            rows, start, at_hand = read_extent(kept)
        except (OSError, DataError):
            continue
        found.append((min(rows, at_hand, num_rows), start, kept))
    rows, start, kept = max(found, default=(0, 0, path))
    return np.memmap(kept, np.uint8, "r", offset=start, shape=(rows, 28, 28)) if rows >= FEWEST_ROWS else None


def make_room(cache: Path, most_bytes: float, in_use: Collection[Path] = ()) -> None:
    """Remove what was used least recently until the rest takes no more than `most_bytes`; never what is `in_use`."""
    files = [path for kind in ("npy", "part") for path in cache.glob(f"*/*.{kind}")]
    sizes = {path: found for path in files if (found := _stat(path))}
    total = sum(found.st_size for found in sizes.values())
    for path, found in sorted(sizes.items(), key=lambda pair: pair[1].st_mtime):
        if total <= most_bytes:
            return
        if path.with_suffix(".npy") in in_use:
            continue
        try:
            with FileLock(path.with_suffix(".lock"), timeout=0):
                path.unlink(missing_ok=True)
        except Timeout:
            continue
        total -= found.st_size


def _stat(path: Path):
    """What the system says of a file, None if it is gone by now."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
