"""What was sent to MLflow of a run, noted in its folder."""

import json
from dataclasses import asdict, dataclass, field

from model.weights import write_file
from train.runs import Run

MARK = "tracked.json"


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
    """From now on, what this run has to say is sent. group: a name that several runs are shown under, if any."""
    if not is_on_record(run):
        write_mark(run, Mark(group=group))


def read_mark(run: Run) -> Mark:
    try:
        return Mark(**json.loads((run.folder / MARK).read_text()))
    except (OSError, ValueError, TypeError):
        return Mark()


def write_mark(run: Run, mark: Mark) -> None:
    write_file(run.folder / MARK, json.dumps(asdict(mark)).encode())
