"""A run is a folder: what was asked for, how it goes, what came of it. Whoever wants to know reads the folder."""

import contextlib
import errno
import json
import math
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors.torch import save
from torch import nn

from model.files.weights import read_safetensors, with_current_names
from model.files.writing import write_file
from model.quickdraw.classes import slug
from train.loop import Progress, Training
from train.runs.order import COMMAND_LINE, Order
from train.runs.settings import is_zero_gpu
from train.runs.status import Status, read_progress, read_status, write_status

LOCK_SECONDS = 1.0
LOOK_SECONDS = 0.001  # that somebody who only looks may hold a lock
MAX_ACTIVE = 20
SPARE_BYTES = 1 << 16
RUN_ID = r"[0-9]{8}-[0-9]{6}-[a-z0-9+-]+"


class BusyError(ValueError):
    """The same is in training already. run_id says where to watch."""

    def __init__(self, class_name: str, run_id: str):
        super().__init__(f"“{class_name}” is already in training (run {run_id}); watch that run or stop it first.")
        self.run_id = run_id


class Run:
    """One folder under runs/. Every file in it is written whole or appended line by line."""

    def __init__(self, folder: Path):
        self.folder = folder
        # The right to work on this run; the system takes it back when its holder dies. Timeout if another has it.
        self.lock = FileLock(folder / "lock", timeout=LOCK_SECONDS)

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def snapshot_path(self) -> Path:
        return self.folder / "snapshot.safetensors"

    @property
    def best_path(self) -> Path:
        return self.folder / "best.safetensors"

    @property
    def sheets_folder(self) -> Path:
        return self.folder / "sheets"

    def take(self) -> None:
        """Take the right to work on this run. Raises ValueError while somebody else has it."""
        try:
            self.lock.acquire()
        except Timeout as error:
            raise ValueError(f"Run {self.id} is being worked on already; watch it or stop it first.") from error

    def status(self) -> Status:
        """Raises OSError or ValueError for a folder that holds no readable run."""
        return read_status(self.folder / "run.json")

    def set_state(self, state: str, sentence: str = "", is_news: bool = True, **changes: object) -> None:
        """is_news: whether it is worth a line of the log. changes: other fields of the status."""
        before = self.status()
        status = replace(before, state=state, sentence=sentence, **changes)
        try:
            write_status(self.folder / "run.json", status)
        except OSError as error:
            # The end on a full disk has to be told too: what was put aside for that makes room.
            spare, is_full = self.folder / "spare", error.errno in (errno.ENOSPC, errno.EDQUOT)
            if not is_full or state not in ("failed", "stopped") or not spare.exists():
                raise
            spare.unlink()
            write_status(self.folder / "run.json", status)
        if is_news and (state, sentence) != (before.state, before.sentence):
            self.log(f"{state}. {sentence}")

    def log(self, line: str) -> None:
        """Note something, with the time and the process that says it; where that can't be written it is not missed."""
        with contextlib.suppress(OSError), (self.folder / "log.txt").open("a") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} [{os.getpid()}] {line}\n")

    def is_active(self) -> bool:
        """Whether this run waits, works, or will be taken up again; a dead one of the command line is none of that.

        Where GPUs are lent to visitors for a call at a time, nobody but they take a run up again.
        """
        status = self.status()
        if status.state not in ("queued", "running"):
            return False
        goes_on = not is_zero_gpu() and (status.state == "queued" or status.order.requested_by != COMMAND_LINE)
        return goes_on or is_held(self.folder / "lock")

    def is_paused(self) -> bool:
        """Whether this run has not ended, and yet nobody will go on with it unasked."""
        return self.status().state in ("queued", "running") and not self.is_active()

    def waits_for_worker(self) -> bool:
        """Whether this is a run of the page's that nobody is working on but somebody should."""
        status = self.status()
        idle = status.state == "queued" or (status.state == "running" and not is_held(self.folder / "lock"))
        return idle and status.order.requested_by != COMMAND_LINE

    def ask_to_stop(self) -> None:
        """Whoever works on this run, or takes it up, finishes its step and keeps what it has."""
        (self.folder / "stop").touch()
        self.log("asked to stop")
        with contextlib.suppress(Timeout), self.lock:  # whoever holds it has begun, and will find the file
            if self.status().state == "queued":
                began = self.snapshot_path.exists()
                self.set_state("stopped", "Stopped before it went on." if began else "Stopped before it began.")

    def resume(self, more_seconds: float | None = None) -> None:
        """Take back a stop, or a failure: the run may be worked on again, for so much longer than it has been.

        Raises Timeout while somebody works on it.
        """
        with self.lock:
            status = self.status()
            if more_seconds is not None:
                seconds = self.trained_seconds() + more_seconds
                status = replace(status, order=replace(status.order, seconds=seconds, num_steps=None, epochs=None))
            (self.folder / "stop").unlink(missing_ok=True)
            self._put_spare_aside()
            write_status(self.folder / "run.json", replace(status, state="queued", sentence="", attempts=0))
            self.log("queued once more")

    def discard(self) -> None:
        """Remove the folder; a checkpoint that came of it stays. Raises Timeout while somebody works on it."""
        with self.lock:
            (self.folder / "run.json").unlink()  # from here on it is no run any more, whatever happens
            shutil.rmtree(self.folder, ignore_errors=True)

    def trained_seconds(self) -> float:
        """How long a resumed run has been trained already."""
        if not self.snapshot_path.exists():
            return 0.0
        header, _ = read_safetensors(self.snapshot_path, with_tensors=False)
        return float(header["seconds"])

    def should_stop(self) -> bool:
        return (self.folder / "stop").exists()

    def append(self, progress: Progress) -> None:
        with (self.folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps(asdict(progress)) + "\n")

    def progress(self) -> list[Progress]:
        """What was reported, in order."""
        return read_progress(self.folder / "progress.jsonl")

    def last_progress(self) -> Progress | None:
        return next(reversed(read_progress(self.folder / "progress.jsonl", only_tail=True)), None)

    def sheets(self) -> list[Path]:
        return sorted(self.sheets_folder.glob("*.png"))

    def save_snapshot(self, training: Training) -> None:
        header = {"step": str(training.step), "seconds": repr(training.seconds), "halvings": str(training.halvings)}
        write_file(self.snapshot_path, save(training.tensors(), header))

    def load_snapshot(self, training: Training) -> bool:
        """Set `training` to the snapshot, and forget what was recorded after it. False if there is none."""
        found = self.snapshot_path.exists()
        if found:
            header, tensors = read_safetensors(self.snapshot_path)
            training.load(with_current_names(tensors), int(header["step"]), float(header["seconds"]))
            training.halvings = int(header.get("halvings", 0))
        kept = [progress for progress in self.progress() if found and progress.step <= training.step]
        lines = "".join(json.dumps(asdict(progress)) + "\n" for progress in kept)
        write_file(self.folder / "progress.jsonl", lines.encode())
        for path in self.sheets():
            if not found or int(path.stem) > training.step:
                path.unlink()
        return found

    def save_best(self, training: Training, distance: float) -> None:
        """Keep the averaged generator as the best so far. distance: what it is the best by."""
        tensors = {name: tensor.cpu().contiguous() for name, tensor in training.ema.state_dict().items()}
        write_file(self.best_path, save(tensors, {"step": str(training.step), "distance": repr(distance)}))

    def best_distance(self) -> float:
        """The distance of the best generator so far, infinite if none was measured."""
        if not self.best_path.exists():
            return math.inf
        header, _ = read_safetensors(self.best_path, with_tensors=False)
        return float(header["distance"])

    def load_best(self, generator: nn.Module) -> int | None:
        """Set a generator to the best one of this run; returns its step, None if none was measured."""
        if not self.best_path.exists():
            return None
        header, tensors = read_safetensors(self.best_path)
        generator.load_state_dict(tensors)
        return int(header["step"])

    def _put_spare_aside(self) -> None:
        write_file(self.folder / "spare", bytes(SPARE_BYTES))


def create_run(runs: Path, order: Order, begin: bool = False, most: float = MAX_ACTIVE) -> Run:
    """A new run folder, queued, or with its lock held by the caller who will `begin` it at once.

    Raises BusyError when the same is waiting or in training already (to begin at once: anything of the same name), and
    ValueError when `most` runs are.
    """
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(runs / "create.lock"):
        active = [run for run in list_runs(runs) if run.is_active()]
        for run in active:
            named_so = slug(run.status().order.class_name) == slug(order.class_name)
            if answers(run, order) or (begin and named_so):
                raise BusyError(order.class_name, run.id)
        if len(active) >= most:
            raise ValueError(f"{len(active)} runs are waiting or in training already; come back when some are done.")
        stamp = time.strftime("%Y%m%d-%H%M%S")
        run = Run(runs / f"{stamp}-{slug(order.class_name)}-{secrets.token_hex(2)}")
        run.folder.mkdir()
        try:
            if begin:
                run.lock.acquire()
            run._put_spare_aside()
            write_status(run.folder / "run.json", Status(order, "running" if begin else "queued", "", time.time()))
            run.log(f"ordered by {order.requested_by}")
        except OSError:
            run.lock.release(force=True)
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
        return run


def answers(run: Run, order: Order) -> bool:
    """Whether an active run is the very training that is ordered, whoever asks, so that there need be no other."""
    same = replace(run.status().order, requested_by="") == replace(order, requested_by="")
    return same and run.is_active() and not run.should_stop()


def list_runs(runs: Path) -> list[Run]:
    """All readable runs, oldest first."""
    return [run for _, run in sorted(_readable(runs), key=lambda pair: pair[0])]


def find_run(runs: Path, run_id: str) -> Run | None:
    """The readable run of that id, if there is one. Only what an id looks like is ever made a path of."""
    if not isinstance(run_id, str) or not re.fullmatch(RUN_ID, run_id):
        return None
    run = Run(runs / run_id)
    try:
        run.status()
    except (OSError, ValueError):
        return None
    return run


def is_held(lock: Path) -> bool:
    """Whether somebody holds a lock file right now. Takers wait LOCK_SECONDS, longer than this look lasts."""
    for _ in range(2):  # the first time it may have been somebody who only looked, too
        try:
            with FileLock(lock, timeout=0):
                return False
        except Timeout:
            time.sleep(LOOK_SECONDS)
        except OSError:  # of a read-only folder, where nobody can work
            return False
    return True


def _readable(runs: Path) -> Iterator[tuple[float, Run]]:
    """When each readable run was created, and the run."""
    for path in runs.glob("*/run.json"):
        run = Run(path.parent)
        try:
            yield run.status().created, run
        except (OSError, ValueError):
            continue
