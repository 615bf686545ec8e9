"""Runs on record in MLflow. A run's folder stays the only truth; a thread beside the work sends on what it says."""

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
LAST_SECONDS = 20.0  # that the end of a training may wait for what is still to be sent; the rest goes with the next one

log = logging.getLogger(__name__)


def is_tracked() -> bool:
    """Whether runs go on record: DOODLES_MLFLOW is set, and not to 0."""
    return os.environ.get("DOODLES_MLFLOW", "").strip() not in ("", "0")


def tracking_uri(home: Home) -> str | None:
    """Where runs go on record: DOODLES_MLFLOW, with 1 for a file in the home folder; None where it is not set.

    Raises ValueError where MLflow is not installed.
    """
    if not is_tracked():
        return None
    if not find_spec("mlflow"):
        raise ValueError("DOODLES_MLFLOW is set, but MLflow is not installed: pip install -r requirements-mlflow.txt")
    uri = os.environ["DOODLES_MLFLOW"].strip()
    return f"sqlite:///{home.folder / 'mlflow.db'}" if uri == "1" else uri


@contextlib.contextmanager
def recording(home: Home) -> Iterator[None]:
    """Send what a home's runs on record report, if that is switched on; a server that is down only delays that."""
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
            log.warning("MLflow takes its time; what is left goes with the next run, or by: python -m train track")


def _keep_sending(home: Home, uri: str, ends: threading.Event) -> None:
    store, said, is_last = None, False, False
    while not is_last:
        is_last = ends.wait(EVERY_SECONDS)
        try:
            store = store or Store(uri, home)
            store.send_all(list_runs(home.runs))
            said = False
        except Exception as error:  # whatever the way to the server brings: the training must not mind
            if not said:
                said = True
                log.warning("MLflow can't be used (%s); what there is to say is sent later.", first_line(error))
