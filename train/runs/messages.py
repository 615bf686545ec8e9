"""Everything that a run says, in sentences: its progress, its outcome, and errors."""

import errno
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from train.data import DataError
from train.loop import TrainingError
from train.runs.order import COMMAND_LINE, Order
from train.runs.outcome import Blocked, Incomplete, Promotion

# A sentence about one of these is all that a user needs; any other error is a bug and keeps its traceback.
EXPLAINED_ERRORS = (DataError, TrainingError, ValueError, OSError)  # ValueErrors include CheckpointError and HubError

FETCHING = "Fetching drawings."
PREPARING = "Getting ready."
MEASURING = "Measuring."
MEASURING_STOPPED = "Stopping: measuring what it has learned."
FROM_BASE = "Starting from the shared base."
STOPPED_BEFORE_IT_BEGAN = "Stopped before it began."
STOPPED_BEFORE_IT_RESUMED = "Stopped before it resumed."
STOPPED_WHILE_FETCHING = "Stopped while fetching drawings; resume it to continue."
BLOCKED: dict[Blocked, str] = {
    "read_only": "The app can't write files here, so it can't train; come back when its host has fixed that.",
    "disk_full": "The disk here is full, so the app can't train; come back when its host has freed some space.",
}


def fetching(class_name: str, num_bytes: int, total: int) -> str:
    return f"Fetching “{class_name}”: {num_bytes / 1e6:.1f} of {total / 1e6:.1f} MB."


def learning(num_drawings: int, notes: str) -> str:
    return f"Learning from {num_drawings} drawings. {notes}".strip()


def resuming(step: int) -> str:
    return f"Resuming at step {step}."


def rolled_back(error: TrainingError, step: int) -> str:
    return f"{error} Went back to step {step} and halved the learning rate."


def kept_diverging(times: int) -> str:
    return (
        f"The losses diverged {times} times, although the learning rate was halved each time; "
        "try a lower learning rate."
    )


def interrupted_too_often(times: int) -> str:
    return (
        f"The run was interrupted {times} times in a row, probably because memory ran out; "
        "free some memory, then try again."
    )


def notes(incomplete: Sequence[Incomplete], halvings: int) -> str:
    """What didn't go as ordered; empty if everything did."""
    sentences = [
        f"{each.reason}, so the {each.num_drawings:,} drawings downloaded earlier were used." for each in incomplete
    ]
    if halvings:
        times = {1: "once", 2: "twice"}.get(halvings, f"{halvings} times")
        sentences.append(f"The learning rate was halved {times} because the losses diverged.")
    return " ".join(sentences)


def finished(promotion: Promotion, order: Order, step: int, *, stopped: bool) -> str:
    """The outcome of a run that ended after `step` steps."""
    end = "Stopped early" if stopped else "Done"
    hint = "; --replace replaces it" if order.requested_by == COMMAND_LINE else ""
    if promotion.kind == "too_early":
        return f"Stopped after {step} steps, too early for drawings; resume it or start a new run."
    if promotion.kind == "nothing_to_compare":
        return f"{end}. The existing checkpoint was kept, because nothing can compare the two{hint}."
    if promotion.kind == "kept" and order.is_base:
        return f"{end}. The existing base has seen more drawings, so it was kept{hint}."
    if promotion.kind == "kept":
        distances = f"{promotion.old_distance:.1f} against {promotion.new_distance:.1f}, lower is better"
        return f"{end}. The existing checkpoint is better ({distances}), so it was kept."
    if order.is_base:
        return f"{end}: the base knows {len(order.class_names)} classes."
    return f"{end}: “{order.class_name}” can be drawn."


def name_is_a_class(order: Order, class_name: str) -> str:
    """Why an order may not have the name of a class of the dataset that it doesn't learn from."""
    return (
        f"“{order.class_name}” would draw what it learns from {_listed(order.class_names)}, but the name belongs to "
        f"the class “{class_name}”{_way_out(order)}."
    )


def name_is_taken(order: Order, class_name: str, class_names: Iterable[str]) -> str:
    """Why an order may not have a name: the checkpoint with its file name draws something else."""
    return (
        f"“{order.class_name}” learns from {_listed(order.class_names)} and would replace “{class_name}”, which "
        f"learned from {_listed(class_names)}{_way_out(order)}."
    )


def _listed(class_names: Iterable[str]) -> str:
    return " and ".join(f"“{name}”" for name in sorted(class_names))


def _way_out(order: Order) -> str:
    return "; use another --name, or --replace" if order.requested_by == COMMAND_LINE else ""


def undone(class_name: str) -> str:
    return f"“{class_name}” uses its previous checkpoint again; run undo once more to return to the newer one."


def sentence_for(error: Exception) -> str:
    """What went wrong, and what to do."""
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"A file can't be written: {error.strerror}; free some space, then try again."
        # Visitors read this, so it must not show the whole path.
        where = "/".join(Path(error.filename).parts[-2:]) if error.filename else "A file"
        return (
            f"{where} can't be used: {error.strerror or error}; check the folder and its permissions, then try again."
        )
    if isinstance(error, (DataError, TrainingError, ValueError)):
        return str(error)
    # PyTorch raises a RuntimeError with these words on the CPU, and a class of its own on a GPU.
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error):
        return "There is not enough memory for this run; free some or use smaller batches, then try again."
    first_line = str(error).partition("\n")[0][:200]
    return f"The run failed: {type(error).__name__}: {first_line}"
