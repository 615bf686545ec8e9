"""Training one class of a fleet. Runs in a worker, on this machine or another; knows nothing about Ray.

A worker that sees the driver's home works there: it resumes the run that a dead worker left and promotes the result.
Any other worker has a home of its own, where it caches drawings, and sends the run's files back.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from filelock import Timeout

from model.files.checkpoint import checkpoint_path
from model.files.writing import write_file
from model.networks.device import limit_threads
from train.execution.execution import execute_locked
from train.fleet.messages import busy
from train.home import Home
from train.runs.messages import sentence_for
from train.runs.order import Order
from train.runs.promotion import is_promoted
from train.runs.repeat import done_run, start_or_resume
from train.runs.run import BusyError, Run
from train.tracking.sent import track

REMOTE_HOME = Path("~/.cache/endless-doodles")  # on a machine that doesn't see the driver's home
BUSY_SECONDS = 60.0  # how long to wait for a locked run: a worker on a lost machine may take a while to die
MAX_RETRIES = 5  # of a class whose worker or machine died
GROUP = "all classes"  # the name under which MLflow nests the runs of a fleet
RUN_FILES = ("progress.jsonl", "sheet.png", "losses.png", "losses.svg", "training.gif", "nearest.png")

State = Literal["done", "stopped", "failed", "busy"]


@dataclass(frozen=True)
class Task:
    """What a worker needs to know.

    home: the driver's.
    group: the run's group in MLflow, empty without MLflow. The driver decides, because it does the sending.
    marker: a file in the home's runs that tells a remote worker whether it sees that home; None on the same machine.
    current: for a remote worker, the driver's checkpoint of the class, if there is one.
    """

    order: Order
    home: Home
    device: str = "cpu"
    group: str = ""
    marker: str | None = None
    current: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one class. sentence: the run's last sentence, or the error. host: the worker's machine.

    run_id, files: the run to store in the driver's home, if it's in another one. promoted: whether its worker
    promoted the checkpoint.
    """

    class_name: str
    state: State
    sentence: str
    host: str = field(default_factory=socket.gethostname)
    run_id: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    promoted: bool = False


def work(task: Task, shared_weights: Mapping[str, bytes | None]) -> Outcome:
    """Train one class. Never raises. shared_weights: the driver's base and classifiers by file name, None if absent."""
    limit_threads(1)
    class_name = task.order.class_name
    try:
        return _train(task, shared_weights)
    except (BusyError, Timeout):
        return Outcome(class_name, "busy", busy(class_name))
    except Exception as error:  # concerns this class alone; its run holds the same sentence
        return Outcome(class_name, "failed", sentence_for(error))


def _train(task: Task, shared_weights: Mapping[str, bytes | None]) -> Outcome:
    order = task.order
    sees_home = task.marker is None or (task.home.runs / task.marker).exists()
    home = task.home if sees_home else replace(task.home, folder=REMOTE_HOME.expanduser())
    if not sees_home:
        _update_files(home.checkpoints, shared_weights)
    run = _start_or_wait(order, home)
    if run.status().state == "done":
        run.lock.release(force=True)
    else:
        if not sees_home:
            _update_files(home.checkpoints, {checkpoint_path(home.checkpoints, order.class_name).name: task.current})
        if task.group and sees_home:
            track(run, task.group)
        for _ in execute_locked(run, home, task.device):
            pass
    status = run.status()
    state: State = "done" if status.state == "done" else "stopped"  # a failure raises
    outcome = Outcome(order.class_name, state, status.sentence)
    return outcome if sees_home or state != "done" else _with_files(outcome, run, home)


def _start_or_wait(order: Order, home: Home) -> Run:
    """The run to work on, locked, or the finished one. Raises BusyError or Timeout if it stays locked for too long."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        if finished := done_run(order, home):
            return finished
        try:
            return start_or_resume(order, home)
        except (BusyError, Timeout):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _update_files(folder: Path, files: Mapping[str, bytes | None]) -> None:
    """Give the files in a folder this content (None: remove it), leaving those that have it alone."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != content:
            write_file(path, content)


def _with_files(outcome: Outcome, run: Run, home: Home) -> Outcome:
    """Add everything that the driver keeps of a run."""
    checkpoint = checkpoint_path(run.folder, outcome.class_name)
    paths = [run.folder / name for name in (checkpoint.name, *RUN_FILES, "run.json")]
    files = {path.name: path.read_bytes() for path in paths if path.exists()}
    # Not what the run recorded: if it was done before, a later run may have replaced its checkpoint.
    return replace(outcome, run_id=run.id, files=files, promoted=is_promoted(checkpoint, home))
