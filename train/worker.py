"""The process that trains for the page: takes queued runs one after the other and leaves when there are none.

    python -m train.worker

It works at low priority, resumes runs whose worker died, and ends with the process that started it.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Collection

from filelock import FileLock, Timeout

from train.home import REPOSITORY, Home
from train.runs import COMMAND_LINE, Run, list_runs


def ensure_worker(home: Home) -> None:
    """Start a worker if there is work and none is at it. The child only; it leaves by itself."""
    if next_run(home) is None or _is_held(home):
        return
    environment = {**os.environ, "DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source}
    with (home.runs / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "train.worker", str(os.getpid())],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie behind


def next_run(home: Home, but: Collection[str] = ()) -> Run | None:
    """The oldest run of the page's that waits, or whose worker died, apart from those with some ids."""
    for run in list_runs(home.runs):
        status = run.status()
        if status.order.requested_by == COMMAND_LINE or run.id in but:
            continue
        if status.state == "queued" or (status.state == "running" and not run.is_held()):
            return run
    return None


def main() -> int:
    """Work off the queue. Another worker on the same folder makes this one leave at once."""
    from model.sampler import pick_device
    from train.execute import execute

    if hasattr(os, "nice"):
        os.nice(10)
    parent = int(sys.argv[1]) if len(sys.argv) > 1 else None
    home = Home.from_environment()
    home.runs.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Timeout), FileLock(home.runs / "worker.lock", timeout=0):
        tried: set[str] = set()
        while run := next_run(home, tried):
            # A run that fails says so in its folder, unless the disk takes nothing more; the next one gets its turn.
            tried.add(run.id)
            try:
                for _ in execute(run, home, pick_device()):
                    if parent is not None and os.getppid() != parent:
                        return 0
            except (RuntimeError, ValueError, OSError) as error:
                print(f"Run {run.id}: {error}", file=sys.stderr, flush=True)
    return 0


def _is_held(home: Home) -> bool:
    try:
        with FileLock(home.runs / "worker.lock", timeout=0):
            return False
    except Timeout:
        return True


if __name__ == "__main__":
    sys.exit(main())
