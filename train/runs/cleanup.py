"""Room for what comes next: old runs of the page's, their snapshots and fetched drawings go, oldest first."""

import contextlib
import os
import re
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from model.files.writing import clear_temporaries
from train.cache import make_room
from train.data import cached_path
from train.home import Home
from train.runs.order import COMMAND_LINE
from train.runs.run import RUN_ID, Run, list_runs
from train.runs.settings import Settings

MEGABYTE = 1_000_000
FREE_BYTES = 20_000_000  # on the disk, for a training to be begun


def obstacle(runs: Path) -> str:
    """Why nothing can be trained here just now, in a sentence; empty if something can."""
    if not os.access(runs, os.W_OK):
        return "Nothing can be written here, so nothing can be trained; come back when its host has seen to that."
    if shutil.disk_usage(runs).free < FREE_BYTES:
        return "The disk here is full, so nothing can be trained; come back when its host has made room."
    return ""


def clean_up(home: Home, settings: Settings) -> None:
    """Keep to the budgets. What is active stays, and so do finished checkpoints and what the command line ordered."""
    runs = list_runs(home.runs)
    active = [run for run in runs if run.is_active()]
    in_use = {
        cached_path(class_name, run.status().order.source, home.cache)
        for run in active
        for class_name in run.status().order.class_names
    }
    make_room(home.cache, settings.cache_mb * MEGABYTE, in_use)
    old = [run for run in runs if run.status().order.requested_by != COMMAND_LINE and not run.is_active()]
    _prune(old, settings)
    _free_disk(home.runs, old)
    _remove_remains(home)


def _prune(old: list[Run], settings: Settings) -> None:
    """Remove the oldest of some inactive runs; of those kept, the snapshots go first where room is short."""
    too_many, kept = old[: -settings.keep_runs], old[-settings.keep_runs :]
    for run in too_many:
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
    """Where the disk is too full for another training, take from done runs what they could go on from, oldest first."""
    for run in old:
        if shutil.disk_usage(runs).free >= 2 * FREE_BYTES:
            return
        _drop_snapshot(run)


def _discard(run: Run) -> None:
    with contextlib.suppress(Timeout, OSError, ValueError):
        if not run.is_active():
            run.discard()


def _drop_snapshot(run: Run) -> None:
    """Give up that a finished run can be trained longer; one that was stopped is left whole until its folder goes."""
    with contextlib.suppress(Timeout, OSError, ValueError), run.lock:
        if run.status().state == "done":
            run.snapshot_path.unlink(missing_ok=True)
            run.best_path.unlink(missing_ok=True)


def _remove_remains(home: Home) -> None:
    """What processes left that were killed: folders of runs, half created or removed, and temporary files.

    Whoever writes in a place holds its lock; one that is in use has its turn another time.
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
