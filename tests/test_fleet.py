"""A fleet trains every class once, even if workers die, and reports each failure in one sentence."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import train.fleet.fleet
import train.fleet.local_workers
import train.fleet.receive
import train.fleet.task
from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.mirror import Mirror
from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.folders import REPOSITORY
from model.files.weights import CheckpointError
from model.hub.errors import HubError
from model.quickdraw.classes import CLASS_NAMES
from tests.support.samples import SMALL, as_drawings, make_checkpoint
from train.fleet.fleet import Fleet, train_fleet
from train.fleet.receive import store_run
from train.fleet.task import Outcome, Task, work
from train.home import Home
from train.hub.push import Pushed
from train.loop import fit
from train.runs.cleanup import clean_up
from train.runs.order import Order
from train.runs.promotion import promote_file
from train.runs.run import Run, create_run, list_runs
from train.runs.settings import Settings
from train.training import Training

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY and not os.environ.get("CI"), reason="needs requirements-fleet.txt")


def order(home: Home, class_name: str, num_steps: int = 5, **options: object) -> Order:
    return Order(class_name, (class_name,), home.source, num_steps=num_steps, config=SMALL, **options)


@pytest.fixture(autouse=True)
def same_number_of_threads():
    """Some tests train in this process as a worker does, which limits itself to one thread."""
    num_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(num_threads)


@pytest.fixture
def away(tmp_path, monkeypatch) -> Home:
    """The home of a machine that doesn't see the driver's."""
    monkeypatch.setattr(train.fleet.task, "REMOTE_HOME", tmp_path / "away")
    return Home(tmp_path / "away")


@pytest.fixture
def small_home(tmp_path) -> Home:
    """A home with too few drawings per class to measure generators, because measuring takes long."""
    for class_name in CLASS_NAMES[:12]:
        write_class(tmp_path / "drawings", class_name, suns(4))
    return Home(tmp_path / "home", str(tmp_path / "drawings"))


@pytest.mark.slow
@needs_ray
def test_twelve_classes_are_trained_once_each_even_if_a_node_and_a_worker_are_killed(small_home, capfd):
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    # The first ones are the most likely victims, so they are longest. The others are long enough to be killed instead.
    steps = [60] * 3 + [20] * 9
    orders = [order(small_home, name, number, replace=True) for name, number in zip(CLASS_NAMES, steps, strict=False)]
    paths = [checkpoint_path(small_home.checkpoints, class_name) for class_name in CLASS_NAMES[:12]]
    promoted, killed, over = set(), [], threading.Event()
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        cluster.wait_for_nodes(timeout=120)

        def kill() -> None:
            """Kill a worker as soon as it trains, then a node where another one trains. Record all checkpoints."""
            while not over.wait(0.02):
                promoted.update((path.name, path.stat().st_mtime_ns) for path in paths if path.exists())
                if killed == [] and (workers := _learning(_raylet(cluster.head_node))):
                    os.kill(workers[0], signal.SIGKILL)
                    killed.append("worker")
                if killed == ["worker"] and (workers := _learning(_raylet(nodes[0]))):
                    os.kill(workers[0], signal.SIGKILL)  # also the worker, which may outlive its node by a second
                    cluster.remove_node(nodes[0], allow_graceful=False)
                    killed.append("node")

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            assert train_fleet(orders, small_home, Fleet(address=cluster.address)) == {}
        finally:
            over.set()
            killer.join()
        assert killed == ["worker", "node"]
        assert [load_checkpoint(path)[0].class_name for path in paths] == list(CLASS_NAMES[:12])
        states = sorted((run.status().order.class_name, run.status().state) for run in list_runs(small_home.runs))
        assert states == sorted((class_name, "done") for class_name in CLASS_NAMES[:12]), "one finished run of each"
        assert len(promoted) == len({name for name, _ in promoted}), "no checkpoint was written twice"

        before = {path: path.stat().st_mtime_ns for path in paths}
        capfd.readouterr()
        assert train_fleet(orders, small_home, Fleet(address=cluster.address)) == {}
        assert "12 of 12 classes are already done." in capfd.readouterr().out
        assert before == {path: path.stat().st_mtime_ns for path in paths}
    finally:
        cluster.shutdown()


def _raylet(node) -> int:
    return node.all_processes["raylet"][0].process.pid


def _learning(parent: int) -> list[int]:
    """The child processes that hold the lock of a run that is learning, so before its promotion."""

    def is_learning(file: Path) -> bool:
        is_lock = re.search(r"/runs/.+/lock$", str(file))
        return bool(is_lock) and Run(file.parent).status().sentence.startswith("Learning")

    found = []
    for process in _children(parent):
        with contextlib.suppress(OSError):  # the process has ended
            if any(is_learning(fd.readlink()) for fd in _open(process)):
                found.append(int(process.name))
    return found


def _children(parent: int) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent:
                yield process


def _open(process: Path) -> list[Path]:
    return list((process / "fd").iterdir())


@pytest.mark.slow
@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense", "127.0.0.1:99999"])
def test_a_missing_cluster_gives_an_error_in_one_sentence(small_home, address):
    with pytest.raises(ValueError, match=f"The Ray cluster at {address} can't be used .+; check its address"):
        train_fleet([order(small_home, CLASS_NAMES[0])], small_home, Fleet(address=address))


@contextlib.contextmanager
def killing_first_learner(parent: int) -> Iterator[list[int]]:
    """Kill the first child of a process that is learning. Yields the list of killed processes."""
    killed, over = [], threading.Event()

    def kill() -> None:
        while not killed and not over.wait(0.02):
            for worker in _learning(parent)[:1]:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join()


@pytest.mark.slow
def test_another_worker_takes_over_a_killed_workers_class_and_repeating_does_nothing(small_home, capfd):
    orders = [
        order(small_home, name, steps, replace=True) for name, steps in zip(CLASS_NAMES, (40, 40, 5), strict=False)
    ]
    with killing_first_learner(os.getpid()) as killed:
        assert train_fleet(orders, small_home, Fleet(workers=2)) == {}
    assert killed and not list(_learning(os.getpid()))
    states = sorted((run.status().order.class_name, run.status().state) for run in list_runs(small_home.runs))
    assert states == [(class_name, "done") for class_name in sorted(CLASS_NAMES[:3])], "one run of each"
    paths = [checkpoint_path(small_home.checkpoints, class_name) for class_name in CLASS_NAMES[:3]]
    before = [path.stat().st_mtime_ns for path in paths]
    capfd.readouterr()
    assert train_fleet(orders, small_home, Fleet(workers=2)) == {}
    assert "3 of 3 classes are already done." in capfd.readouterr().out
    assert before == [path.stat().st_mtime_ns for path in paths]


@pytest.mark.slow
def test_a_class_whose_workers_keep_dying_fails_and_the_others_do_not(small_home, monkeypatch, capfd):
    monkeypatch.setattr(train.fleet.local_workers, "MAX_RETRIES", 0)
    orders = [order(small_home, name, number) for name, number in zip(CLASS_NAMES[:2], (40, 5), strict=True)]
    with killing_first_learner(os.getpid()):
        (failure,) = train_fleet(orders, small_home, Fleet(workers=1)).items()
    assert failure == (CLASS_NAMES[0], "Its worker died 1 times (exit code -9); try again.")
    assert "1 failed:" in capfd.readouterr().out
    assert [run.status().state for run in list_runs(small_home.runs)] == ["running", "done"]


def start_all(home: Home, *arguments: str) -> subprocess.Popen:
    """Start a command in its own process group, as a shell does."""
    return subprocess.Popen(
        [sys.executable, "-m", "train", "all", *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def test_workers_report_failures_as_json_lines(small_home):
    command = start_all(small_home, "--workers", "1", "--minutes", "0.02", "--json", "--only", CLASS_NAMES[0], "zigzag")
    output, errors = command.communicate(timeout=300)
    lines = [json.loads(line) for line in output.splitlines()]
    assert command.returncode == 1, errors
    states = {line["class_name"]: line["state"] for line in lines[:-1]}
    assert states == {CLASS_NAMES[0]: "done", "zigzag": "failed"}
    assert "There is no file “zigzag.npy”" in lines[-1]["failures"]["zigzag"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_command(small_home, how):
    command = start_all(small_home, "--workers", "1", "--minutes", "5", "--only", CLASS_NAMES[0])
    (worker,) = wait_for(lambda: _learning(command.pid))
    if how == signal.SIGINT:
        os.killpg(command.pid, how)  # as Ctrl-C does at a terminal
    else:
        command.send_signal(how)
    _, errors = command.communicate(timeout=180)
    wait_for(lambda: not Path(f"/proc/{worker}").exists())
    (run,) = list_runs(small_home.runs)
    assert run.status().state == "running" and not run.is_active(), "the same command continues it"
    if how == signal.SIGINT:
        assert command.returncode == 130
        assert "interrupted; the same command continues from there." in errors and "Traceback" not in errors


def wait_for(condition: Callable[[], object], seconds: float = 120) -> object:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_workers_share_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert train.fleet.local_workers._assign_gpus(5, 0.5) == [0, 0, 1, 1]
    assert train.fleet.local_workers._assign_gpus(2, 0.1) == [0, 0]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert train.fleet.local_workers._assign_gpus(2, 0.0) == [None, None]
    with pytest.raises(ValueError, match="leave --gpus out"):
        train.fleet.local_workers._assign_gpus(2, 0.5)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--workers", "0"], "0 workers are not allowed; use 1 to 256."),
        (["--workers", "2", "--gpus", "3"], "3 GPUs per class are not allowed"),
        (["--workers", "2", "--device", "cpu"], "leave --device out"),
        (["--json"], "need --workers or --ray as well"),
    ],
)
def test_mistakes_in_fleet_options_get_one_sentence(home, capsys, arguments, sentence):
    from train.cli.main import main

    assert main(["all", "--only", "sun", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_without_ray_the_error_says_how_to_install_it(small_home, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    orders = [order(small_home, CLASS_NAMES[0])]
    with pytest.raises(ValueError, match=r"pip install -r requirements-fleet\.txt"):
        train_fleet(orders, small_home, Fleet(address="auto"))


def test_a_worker_continues_from_the_snapshot_that_a_dead_one_left(small_home):
    ordered = order(small_home, CLASS_NAMES[0], num_steps=6)
    run = create_run(small_home.runs, ordered, begin=True)
    training = Training(SMALL, as_drawings(suns(4)))
    for progress in fit(training, 4, every=2):
        if progress.step % 2 == 0:  # on a slow machine, the clock triggers reports as well
            run.append(progress)
        if progress.step == 2:
            run.save_snapshot(training)
    before = run.progress()
    run.lock.release(force=True)  # as the system does when the process dies
    outcome = work(Task(ordered, small_home), {})
    assert (outcome.state, outcome.files) == ("done", {}), outcome.sentence
    assert [each.id for each in list_runs(small_home.runs)] == [run.id]
    assert [entry.step for entry in before] == [2, 4]
    after = run.progress()
    assert after[0] == before[0] and before[1] not in after, "the work after the snapshot is repeated"


def test_a_run_held_by_another_process_is_left_alone(small_home, monkeypatch):
    monkeypatch.setattr(train.fleet.task, "BUSY_SECONDS", 0.0)
    ordered = order(small_home, CLASS_NAMES[0])
    held = create_run(small_home.runs, ordered, begin=True)
    assert work(Task(ordered, small_home), {}).state == "busy"
    held.lock.release(force=True)


def test_the_driver_stores_a_run_from_a_machine_without_its_disk(small_home, away):
    small_home.runs.mkdir(parents=True)
    ordered = order(small_home, CLASS_NAMES[0], replace=True)
    outcome = work(Task(ordered, small_home, marker="nowhere"), {})
    assert not small_home.checkpoints.exists() and outcome.promoted
    store_run(outcome, small_home)
    assert load_checkpoint(checkpoint_path(small_home.checkpoints, CLASS_NAMES[0]))[0].class_name == CLASS_NAMES[0]
    (run,) = list_runs(small_home.runs)
    assert run.status().state == "done" and run.progress()
    again = work(Task(ordered, small_home, marker="nowhere"), {})
    assert again.run_id == outcome.run_id, "a finished run is sent again, not trained again"
    assert again.promoted


def test_the_cleanup_leaves_a_run_alone_while_it_is_being_stored(small_home, away, monkeypatch):
    small_home.runs.mkdir(parents=True)
    outcome = work(Task(order(small_home, CLASS_NAMES[0], replace=True), small_home, marker="nowhere"), {})

    def promote_after_cleanup(path: Path, home: Home) -> None:
        clean_up(home, Settings())
        promote_file(path, home)

    monkeypatch.setattr(train.fleet.receive, "promote_file", promote_after_cleanup)
    store_run(outcome, small_home)
    (run,) = list_runs(small_home.runs)
    assert outcome.files.keys() <= {path.name for path in run.folder.iterdir()}


def test_the_drivers_current_checkpoint_is_kept_when_another_machine_trains(small_home, away):
    small_home.runs.mkdir(parents=True)
    current = make_checkpoint(small_home.checkpoints, CLASS_NAMES[0]).read_bytes()
    outcome = work(Task(order(small_home, CLASS_NAMES[0]), small_home, marker="nowhere", current=current), {})
    assert outcome.state == "done" and not outcome.promoted, "there is no distance to compare"
    store_run(outcome, small_home)
    assert checkpoint_path(small_home.checkpoints, CLASS_NAMES[0]).read_bytes() == current


def test_damaged_or_strange_files_from_a_worker_are_not_stored(small_home, away):
    small_home.runs.mkdir(parents=True)
    outcome = work(Task(order(small_home, CLASS_NAMES[0], replace=True), small_home, marker="nowhere"), {})
    (name,) = (name for name in outcome.files if name.endswith(".safetensors"))
    content = outcome.files[name]
    with pytest.raises(CheckpointError):
        store_run(replace(outcome, files=outcome.files | {name: content[:-9] + bytes(9)}), small_home)
    for strange in (
        replace(outcome, run_id="../elsewhere"),
        replace(outcome, files=outcome.files | {"../app.py": b""}),
        replace(outcome, files={"run.json": b"{}"}),
    ):
        with pytest.raises(ValueError, match="aren't those of a run"):
            store_run(strange, small_home)
    assert not small_home.checkpoints.exists() and not list_runs(small_home.runs)


def test_a_machine_fetches_drawings_only_once(small_home, away):
    small_home.runs.mkdir(parents=True)
    with Mirror(Path(small_home.source)) as mirror:
        served = replace(small_home, source=mirror.url)
        requests = []
        for num_steps in (5, 6):
            assert work(Task(order(served, CLASS_NAMES[0], num_steps), served, marker="nowhere"), {}).state == "done"
            requests.append(len(mirror.requests))
        assert requests[0] == requests[1] > 0


@pytest.fixture
def set_outcomes(monkeypatch):
    """Gives a fleet its outcomes without training. Two checkpoints make a commit."""
    monkeypatch.setattr(train.fleet.fleet, "CLASSES_PER_COMMIT", 2)

    def set_to(outcomes: list[Outcome]) -> None:
        monkeypatch.setattr(train.fleet.fleet, "train_on", lambda *_: (outcome for outcome in outcomes))

    return set_to


def promoted(home: Home, class_names: Sequence[str]) -> list[Outcome]:
    for class_name in class_names:
        make_checkpoint(home.checkpoints, class_name)
    return [Outcome(class_name, "done", "Done.") for class_name in class_names]


class Hub:
    """Fails a few times, then accepts pushes. pushed: the number of checkpoints in each push."""

    def __init__(self, failures: int = 0):
        self.failures, self.pushed = failures, []

    def __call__(self, paths: Sequence[Path]) -> Pushed:
        if self.failures:
            self.failures -= 1
            raise HubError("The Hub can't be reached; try again.")
        self.pushed.append(len(paths))
        return Pushed("you/doodles", tuple(path.stem for path in paths), (), "https://hub/commit")


def test_promoted_checkpoints_are_pushed_while_others_are_training(small_home, set_outcomes, capsys):
    names, hub = CLASS_NAMES[:6], Hub()
    set_outcomes([*promoted(small_home, names[:5]), Outcome(names[5], "failed", "There is no such thing.")])
    orders = [order(small_home, class_name) for class_name in names]
    failures = {"zigzag": "There is no file “zigzag.npy”."}
    assert train_fleet(orders, small_home, Fleet(), failures, hub).keys() == {"zigzag", names[5]}
    assert hub.pushed == [2, 2, 1]
    lines = capsys.readouterr().out.splitlines()[-3:]
    width = len(names[5])
    assert lines[0] == "2 failed:"
    assert lines[1:] == [
        f"  {'zigzag':{width}}  There is no file “zigzag.npy”.",
        f"  {names[5]}  There is no such thing.",
    ]


@pytest.mark.parametrize("failures, pushed, failed", [(1, [4, 1], set()), (3, [], {"the Hub"})])
def test_a_failed_push_is_repeated_with_the_next_one(small_home, set_outcomes, capsys, failures, pushed, failed):
    names, hub = CLASS_NAMES[:5], Hub(failures)
    set_outcomes(promoted(small_home, names))
    orders = [order(small_home, class_name) for class_name in names]
    assert train_fleet(orders, small_home, Fleet(as_json=True), push=hub).keys() == failed
    assert hub.pushed == pushed
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["finished"] for line in lines if "class_name" in line] == [1, 2, 3, 4, 5]
    assert len([line for line in lines if "pushed" in line]) == len(pushed)
    assert lines[-1]["failures"].keys() == failed


def test_a_repeated_command_pushes_earlier_checkpoints(small_home, set_outcomes, capsys):
    ordered, hub = order(small_home, CLASS_NAMES[0]), Hub()
    promoted(small_home, CLASS_NAMES[:1])
    create_run(small_home.runs, ordered, begin=True).set_state("done", "Done.")
    set_outcomes([])
    assert train_fleet([ordered], small_home, Fleet(), push=hub) == {}
    assert hub.pushed == [1] and "1 of 1 classes are already done." in capsys.readouterr().out
