"""What DOODLES_PUBLISH switches on: the generators that visitors train go to the host's collection by themselves."""

import logging
import os
from pathlib import Path

from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.weights import CheckpointError
from model.hub.collection import Collection
from model.hub.errors import HubError
from train.home import Home
from train.hub.push import Pushed, push
from train.runs.order import COMMAND_LINE
from train.runs.promotion import is_promoted
from train.runs.run import list_runs

log = logging.getLogger(__name__)


def push_finished(home: Home) -> Pushed | None:
    """Push the promoted generators of visitors' finished runs that weren't pushed yet; None if there are none.

    A file `pushed` in a run's folder, dated like the checkpoint, says that the run needs no more attention. After an
    error there is none, so the next call tries again. Raises HubError.
    """
    collection = Collection.from_environment()
    if collection is None:
        raise HubError("DOODLES_PUBLISH is set, but DOODLES_HUB doesn't say where to; set it to owner/name.")
    paths: dict[str, Path] = {}
    marks: list[tuple[Path, int]] = []
    for run in list_runs(home.runs):
        status, mark = run.status(), run.folder / "pushed"
        path = checkpoint_path(run.folder, status.order.class_name)
        if status.state != "done" or status.order.requested_by == COMMAND_LINE or not path.exists():
            continue
        written = path.stat().st_mtime_ns
        if mark.exists() and mark.stat().st_mtime_ns >= written:  # a resumed run writes its checkpoint again
            continue
        marks.append((mark, written))
        try:
            load_checkpoint(path)
            if is_promoted(path, home):
                paths[path.name] = path
        except CheckpointError as error:
            log.warning("Run %s is not pushed: %s", run.id, error)
    pushed = push(collection.repo, list(paths.values())) if paths else None
    for mark, written in marks:
        mark.touch()
        os.utime(mark, ns=(written, written))  # not the present: the run may have been resumed during the push
    return pushed
