"""What a fleet says: every sentence about workers and the classes that they train."""

from collections.abc import Mapping

NO_RAY = "Training on a Ray cluster needs Ray; install it with: pip install -r requirements-fleet.txt"
NO_GPU = "No GPU was found; leave --gpus out."


def busy(class_name: str) -> str:
    return f"“{class_name}” is already being trained by another process."


def workers_died(times: int, reason: str) -> str:
    return f"Its worker died {times} times ({reason}); try again."


def worker_could_not_start(reason: str) -> str:
    return f"Its worker couldn't start ({reason}); check that every machine has the same version of this repository."


def not_a_run(class_name: str) -> str:
    return f"The files sent back for “{class_name}” aren't those of a run; train it again."


def no_cluster(address: str, reason: str) -> str:
    return f"The Ray cluster at {address} can't be used ({reason}); check its address."


def done_before(class_name: str) -> str:
    return f"“{class_name}” is already done."


def already_done(num_done: int, total: int) -> str:
    return f"{num_done} of {total} classes are already done."


def failure_table(failures: Mapping[str, str]) -> str:
    """One line for each class that failed, under a heading."""
    width = max(map(len, failures))
    rows = [f"  {class_name:{width}}  {sentence}" for class_name, sentence in failures.items()]
    return "\n".join([f"{len(failures)} failed:", *rows])
