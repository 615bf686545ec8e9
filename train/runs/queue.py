"""Whose turn it is: first come first served, but one run of each visitor before anybody's second."""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from train.runs.run import Run, list_runs
from train.runs.status import Status

START_SECONDS = 20.0  # about what a run takes besides its training: fetching, measuring


@dataclass(frozen=True)
class Place:
    """Where a run stands in the line. position: 1 is next. seconds: about how long until it begins."""

    position: int
    seconds: float


def next_run(runs: Path, but: Collection[str] = ()) -> Run | None:
    """The run of the page's that should be worked on next, apart from those with some ids; None if none waits."""
    everything = list_runs(runs)
    return next((run for run in fair_line(everything) if run.id not in but and run.waits_for_worker()), None)


def fair_line(runs: Sequence[Run]) -> list[Run]:
    """Of all `runs`, oldest first, those that wait in the order in which they are taken; what was begun goes first.

    Then whoever was served longest ago comes first, by the order of turns and not by any clock.
    """
    statuses = [(run, run.status()) for run in runs]
    begun = [run for run, status in statuses if status.state == "running"]
    waiting: dict[str, list[Run]] = defaultdict(list)
    served: dict[str, int] = defaultdict(int)
    for run, status in statuses:
        visitor = status.order.requested_by
        served[visitor] = max(served[visitor], status.turn)
        if status.state == "queued":
            waiting[visitor].append(run)
    line, turn = begun, max(served.values(), default=0)
    came = {visitor: place for place, visitor in enumerate(waiting)}
    while waiting:
        visitor = min(waiting, key=lambda visitor: (served[visitor], came[visitor]))
        line.append(waiting[visitor].pop(0))
        turn += 1
        served[visitor] = turn
        if not waiting[visitor]:
            del waiting[visitor]
    return line


def take_turn(run: Run, runs: Path) -> None:
    """Note that a run that waited is begun now; whoever holds it already has noted that."""
    with contextlib.suppress(Timeout), run.lock:
        status = run.status()
        if status.state == "queued":
            turn = 1 + max(other.status().turn for other in list_runs(runs))
            run.set_state("queued", status.sentence, turn=turn)


def place(run: Run, runs: Path) -> Place | None:
    """Where a run that waits stands; None for any other."""
    if run.status().state != "queued":
        return None
    line = [other for other in fair_line(list_runs(runs)) if other.is_active()]
    position, seconds = 1, 0.0
    for other in line:
        if other.id == run.id:
            break
        seconds += seconds_left(other, other.status())
        position += other.status().state == "queued"
    return Place(position, seconds)


def seconds_left(run: Run, status: Status) -> float:
    """About how long a run still takes, by its budget and, once it learns, by how far it is."""
    last = run.last_progress()
    if last and last.fraction > 0:
        return START_SECONDS / 2 + last.seconds * (1 - last.fraction) / last.fraction
    return START_SECONDS + (status.order.seconds or 60.0)
