"""Storing a run that a remote worker sent back."""

import re

from filelock import FileLock

from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.writing import write_file
from train.fleet.messages import not_a_run
from train.fleet.task import RUN_FILES, Outcome
from train.home import Home
from train.runs.promotion import promote_file
from train.runs.run import RUN_ID, Run


def store_run(outcome: Outcome, home: Home) -> Run:
    """Store a run in the driver's home, and promote its checkpoint if the worker did.

    Raises CheckpointError if the checkpoint is damaged, and ValueError if the files aren't those of a run.
    """
    folder = home.runs / outcome.run_id
    path = checkpoint_path(folder, outcome.class_name)
    needed, allowed = {"run.json", path.name}, {"run.json", path.name, *RUN_FILES}
    if not re.fullmatch(RUN_ID, outcome.run_id) or not needed <= outcome.files.keys() <= allowed:
        raise ValueError(not_a_run(outcome.class_name))
    run = Run(folder)
    with FileLock(home.runs / "create.lock"):  # the cleanup removes unlocked folders that have no run.json
        folder.mkdir(exist_ok=True)
        run.lock.acquire()
    try:
        for name in outcome.files.keys() - {"run.json"}:
            write_file(folder / name, outcome.files[name])
        load_checkpoint(path)
        if outcome.promoted:
            promote_file(path, home)
        write_file(folder / "run.json", outcome.files["run.json"])  # last, because it makes the folder a run
    finally:
        run.lock.release()
    return run
