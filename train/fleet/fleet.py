"""Training many classes at once, on this machine or on a Ray cluster, and pushing them as they are done."""

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.files.checkpoint import checkpoint_path
from model.files.weights import CheckpointError
from train.fleet.fleet_progress import FleetProgress
from train.fleet.local_workers import train_locally
from train.fleet.ray_cluster import train_on_cluster
from train.fleet.receive import store_run
from train.fleet.task import GROUP, Outcome
from train.home import Home
from train.hub.push import CLASSES_PER_COMMIT, Pushed
from train.runs.messages import sentence_for
from train.runs.order import Order
from train.runs.repeat import done_orders
from train.tracking.sending import is_tracking_on, sending
from train.tracking.sent import track

MAX_WORKERS = 256
HUB = "the Hub"  # its row in the table of failures

Push = Callable[[Sequence[Path]], Pushed]  # pushes checkpoints; raises OSError or ValueError


@dataclass(frozen=True)
class Fleet:
    """Where to train: in that many workers on this machine, or on the Ray cluster at an address. Raises ValueError.

    gpu_share: of one GPU, for each class; 0 trains on the CPU. as_json: print a line of JSON per class, and no bar.
    """

    workers: int = 1
    address: str | None = None
    gpu_share: float = 0.0
    as_json: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= MAX_WORKERS:
            raise ValueError(f"{self.workers} workers are not allowed; use 1 to {MAX_WORKERS}.")
        if not 0 <= self.gpu_share <= 1:
            raise ValueError(f"{self.gpu_share:g} GPUs per class are not allowed; use 0 to 1, such as 0.1.")


def train_fleet(
    orders: Sequence[Order],
    home: Home,
    fleet: Fleet,
    failures: Mapping[str, str] | None = None,
    push: Push | None = None,
) -> dict[str, str]:
    """Carry out all orders that aren't done yet. Returns a sentence for each class that failed.

    failures: classes that failed before they got an order. push: called during the runs and at the end, with what
    was promoted now or by an earlier command. Raises ValueError if the cluster or a GPU can't be used.
    """
    done = done_orders(home)
    waiting = [order for order in orders if order not in done]
    to_push = [checkpoint_path(home.checkpoints, order.class_name) for order in orders if order in done]
    progress, failed = FleetProgress(len(waiting), len(to_push), as_json=fleet.as_json), dict(failures or {})

    def push_now(paths: Sequence[Path]) -> list[Path]:
        """Returns what to push later: everything, if the Hub can't be reached."""
        existing = [path for path in paths if path.exists()]
        try:
            if push and existing:
                progress.add_push(push(existing))
            failed.pop(HUB, None)
        except (OSError, ValueError) as error:
            failed[HUB] = sentence_for(error)
            return existing
        return []

    if waiting:
        with (
            contextlib.closing(progress.bar),
            sending(home),
            contextlib.closing(train_on(fleet, waiting, home)) as outcomes,
        ):
            for outcome in outcomes:
                outcome = _stored(outcome, home)
                progress.add(outcome)
                if outcome.state == "failed":
                    failed[outcome.class_name] = outcome.sentence
                if outcome.state == "done":
                    to_push.append(checkpoint_path(home.checkpoints, outcome.class_name))
                    if len(to_push) % CLASSES_PER_COMMIT == 0:
                        to_push = push_now(to_push)
    push_now(to_push)
    progress.close(failed)
    return failed


def train_on(fleet: Fleet, orders: Sequence[Order], home: Home) -> Generator[Outcome, None, None]:
    if fleet.address:
        return train_on_cluster(orders, home, fleet.address, fleet.gpu_share)
    return train_locally(orders, home, fleet.workers, fleet.gpu_share)


def _stored(outcome: Outcome, home: Home) -> Outcome:
    """The outcome, after storing the run that came with it, if any. It failed if the run can't be stored."""
    if not outcome.files:
        return outcome
    try:
        run = store_run(outcome, home)
    except (CheckpointError, ValueError, OSError) as error:
        return Outcome(outcome.class_name, "failed", sentence_for(error), outcome.host)
    if is_tracking_on():
        track(run, GROUP)
    return outcome
