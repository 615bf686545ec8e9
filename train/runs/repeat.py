"""What lets a command be repeated at will: which orders are done already, and the run that goes on with another."""

import math
from functools import partial

from model.files.shared_base import BASE_NAME, read_base
from train.home import Home
from train.runs.order import Order
from train.runs.run import Run, create_run, list_runs


def done_orders(home: Home) -> set[Order]:
    """The orders that were carried out since the base was made, which all the others grow from."""
    since = _base_made(home)
    statuses = [run.status() for run in list_runs(home.runs)]
    return {status.order for status in statuses if status.state == "done" and status.created >= since}


def done_run(order: Order, home: Home) -> Run | None:
    """The run that has carried out an order since the base was made, if there is one."""
    return next((run for run in _same(order, home) if run.status().state == "done"), None)


def start_or_resume(order: Order, home: Home) -> Run:
    """The last run of that very order, or else a new one, its lock held by the caller, who has to begin at once.

    Raises BusyError or Timeout while somebody else works on it.
    """
    if not (same := _same(order, home)):
        return create_run(home.runs, order, begin=True, most=math.inf)  # who orders these bounds them
    run = same[-1]
    run.lock.acquire()
    if run.status().state != "done":  # it may be by now
        run.resume()
    return run


def _same(order: Order, home: Home) -> list[Run]:
    since = _base_made(home)
    return [run for run in list_runs(home.runs) if run.status().order == order and run.status().created >= since]


def _base_made(home: Home) -> float:
    base = home.first_usable(BASE_NAME, partial(read_base, with_tensors=False))
    return base.path.stat().st_mtime if base else 0.0
