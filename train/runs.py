"""A run is a folder: what was asked for, how it goes, what came of it. Whoever wants to know reads the folder."""

import json
import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from model.checkpoint import check_name, write_file
from model.classes import CLASS_NAMES, slug
from train.data import DEFAULT_ROWS
from train.loop import Progress, Training
from train.recipes import DOODLE, Config

COMMAND_LINE = "command line"  # requested_by of the runs that the page's worker leaves alone
MAX_CLASSES = 10
MAX_SECONDS = 24 * 3600
UNFINISHED = ("queued", "running")


@dataclass(frozen=True)
class Order:
    """What to train. class_name: the checkpoint's; class_names: the dataset's classes it learns from.

    num_steps, epochs, seconds: how long, whichever comes first; at least one is given. Raises ValueError.
    """

    class_name: str
    class_names: tuple[str, ...]
    source: str
    num_rows: int = DEFAULT_ROWS
    num_steps: int | None = None
    epochs: float | None = None
    seconds: float | None = None
    replace: bool = False
    requested_by: str = COMMAND_LINE
    config: Config = field(default_factory=lambda: DOODLE)

    @property
    def is_base(self) -> bool:
        """Whether this is the shared base of all classes."""
        return self.class_names == CLASS_NAMES

    def num_steps_for(self, num_drawings: int) -> int | None:
        """The number of steps that is the limit with so many drawings, None for no limit but time."""
        by_epochs = [math.ceil(self.epochs * num_drawings / self.config.batch_size)] if self.epochs is not None else []
        return min([*by_epochs, *([self.num_steps] if self.num_steps is not None else [])], default=None)

    def __post_init__(self) -> None:
        check_name(self.class_name)
        if not self.is_base and not 1 <= len(self.class_names) <= MAX_CLASSES:
            raise ValueError(f"A generator learns from 1 to {MAX_CLASSES} classes, not from {len(self.class_names)}.")
        if self.num_steps is None and self.epochs is None and self.seconds is None:
            raise ValueError("How long to train is open: give steps, epochs or minutes.")
        if self.num_steps is not None and not 1 <= self.num_steps <= 10_000_000:
            raise ValueError(f"{self.num_steps} steps are not allowed; use 1 to 10000000.")
        if self.epochs is not None and not 0 < self.epochs <= 100_000:
            raise ValueError(f"{self.epochs:g} epochs are not allowed; use more than 0 and at most 100000.")
        if self.seconds is not None and not 1 <= self.seconds <= MAX_SECONDS:
            raise ValueError(
                f"{self.seconds / 60:g} minutes are not allowed; use 1 second to {MAX_SECONDS // 60} minutes."
            )
        if not 1 <= self.num_rows <= 1_000_000:
            raise ValueError(f"{self.num_rows} drawings per class are not allowed; use 1 to 1000000.")


@dataclass(frozen=True)
class Status:
    """run.json. state: queued, running, stopped, failed or done; sentence: what happened, in words."""

    order: Order
    state: str
    sentence: str
    created: float


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
        self.lock = FileLock(folder / "lock", timeout=0)

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def snapshot_path(self) -> Path:
        return self.folder / "snapshot.safetensors"

    @property
    def sheets_folder(self) -> Path:
        return self.folder / "sheets"

    def status(self) -> Status:
        """Raises OSError or ValueError for a folder that holds no readable run."""
        stored = json.loads((self.folder / "run.json").read_text())
        try:
            order = stored.pop("order")
            order |= {"config": Config(**order["config"]), "class_names": tuple(order["class_names"])}
            return Status(order=Order(**order), **stored)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.folder.name}/run.json is not of this version.") from error

    def set_state(self, state: str, sentence: str = "") -> None:
        status = self.status()
        self._write(Status(status.order, state, sentence, status.created))

    def is_held(self) -> bool:
        """Whether somebody is working on this run right now."""
        try:
            with FileLock(self.folder / "lock", timeout=0):
                return False
        except Timeout:
            return True

    def is_active(self) -> bool:
        """Whether this run waits or works; one whose process died does neither."""
        state = self.status().state
        return state == "queued" or (state == "running" and self.is_held())

    def ask_to_stop(self) -> None:
        """Whoever works on this run finishes its step and keeps what it has; nobody will begin it."""
        (self.folder / "stop").touch()
        if self.status().state == "queued":
            self.set_state("stopped", "Stopped before it began.")

    def should_stop(self) -> bool:
        return (self.folder / "stop").exists()

    def append(self, progress: Progress) -> None:
        with (self.folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps(asdict(progress)) + "\n")

    def progress(self) -> list[Progress]:
        try:
            lines = (self.folder / "progress.jsonl").read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return [Progress(**json.loads(line)) for line in lines if line.endswith("\n")]

    def sheets(self) -> list[Path]:
        return sorted(self.sheets_folder.glob("*.png"))

    def save_snapshot(self, training: Training) -> None:
        header = {"step": str(training.step), "seconds": repr(training.seconds)}
        write_file(self.snapshot_path, save(training.tensors(), header))

    def load_snapshot(self, training: Training) -> bool:
        """Set `training` to the snapshot and forget what was recorded after it. False if there is none."""
        if not self.snapshot_path.exists():
            return False
        try:
            with safe_open(self.snapshot_path, "pt") as file:
                header = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        except SafetensorError as error:
            raise ValueError(f"The snapshot of run {self.id} is damaged; start the class anew.") from error
        training.load(tensors, int(header["step"]), float(header["seconds"]))
        kept = [progress for progress in self.progress() if progress.step <= training.step]
        lines = "".join(json.dumps(asdict(progress)) + "\n" for progress in kept)
        write_file(self.folder / "progress.jsonl", lines.encode())
        for path in self.sheets():
            if int(path.stem) > training.step:
                path.unlink()
        return True

    def _write(self, status: Status) -> None:
        write_file(self.folder / "run.json", json.dumps(asdict(status), indent=1).encode())


def create_run(runs: Path, order: Order, begin: bool = False) -> Run:
    """A new run folder, queued, or with its lock held by the caller who will `begin` it at once.

    Raises BusyError when the class is already waiting or in training.
    """
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(runs / "create.lock"):
        for run in list_runs(runs):
            if run.status().order.class_name == order.class_name and run.is_active():
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
    """The run of that id; looked up among those there are, so that no path is made of the text."""
    return next((run for run in list_runs(runs) if run.id == run_id), None)


def _readable(runs: Path) -> Iterator[tuple[float, Run]]:
    """When each readable run was created, and the run."""
    for path in runs.glob("*/run.json"):
        run = Run(path.parent)
        try:
            yield run.status().created, run
        except (OSError, ValueError):
            continue
