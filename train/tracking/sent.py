"""Notes in a run's folder: whether to send it to MLflow, and how much of it was sent."""

import json
import logging
from dataclasses import asdict, dataclass, field

from model.files.writing import write_file
from train.runs.run import Run

SENT_NAME = "tracked.json"

log = logging.getLogger(__name__)


@dataclass
class Sent:
    """How much of a run was sent. id: of MLflow's run. step: the last one sent. files: name to size and time.

    group: the name of the run's group, if any. store: where it was sent. ended: once everything was sent, the
    modification time of its run.json, in ns; 0 until then.
    """

    id: str = ""
    step: int = -1
    state: str = ""
    files: dict[str, list[int]] = field(default_factory=dict)
    group: str = ""
    store: str = ""
    ended: int = 0


def is_tracked(run: Run) -> bool:
    """Whether a run is to be sent."""
    return (run.folder / SENT_NAME).exists()


def track(run: Run, group: str = "") -> None:
    """From now on, send this run. group: a name that several runs are shown under, if any.

    If that can't be noted, the run isn't sent: no run fails because of MLflow.
    """
    if not is_tracked(run):
        try:
            write_sent(run, Sent(group=group))
        except OSError as error:
            log.warning("Run %s won't be sent to MLflow: %s", run.id, error)


def read_sent(run: Run) -> Sent:
    try:
        return Sent(**json.loads((run.folder / SENT_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Sent()


def write_sent(run: Run, sent: Sent) -> None:
    write_file(run.folder / SENT_NAME, json.dumps(asdict(sent)).encode())
