"""Training where a GPU is lent for a call at a time (ZeroGPU): one run, advanced in zero_gpu.

Each call runs in a forked process that ends with it: it gets and gives plain values, changes no globals that
anybody sees, and may be killed when its time is up. So a call resumes from the run's snapshot and leaves one behind.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from model.files.weights import CheckpointError
from train.execution.execution import execute
from train.home import Home
from train.runs.queue import take_turn
from train.runs.run import Run, is_held

CALL_SECONDS = 45.0  # of training in one call; short calls are given a GPU sooner
MARGIN_SECONDS = 15.0  # for fetching, measuring and leaving a snapshot besides

try:
    import spaces
except ImportError:  # only Spaces have it
    spaces = None


def call_duration(folder: str, source: str, run_id: str, seconds: float) -> int:
    """Seconds of a GPU that one call asks for. seconds: what is left of the run."""
    return int(min(seconds, CALL_SECONDS) + MARGIN_SECONDS)


def gpu_call(folder: str, source: str, run_id: str, seconds: float) -> dict[str, object]:
    """Work on a run for one call, then leave a snapshot. Returns its state, sentence and newest report.

    seconds: of training that are left, for `call_duration`.
    """
    home = Home(Path(folder), source)
    run = Run(home.runs / run_id)
    ends = time.monotonic() + CALL_SECONDS
    work = execute(run, home, "cuda" if torch.cuda.is_available() else "cpu")
    try:
        for _ in work:
            if time.monotonic() >= ends:
                break
    finally:
        work.close()
    status, last = run.status(), run.last_progress()
    return {"state": status.state, "sentence": status.sentence, "progress": asdict(last) if last else None}


lent_gpu_call = spaces.GPU(duration=call_duration)(gpu_call) if spaces else gpu_call


def train_in_calls(home: Home, run: Run, call: Callable[..., dict] = lent_gpu_call) -> Iterator[dict[str, object]]:
    """Advance a run, call after call, until it ends; yields what each call returned.

    A call that is refused or killed, for its time or the visitor's quota is used up, raises; the run then waits at its
    last snapshot for whoever calls this again. A run that somebody works on already is left to them.
    """
    take_turn(run, home.runs)
    while run.status().state in ("queued", "running") and not is_held(run.folder / "lock"):
        yield call(str(home.folder), home.source, run.id, _seconds_left(run))


def _seconds_left(run: Run) -> float:
    """Of training, or those of one call where that is not known."""
    seconds = run.status().order.seconds
    try:
        return max(0.0, seconds - run.trained_seconds()) if seconds else CALL_SECONDS
    except CheckpointError:  # a damaged snapshot, which is for whoever goes on from it to tell
        return CALL_SECONDS
