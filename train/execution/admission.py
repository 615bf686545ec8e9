"""Trainings that visitors ask for, within what the host allows. Over a limit, a sentence says when to come back."""

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
from train.runs.cleanup import clean_up, obstacle
from train.runs.order import Order
from train.runs.queue import fair_line, seconds_left
from train.runs.run import BusyError, Run, answers, create_run, list_runs
from train.runs.settings import Settings

HOUR = 3600


def request_training(home: Home, settings: Settings, order: Order) -> Run:
    """A run for a visitor's order, queued. Raises BusyError where it is queued already, ValueError over a limit."""
    order = replace(order, num_rows=min(order.num_rows, settings.max_rows))
    for run in list_runs(home.runs):
        if answers(run, order):  # joining it costs nobody anything
            raise BusyError(order.class_name, run.id)
    begin = partial(create_run, home.runs, order, most=math.inf)  # the queue's length is looked at before
    return _admit(home, settings, order.requested_by, order.seconds, begin)


def request_again(home: Home, settings: Settings, run: Run, visitor: str, more_seconds: float | None = None) -> Run:
    """Queue an ended run once more: to go on where it was, or for so much longer. Raises ValueError over a limit."""
    if more_seconds is not None and not more_seconds >= 1:
        raise ValueError(f"{more_seconds / 60:g} minutes are not allowed; use 1 second or more.")

    def again() -> Run:
        if run.is_active():
            raise ValueError("This run is under way already; watch it.")
        if more_seconds is not None and not run.snapshot_path.exists():
            raise ValueError("What this run would go on from is no longer there; start a new one.")
        try:
            run.resume(more_seconds)
        except Timeout as error:
            raise ValueError("Somebody is working on this run just now; try again in a moment.") from error
        return run

    return _admit(home, settings, visitor, more_seconds or 0.0, again)


def may_change(run: Run, visitor: str) -> bool:
    """Whether a run is this visitor's to stop, resume or discard; of those that were nobody's, anybody's."""
    return run.status().order.requested_by in (visitor, "page")


def _admit(home: Home, settings: Settings, visitor: str, seconds: float | None, begin: Callable[[], Run]) -> Run:
    """Do what a visitor asks for and count it, unless the host forbids it or the visitor has asked too often."""
    if not settings.training:
        raise ValueError("Training is switched off here; the README says how to run the app yourself.")
    if seconds is None or seconds > 60 * settings.max_minutes:
        raise ValueError(f"A training here takes {settings.max_minutes:g} minutes at most; ask for fewer.")
    home.runs.mkdir(parents=True, exist_ok=True)
    if obstacle(home.runs):
        with contextlib.suppress(OSError):
            clean_up(home, settings)
    if sentence := obstacle(home.runs):
        raise ValueError(sentence)
    with FileLock(home.runs / "visits.lock"):
        now = time.time()
        visits = _recent_visits(home.runs / "visits.json", now)
        own = visits.setdefault(visitor, [])
        if len(own) >= settings.runs_per_hour:
            raise ValueError(
                f"{len(own)} trainings an hour are allowed and you have had them; "
                f"come back in {_minutes(HOUR - (now - min(own)))}."
            )
        line = [run for run in fair_line(list_runs(home.runs)) if run.is_active()]
        if len(line) >= settings.queue_length:
            soonest = seconds_left(line[0], line[0].status())
            raise ValueError(f"{len(line)} runs are waiting or in training already; come back in {_minutes(soonest)}.")
        run = begin()
        own.append(now)
        with contextlib.suppress(OSError):  # the run is there; that it isn't counted harms nobody
            write_file(home.runs / "visits.json", json.dumps(visits).encode())
        return run


def _recent_visits(path: Path, now: float) -> dict[str, list[float]]:
    """When each visitor asked within the last hour. Times to come, after a clock was set back, don't count."""
    try:
        stored = json.loads(path.read_text())
        recent = {visitor: [when for when in times if now - HOUR < when <= now] for visitor, times in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {visitor: times for visitor, times in recent.items() if times}


def _minutes(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"
