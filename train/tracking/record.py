"""What was sent to MLflow of a run, noted in its folder."""

import json
import logging
from dataclasses import asdict, dataclass, field

from model.files.writing import write_file
from train.runs.run import Run

MARK = "tracked.json"

log = logging.getLogger(__name__)


@dataclass
class Mark:
    """How much of a run was sent. id: MLflow's. step: the last one. files: name to size and time. group: of a study.

    store: the one it was sent to. ended: when the run.json was written, in ns, with which all was sent; 0 until then.
    """

    id: str = ""
    step: int = -1
    state: str = ""
    files: dict[str, list[int]] = field(default_factory=dict)
    group: str = ""
    store: str = ""
    ended: int = 0


def is_on_record(run: Run) -> bool:
    return (run.folder / MARK).exists()


def put_on_record(run: Run, group: str = "") -> None:
    """From now on, what this run has to say is sent. group: a name that several runs are shown under, if any.

    Where that can't be noted it is not sent, for no training is to fail of it.
    """
    if not is_on_record(run):
        try:
            write_mark(run, Mark(group=group))
        except OSError as error:
            log.warning("Run %s is not put on record: %s", run.id, error)


def read_mark(run: Run) -> Mark:
    try:
        return Mark(**json.loads((run.folder / MARK).read_text()))
    except (OSError, ValueError, TypeError):
        return Mark()


def write_mark(run: Run, mark: Mark) -> None:
    write_file(run.folder / MARK, json.dumps(asdict(mark)).encode())
