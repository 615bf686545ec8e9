"""Reading and writing a run's state (run.json) and its progress (progress.jsonl)."""

import contextlib
import errno
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from model.files.writing import write_file
from train.config import BEFORE, RECIPES
from train.loop import Progress
from train.runs.order import Order
from train.runs.outcome import PromotionKind

State = Literal["queued", "running", "stopped", "failed", "done"]
SPARE = "spare"  # a file beside run.json that only takes up room
TAIL_BYTES = 4096  # more than one report takes


@dataclass(frozen=True)
class Status:
    """The content of run.json. sentence: what happened, in words. created: seconds since 1970.

    attempts: how often in a row work on it began without progress. turn: its number in the order in which runs were
    started, 0 before it starts. promotion: what became of its generator, None until then.
    """

    order: Order
    state: State
    sentence: str
    created: float
    attempts: int = 0
    turn: int = 0
    promotion: PromotionKind | None = None


def read_status(path: Path) -> Status:
    """Read a run.json. Raises OSError, or ValueError if it is invalid."""
    stat = path.stat()
    # Every change writes a new file, so the same inode, time and size mean the same content: polling parses nothing.
    return _read(path, stat.st_ino, stat.st_mtime_ns, stat.st_size)


def write_status(path: Path, status: Status) -> None:
    """Write a run.json. On a full disk, a spare file is removed to make room for a last state: failed or stopped."""
    content = json.dumps(asdict(status), indent=1).encode()
    try:
        write_file(path, content)
    except OSError as error:
        spare, is_full = path.with_name(SPARE), error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not is_full or status.state not in ("failed", "stopped") or not spare.exists():
            raise
        spare.unlink()
        write_file(path, content)


def read_progress(path: Path, *, only_tail: bool = False) -> list[Progress]:
    """The reports in order, without an unfinished last line.

    only_tail: only the newest few, which takes the same short time for a long run.
    """
    try:
        with path.open("rb") as file:
            if only_tail:
                file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    reports = []
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            reports.append(Progress(**json.loads(line)))
    return reports


@lru_cache(maxsize=4096)
def _read(path: Path, *_version: int) -> Status:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        order = stored.pop("order")
        config = replace(RECIPES[order["config"]["recipe"]], **BEFORE | order["config"])
        order |= {"config": config, "class_names": tuple(order["class_names"])}
        status = Status(order=Order(**order), **stored)
        types = [type(value) for value in (status.sentence, status.created, status.attempts, status.turn)]
        kinds = (*get_args(PromotionKind), None)
        if status.state not in get_args(State) or types != [str, float, int, int] or status.promotion not in kinds:
            raise TypeError
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path.parent.name}/run.json isn't a run of this version.") from error
    return status
