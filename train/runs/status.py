"""What a run's folder says in words and figures: run.json, and the lines of progress.jsonl."""

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from model.files.writing import write_file
from train.config import RECIPES
from train.loop import Progress
from train.runs.order import Order

STATES = ("queued", "running", "stopped", "failed", "done")
TAIL_BYTES = 4096  # more than one report takes


@dataclass(frozen=True)
class Status:
    """run.json. state: queued, running, stopped, failed or done; sentence: what happened, in words.

    attempts: how often somebody began to work on it without getting anywhere. turn: the how manieth to be begun of all
    runs here, 0 for one that was not yet.
    """

    order: Order
    state: str
    sentence: str
    created: float
    attempts: int = 0
    turn: int = 0


def read_status(path: Path) -> Status:
    """A run.json. Raises OSError or ValueError if it holds no readable run."""
    found = path.stat()
    # It is always written as a new file, so one with the same marks holds the same: whoever polls parses nothing.
    return _read(path, found.st_ino, found.st_mtime_ns, found.st_size)


def write_status(path: Path, status: Status) -> None:
    write_file(path, json.dumps(asdict(status), indent=1).encode())


def read_progress(path: Path, only_tail: bool = False) -> list[Progress]:
    """What was reported, in order; a line that is still being written, or was never finished, is left out.

    only_tail: the newest few reports, at the same small cost however long the run has been.
    """
    try:
        with path.open("rb") as file:
            if only_tail:
                file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            entries.append(Progress(**json.loads(line)))
    return entries


@lru_cache(maxsize=4096)
def _read(path: Path, *_marks: int) -> Status:
    try:
        stored = json.loads(path.read_text())
        order = stored.pop("order")
        config = replace(RECIPES[order["config"]["recipe"]], **order["config"])
        order |= {"config": config, "class_names": tuple(order["class_names"])}
        status = Status(order=Order(**order), **stored)
        kinds = [type(value) for value in (status.sentence, status.created, status.attempts, status.turn)]
        if status.state not in STATES or kinds != [str, float, int, int]:
            raise TypeError
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path.parent.name}/run.json is not of this version.") from error
    return status
