"""What the Train tab says about a run, as data; messages.py puts it into words."""

from dataclasses import dataclass
from typing import Literal

from train.loop import Progress
from train.runs.cleanup import blocked_by
from train.runs.outcome import Blocked
from train.runs.queue import Place
from train.runs.run import Run
from train.runs.status import Status

Phase = Literal["queued", "running", "stopping", "paused", "interrupted", "stopped", "failed", "done"]


@dataclass(frozen=True)
class RunSummary:
    """A run as the page shows it.

    phase: the run's state, refined while it runs. sentence: what the run itself reports, such as why it failed.
    blocked: why nothing can be trained now, if the run waits. place: in the queue.
    can_be_drawn: whether the run has ended and its class has a checkpoint.
    """

    class_name: str
    state: str
    phase: Phase
    sentence: str = ""
    blocked: Blocked | None = None
    place: Place | None = None
    progress: Progress | None = None
    can_be_drawn: bool = False

    @property
    def fraction(self) -> float:
        return self.progress.fraction if self.progress else 0.0

    @property
    def seconds_left(self) -> float:
        if not self.progress or not self.fraction:
            return 0.0
        return self.progress.seconds * (1 - self.fraction) / self.fraction


def summarise(
    run: Run, status: Status, progress: Progress | None, place: Place | None, *, has_checkpoint: bool
) -> RunSummary:
    phase = phase_of(run, status)
    return RunSummary(
        status.order.class_name,
        status.state,
        phase,
        status.sentence,
        blocked_by(run.folder.parent) if place or phase == "interrupted" else None,
        place,
        progress,
        has_checkpoint and status.state in ("done", "stopped"),
    )


def phase_of(run: Run, status: Status) -> Phase:
    if status.state == "running":
        if run.should_stop():
            return "stopping"
        if run.is_paused():
            return "paused"
        if run.waits_for_worker():
            return "interrupted"
    return status.state
