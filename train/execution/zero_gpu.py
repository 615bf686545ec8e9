"""Training where a GPU is lent for a call at a time (ZeroGPU): one run, advanced in bursts.

Each burst is a call in a forked process that ends with it: it gets and gives plain values, changes no globals that
anybody sees, and may be killed when its time is up. So a burst resumes from the run's snapshot and leaves one behind.
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

BURST_SECONDS = 45.0  # of training in one call; short calls are given a GPU sooner
MARGIN_SECONDS = 15.0  # for fetching, measuring and leaving a snapshot besides

try:
    import spaces
except ImportError:  # only Spaces have it
    spaces = None


def burst_duration(folder: str, source: str, run_id: str, seconds: float) -> int:
    """Seconds of a GPU that one call asks for. seconds: what is left of the run; a burst trains no longer than that."""
    return int(min(seconds, BURST_SECONDS) + MARGIN_SECONDS)


def burst(folder: str, source: str, run_id: str, seconds: float) -> dict[str, object]:
    """Work on a run for a burst, then leave a snapshot. Returns its state, sentence and newest report.

    seconds: of training that are left, for `burst_duration`.
    """
    home = Home(Path(folder), source)
    run = Run(home.runs / run_id)
    ends = time.monotonic() + BURST_SECONDS
    work = execute(run, home, "cuda" if torch.cuda.is_available() else "cpu")
    try:
        for _ in work:
            if time.monotonic() >= ends:
                break
    finally:
        work.close()
    status, last = run.status(), run.last_progress()
    return {"state": status.state, "sentence": status.sentence, "progress": asdict(last) if last else None}


lent_burst = spaces.GPU(duration=burst_duration)(burst) if spaces else burst


def work_in_bursts(home: Home, run: Run, call: Callable[..., dict] = lent_burst) -> Iterator[dict[str, object]]:
    """Advance a run, burst after burst, until it ends; yields what each burst returned.

    A call that is refused or killed, for its time or the visitor's quota is used up, raises; the run then waits at its
    last snapshot for whoever calls this again. A run that somebody works on already is left to them.
    """
    take_turn(run, home.runs)
    while run.status().state in ("queued", "running") and not is_held(run.folder / "lock"):
        yield call(str(home.folder), home.source, run.id, _seconds_left(run))


def _seconds_left(run: Run) -> float:
    """Of training, or those of a burst where that is not known."""
    seconds = run.status().order.seconds
    try:
        return max(0.0, seconds - run.trained_seconds()) if seconds else BURST_SECONDS
    except CheckpointError:  # a damaged snapshot, which is for whoever goes on from it to tell
        return BURST_SECONDS
