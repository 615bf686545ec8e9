"""Sending runs to MLflow while they train: a thread reads their folders and sends what is new."""

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from importlib.util import find_spec

from train.home import Home
from train.runs.run import list_runs
from train.tracking.mlflow_store import Store, first_line

EVERY_SECONDS = 5.0
LAST_SECONDS = 20.0  # how long the end of a run waits for the rest to be sent; what is left goes with the next run

log = logging.getLogger(__name__)


def is_tracking_on() -> bool:
    """Whether runs are sent to MLflow: DOODLES_MLFLOW is set, and not to 0."""
    return os.environ.get("DOODLES_MLFLOW", "").strip() not in ("", "0")


def tracking_uri(home: Home) -> str | None:
    """MLflow's address: DOODLES_MLFLOW, where 1 means a file in the home folder; None if it isn't set.

    Raises ValueError if MLflow isn't installed, or can't keep a file there.
    """
    if not is_tracking_on():
        return None
    if not find_spec("mlflow"):
        raise ValueError("DOODLES_MLFLOW is set, but MLflow is not installed: pip install -r requirements-mlflow.txt")
    uri = os.environ["DOODLES_MLFLOW"].strip()
    if uri != "1":
        return uri
    if set("?%") & set(str(home.folder)):  # which mean something else in an address
        raise ValueError(
            f"MLflow can't keep its database in {home.folder}, because of the “?” or “%” in it; set DOODLES_HOME to "
            "another folder, or DOODLES_MLFLOW to the address of a server."
        )
    return f"sqlite:///{home.folder / 'mlflow.db'}"


@contextlib.contextmanager
def sending(home: Home) -> Iterator[None]:
    """Inside the block, send the home's tracked runs if tracking is on. A server that is down only causes a delay."""
    try:
        uri = tracking_uri(home)
    except ValueError as error:
        log.warning("%s", error)
        uri = None
    if uri is None:
        yield
        return
    ends = threading.Event()
    thread = threading.Thread(target=_keep_sending, args=(home, uri, ends), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(LAST_SECONDS)
        if thread.is_alive():
            log.warning("MLflow is slow; the rest is sent with the next run, or by: python -m train track")


def _keep_sending(home: Home, uri: str, ends: threading.Event) -> None:
    store, is_warned, is_last = None, False, False
    while not is_last:
        is_last = ends.wait(EVERY_SECONDS)
        try:
            store = store or Store(uri, home)
            store.send_all(list_runs(home.runs))
            is_warned = False
        except Exception as error:  # any problem with the server: the run must not fail
            if not is_warned:
                is_warned = True
                log.warning("MLflow can't be used (%s); the run will be sent later.", first_line(error))
