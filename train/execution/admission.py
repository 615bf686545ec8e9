"""Visitors' requests for training, within the host's limits. Errors say when to come back."""

import contextlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from model.files.writing import write_file
from train.home import Home
from train.runs.cleanup import blocked_by, clean_up
from train.runs.messages import BLOCKED
from train.runs.names import check_name_is_free
from train.runs.order import Order
from train.runs.queue import fair_queue, seconds_left
from train.runs.run import BusyError, Run, create_run, is_same_training, list_runs
from train.runs.settings import Settings

HOUR = 3600
PER_ADDRESS = 10  # times as many runs an hour as one visitor: enough for a school
MIN_SHARE = 2  # runs that a visitor may have in even the shortest queue; in a long one, a third of it


def request_training(home: Home, settings: Settings, order: Order, address: str = "") -> Run:
    """Queue a visitor's order. Raises BusyError if it's queued already, ValueError over a limit.

    address: stands for everyone behind the visitor's network address, who together may start more than one visitor.
    """
    order = replace(order, num_rows=min(order.num_rows, settings.max_rows))
    for run in list_runs(home.runs):
        if is_same_training(run, order):  # joining it doesn't count towards the limits
            raise BusyError(order.class_name, run.id)
    check_name_is_free(order, home)
    start = partial(create_run, home.runs, order, limit=math.inf)  # _admit checks the queue's length
    return _admit(home, settings, order.requested_by, address, order.seconds, start)


def request_again(
    home: Home, settings: Settings, run: Run, visitor: str, more_seconds: float | None = None, address: str = ""
) -> Run:
    """Queue an ended run again, to continue or to train longer. Raises ValueError over a limit."""
    if more_seconds is not None and not more_seconds >= 1:
        raise ValueError(f"{more_seconds / 60:g} minutes are not allowed; use 1 second or more.")

    def resume() -> Run:
        if run.is_active():
            raise ValueError("This run is in progress already; watch it.")
        if more_seconds is not None and not run.snapshot_path.exists():
            raise ValueError("This run's snapshot has been removed, so it can't train longer; start a new run.")
        try:
            run.resume(more_seconds)
        except Timeout as error:
            raise ValueError("This run is in use right now; try again in a moment.") from error
        return run

    return _admit(home, settings, visitor, address, more_seconds or 0.0, resume)


def may_change(run: Run, visitor: str) -> bool:
    """Whether a visitor may stop, resume or discard a run: their own, or one from before runs had owners."""
    return run.status().order.requested_by in (visitor, "page")


def _admit(
    home: Home, settings: Settings, visitor: str, address: str, seconds: float | None, start: Callable[[], Run]
) -> Run:
    """Start and count what a visitor requests, unless the host forbids it or the visitor has requested too much."""
    if not settings.training:
        raise ValueError("Training is switched off here; the README says how to run the app yourself.")
    if seconds is None or seconds > 60 * settings.max_minutes:
        raise ValueError(f"A run can take at most {settings.max_minutes:g} minutes here; choose fewer.")
    home.runs.mkdir(parents=True, exist_ok=True)
    if blocked_by(home.runs):
        with contextlib.suppress(OSError):
            clean_up(home, settings)
    if blocked := blocked_by(home.runs):
        raise ValueError(BLOCKED[blocked])
    with FileLock(home.runs / "visits.lock"):
        now = time.time()
        visits = _recent_visits(home.runs / "visits.json", now)
        own = visits.setdefault(visitor, [])
        if len(own) >= settings.runs_per_hour:
            raise ValueError(
                f"You may start {settings.runs_per_hour} runs an hour, and you have; "
                f"come back in {_minutes(HOUR - (now - min(own)))}."
            )
        of_address = visits.setdefault(address, []) if address and address != visitor else []
        if len(of_address) >= PER_ADDRESS * settings.runs_per_hour:
            raise ValueError(
                "Many runs were started from your network in the last hour; "
                f"come back in {_minutes(HOUR - (now - min(of_address)))}."
            )
        queue = [run for run in fair_queue(list_runs(home.runs)) if run.is_active()]
        if len(queue) >= settings.queue_length:
            raise ValueError(
                f"{len(queue)} runs are already waiting or being trained; come back in {_minutes(_soonest_end(queue))}."
            )
        share = max(MIN_SHARE, settings.queue_length // 3)
        if sum(run.status().order.requested_by == visitor for run in queue) >= share:
            raise ValueError(
                f"You have {share} runs waiting or being trained, which is all that one visitor may have at a time; "
                f"come back in {_minutes(_soonest_end(queue))}."
            )
        run = start()
        own.append(now)
        of_address.append(now)
        with contextlib.suppress(OSError):  # the run exists; not counting it does no harm
            write_file(home.runs / "visits.json", json.dumps(visits).encode())
        return run


def _soonest_end(queue: list[Run]) -> float:
    """Roughly how many seconds the first run of the queue still takes."""
    return seconds_left(queue[0], queue[0].status())


def _recent_visits(path: Path, now: float) -> dict[str, list[float]]:
    """Times of each visitor's requests in the last hour. Times in the future, after a clock change, don't count."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        recent = {visitor: [when for when in times if now - HOUR < when <= now] for visitor, times in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {visitor: times for visitor, times in recent.items() if times}


def _minutes(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"
