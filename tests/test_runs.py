"""A run is its folder: the folder holds its whole state, and only one process at a time works on it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from model.files.folders import REPOSITORY
from studio.train.run_view import distance_plot
from tests.support.samples import SMALL
from train.config import SUPERDEEP
from train.execution import worker as worker_module
from train.execution.worker import ensure_worker
from train.loop import Progress
from train.runs.lock import is_held
from train.runs.order import Order
from train.runs.queue import fair_queue, next_run, place, take_turn
from train.runs.run import MAX_ACTIVE, BusyError, Run, create_run, find_run, list_runs


def order(home, **changes) -> Order:
    settings = {"num_steps": 5, "config": SMALL, "requested_by": "page", "source": home.source, "replace": True}
    return Order(**{"class_name": "sun", "class_names": ("sun",)} | settings | changes)


def wait_for(condition, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition wasn't met in time"
        time.sleep(0.1)


def test_a_class_in_training_cannot_be_ordered_again(home):
    run = create_run(home.runs, order(home))
    with pytest.raises(BusyError, match="already being trained") as caught:
        create_run(home.runs, order(home))
    assert caught.value.run_id == run.id
    create_run(home.runs, order(home, class_name="stop sign", class_names=("stop sign",)))
    run.ask_to_stop()
    create_run(home.runs, order(home))


def test_a_run_whose_process_died_blocks_its_class_only_if_a_worker_will_resume_it(home):
    run = create_run(home.runs, order(home), begin=True)
    assert Run(run.folder).is_active()
    run.lock.release()
    assert run.waits_for_worker(), "a worker resumes runs from the page"
    with pytest.raises(BusyError):
        create_run(home.runs, order(home))
    other = {"class_name": "stop sign", "class_names": ("stop sign",), "requested_by": "command line"}
    create_run(home.runs, order(home, **other), begin=True).lock.release()
    create_run(home.runs, order(home, **other), begin=True)


def test_a_run_from_an_earlier_version_keeps_its_recipe(home):
    run = create_run(home.runs, order(home, config=SUPERDEEP))
    stored = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    del stored["order"]["config"]["bfloat16"]
    (run.folder / "run.json").write_text(json.dumps(stored), encoding="utf-8")
    assert run.status().order.config == SUPERDEEP


def test_another_length_of_the_same_class_is_another_run(home):
    first = create_run(home.runs, order(home))
    second = create_run(home.runs, order(home, num_steps=6))
    assert [run.id for run in fair_queue(list_runs(home.runs))] == [first.id, second.id]
    with pytest.raises(BusyError) as caught:
        create_run(home.runs, order(home, requested_by="another visitor"))
    assert caught.value.run_id == first.id, "a visitor who requests the same joins the run"
    with pytest.raises(BusyError):
        create_run(home.runs, order(home, num_steps=7), begin=True)


def test_visitors_take_turns(home):
    visitors = "AAABBCAB"
    runs = [
        create_run(home.runs, order(home, class_name=f"s {i}", requested_by=name)) for i, name in enumerate(visitors)
    ]
    assert [run.status().order.requested_by for run in fair_queue(list_runs(home.runs))] == list("ABCABABA")
    served = []
    for _ in visitors:
        run = next_run(home.runs)
        take_turn(run, home.runs)
        run.set_state("done")
        served.append(run)
        if len(served) == 2:  # a new visitor comes before everyone's second run
            create_run(home.runs, order(home, class_name="new", requested_by="D"))
    assert [run.status().order.requested_by for run in served] == list("ABCDABAB")
    assert [run.id for run in served if run.status().order.requested_by == "A"] == [runs[i].id for i in (0, 1, 2)]


def test_a_place_in_the_queue_comes_with_a_waiting_time(home):
    runs = [
        create_run(home.runs, order(home, class_name=f"s {i}", num_steps=None, seconds=100.0, requested_by=visitor))
        for i, visitor in enumerate("AAB")
    ]
    assert [place(run, home.runs).position for run in runs] == [1, 3, 2]
    assert 200 < place(runs[1], home.runs).seconds < 300 and place(runs[0], home.runs).seconds == 0
    take_turn(runs[0], home.runs)
    runs[0].set_state("running", "")
    runs[0].append(Progress(10, 50.0, 0.5, 9.0, 1.0, 1.0))
    assert place(runs[0], home.runs) is None
    assert place(runs[2], home.runs).position == 1 and 50 <= place(runs[2], home.runs).seconds < 100


def test_the_number_of_waiting_runs_is_bounded(home):
    for number in range(MAX_ACTIVE):
        create_run(home.runs, order(home, class_name=f"sun {number}"))
    with pytest.raises(ValueError, match="come back"):
        create_run(home.runs, order(home))


@pytest.mark.parametrize(
    "change",
    [
        {"class_name": "../sun"},
        {"class_names": ()},
        {"class_names": ("sun",) * 6},
        {"num_steps": None},
        {"num_steps": 0},
        {"seconds": 10**9},
        {"epochs": -1},
        {"num_rows": 0},
    ],
)
def test_an_order_out_of_bounds_is_refused(home, change):
    with pytest.raises(ValueError):
        order(home, **change)


def test_unreadable_folders_are_skipped(home):
    run = create_run(home.runs, order(home))
    readable = (run.folder / "run.json").read_text(encoding="utf-8")
    contents = {
        "empty": "",
        "list": "[]",
        "other": '{"order": {}}',
        "text": "hello",
        "deep": "[" * 100_000,
        "state": readable.replace('"queued"', '"<script>"'),
        "time": re.sub(r'"created": [0-9.]+', '"created": null', readable),
    }
    for name, content in contents.items():
        (home.runs / name).mkdir()
        (home.runs / name / "run.json").write_text(content, encoding="utf-8")
    assert [listed.id for listed in list_runs(home.runs)] == [run.id]


def test_a_run_is_found_only_by_its_id(home):
    run = create_run(home.runs, order(home))
    assert find_run(home.runs, run.id).folder == run.folder
    for text in ("", ".", "..", "../runs/" + run.id, run.id + "/", "/etc"):
        assert find_run(home.runs, text) is None


def test_an_incomplete_line_is_not_read(home):
    run = create_run(home.runs, order(home))
    line = json.dumps(asdict(Progress(1, 1.0, 0.1, 9.0, 1.0, 1.0)))
    (run.folder / "progress.jsonl").write_text(line + "\n" + line[:40], encoding="utf-8")
    assert [entry.step for entry in run.progress()] == [1]


def test_the_worker_trains_all_waiting_runs_then_exits(home):
    first = create_run(home.runs, order(home))
    bad = create_run(home.runs, order(home, class_name="moon", class_names=("moon",)))
    last = create_run(home.runs, order(home, class_name="stop sign", class_names=("stop sign",)))
    for _ in range(50):
        ensure_worker(home)
    wait_for(lambda: last.status().state == "done")
    assert first.status().state == "done"
    assert bad.status().state == "failed"
    wait_for(lambda: not is_held(home.runs / "worker.lock"))
    assert next_run(home.runs) is None
    assert (home.runs / "worker.log").read_text(encoding="utf-8").count("moon.npy") == 1, "one worker, one attempt"
    assert (home.checkpoints / "sun.safetensors").exists()


@pytest.mark.slow
def test_a_killed_workers_run_continues_from_its_snapshot(home):
    run = create_run(home.runs, order(home, num_steps=None, seconds=6))
    command = [sys.executable, "-m", "train.execution.worker"]
    environment = os.environ | {"DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source}
    worker = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    wait_for(lambda: run.trained_seconds() > 0)
    worker.kill()
    worker.wait()
    assert run.status().state == "running" and run.waits_for_worker()
    assert next_run(home.runs).id == run.id
    before = run.progress()[:1]
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, timeout=300)
    assert run.status().state == "done"
    assert run.progress()[:1] == before, "the work before the snapshot is not repeated"
    seconds = [entry.seconds for entry in run.progress()]
    assert seconds == sorted(seconds) and seconds[-1] > 6


@pytest.mark.slow
def test_a_hanging_worker_is_killed_and_its_run_waits_for_another(home, monkeypatch):
    run = create_run(home.runs, order(home, num_steps=None, seconds=600))
    environment = os.environ | {"DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source}
    worker = subprocess.Popen([sys.executable, "-m", "train.execution.worker"], cwd=REPOSITORY, env=environment)
    wait_for(run.progress)
    worker.send_signal(signal.SIGSTOP)
    assert not run.waits_for_worker(), "a hanging worker still holds the run"
    monkeypatch.setattr(worker_module, "HUNG_SECONDS", 2.0)
    worker_module._wait_while_alive(worker, home.runs)
    assert worker.returncode == -signal.SIGKILL
    assert run.waits_for_worker() and run.snapshot_path.exists()


@pytest.mark.slow
def test_a_hanging_worker_whose_page_is_gone_is_killed_by_another_page(home, monkeypatch):
    run = create_run(home.runs, order(home, num_steps=None, seconds=600))
    environment = os.environ | {"DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source}
    worker = subprocess.Popen([sys.executable, "-m", "train.execution.worker"], cwd=REPOSITORY, env=environment)
    wait_for(run.progress)
    worker_module._kill_if_hung(home.runs, 0.0)
    assert worker.poll() is None, "it lives"
    worker.send_signal(signal.SIGSTOP)
    later = time.time() + 2 * worker_module.HUNG_SECONDS
    monkeypatch.setattr("time.time", lambda: later)
    process = home.runs / worker_module.PROCESS_NAME
    for other in (f"elsewhere {worker.pid}", f"{socket.gethostname()} {os.getpid()}"):
        mine = process.read_text(encoding="utf-8")
        process.write_text(other, encoding="utf-8")
        worker_module._kill_if_hung(home.runs, 0.0)
        process.write_text(mine, encoding="utf-8")
    worker_module._kill_if_hung(home.runs, later)
    assert worker.poll() is None, "another host's or another program's process, and a short wait"
    worker_module._kill_if_hung(home.runs, 0.0)
    assert worker.wait(60) == -signal.SIGKILL
    assert run.waits_for_worker() and run.snapshot_path.exists()


@pytest.mark.slow
def test_when_the_app_training_a_run_dies_another_app_continues_it(home):
    run = create_run(home.runs, order(home, num_steps=None, seconds=600))
    script = f"""
import time
from pathlib import Path
from train.execution import worker
from train.home import Home
worker.CHECK_SECONDS = 0.5
worker.keep_worker_running(Home(Path({str(home.folder)!r}), {home.source!r}))
time.sleep(600)
"""
    pages = [subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY) for _ in range(2)]
    try:
        wait_for(run.progress)
        worker = set(workers_of(run))
        (page,) = [page for page in pages if page.pid in {parent(pid) for pid in worker}]
        page.kill()
        wait_for(lambda: set(workers_of(run)) > worker)
        assert run.snapshot_path.exists() and len(worker) == 1
    finally:
        for page in pages:
            page.kill()
            page.wait()
    wait_for(lambda: not is_held(run.folder / "lock"))
    assert run.status().state == "running", "the next start continues it"


def workers_of(run: Run) -> list[int]:
    """The ids of the processes that have worked on a run, according to its log."""
    return [int(pid) for pid in re.findall(r"\[(\d+)\] running", (run.folder / "log.txt").read_text(encoding="utf-8"))]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def test_the_log_says_what_happened_and_does_not_grow_forever(home, monkeypatch):
    run = create_run(home.runs, order(home))
    for sentence in ("Getting ready.", "Learning.", "Learning."):
        run.set_state("running", sentence)
    run.ask_to_stop()
    run.set_state("stopped", "Stopped early.")
    run.resume()
    words = re.findall(r"^\S+ \S+ \[\d+\] (.*)$", (run.folder / "log.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert words[0].startswith("ordered by page") and words[1:3] == ["running. Getting ready.", "running. Learning."]
    assert words[3:] == ["asked to stop", "stopped. Stopped early.", "queued again"]
    (home.runs / "worker.log").write_bytes(bytes(worker_module.LOG_BYTES + 1))
    with worker_module._open_log(home.runs / "worker.log") as log:
        assert log.tell() == 0


@pytest.mark.slow
def test_two_workers_on_one_folder_train_every_run_once(home):
    runs = [create_run(home.runs, order(home, class_name=f"sun {i}", num_steps=20)) for i in range(3)]
    command = [sys.executable, "-c", RECORDING_WORKER]
    environment = {"DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source, "PATH": "/usr/bin"}
    environment["OMP_NUM_THREADS"] = "1"  # two workers share the cores with other tests
    workers = [subprocess.Popen(command, cwd=REPOSITORY, env=environment) for _ in range(2)]
    assert [worker.wait(300) for worker in workers] == [0, 0]
    started = (home.runs / "started").read_text(encoding="utf-8").split()
    assert sorted(started) == sorted(run.id for run in runs)
    assert {run.status().state for run in runs} == {"done"}


# A worker that records the runs it starts and ignores the lock on workers, so only the runs' own locks are left.
RECORDING_WORKER = """
import time
from filelock import FileLock
from train.execution import execution as execute_module, worker
from train.home import Home
execute_module.evaluation_for = lambda *arguments: None
home, execute = Home.from_environment(), worker.execute
def recording(run, *arguments):
    for number, progress in enumerate(execute(run, *arguments)):
        if not number:
            with (home.runs / "started").open("a") as file:
                file.write(run.id + chr(10))
        time.sleep(0.2)
        yield progress
worker.execute = recording
worker.FileLock = lambda path, timeout: FileLock(f"{path}-{time.monotonic_ns()}")
worker.main()
"""


def test_a_full_disk_pauses_the_queue_and_fails_no_run(home, monkeypatch):
    first, second = create_run(home.runs, order(home, num_steps=1)), create_run(home.runs, order(home, num_steps=2))
    free = iter([10**9, 0, 0, *[10**9] * 9])
    monkeypatch.setattr(worker_module.shutil, "disk_usage", lambda path: SimpleNamespace(free=next(free)))
    monkeypatch.setattr(worker_module.sys, "argv", ["worker"])
    monkeypatch.setattr(worker_module, "_lower_priority", lambda: None)
    started = []

    def execute(run, *_: object):
        started.append(run.id)
        run.set_state("failed" if len(started) == 1 else "done", "What happened.")
        if len(started) == 1:
            raise OSError(28, "No space left on device")
        yield from ()

    monkeypatch.setattr(worker_module, "execute", execute)
    monkeypatch.setenv("DOODLES_HOME", str(home.folder))
    assert worker_module.main() == 0
    assert started == [first.id, first.id, second.id] or started == [first.id, second.id, first.id]
    assert {run.status().state for run in (first, second)} == {"done"}


def test_the_worker_leaves_runs_of_the_command_line_alone(home):
    create_run(home.runs, order(home, requested_by="command line"))
    assert next_run(home.runs) is None


def test_distances_are_plotted_where_they_were_measured():
    reports = [Progress(step, step, 0.1, 9.0, 1.0, 1.0, 60 / step if step % 2 else None) for step in range(1, 7)]
    plot = distance_plot(reports)
    assert plot.visible
    assert [tuple(row) for row in plot.value["data"]] == [(1, 60.0), (3, 20.0), (5, 12.0)]
    assert not distance_plot(reports[:2]).visible, "one measurement makes no curve"
