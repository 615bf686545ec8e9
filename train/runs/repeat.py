"""Repeating a command: which of its orders are done already, and which run continues another."""

import math
from dataclasses import replace
from functools import partial

from model.files.shared_base import BASE_NAME, read_base
from train.home import Home
from train.runs.names import check_name_is_free
from train.runs.order import COMMAND_LINE, Order
from train.runs.run import Run, create_run, list_runs


def done_orders(home: Home) -> set[Order]:
    """The orders that were carried out since the current base was made, from which they start."""
    since = _base_made(home)
    statuses = [run.status() for run in list_runs(home.runs)]
    return {status.order for status in statuses if status.state == "done" and status.created >= since}


def done_run(order: Order, home: Home) -> Run | None:
    """The run that has carried out an order since the current base was made, if any."""
    return next((run for run in _same(order, home) if run.status().state == "done"), None)


def start_or_resume(order: Order, home: Home) -> Run:
    """The last run of exactly this order, or else a new one. The caller holds its lock and must start now.

    Raises BusyError or Timeout if another process works on it.
    """
    if not (same := _same(order, home)):
        return create_run(home.runs, order, begin=True, limit=math.inf)  # the caller limits them
    run = same[-1]
    run.lock.acquire()
    if run.status().state != "done":  # another process may have finished it by now
        run.resume()
    return run


def resume_unfinished(
    home: Home, run_id: str, *, seconds: float | None = None, source: str | None = None, replacing: bool = False
) -> Run:
    """The unfinished run with this id ("last": the newest one from the command line), locked and ready to go on.

    seconds: how long it trains in all, instead of the length that was ordered. source: where its drawings are now.
    replacing: its checkpoint replaces the current one in any case. Raises ValueError if there is no such run, another
    process is working on it, or it has trained that long.
    """
    for run in reversed(list_runs(home.runs)):
        status = run.status()
        is_meant = run.id == run_id or (run_id == "last" and status.order.requested_by == COMMAND_LINE)
        if is_meant and status.state != "done":
            run.acquire()
            try:
                run.resume(order=_changed(run, home, seconds, source, replacing=replacing))
            except ValueError:
                run.lock.release()
                raise
            return run
    raise ValueError(f"There is no unfinished run “{run_id[:60]}” in {home.runs}; --list shows the runs.")


def _changed(run: Run, home: Home, seconds: float | None, source: str | None, *, replacing: bool) -> Order:
    """A run's order as it goes on; see `resume_unfinished`. Raises ValueError."""
    order, trained = run.status().order, run.trained_seconds()
    if seconds is not None:
        if seconds <= trained:
            raise ValueError(
                f"Run {run.id} has trained for {trained / 60:.1f} minutes; give more --minutes than that, "
                "because they count from its beginning."
            )
        order = replace(order, seconds=seconds, num_steps=None, epochs=None)
    order = replace(order, source=source or order.source, replace=order.replace or replacing)
    check_name_is_free(order, home)
    return order


def _same(order: Order, home: Home) -> list[Run]:
    since = _base_made(home)
    return [run for run in list_runs(home.runs) if run.status().order == order and run.status().created >= since]


def _base_made(home: Home) -> float:
    base = home.first_usable(BASE_NAME, partial(read_base, with_tensors=False))
    return base.path.stat().st_mtime if base else 0.0
