"""The Train tab's sentences about runs."""

PHASES = {  # by RunSummary.phase
    "queued": "waiting",
    "running": "learning",
    "stopping": "stopping",
    "paused": "paused, press Resume to continue",
    "interrupted": "interrupted",
    "stopped": "stopped",
    "failed": "failed",
    "done": "done",
}
PICK_A_CLASS = "Pick a class and press Start. The run continues if you close this page; come back to watch it."
NO_RUNS = "Nothing has been trained here yet."
STARTING = "Starting."
CONTINUES_SOON = "It will soon continue from its last snapshot."
NO_CLASS = "Pick at least one class to train."
NOT_TRAINING = "This run isn't training, so there is nothing to stop."
STILL_ACTIVE = "This run is still active; stop it first."
BUSY = "The app is busy with this run; try again in a moment."
NO_RUN = "There is no run here; start one first."
NOT_YOURS = "Only the visitor who started a run can change it; start one of your own."
RUN_IS_GONE = "The run that you watched here has been deleted."
GPU_CALL_ENDED = "The GPU call ended early, perhaps because your GPU time is used up. Press Resume to continue."


def already_training(class_name: str) -> str:
    return f"“{class_name}” is already being trained; this page now shows that run."


def starts_in(position: int, seconds: float) -> str:
    """position: in the queue, from 1."""
    place = "next" if position == 1 else f"number {position} in the queue"
    return f"It's {place} and starts in about {duration(seconds)}."


def remaining(seconds: float, step: int, images_per_second: float) -> str:
    return f"{duration(seconds)} left · step {step} · {images_per_second:.0f} images/s"


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
