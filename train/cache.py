"""The cache of downloaded drawings: used when their source is gone, and kept within a size."""

import os
from collections.abc import Collection
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from train.data import cached_path, is_url, read_extent
from train.download import DataError

MIN_ROWS = 50


def load_cached(class_name: str, num_rows: int, source: str, cache: Path) -> np.ndarray | None:
    """Up to `num_rows` drawings uint8 (N, 28, 28) of a class that were downloaded from a server before.

    None if there are fewer than MIN_ROWS, too few to train with.
    """
    if not is_url(source):
        return None
    path = cached_path(class_name, source, cache)
    candidates = []
    for candidate in (path, path.with_suffix(".part")):
        try:
            promised, start, available = read_extent(candidate)
        except (OSError, DataError):
            continue
        candidates.append((min(promised, available, num_rows), start, candidate))
    rows, start, best = max(candidates, default=(0, 0, path))
    return np.memmap(best, np.uint8, "r", offset=start, shape=(rows, 28, 28)) if rows >= MIN_ROWS else None


def limit_cache(cache: Path, max_bytes: float, in_use: Collection[Path] = ()) -> None:
    """Remove the least recently used files until the rest takes at most `max_bytes`; keep those `in_use`."""
    paths = [path for suffix in ("npy", "part") for path in cache.glob(f"*/*.{suffix}")]
    stats = {path: stat for path in paths if (stat := _stat(path))}
    total = sum(stat.st_size for stat in stats.values())
    for path, stat in sorted(stats.items(), key=lambda pair: pair[1].st_mtime):
        if total <= max_bytes:
            return
        if path.with_suffix(".npy") in in_use:
            continue
        try:
            with FileLock(path.with_suffix(".lock"), timeout=0):
                path.unlink(missing_ok=True)
        except Timeout:
            continue
        total -= stat.st_size


def _stat(path: Path) -> os.stat_result | None:
    """A file's size and times, None if it's gone by now."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
