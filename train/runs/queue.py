"""The queue of runs: first come, first served, but one run of each visitor before anyone's second."""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from train.runs.run import Run, list_runs
from train.runs.status import Status

START_SECONDS = 20.0  # roughly what a run takes besides its training, for fetching and measuring


@dataclass(frozen=True)
class Place:
    """A run's place in the queue. position: 1 is next. seconds: roughly how long until it starts."""

    position: int
    seconds: float


def next_run(runs: Path, skipped: Collection[str] = ()) -> Run | None:
    """The next run for the page's worker, or None if none waits. skipped: ids of runs to leave out."""
    return next((run for run in fair_queue(list_runs(runs)) if run.id not in skipped and run.waits_for_worker()), None)


def fair_queue(runs: Sequence[Run]) -> list[Run]:
    """The running and the waiting ones of `runs`, in the order in which they get their turn. runs: all, oldest first.

    Running ones come first. Then comes the visitor whose last turn is longest ago, by the number of the turn.
    """
    statuses = [(run, run.status()) for run in runs]
    running = [run for run, status in statuses if status.state == "running"]
    waiting: dict[str, list[Run]] = defaultdict(list)
    served: dict[str, int] = defaultdict(int)
    for run, status in statuses:
        visitor = status.order.requested_by
        served[visitor] = max(served[visitor], status.turn)
        if status.state == "queued":
            waiting[visitor].append(run)
    queue, turn = running, max(served.values(), default=0)
    arrival = {visitor: number for number, visitor in enumerate(waiting)}
    while waiting:
        visitor = min(waiting, key=lambda visitor: (served[visitor], arrival[visitor]))
        queue.append(waiting[visitor].pop(0))
        turn += 1
        served[visitor] = turn
        if not waiting[visitor]:
            del waiting[visitor]
    return queue


def take_turn(run: Run, runs: Path) -> None:
    """Give a waiting run its number in the order of turns. A process that holds its lock has done so already."""
    with contextlib.suppress(Timeout), run.lock:
        status = run.status()
        if status.state == "queued":
            turn = 1 + max(other.status().turn for other in list_runs(runs))
            run.set_state("queued", status.sentence, turn=turn)


def place(run: Run, runs: Path) -> Place | None:
    """A waiting run's place in the queue; None for any other run."""
    if run.status().state != "queued":
        return None
    queue = [other for other in fair_queue(list_runs(runs)) if other.is_active()]
    position, seconds = 1, 0.0
    for other in queue:
        if other.id == run.id:
            break
        seconds += seconds_left(other, other.status())
        position += other.status().state == "queued"
    return Place(position, seconds)


def seconds_left(run: Run, status: Status) -> float:
    """Roughly how long a run still takes, by its order and, once it trains, by its progress."""
    progress = run.last_progress()
    if progress and (seconds := progress.seconds_left) is not None:
        return START_SECONDS / 2 + seconds
    return START_SECONDS + (status.order.seconds or 60.0)
