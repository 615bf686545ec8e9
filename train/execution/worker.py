"""The process that trains for the page: takes queued runs one after the other and leaves when there are none.

    python -m train.execution.worker

It works at low priority, resumes runs whose worker died, and ends with the process that started it.
"""

import contextlib
import errno
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from model.networks.device import limit_threads, pick_device
from train.execution.execution import execute
from train.home import REPOSITORY, Home
from train.hub.messages import push_message
from train.hub.publish import push_finished
from train.runs.cleanup import FREE_BYTES, clean_up
from train.runs.queue import next_run, take_turn
from train.runs.run import LOCK_SECONDS, is_held, list_runs
from train.runs.settings import Settings, is_zero_gpu

LONGEST_PAUSE = 30.0  # seconds from one worker to the next while workers end without having done their work
LEAVE_SECONDS = 5.0  # for a worker without a page to leave in good order
WAITS = "worker.waits"  # touched by a worker that waits for room on the disk
HUNG_SECONDS = 600.0  # without a sign of life, after which a worker is taken to hang and killed
ATTEND_SECONDS = 5.0  # from one look for runs that nobody works on to the next
LOG_BYTES = 1_000_000  # of the workers' log, which then begins anew

log = logging.getLogger(__name__)

_keeper: threading.Thread | None = None
_pusher: threading.Thread | None = None
_keeper_lock = threading.Lock()


def ensure_worker(home: Home) -> None:
    """See to it that somebody works as long as there is work: one thread here, which starts one worker at a time."""
    global _keeper
    if is_zero_gpu():  # no process of its own gets a GPU there
        return
    with _keeper_lock:
        if (_keeper is None or not _keeper.is_alive()) and next_run(home.runs) is not None:
            _keeper = threading.Thread(target=_keep_working, args=(home,), daemon=True)
            _keeper.start()


def attend(home: Home) -> None:
    """From now on see to it by ourselves: also to runs whose worker belonged to another process, which died."""

    def look_again() -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                ensure_worker(home)
            time.sleep(ATTEND_SECONDS)

    if not is_zero_gpu():
        threading.Thread(target=look_again, daemon=True).start()


def main() -> int:
    """Work off the queue. Another worker on the same folder makes this one leave at once."""
    _step_back()
    orphaned = _watch_parent(int(sys.argv[1])) if len(sys.argv) > 1 else threading.Event()
    home, settings = Home.from_environment(), Settings.from_environment()
    home.runs.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Timeout), FileLock(home.runs / "worker.lock", timeout=LOCK_SECONDS):
        failed: set[str] = set()
        retried: set[str] = set()
        while (run := next_run(home.runs, failed)) and _wait_for_room(home, settings, orphaned):
            # A run that fails says so in its folder, unless nothing can be written there; the next one gets its turn.
            try:
                take_turn(run, home.runs)
                for _ in execute(run, home, pick_device()):
                    if orphaned.is_set():
                        return 0
            except Exception as error:
                failed.add(run.id)
                with contextlib.suppress(OSError):  # the log is on the disk that may be full
                    print(f"Run {run.id}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                is_full = getattr(error.__cause__ or error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
                if is_full and run.id not in retried and _wait_for_room(home, settings, orphaned):
                    retried.add(run.id)
                    with contextlib.suppress(OSError, ValueError):
                        run.resume()
                        failed.remove(run.id)
            with contextlib.suppress(OSError):
                clean_up(home, settings)
    return 0


def _step_back() -> None:
    """Leave the page what it needs: the processor first, and memory to the last."""
    if hasattr(os, "nice"):
        os.nice(10)
    with contextlib.suppress(OSError):  # where memory runs out, Linux should take this process and not the page
        Path("/proc/self/oom_score_adj").write_text("1000")
    if "OMP_NUM_THREADS" not in os.environ:  # by which a host says how many
        limit_threads(max(2, (os.cpu_count() or 2) - 1))


def _wait_for_room(home: Home, settings: Settings, orphaned: threading.Event) -> bool:
    """Wait while the disk is full, which would fail all that waits in turn. False if the page is gone by then."""
    while shutil.disk_usage(home.runs).free < FREE_BYTES and not orphaned.is_set():
        with contextlib.suppress(OSError):
            (home.runs / WAITS).touch()
            clean_up(home, settings)
        time.sleep(1)
    return not orphaned.is_set()


def _watch_parent(parent: int) -> threading.Event:
    """An event that is set when the process with that id is gone; a worker stuck on a server then is soon ended."""
    orphaned = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        orphaned.set()
        time.sleep(LEAVE_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    return orphaned


def _keep_working(home: Home) -> None:
    """Start workers until nothing waits any more; one of another process may be at work already."""
    command = [sys.executable, "-m", "train.execution.worker", str(os.getpid())]
    environment = {**os.environ, "DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source}
    pause = 0.5
    while next_run(home.runs) is not None:
        if is_held(home.runs / "worker.lock"):
            time.sleep(1)
            continue
        began = time.monotonic()
        # A folder that takes no log any more must not keep the page from working on.
        with contextlib.suppress(OSError), _open_log(home.runs / "worker.log") as log:
            worker = subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            _wait_while_alive(worker, home.runs)
        push_in_background(home)
        pause = 0.5 if time.monotonic() - began > LONGEST_PAUSE else min(LONGEST_PAUSE, 2 * pause)
        time.sleep(pause)


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        os.truncate(path, 0)
    return path.open("ab")


def push_in_background(home: Home) -> None:
    """Where the host wants that, push what was trained; the Hub may make us wait, which nobody should notice."""
    global _pusher
    if Settings.from_environment().publish and (_pusher is None or not _pusher.is_alive()):
        _pusher = threading.Thread(target=_push, args=(home,), daemon=True)
        _pusher.start()


def _push(home: Home) -> None:
    try:
        if pushed := push_finished(home):
            log.info("%s", push_message(pushed))
    except (ValueError, OSError) as error:
        log.warning("Not pushed, to be tried again after the next run: %s", error)


def _wait_while_alive(worker: subprocess.Popen, runs: Path) -> None:
    """Wait for a worker's end; kill one that hangs, so that the next can go on from the last snapshot."""
    began = time.time()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(min(5.0, HUNG_SECONDS / 4))
            return
        # A clock that jumps ahead costs one attempt at worst, for a living worker soon leaves a newer sign.
        with contextlib.suppress(OSError, ValueError):
            began = max(began, _last_sign(runs))
        if time.time() - began > HUNG_SECONDS:
            worker.kill()
            worker.wait()
            return


def _last_sign(runs: Path) -> float:
    """When a worker last wrote in the folder of the run that it works on, or that it waits; seconds since 1970."""
    signs = [runs / WAITS]
    for run in list_runs(runs):
        if run.status().state == "running":
            signs += [run.folder / "run.json", run.folder / "progress.jsonl"]
    return max(path.stat().st_mtime if path.exists() else 0.0 for path in signs)


if __name__ == "__main__":
    sys.exit(main())
