"""One class of a fleet, carried out by a worker on whatever machine; knows nothing of Ray.

A worker that sees the driver's home works there: it goes on with the run that a dead worker left, and publishes as
ever. One that doesn't has a home of its own, where it keeps what it fetched, and sends back what came of the run.
"""

import re
import socket
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.writing import write_file
from model.networks.device import limit_threads
from train.execution.execution import execute_locked
from train.home import Home
from train.runs.messages import sentence_for
from train.runs.order import Order
from train.runs.promotion import is_promoted, promote_file
from train.runs.repeat import done_run, start_or_resume
from train.runs.run import RUN_ID, BusyError, Run
from train.tracking.sent import track

OWN_FOLDER = Path("~/.cache/endless-doodles")  # of a machine that doesn't see the driver's home
PATIENCE_SECONDS = 60.0  # for a run that somebody holds: a worker whose machine is lost may take a while to die
RUN_FILES = ("progress.jsonl", "sheet.png", "losses.png", "losses.svg", "training.gif", "nearest.png")

Files = dict[str, bytes | None]  # by name; None for one that isn't there


@dataclass(frozen=True)
class Task:
    """home: the driver's; mark: a file in its runs that says whether a machine sees it.

    current: the class's checkpoint at the driver's, None if it has none or draws from the repository's.
    group: what the run is nested under where runs go on record, for the driver sends them; empty if they don't.
    """

    order: Order
    home: Home
    mark: str
    device: str = "cpu"
    current: bytes | None = None
    group: str = ""


@dataclass(frozen=True)
class Outcome:
    """state: done, stopped, failed or busy; sentence: what happened. host: where.

    run_id, files: the run to be laid in the driver's home, if it was in another; promoted: whether its checkpoint was.
    """

    class_name: str
    state: str
    sentence: str
    host: str = field(default_factory=socket.gethostname)
    run_id: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    promoted: bool = False


def work(task: Task, shared_weights: Files) -> Outcome:
    """Carry out a task. Raises nothing. shared_weights: the base and the classifiers, as the driver has them."""
    limit_threads(1)
    order, name = task.order, task.order.class_name
    try:
        sees_home = (task.home.runs / task.mark).exists()
        home = task.home if sees_home else replace(task.home, folder=OWN_FOLDER.expanduser())
        if not sees_home:
            _lay(home.checkpoints, shared_weights)
        run = _claim(order, home)
        if run.status().state == "done":
            run.lock.release(force=True)
        else:
            if not sees_home:
                _lay(home.checkpoints, {checkpoint_path(home.checkpoints, name).name: task.current})
            if task.group and sees_home:
                track(run, task.group)
            for _ in execute_locked(run, home, task.device):
                pass
        status = run.status()
        outcome = Outcome(name, status.state, status.sentence)
        return outcome if sees_home or status.state != "done" else _with_files(outcome, run, home)
    except (BusyError, Timeout):
        return Outcome(name, "busy", f"“{name}” is in training elsewhere.")
    except Exception as error:  # of this class alone; the run says the same
        return Outcome(name, "failed", sentence_for(error))


def land(outcome: Outcome, home: Home) -> None:
    """Lay a run that came back in the driver's home, and promote its checkpoint if its worker did.

    Raises CheckpointError for one that can't be drawn from, ValueError for a run that isn't of its class.
    """
    folder = home.runs / outcome.run_id
    path = checkpoint_path(folder, outcome.class_name)
    allowed = {"run.json", path.name, *RUN_FILES}
    if not re.fullmatch(RUN_ID, outcome.run_id) or not {"run.json", path.name} <= outcome.files.keys() <= allowed:
        raise ValueError(f"What came back of “{outcome.class_name}” is not the folder of a run; train it again.")
    lock = Run(folder).lock
    with FileLock(home.runs / "create.lock"):  # whoever tidies up removes folders without a run.json that nobody holds
        folder.mkdir(exist_ok=True)
        lock.acquire()
    try:
        for name in sorted(outcome.files, key="run.json".__eq__):  # which makes it a run, so last
            if name == "run.json":
                load_checkpoint(path)
                if outcome.promoted:
                    promote_file(path, home)
            write_file(folder / name, outcome.files[name])
    finally:
        lock.release()


def _claim(order: Order, home: Home) -> Run:
    """The run to work on, its lock held, or the one that is done. Raises BusyError or Timeout if it stays held."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        if done := done_run(order, home):
            return done
        try:
            return start_or_resume(order, home)
        except (BusyError, Timeout):
            if time.monotonic() > ends:
                raise
            time.sleep(0.5)


def _lay(folder: Path, files: Files) -> None:
    """Make the files in a folder the same as given, leaving alone those that are."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != content:
            write_file(path, content)


def _with_files(outcome: Outcome, run: Run, home: Home) -> Outcome:
    """The same with everything that the driver is to keep of a run."""
    checkpoint = checkpoint_path(run.folder, outcome.class_name)
    paths = [run.folder / name for name in (checkpoint.name, *RUN_FILES, "run.json")]
    files = {path.name: path.read_bytes() for path in paths if path.exists()}
    return replace(outcome, run_id=run.id, files=files, promoted=is_promoted(checkpoint, home))
