"""A run is a folder: what was asked for, how it goes, what came of it. Whoever wants to know reads the folder."""

import contextlib
import json
import math
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors.torch import save
from torch import nn

from model.classes import slug
from model.weights import read_safetensors, write_file
from train.loop import Progress, Training
from train.order import COMMAND_LINE, Order
from train.recipes import Config

LOCK_SECONDS = 1.0
STATES = ("queued", "running", "stopped", "failed", "done")
MAX_ACTIVE = 20


@dataclass(frozen=True)
class Status:
    """run.json. state: queued, running, stopped, failed or done; sentence: what happened, in words.

    attempts: how often somebody began to work on it since the last snapshot.
    """

    order: Order
    state: str
    sentence: str
    created: float
    attempts: int = 0


class BusyError(ValueError):
    """The class is in training already. run_id says where to watch."""

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

    def status(self) -> Status:
        """Raises OSError or ValueError for a folder that holds no readable run."""
        try:
            stored = json.loads((self.folder / "run.json").read_text())
            order = stored.pop("order")
            order |= {"config": Config(**order["config"]), "class_names": tuple(order["class_names"])}
            status = Status(order=Order(**order), **stored)
            if status.state not in STATES or [type(status.sentence), type(status.created)] != [str, float]:
                raise TypeError
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{self.folder.name}/run.json is not of this version.") from error
        return status

    def set_state(self, state: str, sentence: str = "", attempts: int | None = None) -> None:
        status = self.status()
        attempts = status.attempts if attempts is None else attempts
        self._write(replace(status, state=state, sentence=sentence, attempts=attempts))

    def is_active(self) -> bool:
        """Whether this run waits, works, or will be taken up again; a dead one of the command line is none of that."""
        status = self.status()
        kept_up = status.order.requested_by != COMMAND_LINE or is_held(self.folder / "lock")
        return status.state == "queued" or (status.state == "running" and kept_up)

    def waits_for_worker(self) -> bool:
        """Whether this is a run of the page's that nobody is working on but somebody should."""
        status = self.status()
        idle = status.state == "queued" or (status.state == "running" and not is_held(self.folder / "lock"))
        return idle and status.order.requested_by != COMMAND_LINE

    def ask_to_stop(self) -> None:
        """Whoever works on this run, or takes it up, finishes its step and keeps what it has."""
        (self.folder / "stop").touch()
        if self.status().state == "queued":
            self.set_state("stopped", "Stopped before it began.")

    def resume(self) -> None:
        """Take back a stop, or a failure: the run may be worked on again."""
        (self.folder / "stop").unlink(missing_ok=True)
        self.set_state("queued", attempts=0)

    def should_stop(self) -> bool:
        return (self.folder / "stop").exists()

    def append(self, progress: Progress) -> None:
        with (self.folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps(asdict(progress)) + "\n")

    def progress(self) -> list[Progress]:
        """What was reported, in order; a line that is still being written, or was never finished, is left out."""
        try:
            lines = (self.folder / "progress.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        entries = []
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):
                entries.append(Progress(**json.loads(line)))
        return entries

    def sheets(self) -> list[Path]:
        return sorted(self.sheets_folder.glob("*.png"))

    def save_snapshot(self, training: Training) -> None:
        header = {"step": str(training.step), "seconds": repr(training.seconds)}
        write_file(self.snapshot_path, save(training.tensors(), header))

    def load_snapshot(self, training: Training) -> bool:
        """Set `training` to the snapshot, and forget what was recorded after it. False if there is none."""
        found = self.snapshot_path.exists()
        if found:
            header, tensors = read_safetensors(self.snapshot_path)
            training.load(tensors, int(header["step"]), float(header["seconds"]))
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

    def _write(self, status: Status) -> None:
        write_file(self.folder / "run.json", json.dumps(asdict(status), indent=1).encode())


def create_run(runs: Path, order: Order, begin: bool = False) -> Run:
    """A new run folder, queued, or with its lock held by the caller who will `begin` it at once.

    Raises BusyError when the class is already waiting or in training.
    """
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(runs / "create.lock"):
        active = [run for run in list_runs(runs) if run.is_active()]
        if len(active) >= MAX_ACTIVE:
            raise ValueError(f"{len(active)} runs are waiting or in training already; come back when some are done.")
        for run in active:
            if slug(run.status().order.class_name) == slug(order.class_name):
                raise BusyError(order.class_name, run.id)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        run = Run(runs / f"{stamp}-{slug(order.class_name)}-{secrets.token_hex(2)}")
        run.folder.mkdir()
        if begin:
            run.lock.acquire()
        run._write(Status(order, "running" if begin else "queued", "", time.time()))
        return run


def list_runs(runs: Path) -> list[Run]:
    """All readable runs, oldest first."""
    return [run for _, run in sorted(_readable(runs), key=lambda pair: pair[0])]


def find_run(runs: Path, run_id: str) -> Run | None:
    """The readable run of that id, if there is one. Only what an id looks like is ever made a path of."""
    if not re.fullmatch(r"[0-9]{8}-[0-9]{6}-[a-z0-9+-]+", run_id):
        return None
    run = Run(runs / run_id)
    try:
        run.status()
    except (OSError, ValueError):
        return None
    return run


def is_held(lock: Path) -> bool:
    """Whether somebody holds a lock file right now. Takers wait LOCK_SECONDS, longer than this look lasts."""
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def _readable(runs: Path) -> Iterator[tuple[float, Run]]:
    """When each readable run was created, and the run."""
    for path in runs.glob("*/run.json"):
        run = Run(path.parent)
        try:
            yield run.status().created, run
        except (OSError, ValueError):
            continue
