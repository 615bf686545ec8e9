"""Training on ZeroGPU, which lends a GPU for one call at a time: a run advances call by call.

Each call runs in a forked process that ends with it. Arguments and results must be plain values, changes to globals are
lost, and the process may be killed when its time is up. So each call resumes from the run's snapshot and leaves one.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import torch

from model.files.weights import CheckpointError
from train.execution.execution import execute
from train.home import Home
from train.runs.lock import is_held
from train.runs.queue import take_turn
from train.runs.run import Run

CALL_SECONDS = 45.0  # of training in one call; short calls get a GPU sooner
MARGIN_SECONDS = 15.0  # on top, for fetching, measuring and saving a snapshot

try:
    import spaces
except ImportError:  # installed only on Spaces
    spaces = None


def call_duration(folder: str, source: str, run_id: str, seconds: float) -> int:
    """GPU seconds that one call asks for. seconds: of training left in the run."""
    return int(min(seconds, CALL_SECONDS) + MARGIN_SECONDS)


def gpu_call(folder: str, source: str, run_id: str, seconds: float) -> dict[str, object]:
    """Execute a run for one call, then save a snapshot. Returns its state, sentence and latest report.

    seconds: of training left in the run, for `call_duration`.
    """
    home = Home(Path(folder), source)
    run = Run(home.runs / run_id)
    ends = time.monotonic() + CALL_SECONDS
    with closing(execute(run, home, "cuda" if torch.cuda.is_available() else "cpu")) as work:
        for _ in work:
            if time.monotonic() >= ends:
                break
    status, last = run.status(), run.last_progress()
    return {"state": status.state, "sentence": status.sentence, "progress": asdict(last) if last else None}


GpuCall = Callable[[str, str, str, float], dict[str, object]]  # `gpu_call`

lent_gpu_call: GpuCall = spaces.GPU(duration=call_duration)(gpu_call) if spaces else gpu_call


def train_in_calls(home: Home, run: Run, call: GpuCall = lent_gpu_call) -> Iterator[dict[str, object]]:
    """Advance a run, call by call, until it ends. Yields each call's result.

    A call raises if it is refused or killed because its time or the visitor's quota is used up. The run then waits at
    its last snapshot for the next use of this function. A run that another process works on is left alone.
    """
    take_turn(run, home.runs)
    while run.status().state in ("queued", "running") and not is_held(run.folder / "lock"):
        yield call(str(home.folder), home.source, run.id, _seconds_left(run))


def _seconds_left(run: Run) -> float:
    """Seconds of training left in a run, or those of one call if that is unknown."""
    seconds = run.status().order.seconds
    try:
        return max(0.0, seconds - run.trained_seconds()) if seconds else CALL_SECONDS
    except CheckpointError:  # a damaged snapshot, which the execution will report
        return CALL_SECONDS
