"""A run is a folder with its order, state and results. Reading the folder tells everything about it."""

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout

from model.files.writing import write_file
from model.quickdraw.classes import slug
from train.loop import Progress
from train.runs.lock import LOCK_SECONDS, is_held
from train.runs.messages import STOPPED_BEFORE_IT_BEGAN, STOPPED_BEFORE_IT_RESUMED
from train.runs.order import COMMAND_LINE, Order
from train.runs.outcome import PromotionKind
from train.runs.settings import is_zero_gpu
from train.runs.snapshot import load_snapshot, save_snapshot, snapshot_seconds
from train.runs.status import SPARE, State, Status, read_progress, read_status, write_status
from train.training import Training

MAX_ACTIVE = 20
SPARE_BYTES = 1 << 16
RUN_ID = r"[0-9]{8}-[0-9]{6}-[a-z0-9+-]+"


class BusyError(ValueError):
    """The same training is waiting or running already, as `run_id`."""

    def __init__(self, class_name: str, run_id: str):
        super().__init__(f"“{class_name}” is already being trained (run {run_id}); watch that run or stop it first.")
        self.run_id = run_id


class Run:
    """One folder under runs/. Every file in it is written whole or appended line by line."""

    def __init__(self, folder: Path):
        self.folder = folder
        # Only its holder may work on the run. The system releases it when the holder's process dies.
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

    def acquire(self) -> None:
        """Take the run's lock. Raises ValueError if another process works on the run."""
        try:
            self.lock.acquire()
        except Timeout as error:
            raise ValueError(f"Run {self.id} is already in progress; watch it or stop it first.") from error

    def status(self) -> Status:
        """Raises OSError or ValueError if the folder holds no readable run."""
        return read_status(self.folder / "run.json")

    def set_state(
        self,
        state: State,
        sentence: str = "",
        *,
        is_logged: bool = True,
        attempts: int | None = None,
        turn: int | None = None,
        promotion: PromotionKind | None = None,
    ) -> None:
        """Change the state and its sentence; other fields of the status change only if they are given."""
        before = self.status()
        status = replace(
            before,
            state=state,
            sentence=sentence,
            attempts=before.attempts if attempts is None else attempts,
            turn=before.turn if turn is None else turn,
            promotion=promotion or before.promotion,
        )
        write_status(self.folder / "run.json", status)
        if is_logged and (state, sentence) != (before.state, before.sentence):
            self.log(f"{state}. {sentence}")

    def log(self, line: str) -> None:
        """Append a line to the run's log, with the time and process. Does nothing if the log can't be written."""
        with contextlib.suppress(OSError), (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} [{os.getpid()}] {line}\n")

    def is_active(self) -> bool:
        """Whether this run is in progress, or will start or continue without being asked.

        The worker continues interrupted runs, except those of the command line; on ZeroGPU, only visitors do.
        """
        status = self.status()
        if status.state not in ("queued", "running"):
            return False
        continues = not is_zero_gpu() and (status.state == "queued" or status.order.requested_by != COMMAND_LINE)
        return continues or is_held(self.folder / "lock")

    def is_paused(self) -> bool:
        """Whether this run has not ended, but continues only when it is asked to."""
        return self.status().state in ("queued", "running") and not self.is_active()

    def waits_for_worker(self) -> bool:
        """Whether the page ordered this run, and it waits for a worker to start or continue it."""
        status = self.status()
        idle = status.state == "queued" or (status.state == "running" and not is_held(self.folder / "lock"))
        return idle and status.order.requested_by != COMMAND_LINE

    def ask_to_stop(self) -> None:
        """Ask the process that works on this run, now or later, to finish its step and keep the results so far."""
        (self.folder / "stop").touch()
        self.log("asked to stop")
        with contextlib.suppress(Timeout), self.lock:  # if a process holds it, that process will see the file
            if self.status().state == "queued":
                began = self.snapshot_path.exists()
                self.set_state("stopped", STOPPED_BEFORE_IT_RESUMED if began else STOPPED_BEFORE_IT_BEGAN)

    def resume(self, more_seconds: float | None = None, order: Order | None = None) -> None:
        """Queue a stopped, failed or finished run again. more_seconds: how much longer to train than so far.

        order: what it does from now on, if that has changed. Raises Timeout if a process works on it.
        """
        with self.lock:
            status = replace(self.status(), order=order or self.status().order)
            if more_seconds is not None:
                seconds = self.trained_seconds() + more_seconds
                status = replace(status, order=replace(status.order, seconds=seconds, num_steps=None, epochs=None))
            (self.folder / "stop").unlink(missing_ok=True)
            self._write_spare()
            queued = replace(status, state="queued", sentence="", attempts=0, promotion=None)
            write_status(self.folder / "run.json", queued)
            self.log("queued again")

    def discard(self) -> None:
        """Remove the folder, but not a promoted checkpoint. Raises Timeout if a process works on it."""
        with self.lock:
            (self.folder / "run.json").unlink()  # without it, the folder is no run any more, whatever happens next
            shutil.rmtree(self.folder, ignore_errors=True)

    def trained_seconds(self) -> float:
        """How long this run has trained, up to its snapshot."""
        return snapshot_seconds(self.snapshot_path)

    def should_stop(self) -> bool:
        return (self.folder / "stop").exists()

    def append(self, progress: Progress) -> None:
        with (self.folder / "progress.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(progress)) + "\n")

    def progress(self) -> list[Progress]:
        """All reports, in order."""
        return read_progress(self.folder / "progress.jsonl")

    def last_progress(self) -> Progress | None:
        return next(reversed(read_progress(self.folder / "progress.jsonl", only_tail=True)), None)

    def sheets(self) -> list[Path]:
        return sorted(self.sheets_folder.glob("*.png"))

    def save_snapshot(self, training: Training) -> None:
        save_snapshot(self.snapshot_path, training)

    def load_snapshot(self, training: Training) -> bool:
        """Set `training` to the snapshot and forget the reports and sheets after it. False if there is no snapshot."""
        is_loaded = load_snapshot(self.snapshot_path, training)
        last_step = training.step if is_loaded else -1
        lines = [json.dumps(asdict(report)) + "\n" for report in self.progress() if report.step <= last_step]
        write_file(self.folder / "progress.jsonl", "".join(lines).encode())
        for path in self.sheets():
            if int(path.stem) > last_step:
                path.unlink()
        return is_loaded

    def _write_spare(self) -> None:
        write_file(self.folder / SPARE, bytes(SPARE_BYTES))


def create_run(runs: Path, order: Order, *, begin: bool = False, limit: float = MAX_ACTIVE) -> Run:
    """Create a run, queued. With `begin`, it's running instead, and the caller holds its lock and must start now.

    Raises BusyError if the same order is active (with `begin`: any of its name), ValueError if `limit` runs are.
    """
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(runs / "create.lock"):
        active = [run for run in list_runs(runs) if run.is_active()]
        for run in active:
            has_same_name = slug(run.status().order.class_name) == slug(order.class_name)
            if is_same_training(run, order) or (begin and has_same_name):
                raise BusyError(order.class_name, run.id)
        if len(active) >= limit:
            raise ValueError(f"{len(active)} runs are already waiting or being trained; come back when some are done.")
        stamp = time.strftime("%Y%m%d-%H%M%S")
        run = Run(runs / f"{stamp}-{slug(order.class_name)}-{secrets.token_hex(2)}")
        run.folder.mkdir()
        try:
            if begin:
                run.lock.acquire()
            run._write_spare()
            write_status(run.folder / "run.json", Status(order, "running" if begin else "queued", "", time.time()))
            run.log(f"ordered by {order.requested_by}")
        except OSError:
            run.lock.release(force=True)
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
        return run


def is_same_training(run: Run, order: Order) -> bool:
    """Whether an active run does exactly what is ordered, no matter who ordered it."""
    same = replace(run.status().order, requested_by="") == replace(order, requested_by="")
    return same and run.is_active() and not run.should_stop()


def list_runs(runs: Path) -> list[Run]:
    """All readable runs, oldest first."""
    readable = []
    for path in runs.glob("*/run.json"):
        run = Run(path.parent)
        with contextlib.suppress(OSError, ValueError):
            readable.append((run.status().created, run))
    return [run for _, run in sorted(readable, key=lambda pair: pair[0])]


def find_run(runs: Path, run_id: str) -> Run | None:
    """The readable run with this id, if any. Text that isn't an id never becomes a path."""
    if not isinstance(run_id, str) or not re.fullmatch(RUN_ID, run_id):
        return None
    run = Run(runs / run_id)
    try:
        run.status()
    except (OSError, ValueError):
        return None
    return run
