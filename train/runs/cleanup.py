"""Freeing disk space: old runs of the page, their snapshots and downloaded drawings are removed, oldest first."""

import contextlib
import os
import re
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from model.files.writing import clear_temporaries
from train.cache import limit_cache
from train.data import cached_path
from train.home import Home
from train.runs.order import COMMAND_LINE
from train.runs.outcome import Blocked
from train.runs.run import RUN_ID, Run, list_runs
from train.runs.settings import Settings

MEGABYTE = 1_000_000
FREE_BYTES = 20_000_000  # that a run needs on the disk to start


def blocked_by(runs: Path) -> Blocked | None:
    """Why no run can start here now; None if one can."""
    if not os.access(runs, os.W_OK):
        return "read_only"
    return "disk_full" if shutil.disk_usage(runs).free < FREE_BYTES else None


def clean_up(home: Home, settings: Settings) -> None:
    """Remove what exceeds the limits, except active runs, promoted checkpoints, and runs of the command line."""
    runs = list_runs(home.runs)
    active = [run for run in runs if run.is_active()]
    in_use = {
        cached_path(class_name, run.status().order.source, home.cache)
        for run in active
        for class_name in run.status().order.class_names
    }
    limit_cache(home.cache, settings.cache_mb * MEGABYTE, in_use)
    old = [run for run in runs if run.status().order.requested_by != COMMAND_LINE and not run.is_active()]
    _prune(old, settings)
    _free_disk(home.runs, old)
    _remove_remains(home)


def _prune(old: list[Run], settings: Settings) -> None:
    """Remove the oldest inactive runs. If the rest takes too much space, its snapshots go first."""
    excess, kept = old[: -settings.keep_runs], old[-settings.keep_runs :]
    for run in excess:
        _discard(run)
    total = sum(_num_bytes(run.folder) for run in kept)
    for remove in (_drop_snapshot, _discard):
        for run in kept[:-1]:
            if total <= settings.runs_mb * MEGABYTE:
                return
            before = _num_bytes(run.folder)
            remove(run)
            total -= before - _num_bytes(run.folder)


def _free_disk(runs: Path, old: list[Run]) -> None:
    """If the disk is too full for another run, remove the snapshots of finished runs, oldest first."""
    for run in old:
        if shutil.disk_usage(runs).free >= 2 * FREE_BYTES:
            return
        _drop_snapshot(run)


def _discard(run: Run) -> None:
    with contextlib.suppress(Timeout, OSError, ValueError):
        if not run.is_active():
            run.discard()


def _drop_snapshot(run: Run) -> None:
    """Remove a finished run's snapshot, so that it can't be trained longer. A stopped run keeps its snapshot."""
    with contextlib.suppress(Timeout, OSError, ValueError), run.lock:
        if run.status().state == "done":
            run.snapshot_path.unlink(missing_ok=True)
            run.best_path.unlink(missing_ok=True)


def _remove_remains(home: Home) -> None:
    """Remove what killed processes left: temporary files, and folders of runs that are half created or half removed.

    A process that writes to a folder holds its lock; such folders are skipped.
    """
    for lock, name, folders in (
        ("create.lock", "salt", [home.runs]),
        ("visits.lock", "visits.json", [home.runs]),
        ("publish.lock", "*", [home.checkpoints, home.runs / "replaced"]),
    ):
        with contextlib.suppress(Timeout), FileLock(home.runs / lock, timeout=0):
            clear_temporaries(*folders, name=name)
    with contextlib.suppress(Timeout), FileLock(home.runs / "create.lock", timeout=0):
        for folder in home.runs.iterdir():
            if re.fullmatch(RUN_ID, folder.name) and folder.is_dir():
                with contextlib.suppress(Timeout), FileLock(folder / "lock", timeout=0):
                    if (folder / "run.json").exists():
                        clear_temporaries(folder, Run(folder).sheets_folder)
                    else:
                        shutil.rmtree(folder, ignore_errors=True)


def _num_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
