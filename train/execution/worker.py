"""The process that trains for the page: it executes queued runs one after the other and exits when there are none.

    python -m train.execution.worker

It has low priority, resumes runs whose worker died, and ends with the process that started it.
"""

import contextlib
import errno
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from model.files.writing import write_file
from model.networks.device import limit_threads, pick_device
from train.execution.execution import execute
from train.home import REPOSITORY, Home
from train.hub.messages import push_message
from train.hub.publish import push_finished
from train.runs.cleanup import FREE_BYTES, clean_up
from train.runs.lock import LOCK_SECONDS, is_held
from train.runs.queue import next_run, take_turn
from train.runs.run import list_runs
from train.runs.settings import Settings, is_zero_gpu

MAX_PAUSE = 30.0  # seconds from one worker to the next, if workers keep crashing
EXIT_SECONDS = 5.0  # for a worker to save its work when its page is gone
PROCESS_NAME = "worker.process"  # a file with the worker's host and process id
WAITING_NAME = "worker.waits"  # a file that a worker touches while it waits for disk space
HUNG_SECONDS = 600.0  # without a sign of life, after which a worker is killed
CHECK_SECONDS = 5.0  # from one check for waiting runs to the next
LOG_BYTES = 1_000_000  # of the workers' log, which then starts again

log = logging.getLogger(__name__)

_starter: threading.Thread | None = None
_pusher: threading.Thread | None = None
_starter_lock = threading.Lock()


def ensure_worker(home: Home) -> None:
    """Make sure that waiting runs are executed: start a thread that starts one worker at a time, until none waits."""
    global _starter
    if is_zero_gpu():  # where a worker process gets no GPU
        return
    with _starter_lock:
        if (_starter is None or not _starter.is_alive()) and next_run(home.runs) is not None:
            _starter = threading.Thread(target=_start_workers, args=(home,), daemon=True)
            _starter.start()


def keep_worker_running(home: Home) -> None:
    """Call `ensure_worker` every few seconds, for runs whose worker belonged to another process, which died."""

    def check() -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                ensure_worker(home)
            time.sleep(CHECK_SECONDS)

    if not is_zero_gpu():
        threading.Thread(target=check, daemon=True).start()


def main() -> int:
    """Execute the queued runs. If another worker has the same folder, exit at once."""
    _lower_priority()
    orphaned = _watch_parent(int(sys.argv[1])) if len(sys.argv) > 1 else threading.Event()
    home, settings = Home.from_environment(), Settings.from_environment()
    home.runs.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Timeout), FileLock(home.runs / "worker.lock", timeout=LOCK_SECONDS):
        with contextlib.suppress(OSError):  # the disk may be full
            write_file(home.runs / PROCESS_NAME, f"{socket.gethostname()} {os.getpid()}".encode())
        failed: set[str] = set()
        retried: set[str] = set()
        while (run := next_run(home.runs, failed)) and _wait_for_space(home, settings, orphaned):
            # A run that fails records that in its folder, if the folder can be written. The next run gets its turn.
            try:
                take_turn(run, home.runs)
                for _ in execute(run, home, pick_device()):
                    if orphaned.is_set():
                        return 0
            except Exception as error:
                failed.add(run.id)
                with contextlib.suppress(OSError):  # the log is on the same disk, which may be full
                    print(f"Run {run.id}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                is_full = getattr(error.__cause__ or error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
                if is_full and run.id not in retried and _wait_for_space(home, settings, orphaned):
                    retried.add(run.id)
                    with contextlib.suppress(OSError, ValueError):
                        run.resume()
                        failed.remove(run.id)
            with contextlib.suppress(OSError):
                clean_up(home, settings)
    return 0


def _lower_priority() -> None:
    """Give the page priority over this process, for the processor and for memory."""
    if hasattr(os, "nice"):
        os.nice(10)
    with contextlib.suppress(OSError):  # when memory runs out, Linux should kill this process, not the page
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")
    if "OMP_NUM_THREADS" not in os.environ:  # the host's own number of threads
        limit_threads(max(2, (os.cpu_count() or 2) - 1))


def _wait_for_space(home: Home, settings: Settings, orphaned: threading.Event) -> bool:
    """Wait while the disk is full, because every run would fail. False if the page is gone meanwhile."""
    while shutil.disk_usage(home.runs).free < FREE_BYTES and not orphaned.is_set():
        with contextlib.suppress(OSError):
            (home.runs / WAITING_NAME).touch()
            clean_up(home, settings)
        time.sleep(1)
    return not orphaned.is_set()


def _watch_parent(parent: int) -> threading.Event:
    """An event that is set when the process with that id is gone. Soon after, a worker that still waits exits."""
    orphaned = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        orphaned.set()
        time.sleep(EXIT_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    return orphaned


def _start_workers(home: Home) -> None:
    """Start workers until no run waits. Another process may have a worker running already."""
    command = [sys.executable, "-m", "train.execution.worker", str(os.getpid())]
    environment = {**os.environ, "DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source}
    pause, began_waiting = 0.5, time.time()
    while next_run(home.runs) is not None:
        if is_held(home.runs / "worker.lock"):
            with contextlib.suppress(OSError, ValueError):
                _kill_if_hung(home.runs, began_waiting)
            time.sleep(1)
            continue
        began = time.monotonic()
        # If the log can't be written, this tries again after the pause.
        with contextlib.suppress(OSError), _open_log(home.runs / "worker.log") as log:
            worker = subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            _wait_while_alive(worker, home.runs)
        push_in_background(home)
        pause = 0.5 if time.monotonic() - began > MAX_PAUSE else min(MAX_PAUSE, 2 * pause)
        time.sleep(pause)
        began_waiting = time.time()


def _kill_if_hung(runs: Path, since: float) -> None:
    """Kill another page's worker that holds its lock without a sign of life, because that page may be gone.

    since: when this page began to wait, in seconds since 1970.
    """
    if time.time() - max(since, _last_sign(runs)) <= HUNG_SECONDS:
        return
    host, _, number = (runs / PROCESS_NAME).read_text(encoding="utf-8").partition(" ")
    command = Path("/proc", number, "cmdline")  # elsewhere than on Linux, nothing says whose number that is by now
    if host == socket.gethostname() and b"train.execution.worker" in command.read_bytes().split(b"\0"):
        os.kill(int(number), signal.SIGKILL)


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        os.truncate(path, 0)
    return path.open("ab")


def push_in_background(home: Home) -> None:
    """Push what visitors trained, if the host wants that. In a thread, because the Hub may be slow."""
    global _pusher
    if Settings.from_environment().publish and (_pusher is None or not _pusher.is_alive()):
        _pusher = threading.Thread(target=_push, args=(home,), daemon=True)
        _pusher.start()


def _push(home: Home) -> None:
    try:
        if pushed := push_finished(home):
            log.info("%s", push_message(pushed))
    except (ValueError, OSError) as error:
        log.warning("The push failed and is tried again after the next run: %s", error)


def _wait_while_alive(worker: subprocess.Popen[bytes], runs: Path) -> None:
    """Wait for a worker's end. Kill it if it hangs, so that the next one can continue from the last snapshot."""
    began = time.time()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(min(5.0, HUNG_SECONDS / 4))
            return
        # A clock that jumps ahead costs one attempt at worst, because a living worker soon leaves a newer sign.
        with contextlib.suppress(OSError, ValueError):
            began = max(began, _last_sign(runs))
        if time.time() - began > HUNG_SECONDS:
            worker.kill()
            worker.wait()
            return


def _last_sign(runs: Path) -> float:
    """When a worker last wrote to its run's folder, or noted that it waits. Seconds since 1970."""
    signs = [runs / WAITING_NAME]
    for run in list_runs(runs):
        if run.status().state == "running":
            signs += [run.folder / "run.json", run.folder / "progress.jsonl"]
    return max(path.stat().st_mtime if path.exists() else 0.0 for path in signs)


if __name__ == "__main__":
    sys.exit(main())
