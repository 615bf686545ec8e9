"""The process that trains for the page: takes queued runs one after the other and leaves when there are none.

    python -m train.worker

It works at low priority, resumes runs whose worker died, and ends with the process that started it.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection

from filelock import FileLock, Timeout

from model.sampler import limit_threads, pick_device
from train.execute import execute
from train.home import REPOSITORY, Home
from train.runs import LOCK_SECONDS, Run, is_held, list_runs

LONGEST_PAUSE = 60.0  # seconds from one worker to the next while workers end without having done their work

_keeper: threading.Thread | None = None
_keeper_lock = threading.Lock()


def ensure_worker(home: Home) -> None:
    """See to it that somebody works as long as there is work: one thread here, which starts one worker at a time."""
    global _keeper
    with _keeper_lock:
        if (_keeper is None or not _keeper.is_alive()) and next_run(home) is not None:
            _keeper = threading.Thread(target=_keep_working, args=(home,), daemon=True)
            _keeper.start()


def next_run(home: Home, but: Collection[str] = ()) -> Run | None:
    """The oldest run of the page's that waits, or whose worker died, apart from those with some ids."""
    return next((run for run in list_runs(home.runs) if run.id not in but and run.waits_for_worker()), None)


def main() -> int:
    """Work off the queue. Another worker on the same folder makes this one leave at once."""
    if hasattr(os, "nice"):
        os.nice(10)
    limit_threads(max(2, (os.cpu_count() or 2) - 1))
    parent = int(sys.argv[1]) if len(sys.argv) > 1 else None
    home = Home.from_environment()
    home.runs.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Timeout), FileLock(home.runs / "worker.lock", timeout=LOCK_SECONDS):
        tried: set[str] = set()
        while run := next_run(home, tried):
            # A run that fails says so in its folder, unless the disk takes nothing more; the next one gets its turn.
            tried.add(run.id)
            try:
                for _ in execute(run, home, pick_device()):
                    if parent is not None and os.getppid() != parent:
                        return 0
            except Exception as error:
                print(f"Run {run.id}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return 0


def _keep_working(home: Home) -> None:
    """Start workers until nothing waits any more; one of a former process may have to leave first."""
    command = [sys.executable, "-m", "train.worker", str(os.getpid())]
    environment = {**os.environ, "DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source}
    pause = 0.5
    while next_run(home) is not None:
        if not is_held(home.runs / "worker.lock"):
            began = time.monotonic()
            with (home.runs / "worker.log").open("ab") as log:
                subprocess.run(
                    command,
                    cwd=REPOSITORY,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    check=False,
                )
            pause = 0.5 if time.monotonic() - began > LONGEST_PAUSE else pause
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, 2 * pause)


if __name__ == "__main__":
    sys.exit(main())
